package wire

import (
	"encoding/json"
	"io"
	"net/http"
)

// anthropicReader reads a streamed message.
type anthropicReader struct {
	events sseReader
	shape  template
	prompt int // tokens, from message_start
	calls  int // of functions, begun so far
	over   bool
}

// NewStreamReader reads a streamed message.
func (d anthropic) NewStreamReader(r io.Reader) StreamReader {
	return &anthropicReader{events: sseReader{lines: lineReader{src: r}}, shape: template{text: `"text":`}}
}

// Next returns the next step. Pings and events it does not know are passed
// over: new ones may appear at any time, says the documentation.
func (s *anthropicReader) Next() (Event, error) {
	if s.over {
		return Event{}, io.EOF
	}
	for {
		name, data, err := s.events.next()
		if err != nil {
			return Event{}, cut(err)
		}
		if e, ok := s.shape.read(data); ok {
			return e, nil
		}
		e, err := s.decode(string(name), data)
		if err != nil {
			return Event{}, err
		}
		s.shape.learn(data, e, func(b []byte) (Event, error) { return s.decode("", b) })
		s.over = e.Fail != nil || e.Done
		if e != (Event{}) {
			return e, nil
		}
	}
}

// decode reads one event. The type in its data counts; the event's name stands
// in where there is none.
func (s *anthropicReader) decode(name string, data []byte) (Event, error) {
	var in struct {
		Type    string          `json:"type"`
		Message anthropicAnswer `json:"message"`
		Block   anthropicBlock  `json:"content_block"`
		Delta   struct {
			Type string `json:"type"`
			Text string `json:"text"`
			JSON string `json:"partial_json"`
			Stop string `json:"stop_reason"`
		} `json:"delta"`
		Usage *anthropicUsage `json:"usage"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		if name == "error" { // a failure of any shape is still a failure
			return Event{Fail: decodeAnthropicFailure(http.StatusOK, nil, data)}, nil
		}
		return Event{}, malformed("anthropic", "an event is not readable: "+err.Error())
	}
	setIfEmpty(&in.Type, name)
	switch in.Type {
	case "message_start":
		u := in.Message.Usage
		s.prompt = u.prompt()
		return Event{ID: in.Message.ID, Model: in.Message.Model, Usage: &Usage{Prompt: s.prompt, Completion: u.Output}}, nil
	case "content_block_start":
		if in.Block.Type == "tool_use" {
			s.calls++
			return Event{ToolCall: &ToolCallDelta{Index: s.calls - 1, ID: in.Block.ID, Name: in.Block.Name}}, nil
		}
	case "content_block_delta":
		switch {
		case in.Delta.Type == "text_delta":
			return Event{Text: in.Delta.Text}, nil
		case in.Delta.Type == "input_json_delta" && in.Delta.JSON != "" && s.calls > 0:
			// Blocks are written one after the other: it belongs to the last.
			return Event{ToolCall: &ToolCallDelta{Index: s.calls - 1, Arguments: in.Delta.JSON}}, nil
		}
	case "message_delta":
		e := Event{Finish: anthropicFinish(in.Delta.Stop)}
		if in.Usage != nil {
			if n := in.Usage.prompt(); n > 0 { // older streams repeat only the output
				s.prompt = n
			}
			e.Usage = &Usage{Prompt: s.prompt, Completion: in.Usage.Output}
		}
		return e, nil
	case "message_stop":
		return Event{Done: true}, nil
	case "error":
		return Event{Fail: decodeAnthropicFailure(http.StatusOK, nil, data)}, nil
	}
	return Event{}, nil
}
