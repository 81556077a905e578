package wire

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// NewRequest builds a message request.
func (d anthropic) NewRequest(ctx context.Context, base, key string, req *Request) (*http.Request, error) {
	b := appendString(append(make([]byte, 0, bodySize(req)), `{"model":`...), req.Model)
	r, err := newPost(ctx, base, "/v1/messages", d.appendBody(b, req))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Anthropic-Version", cmp.Or(req.Version, d.clientVersion))
	if key != "" {
		r.Header.Set("X-Api-Key", key)
	}
	return r, nil
}

// appendBody appends all of a request's body behind its first field. System
// messages go into the field of their own, joined in order.
func (d anthropic) appendBody(b []byte, req *Request) []byte {
	most := req.MaxTokens
	if most <= 0 {
		most = d.maxTokens
	}
	b = strconv.AppendInt(append(b, `,"max_tokens":`...), int64(most), 10)
	if system := systemOf(req); system != "" {
		b = appendString(append(b, `,"system":`...), system)
	}
	b = appendAnthropicTurns(append(b, `,"messages":`...), req.Messages)
	// Under versions that refuse them, sampling parameters are left out.
	strict := d.versions[cmp.Or(req.Version, d.clientVersion)]
	if req.Temperature != nil && !strict {
		// OpenAI's scale ends at 2, Anthropic's at 1.
		b = strconv.AppendFloat(append(b, `,"temperature":`...), min(*req.Temperature, 1), 'g', -1, 64)
	}
	if req.Temperature == nil && !strict { // newer models take only one of the two
		b = appendFloat(b, `,"top_p":`, req.TopP)
	}
	if req.User != "" {
		b = append(appendString(append(b, `,"metadata":{"user_id":`...), req.User), '}')
	}
	b = appendStrings(b, `,"stop_sequences":`, req.Stop)
	b = appendAnthropicTools(b, req)
	if req.Stream {
		b = append(b, `,"stream":true`...)
	}
	return append(b, '}')
}

// systemOf joins the system messages of a request, for dialects that have a
// field for them.
func systemOf(req *Request) string {
	var all []string
	for _, m := range req.Messages {
		if m.Role == "system" {
			all = append(all, m.Text)
		}
	}
	return strings.Join(all, "\n\n")
}

// anthropicUsage counts tokens; the whole input is the sum of its three parts.
type anthropicUsage struct {
	Input         int `json:"input_tokens"`
	CacheCreation int `json:"cache_creation_input_tokens"`
	CacheRead     int `json:"cache_read_input_tokens"`
	Output        int `json:"output_tokens"`
}

func (u *anthropicUsage) prompt() int { return u.Input + u.CacheCreation + u.CacheRead }

// anthropicBlock is one block of an answer.
type anthropicBlock struct {
	Type  string          `json:"type"`
	Text  string          `json:"text"`
	ID    string          `json:"id"`
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
}

type anthropicAnswer struct {
	ID       string           `json:"id"`
	Type     string           `json:"type"`
	Model    string           `json:"model"`
	Content  []anthropicBlock `json:"content"`
	Stop     string           `json:"stop_reason"`
	Sequence string           `json:"stop_sequence"`
	Usage    anthropicUsage   `json:"usage"`
}

// DecodeAnswer reads a whole message. An error body with status 200 is none.
func (d anthropic) DecodeAnswer(body []byte) (*Answer, error) {
	var in anthropicAnswer
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, malformed("anthropic", "the answer is not readable: "+err.Error())
	}
	if in.Type != "message" || in.Content == nil {
		return nil, lacks("anthropic", "message with content")
	}
	a := &Answer{
		ID: in.ID, Model: in.Model, Finish: anthropicFinish(in.Stop), StopSequence: in.Sequence,
		Usage: Usage{Prompt: in.Usage.prompt(), Completion: in.Usage.Output},
	}
	for _, c := range in.Content {
		switch c.Type {
		case "text":
			a.Text += c.Text
		case "tool_use":
			a.ToolCalls = append(a.ToolCalls, ToolCall{ID: c.ID, Name: c.Name, Arguments: argumentsOf(c.Input)})
		}
	}
	return a, nil
}

// DecodeFailure reads an error answer.
func (d anthropic) DecodeFailure(status int, h http.Header, body []byte) *Failure {
	return decodeAnthropicFailure(status, h, body)
}

// anthropicTypes are the types that settle what a failure means.
var anthropicTypes = map[string]FailureKind{
	"rate_limit_error":     FailRateLimit,
	"overloaded_error":     FailOverload,
	"api_error":            FailServer,
	"timeout_error":        FailTimeout,
	"authentication_error": FailAuth,
	"permission_error":     FailPermission,
	"billing_error":        FailQuota,
	"request_too_large":    FailTooLarge,
}

func decodeAnthropicFailure(status int, h http.Header, body []byte) *Failure {
	f := &Failure{Status: status, RetryAfter: retryAfterOf(h), RequestID: h.Get("Request-Id")}
	var in struct {
		Error     json.RawMessage `json:"error"`
		RequestID string          `json:"request_id"`
	}
	if err := json.Unmarshal(body, &in); err != nil && len(in.Error) == 0 {
		f.Message, f.Kind = plainMessage(body), kindOfStatus(status)
		return f
	}
	setIfEmpty(&f.RequestID, in.RequestID)
	var e struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Details struct {
			Code string `json:"error_code"`
		} `json:"details"`
	}
	if jsonType(in.Error) == "string" {
		e.Message, _ = unquote(in.Error)
	} else if len(in.Error) > 0 {
		// A field of an unexpected type leaves the others readable.
		_ = json.Unmarshal(in.Error, &e)
	}
	f.Type, f.Message, f.Code = e.Type, e.Message, e.Details.Code
	f.Kind = anthropicKind(f)
	return f
}

// anthropicKind judges a failure by the cause in its details, then its type,
// then message and status.
func anthropicKind(f *Failure) FailureKind {
	switch f.Code {
	case anthropicSpendLimit, "contract_spend_limit_reached":
		return FailQuota
	case "organization_on_hold":
		return FailPermission
	}
	if kind, ok := anthropicTypes[f.Type]; ok {
		if kind == FailServer && f.Status == http.StatusServiceUnavailable {
			return FailOverload
		}
		return kind
	}
	switch {
	case f.Type == "not_found_error":
		if strings.HasPrefix(f.Message, "model:") {
			return FailModelNotFound
		}
		return FailNotFound
	case containsAny(f.Message, "credit balance is too low", "api usage limits"):
		return FailQuota
	case containsAny(f.Message, "prompt is too long"):
		return FailContextLength
	case containsAny(f.Message, "content filtering policy"):
		return FailContentFilter
	case f.Status == http.StatusMethodNotAllowed:
		return FailMethod
	case f.Type == "invalid_request_error":
		return FailBadRequest
	}
	return kindOfStatus(f.Status)
}
