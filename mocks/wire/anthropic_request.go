package wire

import (
	"encoding/json"
	"net/http"
)

// anthropicRequest is the part of a request that is understood.
type anthropicRequest struct {
	Version     string               `json:"anthropic_version"` // on other houses' platforms
	Model       *string              `json:"model"`
	MaxTokens   *int                 `json:"max_tokens"`
	Messages    []anthropicMessage   `json:"messages"`
	System      anthropicContent     `json:"system"`
	Stop        []string             `json:"stop_sequences"`
	Stream      *bool                `json:"stream"`
	Temperature *float64             `json:"temperature"`
	TopP        json.RawMessage      `json:"top_p"`
	TopK        json.RawMessage      `json:"top_k"`
	Tools       []anthropicTool      `json:"tools"`
	ToolChoice  *anthropicToolChoice `json:"tool_choice"`
	Output      *anthropicOutput     `json:"output_config"`
}

type anthropicMessage struct {
	Role    string           `json:"role"`
	Content anthropicContent `json:"content"`
}

// DecodeRequest reads a message request.
func (d anthropic) DecodeRequest(r *http.Request, body []byte) (*Request, *Failure) {
	strict, fail := d.version(r)
	if fail != nil {
		return nil, fail
	}
	in, fail := readAnthropic(body)
	if fail != nil {
		return nil, fail
	}
	return in.request(strict, true)
}

// DecodeCount reads a request to count tokens: one that bounds no answer.
func (d anthropic) DecodeCount(r *http.Request, body []byte) (*Request, *Failure) {
	strict, fail := d.version(r)
	if fail != nil {
		return nil, fail
	}
	in, fail := readAnthropic(body)
	if fail != nil {
		return nil, fail
	}
	return in.request(strict, false)
}

// WriteCount writes the number of a prompt's tokens.
func (d anthropic) WriteCount(w http.ResponseWriter, _ *Request, tokens int) error {
	return writeJSON(w, http.StatusOK, append(appendField(nil, `{"input_tokens":`, tokens), '}'))
}

func anthropicBad(message string) *Failure {
	return &Failure{Kind: FailBadRequest, Message: message}
}

// readAnthropic parses a body.
func readAnthropic(body []byte) (*anthropicRequest, *Failure) {
	in := new(anthropicRequest)
	if err := json.Unmarshal(body, in); err != nil {
		if param, want, _, ok := typeError(err); ok && param != "" {
			return nil, anthropicBad(param + ": Input should be " + validly(want))
		}
		return nil, anthropicBad("The request body is not valid JSON: " + plainly(err))
	}
	return in, nil
}

// request checks a parsed body and makes the neutral request of it. Texts on
// fields are pydantic's, as the API's are; seen so: "max_tokens: Field
// required", "messages: at least one message is required", "The request body is
// not valid JSON: …". strict: under the API version's rules sampling parameters
// are refused; chat: an answer is wanted, which must be bounded.
func (in *anthropicRequest) request(strict, chat bool) (*Request, *Failure) {
	if wrong := in.wrong(strict, chat); wrong != "" {
		return nil, anthropicBad(wrong)
	}
	out := &Request{
		Model: *in.Model, Temperature: in.Temperature, Stop: in.Stop,
		Stream:       in.Stream != nil && *in.Stream,
		IncludeUsage: true, // the dialect always reports it
		Messages:     make([]Message, 0, len(in.Messages)+1),
	}
	if in.MaxTokens != nil {
		out.MaxTokens = *in.MaxTokens
	}
	if in.System.text != "" {
		out.Messages = append(out.Messages, Message{Role: "system", Text: in.System.text})
	}
	var wrong string
	if out.Messages, wrong = anthropicTurns(out.Messages, in.Messages, strict); wrong != "" {
		return nil, anthropicBad(wrong)
	}
	if wrong = in.readTools(out); wrong != "" {
		return nil, anthropicBad(wrong)
	}
	return out, nil
}

// wrong is what is wrong with the single fields, or "".
func (in *anthropicRequest) wrong(strict, chat bool) string {
	switch {
	case in.Model == nil || *in.Model == "":
		return "model: Field required"
	case in.MaxTokens == nil && chat:
		return "max_tokens: Field required"
	case in.MaxTokens != nil && *in.MaxTokens < 1:
		return "max_tokens: Input should be greater than or equal to 1"
	case in.Messages == nil:
		return "messages: Field required"
	case len(in.Messages) == 0:
		return "messages: at least one message is required"
	case strict && in.Temperature != nil:
		return "temperature: Extra inputs are not permitted"
	case strict && len(in.TopP) > 0:
		return "top_p: Extra inputs are not permitted"
	case strict && len(in.TopK) > 0:
		return "top_k: Extra inputs are not permitted"
	case in.Temperature != nil && (*in.Temperature < 0 || *in.Temperature > 1):
		return "temperature: range: 0..1"
	case in.System.bad != "":
		return "system: Input should be a valid list"
	}
	return ""
}
