package wire

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// NewRequest builds a chat request. The key is not sent: there is none. Unlike
// Ollama's default, a prompt that is too long is to be refused and not cut, so
// that somebody else may answer it whole.
func (d ollama) NewRequest(ctx context.Context, base, _ string, req *Request) (*http.Request, error) {
	b := make([]byte, 0, bodySize(req))
	b = appendString(append(b, `{"model":`...), req.Model)
	b = appendOllamaMessages(append(b, `,"messages":`...), req.Messages)
	b = appendOllamaTools(b, req)
	b = strconv.AppendBool(append(b, `,"stream":`...), req.Stream)
	if !req.Truncate {
		b = append(b, `,"truncate":false`...)
	}
	if req.MaxTokens > 0 || req.Temperature != nil || req.TopP != nil || req.Seed != nil || len(req.Stop) > 0 {
		// -1 is Ollama's own default: no bound.
		most := -1
		if req.MaxTokens > 0 {
			most = req.MaxTokens
		}
		b = appendField(b, `,"options":{"num_predict":`, most)
		if req.Temperature != nil {
			b = strconv.AppendFloat(append(b, `,"temperature":`...), *req.Temperature, 'g', -1, 64)
		}
		b = appendFloat(b, `,"top_p":`, req.TopP)
		if req.Seed != nil {
			b = strconv.AppendInt(append(b, `,"seed":`...), *req.Seed, 10)
		}
		b = append(appendStrings(b, `,"stop":`, req.Stop), '}')
	}
	return newPost(ctx, base, "/api/chat", append(b, '}'))
}

