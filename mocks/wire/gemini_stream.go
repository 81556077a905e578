package wire

import (
	"bytes"
	"net/http"
)

// geminiStream writes a streamed answer: events, or the members of one array.
// Every chunk is an answer of its own with the new text only.
type geminiStream struct {
	pipe
	d     gemini
	array bool
	begun bool       // of an array: the first member is out
	tail  []byte     // of every chunk, behind its usage
	usage []byte     // of the chunks before the last
	calls []ToolCall // one at most, which waits for the rest of its arguments
	call  int        // its index
}

// geminiHole is where a chunk's text goes while the chunk is put together; no
// other string in it can be the same.
const geminiHole = "\"\x00\""

// StartStream writes the headers. There is no chunk before the first text.
func (d gemini) StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	s := &geminiStream{d: d, array: d.callOf(req.Surface).array}
	s.tail = d.appendTail(nil, req, head)
	s.usage = d.chunkUsage(nil, head.Usage.Prompt)
	whole := append(append([]byte(geminiOpen), `{"text":`...), geminiHole...)
	whole = s.chunk(nil, append(append(append(whole, '}'), geminiRole...), `,"index":0}]`...), s.usage)
	before, after, _ := bytes.Cut(whole, []byte(geminiHole))
	s.before, s.after = before, after
	s.buf = make([]byte, 0, len(whole)+64)
	contentType := "text/event-stream"
	if s.array {
		contentType = googleJSON
	}
	s.start(w, contentType)
	return s, s.flush.FlushError()
}

// chunk appends a chunk of candidates and usage, framed but for what stands
// before a member of an array. Members and the array end on lines of their own:
// Portkey's gateway 1.15.2 takes a stream apart at CRLF, and cuts two characters
// off the last piece, of which the bracket is the second.
func (s *geminiStream) chunk(dst, candidates, usage []byte) []byte {
	b := append(append(candidates, usage...), s.tail...)
	if s.array {
		return append(appendIndented(dst, b), '\n')
	}
	return append(append(append(append(dst, "data: "...), b...), s.d.eol...), s.d.eol...)
}

// next begins a chunk. Of an array's bytes only the outline is known.
func (s *geminiStream) next(b []byte) []byte {
	switch {
	case !s.array:
		return b
	case s.begun:
		return append(b, ",\r\n"...)
	}
	s.begun = true
	return append(b, '[')
}

// Text appends words.
func (s *geminiStream) Text(text string) error {
	b := append(s.next(s.flushCall(s.buf[:0])), s.before...)
	return s.send(append(appendString(b, text), s.after...))
}

// ToolCall takes in a piece of a call of a function. Google's calls are whole,
// so it is written when the next thing comes.
func (s *geminiStream) ToolCall(t ToolCallDelta) error {
	if len(s.calls) > 0 && s.call == t.Index {
		s.calls[0].Arguments += t.Arguments
		return nil
	}
	b := s.flushCall(s.buf[:0])
	s.calls, s.call = append(s.calls, ToolCall{ID: t.ID, Name: t.Name, Arguments: t.Arguments}), t.Index
	if len(b) == 0 {
		return nil
	}
	return s.send(b)
}

// EndCall writes the call that waits, if there is one.
func (s *geminiStream) EndCall() error {
	if len(s.calls) == 0 {
		return nil
	}
	return s.send(s.flushCall(s.buf[:0]))
}

// flushCall appends the call that waits, if there is one.
func (s *geminiStream) flushCall(b []byte) []byte {
	if len(s.calls) == 0 {
		return b
	}
	c := append(appendGeminiCall([]byte(geminiOpen), s.calls[0]), geminiRole...)
	s.calls = s.calls[:0]
	return s.chunk(s.next(b), append(c, `,"index":0}]`...), s.usage)
}

// End closes the answer: there is no end marker but the reason.
func (s *geminiStream) End(f Finish, u Usage) error {
	b := s.next(s.flushCall(s.buf[:0]))
	c := appendFinish(append([]byte(geminiOpen), `{"text":""}`+geminiRole...), f, true)
	if f == FinishContentFilter {
		c = appendFinish([]byte(geminiBlocked), f, false)
	}
	b = s.chunk(b, c, s.d.appendUsage(nil, u))
	if s.array {
		b = append(b, ']')
	}
	return s.send(b)
}

// Fail writes an in-stream error. Nothing follows it.
func (s *geminiStream) Fail(f *Failure) error {
	full := s.d.fill(f)
	b := s.next(s.buf[:0])
	e := s.d.appendGoogleError(nil, &full)
	if s.array {
		return s.send(append(appendIndented(b, e), "\n]"...))
	}
	return s.send(append(append(append(append(b, "data: "...), e...), s.d.eol...), s.d.eol...))
}
