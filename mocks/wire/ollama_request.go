package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// ollamaRequest is the part of a request of chat or generate that is
// understood.
type ollamaRequest struct {
	Model    string          `json:"model"`
	Messages []ollamaMessage `json:"messages"`
	Prompt   string          `json:"prompt"` // generate
	System   string          `json:"system"` // generate
	Stream   *bool           `json:"stream"`
	Format   json.RawMessage `json:"format"`
	Tools    []openAITool    `json:"tools"`
	Truncate *bool           `json:"truncate"`
	Shift    *bool           `json:"shift"`
	Options  struct {
		MaxTokens   int      `json:"num_predict"`
		Temperature *float64 `json:"temperature"`
		Stop        []string `json:"stop"`
	} `json:"options"`
}

type ollamaMessage struct {
	Role       string       `json:"role"`
	Content    string       `json:"content"`
	ToolCalls  []ollamaCall `json:"tool_calls"`
	ToolCallID string       `json:"tool_call_id"`
	ToolName   string       `json:"tool_name"`
}

// ollamaCall is a call of a function. Its arguments are an object, not a text
// that holds one.
type ollamaCall struct {
	ID       string `json:"id"`
	Function struct {
		Index     int             `json:"index"`
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"function"`
}

func (c *ollamaCall) neutral() ToolCall {
	args := string(c.Function.Arguments)
	if args == "" {
		args = "{}"
	}
	return ToolCall{ID: c.ID, Name: c.Function.Name, Arguments: args}
}

// read decodes a body. The texts on broken ones are those of Go's
// encoding/json, which Ollama uses too.
func (d ollama) read(body []byte, in any, ours, theirs string) *Failure {
	if len(body) == 0 {
		return &Failure{Kind: FailBadRequest, Message: "missing request body"}
	}
	if err := json.Unmarshal(body, in); err != nil {
		return &Failure{Kind: FailBadRequest, Message: strings.NewReplacer("wire."+ours, "api."+theirs, ours, theirs, "wire.ollama", "api.").Replace(err.Error())}
	}
	return nil
}

// DecodeRequest reads a request of chat, generate or OpenAI's chat
// completions. The native ones stream unless told not to, and may be without a
// question: they load the model then.
func (d ollama) DecodeRequest(r *http.Request, body []byte) (*Request, *Failure) {
	if r != nil && r.URL.Path == pathChat {
		return d.decodeCompat(r, body)
	}
	if req, fail, ok := d.decodeOthers(r, body); ok {
		return req, fail
	}
	surface, theirs := "", "ChatRequest"
	if r != nil && r.URL.Path == "/api/generate" {
		surface, theirs = surfaceGenerate, "GenerateRequest"
	}
	var in ollamaRequest
	if fail := d.read(body, &in, "ollamaRequest", theirs); fail != nil {
		return nil, fail
	}
	if in.Model == "" {
		if surface == surfaceGenerate { // it looks for the model and finds none
			return nil, &Failure{Kind: FailModelNotFound}
		}
		return nil, &Failure{Kind: FailBadRequest, Message: "model is required"}
	}
	out := &Request{
		Model: in.Model, MaxTokens: max(0, in.Options.MaxTokens), // below zero: no bound
		Temperature: in.Options.Temperature, Stop: in.Options.Stop,
		Stream:       in.Stream == nil || *in.Stream,
		IncludeUsage: true, // the dialect always reports it
		Surface:      surface,
		// A prompt that is too long loses its beginning, unless that is forbidden.
		Truncate: (in.Truncate == nil || *in.Truncate) && (in.Shift == nil || *in.Shift),
	}
	switch jsonType(in.Format) {
	case "string":
		if s, _ := unquote(in.Format); s == "json" {
			out.JSON = true
		} else if s != "" {
			return nil, &Failure{Kind: FailBadRequest, Message: fmt.Sprintf(`invalid format: %q; expected "json" or a valid JSON Schema object`, s)}
		}
	case "object":
		out.JSON, out.Schema = true, in.Format
	}
	for _, t := range in.Tools {
		if t.Function != nil {
			out.Tools = append(out.Tools, Tool{Name: t.Function.Name, Description: t.Function.Description, Schema: absent(t.Function.Parameters)})
		}
	}
	if surface == surfaceGenerate {
		in.Messages = nil
		if in.Prompt != "" {
			if in.System != "" {
				in.Messages = append(in.Messages, ollamaMessage{Role: "system", Content: in.System})
			}
			in.Messages = append(in.Messages, ollamaMessage{Role: "user", Content: in.Prompt})
		}
	}
	out.Messages = make([]Message, len(in.Messages))
	switch {
	case len(in.Messages) > 0:
	case surface == surfaceGenerate:
		out.Surface = surfaceGenLoad
	default:
		out.Surface = surfaceLoad
	}
	for i := range in.Messages {
		m, fail := in.Messages[i].neutral()
		if fail != nil {
			return nil, fail
		}
		out.Messages[i] = m
	}
	return out, nil
}

// neutral is the message without a dialect. Roles may be written in capitals.
func (m *ollamaMessage) neutral() (Message, *Failure) {
	out := Message{Role: strings.ToLower(m.Role), Text: m.Content}
	switch out.Role {
	case "user", "system":
	case "assistant":
		for i := range m.ToolCalls {
			out.ToolCalls = append(out.ToolCalls, m.ToolCalls[i].neutral())
		}
	case "tool":
		out.ToolCallID = m.ToolCallID
		if out.ToolCallID == "" { // older clients name the function only
			out.ToolCallID = m.ToolName
		}
	default:
		return Message{}, &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("invalid role: %s, must be one of [system, user, assistant, tool]", m.Role)}
	}
	return out, nil
}

// ollamaEmbedRequest is a request of embed, or of the older embeddings.
type ollamaEmbedRequest struct {
	Model      string          `json:"model"`
	Input      json.RawMessage `json:"input"`
	Prompt     string          `json:"prompt"`
	Dimensions int             `json:"dimensions"`
}

// DecodeEmbed reads a request of embeddings.
func (d ollama) DecodeEmbed(r *http.Request, body []byte) (*EmbedRequest, *Failure) {
	old := false
	if r != nil {
		if r.URL.Path == pathEmbeddings {
			req, fail := d.compat.DecodeEmbed(r, body)
			if fail != nil {
				fail.Surface = surfaceOpenAI
				return nil, fail
			}
			req.Surface = surfaceOpenAI
			return req, nil
		}
		old = r.URL.Path == "/api/embeddings"
	}
	var in ollamaEmbedRequest
	if fail := d.read(body, &in, "ollamaEmbedRequest", "EmbedRequest"); fail != nil {
		return nil, fail
	}
	out := &EmbedRequest{Model: in.Model, Dimensions: max(0, in.Dimensions)}
	bad := &Failure{Kind: FailBadRequest, Message: "invalid input type"}
	switch kind := jsonType(in.Input); {
	case old && in.Model == "":
		return nil, &Failure{Kind: FailBadRequest, Message: "model is required"}
	case old:
		out.Surface = surfaceEmbeddings
		if in.Prompt != "" {
			out.Inputs = []string{in.Prompt}
		}
	case kind == "string":
		if s, ok := unquote(in.Input); ok && s != "" {
			out.Inputs = []string{s}
		}
	case kind == "array":
		if json.Unmarshal(in.Input, &out.Inputs) != nil {
			return nil, bad
		}
	case kind != "nothing" && kind != "null":
		return nil, bad
	}
	return out, nil
}
