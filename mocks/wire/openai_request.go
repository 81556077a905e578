package wire

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// openAIRequest is the part of a chat request that is understood.
type openAIRequest struct {
	Model    *string         `json:"model"`
	Messages []openAIMessage `json:"messages"`
	// The newer name goes before the older one.
	MaxCompletionTokens *int           `json:"max_completion_tokens"`
	MaxTokens           *int           `json:"max_tokens"`
	Temperature         *float64       `json:"temperature"`
	Seed                *int64         `json:"seed"`
	Stop                stops          `json:"stop"`
	Stream              *bool          `json:"stream"`
	StreamOptions       *streamOptions `json:"stream_options"`
	ResponseFormat      *jsonFormat    `json:"response_format"`
	toolset
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type openAIMessage struct {
	Role       string       `json:"role"`
	Content    content      `json:"content"`
	ToolCalls  []openAICall `json:"tool_calls"`
	ToolCallID string       `json:"tool_call_id"`
}

// decodeBody reads a body as JSON, and words what is wrong with it.
func decodeBody(body []byte, in any, say *complaints) *Failure {
	err := json.Unmarshal(body, in)
	if err == nil {
		return nil
	}
	if param, want, got, ok := typeError(err); ok && param != "" {
		return say.wrongType(param, want, got)
	}
	return say.syntax(err)
}

// DecodeRequest reads a chat request, or one of the responses API where that
// was asked. vLLM takes one without a model for its own; the Request's Model is
// then empty.
func (d openAI) DecodeRequest(r *http.Request, body []byte) (*Request, *Failure) {
	if r != nil && r.URL.Path == pathResponses {
		return d.decodeResponses(body)
	}
	say := &d.invalid
	var in openAIRequest
	if !in.readPlain(body) {
		in = openAIRequest{}
		if fail := decodeBody(body, &in, say); fail != nil {
			return nil, fail
		}
	}
	switch {
	case (in.Model == nil || *in.Model == "") && say.needModel:
		return nil, say.missing("model")
	case in.Messages == nil:
		return nil, say.missing("messages")
	case len(in.Messages) == 0:
		return nil, say.empty("messages")
	case in.Stop.bad != "":
		return nil, say.wrongType("stop", "one of a string or array of strings", in.Stop.bad)
	}
	out := &Request{Messages: make([]Message, len(in.Messages)), Temperature: in.Temperature, Seed: in.Seed, Stop: in.Stop.list}
	if in.Model != nil {
		out.Model = *in.Model
	}
	for _, limit := range []struct {
		name  string
		value *int
	}{{"max_tokens", in.MaxTokens}, {"max_completion_tokens", in.MaxCompletionTokens}} {
		switch {
		case limit.value == nil:
		case *limit.value < 1:
			return nil, say.low(limit.name, 1, *limit.value)
		default:
			out.MaxTokens = *limit.value
		}
	}
	if fail := warm(in.Temperature, say); fail != nil {
		return nil, fail
	}
	for i := range in.Messages {
		m, fail := in.Messages[i].neutral("messages", i, say)
		if fail != nil {
			return nil, fail
		}
		out.Messages[i] = m
	}
	if fail := in.toolset.into(out, say); fail != nil {
		return nil, fail
	}
	if fail := in.ResponseFormat.into(out, "response_format", say); fail != nil {
		return nil, fail
	}
	if d.strict {
		if fail := pairs(out.Messages); fail != nil {
			return nil, fail
		}
		if in.ResponseFormat != nil && in.ResponseFormat.Type == "json_object" && !mentionsJSON(out.Messages) {
			return nil, &Failure{Kind: FailBadRequest, Param: "messages", Message: "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."}
		}
	}
	out.Stream = in.Stream != nil && *in.Stream
	out.IncludeUsage = in.StreamOptions != nil && in.StreamOptions.IncludeUsage
	return out, nil
}

// warm checks a temperature.
func warm(t *float64, say *complaints) *Failure {
	switch {
	case t == nil:
	case *t < 0:
		return say.high("temperature", 0, *t)
	case *t > 2:
		return say.high("temperature", 2, *t)
	}
	return nil
}

// neutral is the message without a dialect.
func (m *openAIMessage) neutral(list string, i int, say *complaints) (Message, *Failure) {
	role := m.Role
	switch role {
	case "user", "assistant", "system", "tool":
	case "":
		return Message{}, say.missing(fieldAt(list, i, ".role"))
	case "developer":
		role = "system"
	case "function": // what tools were called before there were tools
		role = "tool"
	default:
		return Message{}, say.role(fieldAt(list, i, ".role"), role)
	}
	if m.Content.bad != "" {
		return Message{}, say.wrongType(fieldAt(list, i, ".content"), "one of a string or array of objects", m.Content.bad)
	}
	out := Message{Role: role, Text: m.Content.text}
	switch role {
	case "assistant":
		out.ToolCalls = callsOf(m.ToolCalls)
	case "tool":
		out.ToolCallID = m.ToolCallID
	}
	return out, nil
}

// fieldAt names a field of an entry of a list in the request.
func fieldAt(list string, i int, field string) string {
	return list + "[" + strconv.Itoa(i) + "]" + field
}

// pairs tells whether each call of a function is followed by its result and
// each result follows its call. OpenAI insists on both; texts from public
// reports.
func pairs(ms []Message) *Failure {
	open := map[string]bool{} // calls that wait for their results
	for i, m := range ms {
		if m.Role == "tool" {
			if i == 0 || ms[i-1].Role != "tool" && len(ms[i-1].ToolCalls) == 0 {
				return &Failure{Kind: FailBadRequest, Param: "messages.[" + strconv.Itoa(i) + "].role", Message: "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."}
			}
			delete(open, m.ToolCallID)
		} else if fail := unanswered(open, ms); fail != nil {
			return fail
		}
		for _, c := range m.ToolCalls {
			open[c.ID] = true
		}
	}
	return unanswered(open, ms)
}

func unanswered(open map[string]bool, ms []Message) *Failure {
	if len(open) == 0 {
		return nil
	}
	var ids []string
	for _, m := range ms { // in the order of the messages
		for _, c := range m.ToolCalls {
			if open[c.ID] {
				ids = append(ids, c.ID)
			}
		}
	}
	return &Failure{Kind: FailBadRequest, Param: "messages", Message: "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: " + strings.Join(ids, ", ")}
}

func mentionsJSON(ms []Message) bool {
	for _, m := range ms {
		if containsAny(m.Text, "json") {
			return true
		}
	}
	return false
}
