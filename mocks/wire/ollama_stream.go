package wire

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// ollamaJSON is the content type of Ollama's whole answers.
const ollamaJSON = "application/json; charset=utf-8"

// appendHead appends the fields that answers and lines begin with, up to the
// words. A line's created_at is when it was made; a dialect has no clock, so
// all lines of a stream bear the time of its start.
func (d ollama) appendHead(dst []byte, req *Request, a *Answer) []byte {
	dst = appendString(append(dst, `{"model":`...), a.Model)
	dst = a.Created.AppendFormat(append(dst, `,"created_at":`...), `"`+time.RFC3339Nano+`"`)
	if ofGenerate(req.Surface) {
		return append(dst, `,"response":`...)
	}
	return append(dst, `,"message":{"role":"assistant","content":`...)
}

// appendEnd appends what the last line or a whole answer ends with. What is
// zero is left out, as Ollama does.
func appendOllamaEnd(dst []byte, generate bool, reason string, u Usage, s Spent) []byte {
	dst = append(dst, `,"done":true`...)
	if reason != "" {
		dst = appendString(append(dst, `,"done_reason":`...), reason)
	}
	if generate && u.Completion > 0 {
		dst = append(dst, `,"context":[1,2,3]`...) // tokens of a conversation that clients hand back unread
	}
	total := s.Queue + s.Prompt + s.Decode
	dst = appendNonZero(dst, `,"total_duration":`, int64(total))
	dst = appendNonZero(dst, `,"load_duration":`, int64(s.Load))
	dst = appendNonZero(dst, `,"prompt_eval_count":`, int64(u.Prompt))
	dst = appendNonZero(dst, `,"prompt_eval_duration":`, int64(s.Prompt))
	dst = appendNonZero(dst, `,"eval_count":`, int64(u.Completion))
	return append(appendNonZero(dst, `,"eval_duration":`, int64(s.Decode)), '}')
}

func appendNonZero(dst []byte, key string, n int64) []byte {
	if n == 0 {
		return dst
	}
	return strconv.AppendInt(append(dst, key...), n, 10)
}

// ollamaReason is why an answer ended. A call of a function is a stop there.
func ollamaReason(f Finish) string {
	if f == FinishToolCalls {
		return string(FinishStop)
	}
	return string(f)
}

// appendOllamaCall appends a call of a function.
func appendOllamaCall(dst []byte, index int, c ToolCall) []byte {
	dst = append(dst, '{')
	if c.ID != "" {
		dst = append(appendString(append(dst, `"id":`...), c.ID), ',')
	}
	dst = appendField(dst, `"function":{"index":`, index)
	dst = appendString(append(dst, `,"name":`...), c.Name)
	dst = append(dst, `,"arguments":`...)
	return append(appendOneLine(dst, c.Arguments), "}}"...)
}

// appendOneLine appends the arguments of a call as an object without ends of
// lines, which end more than a line here.
func appendOneLine(dst []byte, arguments string) []byte {
	var b bytes.Buffer
	_ = json.Compact(&b, appendObject(nil, arguments)) // it is valid
	return append(dst, b.Bytes()...)
}

// WriteAnswer writes a whole answer.
func (d ollama) WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error {
	if req.Surface == surfaceOpenAI {
		return d.compat.WriteAnswer(w, req, d.compatID(req, a))
	}
	if ok, err := d.answerOthers(w, req, a); ok {
		return err
	}
	text, reason, usage := a.Text, ollamaReason(a.Finish), a.Usage
	if loadsOnly(req.Surface) {
		text, reason, usage = "", "load", Usage{}
	}
	b := make([]byte, 0, len(text)+len(text)/8+384)
	b = appendString(d.appendHead(b, req, a), text)
	if n := len(a.ToolCalls); n > 0 {
		b = append(b, `,"tool_calls":[`...)
		for i, c := range a.ToolCalls {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendOllamaCall(b, i, c)
		}
		b = append(b, ']')
	}
	generate := ofGenerate(req.Surface)
	if !generate {
		b = append(b, '}')
	}
	return writeBody(w, http.StatusOK, ollamaJSON, appendOllamaEnd(b, generate, reason, usage, a.Spent))
}

