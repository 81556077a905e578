package wire

import (
	"encoding/json"
)

// surfaceResponses marks requests of OpenAI's responses API, so that they are
// answered in kind. Facts: openai-openapi, spec 2.3.0.
const surfaceResponses = "responses"

// responsesRequest is the part of a request that is understood. A conversation
// that is named by conversation is let pass and not looked up, and so is
// previous_response_id by hosts that keep no answers: their callers must send
// all turns.
type responsesRequest struct {
	Model           *string         `json:"model"`
	Input           json.RawMessage `json:"input"`
	Instructions    *string         `json:"instructions"`
	MaxOutputTokens *int            `json:"max_output_tokens"`
	Temperature     *float64        `json:"temperature"`
	Stream          *bool           `json:"stream"`
	Previous        *string         `json:"previous_response_id"`
	Store           *bool           `json:"store"`
	Text            *struct {
		Format *jsonFormat `json:"format"`
	} `json:"text"`
	toolset
}

// responsesItem is one item of the input: a message, a call of a function or
// its result.
type responsesItem struct {
	Type      string  `json:"type"`
	Role      string  `json:"role"`
	Content   content `json:"content"`
	CallID    string  `json:"call_id"`
	Name      string  `json:"name"`
	Arguments string  `json:"arguments"`
	Output    content `json:"output"`
}

// minResponseTokens is the least max_output_tokens there may be.
const minResponseTokens = 16

// decodeResponses reads a request of the responses API.
func (d openAI) decodeResponses(body []byte) (*Request, *Failure) {
	say := &d.invalid
	var in responsesRequest
	if fail := decodeBody(body, &in, say); fail != nil {
		return nil, fail
	}
	if (in.Model == nil || *in.Model == "") && say.needModel {
		return nil, say.missing("model")
	}
	out := &Request{Surface: surfaceResponses, Temperature: in.Temperature, IncludeUsage: true}
	if in.Model != nil {
		out.Model = *in.Model
	}
	if in.Instructions != nil {
		out.Messages = append(out.Messages, Message{Role: "system", Text: *in.Instructions})
		out.Instructed = true
	}
	if out.Keepable = d.keeps; out.Keepable {
		out.Unkept = in.Store != nil && !*in.Store
		if in.Previous != nil {
			out.Previous = *in.Previous
		}
	}
	if fail := in.items(out, say); fail != nil {
		return nil, fail
	}
	if n := in.MaxOutputTokens; n != nil {
		if *n < minResponseTokens {
			return nil, say.low("max_output_tokens", minResponseTokens, *n)
		}
		out.MaxTokens = *n
	}
	if fail := warm(in.Temperature, say); fail != nil {
		return nil, fail
	}
	if fail := in.toolset.into(out, say); fail != nil {
		return nil, fail
	}
	if in.Text != nil {
		if fail := in.Text.Format.into(out, "text.format", say); fail != nil {
			return nil, fail
		}
	}
	out.Stream = in.Stream != nil && *in.Stream
	return out, nil
}

// items reads the input: a text, or items.
func (in *responsesRequest) items(out *Request, say *complaints) *Failure {
	switch jsonType(in.Input) {
	case "nothing", "null":
		return say.missing("input")
	case "string":
		text, _ := unquote(in.Input)
		out.Messages = append(out.Messages, Message{Role: "user", Text: text})
		return nil
	case "array":
	default:
		return say.wrongType("input", "one of a string or array of objects", jsonType(in.Input))
	}
	var items []responsesItem
	if fail := decodeBody(in.Input, &items, say); fail != nil {
		return fail
	}
	if len(items) == 0 {
		return say.empty("input")
	}
	for i := range items {
		if fail := items[i].into(out, i, say); fail != nil {
			return fail
		}
	}
	return nil
}

// into appends what the item says to the messages. Calls one behind the other
// are those of one turn.
func (item *responsesItem) into(out *Request, i int, say *complaints) *Failure {
	switch item.Type {
	case "function_call":
		call := ToolCall{ID: item.CallID, Name: item.Name, Arguments: item.Arguments}
		if n := len(out.Messages); n > 0 && out.Messages[n-1].Role == "assistant" {
			last := &out.Messages[n-1]
			last.ToolCalls = append(last.ToolCalls, call)
			return nil
		}
		out.Messages = append(out.Messages, Message{Role: "assistant", ToolCalls: []ToolCall{call}})
	case "function_call_output":
		if item.CallID == "" {
			return say.missing(fieldAt("input", i, ".call_id"))
		}
		if item.Output.bad != "" {
			return say.wrongType(fieldAt("input", i, ".output"), "one of a string or array of objects", item.Output.bad)
		}
		out.Messages = append(out.Messages, Message{Role: "tool", Text: item.Output.text, ToolCallID: item.CallID})
	case "message", "":
		m, fail := (&openAIMessage{Role: item.Role, Content: item.Content}).neutral("input", i, say)
		if fail != nil {
			return fail
		}
		out.Messages = append(out.Messages, m)
	}
	return nil // reasoning, references and the provider's own tools say nothing to a mock
}