// appendOllamaMessages appends messages as a JSON array.
func appendOllamaMessages(dst []byte, ms []Message) []byte {
	dst = append(dst, '[')
	for i, m := range ms {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(append(dst, `{"role":`...), m.Role)
		dst = appendString(append(dst, `,"content":`...), m.Text)
		for j, c := range m.ToolCalls {
			if j == 0 {
				dst = append(dst, `,"tool_calls":[`...)
			} else {
				dst = append(dst, ',')
			}
			dst = appendOllamaCall(dst, j, c)
		}
		if len(m.ToolCalls) > 0 {
			dst = append(dst, ']')
		}
		if m.ToolCallID != "" {
			dst = appendString(append(dst, `,"tool_call_id":`...), m.ToolCallID)
			if name := calledAs(ms[:i], m.ToolCallID); name != "" {
				dst = appendString(append(dst, `,"tool_name":`...), name)
			}
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// calledAs is the function that a call named.
func calledAs(ms []Message, id string) string {
	for _, m := range ms {
		for _, c := range m.ToolCalls {
			if c.ID == id {
				return c.Name
			}
		}
	}
	return ""
}

// appendOllamaTools appends tools and the form of the answer. There is no
// choice of tools in Ollama: where none may be called, none are offered.
func appendOllamaTools(dst []byte, req *Request) []byte {
	if req.ToolChoice != ToolNone {
		own := Request{Tools: req.Tools}
		dst = appendTools(dst, &own)
	}
	switch {
	case !req.JSON:
	case len(req.Schema) > 0:
		dst = append(append(dst, `,"format":`...), req.Schema...)
	default:
		dst = append(dst, `,"format":"json"`...)
	}
	return dst
}

// ollamaLine is a line of a stream, or a whole answer.
type ollamaLine struct {
	Model     string `json:"model"`
	CreatedAt string `json:"created_at"`
	Message   *struct {
		Content   string       `json:"content"`
		ToolCalls []ollamaCall `json:"tool_calls"`
	} `json:"message"`
	Response   *string         `json:"response"` // of generate
	Done       bool            `json:"done"`
	Reason     string          `json:"done_reason"`
	Prompt     int             `json:"prompt_eval_count"`
	Completion int             `json:"eval_count"`
	Error      json.RawMessage `json:"error"`
}

// finish: "load" and "unload" end no answer and stay as they are. That a call
// of a function is why an answer ended is not said, but seen.
func (l *ollamaLine) finish(called bool) Finish {
	if called && l.Reason == string(FinishStop) {
		return FinishToolCalls
	}
	return Finish(l.Reason)
}

// message gives the words and calls of either API.
func (l *ollamaLine) message() (text string, calls []ollamaCall, ok bool) {
	switch {
	case l.Message != nil:
		return l.Message.Content, l.Message.ToolCalls, true
	case l.Response != nil:
		return *l.Response, nil, true
	}
	return "", nil, false
}

// DecodeAnswer reads a whole answer.
func (d ollama) DecodeAnswer(body []byte) (*Answer, error) {
	var in ollamaLine
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, malformed("ollama", "the answer is not readable: "+err.Error())
	}
	text, calls, ok := in.message()
	if !ok || !in.Done {
		return nil, lacks("ollama", "finished message")
	}
	a := &Answer{Model: in.Model, Text: text, Finish: in.finish(len(calls) > 0), Usage: Usage{Prompt: in.Prompt, Completion: in.Completion}}
	for i := range calls {
		a.ToolCalls = append(a.ToolCalls, calls[i].neutral())
	}
	if t, err := time.Parse(time.RFC3339Nano, in.CreatedAt); err == nil {
		a.Created = t
	}
	return a, nil
}

// DecodeFailure reads an error answer.
func (d ollama) DecodeFailure(status int, h http.Header, body []byte) *Failure {
	return decodeOllamaFailure(status, h, body)
}

func decodeOllamaFailure(status int, h http.Header, body []byte) *Failure {
	f := &Failure{Status: status, RetryAfter: retryAfterOf(h)}
	var in struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &in) != nil {
		f.Message, f.Kind = plainMessage(body), kindOfStatus(status)
		return f
	}
	f.Message, _ = unquote(orEmpty(in.Error))
	switch {
	case containsAny(f.Message, "longer than the context length", "exceeds the context length"):
		f.Kind = FailContextLength
	case containsAny(f.Message, "maximum pending requests"):
		f.Kind = FailOverload
	case containsAny(f.Message, "model") && containsAny(f.Message, "not found"):
		f.Kind = FailModelNotFound
	default:
		f.Kind = kindOfStatus(status)
	}
	return f
}

// orEmpty is b if it is a JSON string, and an empty one otherwise.
func orEmpty(b []byte) []byte {
	if jsonType(b) == "string" {
		return b
	}
	return []byte(`""`)
}

// ollamaReader reads a streamed answer.
type ollamaReader struct {
	lines  lineReader
	shape  template
	more   []Event // of the last line, not yet given out
	called bool    // a function was
	over   bool
}

// NewStreamReader reads a streamed answer.
func (d ollama) NewStreamReader(r io.Reader) StreamReader {
	return &ollamaReader{lines: lineReader{src: r}, shape: template{
		text: `"content":`,
		skip: []string{`"created_at":`}, // each line has its own
	}}
}

// Next returns the next step.
func (s *ollamaReader) Next() (Event, error) {
	if len(s.more) > 0 {
		e := s.more[0]
		s.more = s.more[1:]
		return e, nil
	}
	if s.over {
		return Event{}, io.EOF
	}
	for {
		s.lines.release()
		at, err := s.lines.line()
		var line []byte
		switch {
		case err == nil:
			line = s.lines.bytes(at)
		case err == io.EOF && json.Valid(s.lines.rest()):
			// Ollama's own client takes a last line without its ending.
			line = s.lines.rest()
			s.lines.pos = s.lines.end
		default:
			return Event{}, cut(err)
		}
		if len(line) == 0 {
			continue
		}
		if e, ok := s.shape.read(line); ok {
			return e, nil
		}
		e, more, err := decodeOllamaLine(line)
		if err != nil {
			return Event{}, err
		}
		if s.more = more; len(more) == 0 {
			s.shape.learn(line, e, decodeOneOllamaLine)
		}
		s.called = s.called || e.ToolCall != nil
		if end := lastOf(&e, more); end.Done && end.Finish == FinishStop && s.called {
			end.Finish = FinishToolCalls
		}
		s.over = lastOf(&e, more).Done || e.Fail != nil
		if e != (Event{}) {
			return e, nil
		}
	}
}

func lastOf(e *Event, more []Event) *Event {
	if n := len(more); n > 0 {
		return &more[n-1]
	}
	return e
}

func decodeOneOllamaLine(line []byte) (Event, error) {
	e, _, err := decodeOllamaLine(line)
	return e, err
}

// decodeOllamaLine reads one line, whatever its shape. Where it holds calls of
// functions, more are the steps after the first.
func decodeOllamaLine(line []byte) (e Event, more []Event, err error) {
	var in ollamaLine
	if err := json.Unmarshal(line, &in); err != nil {
		return Event{}, nil, malformed("ollama", "a line is not readable: "+err.Error())
	}
	if len(in.Error) > 0 && string(in.Error) != "null" {
		return Event{Fail: decodeOllamaFailure(http.StatusOK, nil, line)}, nil, nil
	}
	text, calls, _ := in.message()
	e = Event{Model: in.Model, Text: text}
	for i := range calls {
		c := calls[i].neutral()
		piece := &ToolCallDelta{Index: calls[i].Function.Index, ID: c.ID, Name: c.Name, Arguments: c.Arguments}
		if i == 0 {
			e.ToolCall = piece
		} else {
			more = append(more, Event{ToolCall: piece})
		}
	}
	if in.Done {
		end := lastOf(&e, more)
		end.Done, end.Finish, end.Usage = true, in.finish(false), &Usage{Prompt: in.Prompt, Completion: in.Completion}
	}
	return e, more, nil
}
