package wire

import (
	"encoding/json"
	"net/http"
	"strings"
)

// DecodeFailure reads an error answer.
func (d openAI) DecodeFailure(status int, h http.Header, body []byte) *Failure {
	f := decodeOpenAIFailure(status, h, body)
	if d.judge != nil {
		d.judge(f, h, body)
	}
	return f
}

// openAIError holds the error shapes of the whole family: an object under
// "error"; a string under it with a code beside it (xAI, vLLM's 401); or all
// fields at the top (older vLLM, Mistral).
type openAIError struct {
	Error   json.RawMessage `json:"error"`
	Message string          `json:"message"`
	Type    string          `json:"type"`
	Param   string          `json:"param"`
	Code    word            `json:"code"`
}

// word is a code given as a string or as a number.
type word string

// UnmarshalJSON takes any scalar.
func (c *word) UnmarshalJSON(b []byte) error {
	switch jsonType(b) {
	case "string":
		s, _ := unquote(b)
		*c = word(s)
	case "number":
		*c = word(b)
	}
	return nil
}

func decodeOpenAIFailure(status int, h http.Header, body []byte) *Failure {
	f := &Failure{Status: status, RetryAfter: retryAfterOf(h), RequestID: h.Get("X-Request-Id")}
	var in openAIError
	// A field of an unexpected type leaves the others readable, so the error
	// of Unmarshal only matters where nothing could be read.
	if err := json.Unmarshal(body, &in); err != nil && in.Message == "" && len(in.Error) == 0 {
		f.Message, f.Kind = plainMessage(body), kindOfStatus(status)
		return f
	}
	switch jsonType(in.Error) {
	case "object":
		var inner openAIError
		_ = json.Unmarshal(in.Error, &inner) // as above
		in = inner
	case "string":
		in.Message, _ = unquote(in.Error)
	}
	f.Message, f.Type, f.Param, f.Code = in.Message, in.Type, in.Param, string(in.Code)
	f.Kind = openAIKind(f)
	if f.Kind == FailRateLimit && (f.Type == "requests" || f.Type == "tokens") {
		f.Limit = f.Type
	}
	return f
}

// openAICodes are the codes that settle what a failure means.
var openAICodes = map[string]FailureKind{
	"insufficient_quota":                FailQuota,
	"credit_balance_exhausted":          FailQuota,
	"organization_spend_limit_exceeded": FailQuota,
	"project_spend_limit_exceeded":      FailQuota,
	"organization_usage_limit_exceeded": FailQuota,
	"billing_hard_limit_reached":        FailQuota,
	"billing_not_active":                FailQuota,
	"rate_limit_exceeded":               FailRateLimit,
	"slow_down":                         FailRateLimit,
	"server_is_overloaded":              FailOverload,
	"capacity_exceeded":                 FailOverload, // Groq
	"server_error":                      FailServer,
	"invalid_api_key":                   FailAuth,
	"model_not_found":                   FailModelNotFound,
	"model_decommissioned":              FailModelNotFound, // Groq
	"DeploymentNotFound":                FailModelNotFound, // Azure
	"invalid_model":                     FailModelNotFound, // Mistral
	"context_length_exceeded":           FailContextLength,
	"content_filter":                    FailContentFilter,
	"content_policy_violation":          FailContentFilter,
	"invalid_prompt":                    FailContentFilter,
}

// openAITypes are the types that do, where no code did.
var openAITypes = map[string]FailureKind{
	"insufficient_quota":        FailQuota,
	"rate_limit_error":          FailRateLimit,
	"tokens":                    FailRateLimit,
	"requests":                  FailRateLimit,
	"service_unavailable_error": FailOverload,
	"overloaded_error":          FailOverload,
	"invalid_model":             FailModelNotFound,
	"authentication_error":      FailAuth,
	"permission_error":          FailPermission,
	// A gateway's own words, in a stream that began with 200.
	string(FailTimeout):   FailTimeout,
	string(FailTransport): FailTransport,
	string(FailMalformed): FailMalformed,
}

// openAIKind judges a failure by code, then type, then message and status: one
// status has several meanings in this family.
func openAIKind(f *Failure) FailureKind {
	kind, known := openAICodes[f.Code]
	if !known {
		kind, known = openAITypes[f.Type]
	}
	switch {
	case kind == FailModelNotFound && f.Status == http.StatusForbidden:
		return FailPermission // the model exists, this project may not use it
	case kind == FailRateLimit && strings.HasPrefix(f.Message, "Request too large"):
		return FailTooLarge // more than a whole minute's tokens: no wait will help
	case known:
		return kind
	case containsAny(f.Message, "maximum context length", "model's context length is only", "context window of this model", "cannot be greater than max_model_len"):
		return FailContextLength
	case containsAny(f.Message, "incorrect api key", "invalid api key"): // xAI answers 400
		return FailAuth
	case containsAny(f.Message, "available credits", "any credits yet", "spending limit"): // xAI answers 403 or 429
		return FailQuota
	case f.Status == http.StatusNotFound && (f.Param == "model" || containsAny(f.Message, "model")), containsAny(f.Message, "model not exist"): // DeepSeek answers 400
		return FailModelNotFound
	case f.Status >= 500 && containsAny(f.Message, "overloaded"):
		return FailOverload
	case f.Status < 400: // inside a stream the status says nothing
		return inStreamKind(f.Code)
	}
	return kindOfStatus(f.Status)
}

// inStreamKind judges an in-stream error by a code that is a status (vLLM).
func inStreamKind(code string) FailureKind {
	status := 0
	for _, c := range code {
		if c < '0' || c > '9' || status > 999 {
			return FailServer
		}
		status = status*10 + int(c-'0')
	}
	return kindOfStatus(status)
}