// WriteEmbeddings writes the vectors.
func (d ollama) WriteEmbeddings(w http.ResponseWriter, req *EmbedRequest, e *Embeddings) error {
	switch req.Surface {
	case surfaceOpenAI:
		return d.compat.WriteEmbeddings(w, req, e)
	case surfaceEmbeddings:
		b := []byte(`{"embedding":`)
		if len(e.Vectors) == 0 {
			return writeBody(w, http.StatusOK, ollamaJSON, append(b, "[]}"...))
		}
		return writeBody(w, http.StatusOK, ollamaJSON, append(appendFloats(b, e.Vectors[0]), '}'))
	}
	b := appendString([]byte(`{"model":`), e.Model)
	b = append(b, `,"embeddings":[`...)
	for i, v := range e.Vectors {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFloats(b, v)
	}
	b = append(b, ']')
	return writeBody(w, http.StatusOK, ollamaJSON, append(appendNonZero(b, `,"prompt_eval_count":`, int64(e.Usage.Prompt)), '}'))
}

// ollamaWriter writes a streamed answer.
type ollamaWriter struct {
	pipe
	calls    wholeCalls
	spent    Spent
	generate bool
	loads    bool // there was no question: nothing is said
}

// StartStream writes the headers. The first line comes with the first text.
func (d ollama) StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	if req.Surface == surfaceOpenAI {
		return d.startCompat(w, req, head)
	}
	if s, err := d.startOthers(w, req, head); s != nil {
		return s, err
	}
	s := &ollamaWriter{generate: ofGenerate(req.Surface), loads: loadsOnly(req.Surface)}
	s.before = d.appendHead(nil, req, head)
	s.after = []byte("},\"done\":false}\n")
	if s.generate {
		s.after = s.after[1:]
	}
	s.buf = make([]byte, 0, len(s.before)+len(s.after)+64)
	s.start(w, "application/x-ndjson")
	return s, s.flush.FlushError()
}

// Text appends words.
func (s *ollamaWriter) Text(words string) error {
	if s.loads {
		return nil
	}
	return s.pipe.Text(words)
}

// Spent implements TimedStreamWriter.
func (s *ollamaWriter) Spent(t Spent) { s.spent = t }

// ToolCall keeps the pieces of a call until it is whole: a line has all of it.
func (s *ollamaWriter) ToolCall(c ToolCallDelta) error { return s.calls.add(c, s.call) }

// EndCall sends the call that waits, if there is one.
func (s *ollamaWriter) EndCall() error { return s.calls.last(s.call) }

func (s *ollamaWriter) call(c ToolCallDelta) error {
	b := append(append(s.buf[:0], s.before...), `"","tool_calls":[`...)
	b = appendOllamaCall(b, c.Index, ToolCall{ID: c.ID, Name: c.Name, Arguments: c.Arguments})
	return s.send(append(append(b, ']'), s.after...))
}

// End writes the last line.
func (s *ollamaWriter) End(f Finish, u Usage) error {
	if err := s.calls.last(s.call); err != nil {
		return err
	}
	reason := ollamaReason(f)
	if s.loads {
		reason, u = "load", Usage{}
	}
	b := append(append(s.buf[:0], s.before...), `""`...)
	if !s.generate {
		b = append(b, '}')
	}
	return s.send(append(appendOllamaEnd(b, s.generate, reason, u, s.spent), '\n'))
}

// Fail writes the error as the last line.
func (s *ollamaWriter) Fail(f *Failure) error {
	full := fill(f, ollamaFailures, nil)
	b := appendString(append(s.buf[:0], `{"error":`...), full.Message)
	return s.send(append(b, "}\n"...))
}
