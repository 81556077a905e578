package wire

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
)

// xAI is xAI's Grok: OpenAI's paths, and errors that are a string beside a
// sentence for a code. The sentences are those of tonic, the gRPC library
// behind it (Code::description). Sources: docs.x.ai/developers/debugging and
// public reports, named beside what was seen there.
var xAI = cousin{openAI{&flavour{
	name:        "xai",
	failures:    xAIFailures,
	appendError: appendXAIError,
	judge:       xAIJudge,
	invalid:     serdeComplaints(http.StatusUnprocessableEntity),

	hosted:  true,
	guarded: "/",
	wrongKey: func(key string) string { // aider-desk#653
		return "Incorrect API key provided: " + starred(key) + ". You can obtain an API key from https://console.x.ai."
	},

	maxTokensKey: "max_completion_tokens",
	seedKey:      "seed",

	fingerprint: `,"system_fingerprint":"fp_a8c0ba4b1d"`,
	messageTail: `,"refusal":null`,
	usageTail:   `,"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0},"num_sources_used":0`,

	usageMore: func(dst []byte, u Usage) []byte { // docs.x.ai/developers/cost-tracking: in every answer, streams too
		dst = strconv.AppendInt(append(dst, `,"cost_in_usd_ticks":`...), int64(math.Round(u.BilledUSD*ticksPerUSD)), 10)
		dst = appendField(dst, `,"prompt_tokens_details":{"text_tokens":`, u.Prompt)
		return append(dst, `,"audio_tokens":0,"image_tokens":0,"cached_tokens":0}`...)
	},

	keeps:       true,
	edgePage:    cloudflarePage,
	appendModel: appendPlainModel,
	health:      openAICom.health,
}}, &customs{
	places: []place{
		{"/v1/chat/completions", "/v1/chat/completions"},
		{"/v1/responses", "/v1/responses"},
		{"/v1/responses/", "/v1/responses/"},
		{"/v1/models", "/v1/models"},
		{"/v1/models/", "/v1/models/"},
	},
	// Docs: a missing or invalid header is a 401, a wrong key a 400. The words
	// of the former are unverified.
	noKey: &Failure{
		Kind: FailAuth, Status: http.StatusUnauthorized,
		Code: "The request does not have valid authentication credentials", Message: "No API key provided. You can obtain an API key from https://console.x.ai.",
	},
	headers: func(h http.Header, requestID string, b Budgets) {
		h.Set("X-Request-Id", requestID)
		openAILimits(h, b) // unverified
	},
	// No retry-after was seen from it, so none is sent (unverified).
	failing:   func(_ http.Header, f *Failure) { f.RetryAfter = 0 },
	pinpoint:  true,
	requestID: uuid,
	answerID:  func(bits uint64) string { return uuid(bits ^ 0xa5a5) },
}}

// xAITeam is the team that xAI's messages name.
const xAITeam = "b7d1e0c2-5a3f-4c96-8e21-0f6d9a4b7c35"

// xAIFailures are xAI's own errors; the code is tonic's sentence.
var xAIFailures = map[FailureKind]usual{
	FailRateLimit:  {429, "", "Some resource has been exhausted", "", xAIRateLimit},                                                                                                                                                                                               // the code is unverified
	FailQuota:      {429, "", "Some resource has been exhausted", "", says("Your team " + xAITeam + " has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.")}, // continue#10373; the code is unverified
	FailOverload:   {503, "", "The service is currently unavailable", "", says("The model is currently at capacity due to high demand. Please try again in a few minutes.")},                                                                                                      // the sentence: opengeni#1643, there inside a stream
	FailServer:     {500, "", "Internal error", "", says("Internal server error")},                                                                                                                                                                                                // unverified
	FailTimeout:    {504, "", "Deadline expired before operation could complete", "", says("Deadline expired before operation could complete")},                                                                                                                                   // the edge answers
	FailAuth:       {400, "", "Client specified an invalid argument", "", says("Incorrect API key provided. You can obtain an API key from https://console.x.ai.")},
	FailPermission: {403, "", "The caller does not have permission to execute the specified operation", "", says("The API key does not have permission to use this model. Please check its ACLs at https://console.x.ai.")}, // wording unverified
	FailModelNotFound: {404, "", "Some requested entity was not found", "", func(f *Failure, _ http.Header) string { // bilingual_book_maker#464
		return "The model " + f.Model + " does not exist or your team " + xAITeam + " does not have access to it. Please ensure you're using the correct API key. If you believe this is a mistake, please contact support and quote your team ID and the model name."
	}},
	FailContextLength: {400, "", "Client specified an invalid argument", "", func(f *Failure, _ http.Header) string { // seen in public reports
		return fmt.Sprintf("This model's maximum prompt length is %d but the request contains %d tokens.", f.LimitValue, f.Asked)
	}},
	FailContentFilter: {403, "", "The caller does not have permission to execute the specified operation", "", says("Content violates usage guidelines.")}, // the rest of the sentence is unverified
	FailBadRequest:    {400, "", "Client specified an invalid argument", "", says("Invalid request content.")},                                             // wording unverified
	FailTooLarge:      {413, "", "Client specified an invalid argument", "", says("Failed to buffer the request body: length limit exceeded")},             // axum's words
	FailNotFound:      {404, "", "Some requested entity was not found", "", says("No handler found on route. Please double check your URL and consult https://api.x.ai/docs for more information.")},
	FailMethod:        {405, "", "Operation is not implemented or not supported", "", says("Method not allowed")}, // status documented, words unverified
	FailMalformed:     {502, "", "Unknown error", "", says("Bad gateway")},
	FailTransport:     {502, "", "Unknown error", "", says("Bad gateway")},
}

// xAIRateLimit words the limits (cline#4826).
func xAIRateLimit(f *Failure, h http.Header) string {
	what, unit, remaining := "requests", "Requests per Minute", "X-Ratelimit-Remaining-Requests"
	switch f.Limit {
	case "tokens":
		what, unit, remaining = "tokens", "Tokens per Minute", "X-Ratelimit-Remaining-Tokens"
	case "concurrency":
		unit, remaining = "Concurrent Requests", "" // unverified
	}
	actual := f.LimitValue + max(1, f.Asked)
	if left, err := strconv.Atoi(h.Get(remaining)); err == nil && remaining != "" {
		actual = f.LimitValue - left + max(1, f.Asked)
	}
	return fmt.Sprintf("Too many %s for team %s and model %s. Your team's rate limit is — %s (actual/limit): %d/%d. You can view your team rate limits at https://console.x.ai.",
		what, xAITeam, f.Model, unit, max(actual, f.LimitValue), f.LimitValue)
}

func appendXAIError(dst []byte, f *Failure) []byte {
	dst = appendString(append(dst, `{"code":`...), f.Code)
	return append(appendString(append(dst, `,"error":`...), f.Message), '}')
}

// xAIJudge reads what only xAI says.
func xAIJudge(f *Failure, _ http.Header, _ []byte) {
	switch {
	case containsAny(f.Message, "maximum prompt length"):
		f.Kind = FailContextLength
	case containsAny(f.Message, "violates usage guidelines"):
		f.Kind = FailContentFilter
	case containsAny(f.Message, "currently at capacity"):
		f.Kind = FailOverload
	case f.Kind == FailRateLimit && containsAny(f.Message, "too many tokens"):
		f.Limit = "tokens"
	case f.Kind == FailRateLimit && containsAny(f.Message, "too many requests"):
		f.Limit = "requests"
	}
}

// starred shows a key as xAI does (sk***gA).
func starred(key string) string {
	if len(key) < 8 {
		return "***"
	}
	return key[:2] + "***" + key[len(key)-2:]
}

func appendPlainModel(dst []byte, m ModelInfo) []byte {
	dst = appendString(append(dst, `{"id":`...), m.ID)
	dst = strconv.AppendInt(append(dst, `,"created":`...), unix(m.Created), 10)
	return append(appendString(append(dst, `,"object":"model","owned_by":`...), m.OwnedBy), '}')
}
