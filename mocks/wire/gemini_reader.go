package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
)

// geminiReader reads a streamed answer. There is no end marker: the stream is
// whole once a candidate says why it ended, or the prompt was blocked.
type geminiReader struct {
	d      gemini
	events sseReader
	shape  template
	calls  int     // of functions, so far
	usage  Usage   // as last reported
	queue  []Event // read, to be given out
	over   bool
}

// NewStreamReader reads a streamed answer.
func (d gemini) NewStreamReader(r io.Reader) StreamReader {
	return &geminiReader{d: d, events: sseReader{lines: lineReader{src: r}}, shape: template{text: `"text":`}}
}

// Next returns the next step.
func (s *geminiReader) Next() (Event, error) {
	for len(s.queue) == 0 {
		if s.over {
			return Event{}, io.EOF
		}
		_, data, err := s.events.next()
		if err != nil {
			return Event{}, cut(err)
		}
		if e, ok := s.shape.read(data); ok {
			return e, nil
		}
		e, calls, err := s.decode(data)
		if err != nil {
			return Event{}, err
		}
		if len(calls) == 0 {
			s.shape.learn(data, e, func(b []byte) (Event, error) {
				e, calls, err := s.decode(b)
				if len(calls) > 0 {
					e = Event{}
				}
				return e, err
			})
		}
		s.take(e, calls)
	}
	e := s.queue[0]
	s.queue = s.queue[1:]
	return e, nil
}

// take puts a chunk's steps into the queue: its text, its calls, its end.
func (s *geminiReader) take(e Event, calls []ToolCall) {
	if e.Usage != nil {
		s.usage = *e.Usage
	}
	s.over = e.Done || e.Fail != nil
	s.queue = s.queue[:0]
	end := Event{Finish: e.Finish, Usage: e.Usage, Done: e.Done}
	if len(calls) > 0 {
		e.Finish, e.Usage, e.Done = "", nil, false
	}
	if e != (Event{}) {
		s.queue = append(s.queue, e)
	}
	if len(calls) == 0 {
		return
	}
	for _, c := range calls {
		s.queue = append(s.queue, Event{ToolCall: &ToolCallDelta{Index: s.calls, ID: c.ID, Name: c.Name, Arguments: c.Arguments}})
		s.calls++
	}
	if end != (Event{}) {
		s.queue = append(s.queue, end)
	}
}

// decode reads one chunk. Usage is in every chunk, and is told where it says
// something new.
func (s *geminiReader) decode(data []byte) (Event, []ToolCall, error) {
	var in geminiAnswer
	if err := json.Unmarshal(data, &in); err != nil {
		if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) { // an error in an array
			return Event{Fail: s.d.DecodeFailure(http.StatusOK, nil, data)}, nil, nil
		}
		return Event{}, nil, malformed(s.d.name, "a chunk is not readable: "+err.Error())
	}
	if len(in.Error) > 0 && string(in.Error) != "null" {
		return Event{Fail: s.d.DecodeFailure(http.StatusOK, nil, data)}, nil, nil
	}
	a := in.read(s.calls)
	e := Event{ID: a.ID, Model: a.Model, Text: a.Text, Finish: a.Finish, Done: a.Finish != FinishNone}
	if e.Finish == FinishStop && s.calls > 0 {
		e.Finish = FinishToolCalls
	}
	if in.Usage != nil && (a.Usage != s.usage || e.Done) {
		e.Usage = &a.Usage
	}
	return e, a.ToolCalls, nil
}
