package wire

import (
	"fmt"
	"net/http"
	"strconv"
)

// mistralAI is Mistral's platform: OpenAI's chat completions, refused by
// pydantic for every field it does not know, and flat errors. Sources:
// mistralai/client-python and public reports, named beside what was seen there.
var mistralAI = cousin{openAI{&flavour{
	name:        "mistral",
	failures:    mistralFailures,
	appendError: appendMistralError,
	judge:       mistralJudge,
	invalid:     mistralComplaints(),

	answerLetters: hex32, answerLength: 32,
	hosted:     true,
	guarded:    "/",
	missingKey: "Unauthorized",
	wrongKey:   func(string) string { return "Unauthorized" },

	maxTokensKey: "max_tokens",
	seedKey:      "random_seed",
	embedBareID:  true, // mistralai's EmbeddingResponse insists on an id
	prefixKeys:   `,"prefix":true`,
	noUser:       true,
	lengthKey:    "output_dimension",
	bareStream:   true, // stream_options was refused for long, and usage comes without

	noCalls: `,"tool_calls":null`,
	closing: func(dst []byte, _ http.Header, u Usage, _ Spent) []byte {
		return openAI{&flavour{}}.appendUsage(dst, u, Spent{})
	},

	appendModel: appendMistralModel,
	health:      openAICom.health,
}}, &customs{
	places: []place{
		{"/v1/chat/completions", "/v1/chat/completions"},
		{"/v1/embeddings", "/v1/embeddings"},
		{"/v1/models", "/v1/models"},
		{"/v1/models/", "/v1/models/"},
	},
	check:       mistralCheck,
	headers:     mistralHeaders,
	failing:     mistralFailing,
	requestID:   func(bits uint64) string { return spell("", bits, hex32, 32) },
	toolCallID:  func(bits uint64) string { return spell("", bits, base62, 9) }, // nine letters, and it insists on them
	usageWithin: true,
	stream:      func(s *openAIStream) StreamWriter { return &mistralStream{openAIStream: s} },
}}

// mistralFailures are Mistral's own errors.
var mistralFailures = map[FailureKind]usual{
	FailRateLimit:  {429, "rate_limited", "1300", "", says("Rate limit exceeded")},                                 // raycast#31107, cline#9085
	FailQuota:      {429, "usage_limit_exceeded", "1301", "", says("Monthly usage limit exceeded")},                // unverified
	FailOverload:   {503, "invalid_request_error", "", "", says("Service tier capacity exceeded for this model.")}, // continue#6185; 429 until 2026 (litellm#25078). Code 3505 in newer ones: unverified
	FailServer:     {500, "internal_server_error", "1000", "", says("Internal server error")},                      // unverified
	FailTimeout:    {504, "", "", "", says("The upstream server is timing out")},                                   // Kong's words
	FailAuth:       {401, "", "", "", says("Unauthorized")},                                                        // cline#6235
	FailPermission: {403, "", "", "", says("Forbidden")},                                                           // unverified
	FailModelNotFound: {400, "invalid_model", "1500", "", func(f *Failure, _ http.Header) string { // langchaingo#1233; the status is unverified
		return "Invalid model: " + f.Model
	}},
	FailContextLength: {400, "invalid_request_prompt", "3051", "", func(f *Failure, _ http.Header) string { // seen in public reports; type unverified
		return fmt.Sprintf("Prompt contains %d tokens and 0 draft tokens, too large for model with %d maximum context length", f.Asked, f.LimitValue)
	}},
	FailContentFilter: {403, "guardrail_violation", "", "", says("The request was refused by a guardrail (content filter).")}, // unverified
	FailBadRequest:    {400, "invalid_request_error", "", "", says("Invalid request")},
	FailTooLarge:      {413, "", "", "", says("Request size limit exceeded")},                               // Kong's words
	FailNotFound:      {404, "", "", "", says("no Route matched with those values")},                        // Kong's words
	FailMethod:        {405, "", "", "", says("Method Not Allowed")},                                        // FastAPI's words
	FailMalformed:     {502, "", "", "", says("An invalid response was received from the upstream server")}, // Kong's words
	FailTransport:     {502, "", "", "", says("An invalid response was received from the upstream server")},
}

// mistralFailing: no retry-after was seen from it. The gateway's own errors
// name the request id.
func mistralFailing(h http.Header, f *Failure) {
	f.RetryAfter = 0
	f.RequestID = h.Get("X-Kong-Request-Id")
}

// appendMistralError appends one of four envelopes: FastAPI's for a wrong key
// or method, pydantic's list for a request of the wrong shape, the gateway's
// for what never reached the API, and the API's own.
func appendMistralError(dst []byte, f *Failure) []byte {
	switch {
	case f.Status == http.StatusUnprocessableEntity:
		return appendDetail(dst, f)
	case f.Kind == FailAuth, f.Kind == FailMethod:
		return append(appendString(append(dst, `{"detail":`...), f.Message), '}')
	case f.Type == "":
		dst = appendString(append(dst, `{"message":`...), f.Message)
		return append(appendString(append(dst, `,"request_id":`...), f.RequestID), '}')
	}
	dst = appendString(append(dst, `{"object":"error","message":`...), f.Message)
	dst = appendString(append(dst, `,"type":`...), f.Type)
	dst = appendNullable(append(dst, `,"param":`...), f.Param)
	dst = appendNullable(append(dst, `,"code":`...), f.Code)
	return append(appendField(dst, `,"raw_status_code":`, f.Status), '}')
}

func mistralHeaders(h http.Header, requestID string, b Budgets) {
	h.Set("X-Kong-Request-Id", requestID)
	if q := b.Requests; q != nil { // client-ts#169
		h.Set("X-Ratelimit-Limit-Req-Minute", strconv.Itoa(q.Limit))
		h.Set("X-Ratelimit-Remaining-Req-Minute", strconv.Itoa(max(0, q.Remaining)))
	}
	if q := b.Tokens; q != nil {
		h.Set("X-Ratelimit-Limit-Tokens-Minute", strconv.Itoa(q.Limit))
		h.Set("X-Ratelimit-Remaining-Tokens-Minute", strconv.Itoa(max(0, q.Remaining)))
	}
}

func appendMistralModel(dst []byte, m ModelInfo) []byte {
	dst = appendString(append(dst, `{"id":`...), m.ID)
	dst = strconv.AppendInt(append(dst, `,"object":"model","created":`...), unix(m.Created), 10)
	dst = appendString(append(dst, `,"owned_by":`...), m.OwnedBy)
	dst = append(dst, `,"capabilities":{"completion_chat":`...)
	dst = strconv.AppendBool(dst, m.Embedding == 0)
	dst = append(dst, `,"completion_fim":false,"function_calling":`...)
	dst = strconv.AppendBool(dst, m.Embedding == 0)
	dst = appendString(append(dst, `,"fine_tuning":false,"vision":false},"name":`...), m.ID)
	dst = appendField(dst, `,"description":null,"max_context_length":`, m.Context)
	dst = append(dst, `,"aliases":[],"deprecation":`...)
	if m.Deprecated.IsZero() && m.Shutdown.IsZero() {
		dst = append(dst, "null"...)
	} else {
		at := m.Shutdown
		if at.IsZero() {
			at = m.Deprecated
		}
		dst = at.UTC().AppendFormat(dst, `"2006-01-02T15:04:05Z"`)
	}
	return append(dst, `,"type":"base"}`...) // fields: client-python's basemodelcard
}
