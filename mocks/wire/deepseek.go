package wire

import (
	"fmt"
	"net/http"
)

// deepSeek is DeepSeek: OpenAI's chat completions, with or without /v1 before
// them, and signs of life while a request waits. Sources: api-docs.deepseek.com
// (error codes, rate limit) and public reports, named beside what was seen
// there.
var deepSeek = cousin{openAI{&flavour{
	name:        "deepseek",
	failures:    deepSeekFailures,
	appendError: appendOpenAIError,
	judge:       deepSeekJudge,
	invalid:     serdeComplaints(http.StatusBadRequest), // forgecode#2008, 2025-11; a plain-text 422 before

	hosted:     true,
	guarded:    "/",
	missingKey: "Authentication Fails (auth header format should be Bearer sk-...)", // seen in public reports
	wrongKey: func(key string) string {
		return "Authentication Fails, Your api key: ****" + tail(key, 4) + " is invalid"
	},

	maxTokensKey: "max_tokens",
	prefixKeys:   `,"prefix":true`,

	fingerprint: `,"system_fingerprint":"fp_8802369eaa_prod0425fp8"`,
	usageMore:   appendDeepSeekCache,
	nullUsage:   true,

	appendModel: func(dst []byte, m ModelInfo) []byte { // api-docs.deepseek.com/api/list-models
		dst = appendString(append(dst, `{"id":`...), m.ID)
		return append(appendString(append(dst, `,"object":"model","owned_by":`...), m.OwnedBy), '}')
	},
	health: openAICom.health,
}}, &customs{
	places: []place{
		{"/chat/completions", "/v1/chat/completions"},
		{"/v1/chat/completions", "/v1/chat/completions"},
		{"/beta/chat/completions", "/v1/chat/completions"}, // where partial answers are continued
		{"/responses", "/v1/responses"},
		{"/v1/responses", "/v1/responses"},
		{"/models", "/v1/models"},
		{"/v1/models", "/v1/models"},
	},
	headers:   func(h http.Header, requestID string, _ Budgets) { h.Set("X-Ds-Trace-Id", requestID) }, // it tells no limits
	failing:   func(_ http.Header, f *Failure) { f.RetryAfter = 0 },                                   // nor how long to wait
	pinpoint:  true,
	requestID: func(bits uint64) string { return spell("", bits, hex32, 32) },
	answerID:  func(bits uint64) string { return uuid(bits ^ 0xa5a5) },
}}

// deepSeekFailures are DeepSeek's own errors. Its statuses are documented; the
// code is the same for almost all of them.
var deepSeekFailures = map[FailureKind]usual{
	FailRateLimit: {429, "rate_limit_reached_error", "invalid_request_error", "", func(f *Failure, _ http.Header) string { // unverified; documented as too many at once
		if f.Limit == "concurrency" {
			return fmt.Sprintf("Rate Limit Reached: you have %d concurrent requests, please pace your requests reasonably.", f.LimitValue)
		}
		return "Rate Limit Reached: you are sending requests too quickly, please pace your requests reasonably."
	}},
	FailQuota:         {402, "unknown_error", "invalid_request_error", "", says("Insufficient Balance")},                                                                                                 // aider#4851
	FailOverload:      {503, "service_unavailable_error", "service_unavailable_error", "", says("Service is too busy. We advise users to temporarily switch to alternative LLM API service providers.")}, // the message was seen; type and code are unverified
	FailServer:        {500, "internal_error", "internal_error", "", says("Internal server error. Please retry your request after a brief wait.")},                                                       // unverified
	FailTimeout:       {504, "internal_error", "internal_error", "", says("Gateway Timeout")},                                                                                                            // unverified: after ten minutes it closes the connection
	FailAuth:          {401, "authentication_error", "invalid_request_error", "", says("Authentication Fails, Your api key is invalid")},
	FailPermission:    {403, "permission_error", "invalid_request_error", "", says("Forbidden")},            // unverified
	FailModelNotFound: {400, "invalid_request_error", "invalid_request_error", "", says("Model Not Exist")}, // easy-dataset#9
	FailContextLength: {400, "invalid_request_error", "invalid_request_error", "", func(f *Failure, _ http.Header) string { // seen in public reports
		return fmt.Sprintf("This model's maximum context length is %d tokens. However, you requested %d tokens (%d in the messages, 0 in the completion). Please reduce the length of the messages or completion.", f.LimitValue, f.Asked, f.Asked)
	}},
	FailContentFilter: {400, "invalid_request_error", "invalid_request_error", "", says("Content Exists Risk")}, // seen in public reports
	FailBadRequest:    {400, "invalid_request_error", "invalid_request_error", "", says("Invalid request.")},
	FailTooLarge:      {413, "invalid_request_error", "invalid_request_error", "", says("Failed to buffer the request body: length limit exceeded")}, // axum's words
	FailNotFound:      {404, "invalid_request_error", "invalid_request_error", "", says("Not Found")},                                                // unverified
	FailMethod:        {405, "invalid_request_error", "invalid_request_error", "", says("Method Not Allowed")},                                       // unverified
	FailMalformed:     {502, "internal_error", "internal_error", "", says("Bad Gateway")},
	FailTransport:     {502, "internal_error", "internal_error", "", says("Bad Gateway")},
}

