package wire

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// openAIFailures are OpenAI's own errors. Texts without a remark were seen in
// public reports.
var openAIFailures = map[FailureKind]usual{
	FailRateLimit: {429, "", "rate_limit_exceeded", "", openAIRateLimit}, // type: see writeError
	FailQuota:     {429, "insufficient_quota", "insufficient_quota", "", says("You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.")},
	FailOverload:  {503, "service_unavailable_error", "server_is_overloaded", "", says("Our servers are currently overloaded. Please try again later.")},
	FailServer:    {500, "server_error", "", "", says("The server had an error while processing your request. Sorry about that!")},
	FailTimeout:   {504, "server_error", "", "", says("The server had an error while processing your request. Sorry about that!")}, // unverified as JSON: the edge answers
	FailAuth:      {401, "invalid_request_error", "invalid_api_key", "", says("Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.")},
	FailPermission: {403, "invalid_request_error", "model_not_found", "", func(f *Failure, _ http.Header) string {
		return "Project `proj_brownout` does not have access to model `" + f.Model + "`"
	}},
	FailModelNotFound: {404, "invalid_request_error", "model_not_found", "", func(f *Failure, _ http.Header) string {
		return "The model `" + f.Model + "` does not exist or you do not have access to it."
	}},
	FailContextLength: {400, "invalid_request_error", "context_length_exceeded", "messages", func(f *Failure, _ http.Header) string {
		return fmt.Sprintf("This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. Please reduce the length of the messages.", f.LimitValue, f.Asked)
	}},
	FailContentFilter: {400, "invalid_request_error", "invalid_prompt", "", says("Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt.")}, // wording unverified
	FailBadRequest:    {400, "invalid_request_error", "", "", says("Invalid request.")},                                                                                                                           // wording unverified; callers name the cause
	FailTooLarge:      {413, "invalid_request_error", "", "", says("Maximum content size limit exceeded.")},                                                                                                       // unverified
	FailNotFound:      {404, "invalid_request_error", "", "", says("Invalid URL")},
	FailMethod:        {405, "invalid_request_error", "method_not_supported", "", says("Not allowed. (HINT: Perhaps you meant to use a different HTTP method?)")},
	FailMalformed:     {502, "server_error", "", "", says("The server had an error while processing your request. Sorry about that!")},
	FailTransport:     {502, "server_error", "", "", says("The server had an error while processing your request. Sorry about that!")},
}

// openAIRateLimit words the three limits. The one on concurrency is
// unverified: OpenAI documents none.
func openAIRateLimit(f *Failure, h http.Header) string {
	unit, remaining := "requests per min (RPM)", "X-Ratelimit-Remaining-Requests"
	switch f.Limit {
	case "tokens":
		unit, remaining = "tokens per min (TPM)", "X-Ratelimit-Remaining-Tokens"
	case "concurrency":
		unit, remaining = "concurrent requests", ""
	}
	where := f.Model + " in organization " + openAIOrganization + " on " + unit
	if f.Limit == "tokens" && f.LimitValue > 0 && f.Asked > f.LimitValue {
		return fmt.Sprintf("Request too large for %s: Limit %d, Requested %d. The input or output tokens must be reduced in order to run successfully. Visit https://platform.openai.com/account/rate-limits to learn more.", where, f.LimitValue, f.Asked)
	}
	used := f.LimitValue
	if left, err := strconv.Atoi(h.Get(remaining)); err == nil && remaining != "" {
		used = max(0, f.LimitValue-left)
	}
	wait := "later"
	if f.RetryAfter > 0 {
		wait = "in " + goDuration(f.RetryAfter)
	}
	return fmt.Sprintf("Rate limit reached for %s: Limit %d, Used %d, Requested %d. Please try again %s. Visit https://platform.openai.com/account/rate-limits to learn more.",
		where, f.LimitValue, used, max(1, f.Asked), wait)
}

// goDuration writes a wait as OpenAI does in texts and reset headers: 174ms,
// 3.89s, 6m0s.
func goDuration(d time.Duration) string {
	return max(d, 0).Round(time.Millisecond).String()
}

// openAIRateType is the type of a rate limit: the bucket that is empty.
func openAIRateType(limit string) string {
	switch limit {
	case "tokens":
		return "tokens"
	case "requests", "":
		return "requests" // unverified; by analogy with tokens
	}
	return "rate_limit_error"
}

func appendOpenAIError(dst []byte, f *Failure) []byte {
	typ := f.Type
	if typ == "" && f.Kind == FailRateLimit {
		typ = openAIRateType(f.Limit)
	}
	dst = appendString(append(dst, `{"error":{"message":`...), f.Message)
	dst = appendString(append(dst, `,"type":`...), typ)
	dst = appendNullable(append(dst, `,"param":`...), f.Param)
	dst = appendNullable(append(dst, `,"code":`...), f.Code)
	return append(dst, "}}"...)
}

// openAIComplaints are OpenAI's texts on requests it cannot read. The one on
// missing parameters: github.com/SilasMarvin/lsp-ai/issues/108; the others
// have the same style in many public reports, and are not in its spec.
var openAIComplaints = complaints{
	needModel: true,
	syntax: func(error) *Failure {
		return &Failure{Kind: FailBadRequest, Message: "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)"}
	},
	missing: func(param string) *Failure {
		if param == "model" {
			return &Failure{Kind: FailBadRequest, Message: "you must provide a model parameter"}
		}
		return &Failure{Kind: FailBadRequest, Param: param, Code: "missing_required_parameter", Message: "Missing required parameter: '" + param + "'."}
	},
	wrongType: func(param, want, got string) *Failure {
		return &Failure{Kind: FailBadRequest, Param: param, Code: "invalid_type", Message: fmt.Sprintf("Invalid type for '%s': expected %s, but got %s instead.", param, want, withArticle(got))}
	},
	empty: func(param string) *Failure {
		return &Failure{Kind: FailBadRequest, Param: param, Code: "empty_array", Message: fmt.Sprintf("Invalid '%s': empty array. Expected an array with minimum length 1, but got an empty array instead.", param)}
	},
	low: func(param string, least, got int) *Failure {
		return &Failure{Kind: FailBadRequest, Param: param, Code: "integer_below_min_value", Message: fmt.Sprintf("Invalid '%s': integer below minimum value. Expected a value >= %d, but got %d instead.", param, least, got)}
	},
	high: func(param string, bound, got float64) *Failure {
		code, side, sign := "decimal_above_max_value", "above maximum", "<="
		if got < bound {
			code, side, sign = "decimal_below_min_value", "below minimum", ">="
		}
		return &Failure{Kind: FailBadRequest, Param: param, Code: code, Message: fmt.Sprintf("Invalid '%s': decimal %s value. Expected a value %s %g, but got %g instead.", param, side, sign, bound, got)}
	},
	role: func(param, got string) *Failure {
		return &Failure{Kind: FailBadRequest, Param: param, Code: "invalid_value", Message: fmt.Sprintf("Invalid value: '%s'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.", got)}
	},
}
