package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// anthropic is the dialect of Anthropic's Messages API.
type anthropic struct{ *anthropicFacts }

// anthropicFacts are the settings of the dialect that its sources leave open
// or that may change.
type anthropicFacts struct {
	name string
	// Prefixes of ids, and what a block of a call of a function ends with.
	answerPrefix, requestPrefix string
	callTail                    string
	// between stands behind message_start in a stream.
	between string
	// versions are the accepted values of anthropic-version, and whether
	// sampling parameters are refused under them.
	versions map[string]bool
	// clientVersion is what the client sends. The older one still takes every
	// parameter, so that a request need not lose its temperature on the way.
	clientVersion string
	// maxTokens is what the client asks for where the request sets no bound:
	// the field is required.
	maxTokens int
	// listRetired: the model list still holds retired models. The SDK's
	// comments say so, a probe of 2026-09 found them gone (unverified).
	listRetired bool
	// overloadRetryAfter: a 529 carries retry-after (unverified).
	overloadRetryAfter bool
	// tooLargePage is the HTML body of a 413, where the provider's edge answers
	// it: documented to come from Cloudflare, shape unverified. "": the API's own
	// envelope, as the documentation shows it.
	tooLargePage string
}

// anthropicCom is Anthropic itself. Sources: anthropic-sdk-go v1.84.0 and
// v2.13.0, their fixtures, public recordings and reports.
var anthropicCom = &anthropicFacts{
	name:               "anthropic",
	answerPrefix:       "msg_01",
	requestPrefix:      "req_01",
	callTail:           `,"caller":{"type":"direct"}`,
	versions:           map[string]bool{"2023-06-01": false, "2026-10-21": true},
	clientVersion:      "2023-06-01",
	maxTokens:          4096,
	listRetired:        true,
	overloadRetryAfter: true,
}

// anthropicOrganization is the organisation that headers and messages name.
const anthropicOrganization = "b4063e71-0c4e-4b0f-9d5a-5e1a2c9f7d10"

func (d anthropic) Name() string { return d.name }

func (d anthropic) NewRequestID(bits uint64) string { return spell(d.requestPrefix, bits, base58, 22) }

func (d anthropic) NewAnswerID(bits uint64) string {
	return spell(d.answerPrefix, bits^0xa5a5, base58, 22)
}

// NewToolCallID returns the id of a call of a function.
func (d anthropic) NewToolCallID(bits uint64) string { return spell("toolu_01", bits, base58, 22) }

func (d anthropic) Usual(k FailureKind) int {
	return fill(&Failure{Kind: k}, anthropicFailures, nil).Status
}

// Code of a failed call's details that says the month's money is spent. It
// comes with 429 and without retry-after.
const anthropicSpendLimit = "enforced_spend_limit_reached"

// anthropicFailures are Anthropic's own errors. Texts without a remark were
// seen in public reports or its documentation.
var anthropicFailures = map[FailureKind]usual{
	FailRateLimit: {429, "rate_limit_error", "", "", anthropicRateLimit},
	FailQuota:     {400, "invalid_request_error", "", "", says("Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.")},
	FailOverload:  {529, "overloaded_error", "", "", says("Overloaded")},
	FailServer:    {500, "api_error", "", "", says("Internal server error")},
	FailTimeout:   {504, "timeout_error", "", "", says("Request timeout")}, // body unverified
	FailAuth:      {401, "authentication_error", "", "", says("invalid x-api-key")},
	FailPermission: {403, "permission_error", "", "", // words unverified
		says("Your API key does not have permission to use the specified resource.")},
	// The same for an unknown and a retired model.
	FailModelNotFound: {404, "not_found_error", "", "", func(f *Failure, _ http.Header) string { return "model: " + f.Model }},
	FailContextLength: {400, "invalid_request_error", "", "", func(f *Failure, _ http.Header) string {
		return fmt.Sprintf("prompt is too long: %d tokens > %d maximum", f.Asked, f.LimitValue)
	}},
	FailContentFilter: {400, "invalid_request_error", "", "", says("Output blocked by content filtering policy")}, // words unverified
	FailBadRequest:    {400, "invalid_request_error", "", "", says("Invalid request")},                            // words unverified; callers name the cause
	FailTooLarge:      {413, "request_too_large", "", "", says("Request exceeds the maximum size")},               // shape unverified: the edge answers
	FailNotFound:      {404, "not_found_error", "", "", says("Not found")},
	FailMethod:        {405, "invalid_request_error", "", "", says("Method Not Allowed")}, // unverified
	FailMalformed:     {500, "api_error", "", "", says("Internal server error")},
	FailTransport:     {500, "api_error", "", "", says("Internal server error")},
}

// anthropicRateLimit words the three limits.
func anthropicRateLimit(f *Failure, _ http.Header) string {
	unit := "requests per minute"
	switch f.Limit {
	case "tokens":
		unit = "input tokens per minute"
	case "concurrency":
		// Seen in public reports in older words; which a current 429 on
		// concurrency has is unverified.
		return "Number of concurrent connections has exceeded your rate limit. Please try again later or contact sales at https://claude.com/contact-sales to discuss your options for a rate limit increase."
	case "":
		return "This request would exceed your account's rate limit. Please try again later."
	}
	return fmt.Sprintf("This request would exceed your organization's rate limit of %s %s (org: %s, model: %s). For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please reduce the prompt length or the maximum tokens requested, or try again later. You may also contact sales at https://claude.com/contact-sales to discuss your options for a rate limit increase.",
		thousands(f.LimitValue), unit, anthropicOrganization, f.Model)
}

// thousands writes n with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// anthropicFill fills a failure's gaps. Out of money has three faces: no
// credit (400), the month's spend limit (429) and the documented
// billing_error (402, words unverified); status or code choose among them.
func anthropicFill(f *Failure, h http.Header) Failure {
	full := *f
	if f.Kind == FailQuota {
		switch {
		case f.Code == anthropicSpendLimit || f.Status == http.StatusTooManyRequests:
			full.Status, full.Code = http.StatusTooManyRequests, anthropicSpendLimit
			setIfEmpty(&full.Type, "rate_limit_error")
			setIfEmpty(&full.Message, anthropicSpent(time.Now()))
		case f.Status == http.StatusPaymentRequired:
			setIfEmpty(&full.Type, "billing_error")
			setIfEmpty(&full.Message, "Billing error")
		}
	}
	return fill(&full, anthropicFailures, h)
}

// anthropicSpent says that the money of the month at now is spent, and when
// there is more (documented, word for word).
func anthropicSpent(now time.Time) string {
	now = now.UTC()
	next := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	return "You have reached your API usage limits: your organization has crossed its monthly API usage threshold, set based on your organization's API tier. You will regain access on " + next.Format(time.DateOnly) + " at 00:00 UTC."
}

func setIfEmpty(s *string, v string) {
	if *s == "" {
		*s = v
	}
}

// appendAnthropicError appends the error envelope.
func appendAnthropicError(dst []byte, f *Failure, requestID string) []byte {
	dst = appendString(append(dst, `{"type":"error","error":{"type":`...), f.Type)
	dst = appendString(append(dst, `,"message":`...), f.Message)
	if f.Code != "" {
		dst = append(appendString(append(dst, `,"details":{"error_code":`...), f.Code), '}')
	}
	dst = append(dst, '}')
	if requestID != "" {
		dst = appendString(append(dst, `,"request_id":`...), requestID)
	}
	return append(dst, '}')
}

// anthropicStop is a finish in Anthropic's words; anthropicFinish the reverse.
func anthropicStop(f Finish) string {
	switch f {
	case FinishStop:
		return "end_turn"
	case FinishLength:
		return "max_tokens"
	case FinishContentFilter:
		return "refusal"
	case FinishToolCalls:
		return "tool_use"
	}
	return string(f)
}

func anthropicFinish(stop string) Finish {
	switch stop {
	case "end_turn", "stop_sequence":
		return FinishStop
	case "max_tokens", "model_context_window_exceeded":
		return FinishLength
	case "refusal":
		return FinishContentFilter
	case "tool_use":
		return FinishToolCalls
	}
	return Finish(stop)
}

// anthropicTitle makes a display name of a model id: claude-sonnet-4-5-20250929
// is Claude Sonnet 4.5.
func anthropicTitle(id string) string {
	var words []string
	for _, w := range strings.Split(id, "-") {
		digits := w != "" && strings.Trim(w, "0123456789") == ""
		last := len(words) - 1
		switch {
		case digits && len(w) == 8: // a date
		case digits && last >= 0 && strings.Trim(words[last], "0123456789") == "":
			words[last] += "." + w
		case w != "":
			words = append(words, strings.ToUpper(w[:1])+w[1:])
		}
	}
	return strings.Join(words, " ")
}
