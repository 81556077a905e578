package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// groqCloud is Groq: OpenAI's chat completions below /openai/v1. Sources:
// groq-python 1.6.0, console.groq.com/docs/errors, and public reports, named
// beside what was seen there.
var groqCloud = cousin{openAI{&flavour{
	name:        "groq",
	failures:    groqFailures,
	appendError: appendGroqError,
	judge:       groqJudge,
	invalid:     groqComplaints(),

	answerPrefix: "chatcmpl-", answerLetters: base62, answerLength: 29, // a UUID in newer answers
	requestPrefix: "req_01",
	hosted:        true,
	guarded:       "/",
	missingKey:    "Invalid API Key", // unverified for a request without any
	wrongKey:      func(string) string { return "Invalid API Key" },

	maxTokensKey: "max_completion_tokens",
	seedKey:      "seed",

	fingerprint: `,"system_fingerprint":"fp_2b6e31e6a3"`,
	answerTail:  `,"usage_breakdown":null,"service_tier":"on_demand"`, // on_demand is named in its own errors; its place is unverified
	signature:   appendGroqID,
	closing:     appendGroqUsage,
	times:       appendGroqTimes,

	edgePage:    cloudflarePage,
	appendModel: appendGroqModel,
	health:      openAICom.health,
}}, &customs{
	places: []place{
		{"/openai/v1/chat/completions", "/v1/chat/completions"},
		{"/openai/v1/responses", "/v1/responses"},
		{"/openai/v1/models", "/v1/models"},
		{"/openai/v1/models/", "/v1/models/"},
	},
	misrouted: func(r *http.Request, _ FailureKind) string {
		return fmt.Sprintf("Unknown request URL: %s %s. Please check the URL for typos, or see the docs at https://console.groq.com/docs/", r.Method, r.URL.Path) // seen in public reports
	},
	requestID: func(bits uint64) string { return spell("req_01", bits, "0123456789abcdefghjkmnpqrstvwxyz", 24) }, // a ULID
	headers:   groqHeaders,
	failing:   groqFailing,
	stream:    func(s *openAIStream) StreamWriter { return groqStream{s} },
}}

// groqFailures are Groq's own errors.
var groqFailures = map[FailureKind]usual{
	FailRateLimit: {429, "", "rate_limit_exceeded", "", groqRateLimit},                                                                                                                                        // type: the limit, as at OpenAI
	FailQuota:     {429, "billing", "blocked_api_access", "", says("Your organization has reached its spend limit. To continue making API requests, raise it at https://console.groq.com/settings/billing.")}, // unverified
	FailOverload: {503, "internal_server_error", "", "", func(f *Failure, _ http.Header) string { // ragflow#9858
		if f.Status == statusFlexFull {
			return "The flex tier is at capacity and the request won't be processed. You can try again later." // console.groq.com/docs/errors; the body is unverified
		}
		return f.Model + " is currently over capacity. Please try again and back off exponentially. Visit https://groqstatus.com to see if there is an active incident."
	}},
	FailServer:     {500, "internal_server_error", "", "", says("Internal Server Error")}, // unverified
	FailTimeout:    {504, "internal_server_error", "", "", says("Gateway Timeout")},       // the edge answers
	FailAuth:       {401, "invalid_request_error", "invalid_api_key", "", says("Invalid API Key")},
	FailPermission: {403, "invalid_request_error", "model_permission_blocked_org", "", says("The model is blocked at the organization level. Please have the org admin enable this model in the org settings at https://console.groq.com/settings/limits")}, // wording unverified
	FailModelNotFound: {404, "invalid_request_error", "model_not_found", "", func(f *Failure, _ http.Header) string {
		if f.Retired {
			return "The model `" + f.Model + "` has been decommissioned and is no longer supported. Please refer to https://console.groq.com/docs/deprecations for a recommendation on which model to use instead." // sqlmap-ai#3
		}
		return "The model `" + f.Model + "` does not exist or you do not have access to it."
	}},
	FailContextLength: {400, "invalid_request_error", "context_length_exceeded", "messages", says("Please reduce the length of the messages or completion.")}, // seen in public reports
	FailContentFilter: {400, "invalid_request_error", "content_filter", "", says("The request was refused.")},                                                 // unverified: Groq filters nothing itself
	FailBadRequest:    {400, "invalid_request_error", "", "", says("Bad Request")},
	FailTooLarge:      {413, "invalid_request_error", "request_too_large", "", says("Request Entity Too Large")},
	FailNotFound:      {404, "invalid_request_error", "unknown_url", "", says("Unknown request URL")},
	FailMethod:        {405, "invalid_request_error", "unknown_url", "", says("Method Not Allowed")}, // unverified
	FailMalformed:     {502, "internal_server_error", "", "", says("Bad Gateway")},
	FailTransport:     {502, "internal_server_error", "", "", says("Bad Gateway")},
}

// statusFlexFull is Groq's own status for a flex tier without capacity. No SDK
// tries it again.
const statusFlexFull = 498

// groqRateLimit words the limits (HomeMind#29, ha-groq-cloud-api#27). Groq also
// counts requests by the day; the bucket here is that of a minute.
func groqRateLimit(f *Failure, h http.Header) string {
	unit, remaining := "requests per minute (RPM)", "X-Ratelimit-Remaining-Requests"
	switch f.Limit {
	case "tokens":
		unit, remaining = "tokens per minute (TPM)", "X-Ratelimit-Remaining-Tokens"
	case "concurrency":
		unit, remaining = "concurrent requests", "" // unverified
	}
	where := "model `" + f.Model + "` in organization `" + openAIOrganization + "` service tier `on_demand` on " + unit
	const more = " Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing"
	if tooLargeForGroq(f) {
		return fmt.Sprintf("Request too large for %s: Limit %d, Requested %d, please reduce your message size and try again.%s", where, f.LimitValue, f.Asked, more)
	}
	used := f.LimitValue
	if left, err := strconv.Atoi(h.Get(remaining)); err == nil && remaining != "" {
		used = max(0, f.LimitValue-left)
	}
	wait := "later"
	if f.RetryAfter > 0 {
		wait = "in " + goDuration(f.RetryAfter)
	}
	return fmt.Sprintf("Rate limit reached for %s: Limit %d, Used %d, Requested %d. Please try again %s.%s", where, f.LimitValue, used, max(1, f.Asked), wait, more)
}

// tooLargeForGroq tells a request that no wait will let through.
func tooLargeForGroq(f *Failure) bool {
	return f.Kind == FailRateLimit && f.Limit == "tokens" && f.LimitValue > 0 && f.Asked > f.LimitValue
}

// groqFailing chooses among statuses that OpenAI does not have. Retry-after is
// sent with a 429 and with nothing else.
func groqFailing(_ http.Header, f *Failure) {
	if f.Kind != FailRateLimit {
		f.RetryAfter = 0
	}
	switch {
	case f.Status == statusFlexFull && f.Code == "":
		f.Code = "capacity_exceeded"
	case f.Status != 0:
	case tooLargeForGroq(f):
		f.Status = http.StatusRequestEntityTooLarge
	case f.Kind == FailModelNotFound && f.Retired:
		f.Status = http.StatusBadRequest
		if f.Code == "" {
			f.Code = "model_decommissioned"
		}
	}
}

// appendGroqError appends OpenAI's envelope, without the fields that say
// nothing (resume-commentor#4).
func appendGroqError(dst []byte, f *Failure) []byte {
	typ := f.Type
	if typ == "" && f.Kind == FailRateLimit {
		typ = openAIRateType(f.Limit)
	}
	dst = appendString(append(dst, `{"error":{"message":`...), f.Message)
	dst = appendString(append(dst, `,"type":`...), typ)
	if f.Param != "" {
		dst = appendString(append(dst, `,"param":`...), f.Param)
	}
	if f.Code != "" {
		dst = appendString(append(dst, `,"code":`...), f.Code)
	}
	return append(dst, "}}"...)
}

// groqComplaints are Groq's texts on requests it cannot read: a path in
// quotes and what is wrong there, as in public reports ('messages.0' : value
// must be an object).
func groqComplaints() complaints {
	c := openAIComplaints
	bad := func(param, what string) *Failure {
		return &Failure{Kind: FailBadRequest, Message: "'" + dotted(param) + "' : " + what}
	}
	c.syntax = func(error) *Failure {
		return &Failure{Kind: FailBadRequest, Message: "could not parse the JSON body of the request"} // unverified
	}
	c.missing = func(param string) *Failure { return bad(param, "property is missing") }
	c.wrongType = func(param, want, _ string) *Failure { return bad(param, "value must be "+want) }
	c.empty = func(param string) *Failure { return bad(param, "minimum number of items is 1") }
	c.low = func(param string, least, _ int) *Failure {
		return bad(param, fmt.Sprintf("number must be at least %d", least))
	}
	c.high = func(param string, bound, got float64) *Failure {
		if got < bound {
			return bad(param, fmt.Sprintf("number must be at least %g", bound))
		}
		return bad(param, fmt.Sprintf("number must be at most %g", bound))
	}
	c.role = func(param, _ string) *Failure {
		return bad(strings.TrimSuffix(param, ".role"), "discriminator property 'role' has invalid value")
	}
	return c
}

// dotted turns messages[0].role into messages.0.role.
func dotted(param string) string {
	return strings.NewReplacer("[", ".", "]", "").Replace(param)
}

// groqHeaders sets ids and limits (gpt-pilot#862). The limit on requests that
// Groq tells is that of a day; here it is the bucket there is.
func groqHeaders(h http.Header, requestID string, b Budgets) {
	h.Set("X-Request-Id", requestID)
	h.Set("X-Groq-Region", "us-west-1")
	h.Set("Via", "1.1 google")
	h.Set("Server", "cloudflare")
	openAILimits(h, b)
}

// groqJudge reads what only Groq says.
func groqJudge(f *Failure, _ http.Header, _ []byte) {
	f.Retired = f.Code == "model_decommissioned"
	switch {
	case containsAny(f.Message, "is currently over capacity"):
		f.Kind = FailOverload
	case containsAny(f.Message, "reduce the length of the messages"):
		f.Kind = FailContextLength
	case containsAny(f.Message, "spend limit"):
		f.Kind = FailQuota
	}
}

// groqStream writes a streamed answer.
type groqStream struct{ *openAIStream }

// Fail ends the stream with a chunk like any other that names the error, which
// clients that do not know Groq take for an empty one. Source: groq-python's
// types ("indicating why a stream was stopped early").
func (s groqStream) Fail(f *Failure) error {
	full := fill(f, groqFailures, s.w.Header())
	b := append(s.buf[:0], s.head...)
	b = append(b, `{"index":0,"delta":{},"logprobs":null,"finish_reason":null}],"x_groq":{"id":`...)
	b = appendString(b, s.w.Header().Get("X-Request-Id"))
	b = appendString(append(b, `,"error":`...), full.Message)
	b = append(append(b, '}'), chunkEnd...)
	return s.send(append(b, openAIDone...))
}

// groqStreamFailure reads the error of such a chunk. There is only a text.
func groqStreamFailure(message string) *Failure {
	f := &Failure{Kind: FailServer, Status: http.StatusOK, Message: message}
	if containsAny(message, "over capacity", "at capacity") {
		f.Kind = FailOverload
	}
	return f
}

func appendGroqID(dst []byte, h http.Header) []byte {
	return append(appendString(append(dst, `,"x_groq":{"id":`...), h.Get("X-Request-Id")), '}')
}

// appendGroqTimes tells in seconds where the time went (groq-python's
// CompletionUsage). The total leaves out the queue, as in recorded answers.
func appendGroqTimes(dst []byte, s Spent) []byte {
	for _, t := range []struct {
		key string
		d   time.Duration
	}{
		{`,"queue_time":`, s.Queue}, {`,"prompt_time":`, s.Prompt}, {`,"completion_time":`, s.Decode}, {`,"total_time":`, s.Prompt + s.Decode},
	} {
		dst = strconv.AppendFloat(append(dst, t.key...), t.d.Seconds(), 'f', -1, 64)
	}
	return dst
}

// Spent notes where the time went, for the last chunk.
func (s groqStream) Spent(t Spent) { s.spent = t }

// appendGroqUsage tells usage in the last chunk, whether asked for or not.
func appendGroqUsage(dst []byte, h http.Header, u Usage, s Spent) []byte {
	dst = appendString(append(dst, `,"x_groq":{"id":`...), h.Get("X-Request-Id"))
	dst = appendField(dst, `,"usage":{"prompt_tokens":`, u.Prompt)
	dst = appendField(dst, `,"completion_tokens":`, u.Completion)
	dst = appendField(dst, `,"total_tokens":`, u.Prompt+u.Completion)
	return append(appendGroqTimes(dst, s), "}}"...)
}

func appendGroqModel(dst []byte, m ModelInfo) []byte {
	dst = appendString(append(dst, `{"id":`...), m.ID)
	dst = strconv.AppendInt(append(dst, `,"object":"model","created":`...), unix(m.Created), 10)
	dst = appendString(append(dst, `,"owned_by":`...), m.OwnedBy)
	dst = appendField(dst, `,"active":true,"context_window":`, m.Context)
	return append(appendField(dst, `,"public_apps":null,"max_completion_tokens":`, m.MaxOutput), '}')
}