// deepSeekJudge reads what only DeepSeek says.
func deepSeekJudge(f *Failure, h http.Header, _ []byte) {
	f.RequestID = h.Get("X-Ds-Trace-Id")
	switch {
	case f.Status == http.StatusPaymentRequired:
		f.Kind = FailQuota
	case containsAny(f.Message, "content exists risk"):
		f.Kind = FailContentFilter
	case containsAny(f.Message, "too busy"):
		f.Kind = FailOverload
	}
}

// appendDeepSeekCache tells what of the prompt came from its cache: nothing.
func appendDeepSeekCache(dst []byte, u Usage) []byte {
	dst = append(dst, `,"prompt_tokens_details":{"cached_tokens":0},"prompt_cache_hit_tokens":0`...)
	return appendField(dst, `,"prompt_cache_miss_tokens":`, u.Prompt)
}

// tail is the last n bytes of a key that is long enough to show them.
func tail(key string, n int) string {
	if len(key) < 2*n {
		return ""
	}
	return key[len(key)-n:]
}

// KeepAliver is a Server that shows signs of life while a request waits to be
// served. The first is preceded by the head of the answer, whose status is 200
// whatever comes after it: so the time to the first byte says nothing.
type KeepAliver interface {
	// ShowsLife tells whether the answer to a request has such signs.
	ShowsLife(req *Request) bool
	// KeepAlive writes one sign of life. First tells that nothing was written
	// before it. What then answers the request, failure or not, must not write
	// a head again; see Begun.
	KeepAlive(w http.ResponseWriter, req *Request, first bool) error
}

// deepSeekWaiting is DeepSeek with its signs of life.
type deepSeekWaiting struct{ cousin }

// ShowsLife: every answer does.
func (d deepSeekWaiting) ShowsLife(*Request) bool { return true }

// KeepAlive writes an empty line, or a comment in a stream. How often is not
// documented. Source: api-docs.deepseek.com/quick_start/rate_limit.
func (d deepSeekWaiting) KeepAlive(w http.ResponseWriter, req *Request, first bool) error {
	contentType, sign := "application/json", "\n"
	if req.Stream {
		contentType, sign = "text/event-stream; charset=utf-8", ": keep-alive\n\n"
	}
	if first {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", "no-cache")
		w.WriteHeader(http.StatusOK)
	}
	if _, err := w.Write([]byte(sign)); err != nil {
		return err
	}
	return flusherOf(w).FlushError()
}

// Begun is w after a head was written: writing another is passed over, so that
// whatever answers a request can do so behind signs of life.
func Begun(w http.ResponseWriter) http.ResponseWriter { return begun{w} }

type begun struct{ http.ResponseWriter }

func (begun) WriteHeader(int)               {}
func (b begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }
