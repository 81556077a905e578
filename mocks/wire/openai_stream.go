package wire

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
)

// appendHead appends the fields that answers and chunks begin with.
func (d openAI) appendHead(dst []byte, object string, req *Request, a *Answer) []byte {
	id := a.ID
	if id == "" {
		id = d.NewAnswerID(answerBits(req))
	}
	dst = appendString(append(dst, `{"id":`...), id)
	dst = append(append(dst, `,"object":"`...), object...)
	dst = strconv.AppendInt(append(dst, `","created":`...), unix(a.Created), 10)
	dst = appendString(append(dst, `,"model":`...), a.Model)
	return dst
}

func (d openAI) appendUsage(dst []byte, u Usage, s Spent) []byte {
	dst = appendField(dst, `,"usage":{"prompt_tokens":`, u.Prompt)
	dst = appendField(dst, `,"completion_tokens":`, u.Completion)
	dst = appendField(dst, `,"total_tokens":`, u.Prompt+u.Completion)
	if d.usageMore != nil {
		dst = d.usageMore(dst, u)
	}
	if d.times != nil {
		dst = d.times(dst, s)
	}
	return append(append(dst, d.usageTail...), '}')
}

// tailOf is what stands after that finish reason.
func (d openAI) tailOf(f Finish) string {
	if f == FinishContentFilter && d.filteredTail != "" {
		return d.filteredTail
	}
	return d.choiceTail
}

// WriteAnswer writes a whole answer.
func (d openAI) WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error {
	if req.Surface == surfaceResponses {
		return d.writeResponse(w, req, a)
	}
	buf := scratch.Get().(*[]byte)
	b := slices.Grow(*buf, len(a.Text)+len(a.Text)/8+768)
	b = d.appendHead(b, "chat.completion", req, a)
	b = append(b, d.fingerprint...)
	b = append(b, `,"choices":[{"index":0,"message":{"role":"assistant","content":`...)
	if len(a.ToolCalls) > 0 {
		b = appendNullable(b, a.Text)
		b = appendCalls(append(b, `,"tool_calls":`...), a.ToolCalls)
		b = append(b, d.messageTail...)
	} else {
		b = append(append(appendString(b, a.Text), d.messageTail...), d.noCalls...)
	}
	b = append(b, `},"logprobs":null,"finish_reason":`...)
	b = appendNullable(b, string(a.Finish))
	b = append(append(b, d.tailOf(a.Finish)...), `}]`...)
	b = d.appendUsage(b, a.Usage, a.Spent)
	if d.signature != nil {
		b = d.signature(b, w.Header())
	}
	b = append(append(b, d.answerTail...), '}')
	err := writeJSON(w, http.StatusOK, b)
	giveBack(buf, b)
	return err
}

// openAIStream writes a streamed answer. Thousands of them may be idle at a
// time, so it keeps no buffer between two chunks.
type openAIStream struct {
	pipe
	d     openAI
	head  []byte // of every chunk, up to its choices
	tail  []byte // of every chunk with a delta, from the delta's end on
	usage bool
	spent Spent // set before End, by hosts that tell
}

// StartStream writes the headers and the chunk that names the role.
func (d openAI) StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	if req.Surface == surfaceResponses {
		return d.startResponse(w, req, head)
	}
	s := &openAIStream{d: d, usage: req.IncludeUsage}
	buf := scratch.Get().(*[]byte)
	b := append(*buf, "data: "...)
	b = d.appendHead(b, "chat.completion.chunk", req, head)
	b = append(append(b, d.fingerprint...), `,"choices":[`...)
	n := len(b)
	b = append(append(b, `},"logprobs":null,"finish_reason":null`...), d.deltaTail...)
	b = s.close(append(b, '}'))
	own := slices.Clip(bytes.Clone(b))
	s.head, s.tail = own[:n:n], own[n:]

	s.start(w, "text/event-stream; charset=utf-8")
	b = append(append(b[:0], d.lead...), s.head...)
	b = append(b, `{"index":0,"delta":{"role":"assistant","content":""`...)
	b = append(b, s.tail...)
	if d.signature != nil {
		b = append(d.signature(b[:len(b)-len(chunkEnd)], w.Header()), chunkEnd...)
	}
	err := s.write(b)
	giveBack(buf, b)
	return s, err
}

// Rename names another model in the chunks that follow.
func (s *openAIStream) Rename(model string) { s.head = renamed(s.head, model) }

// renamed is JSON that names a model, with another in its place. It is made
// anew: what was written of the old one may still be on its way.
func renamed(head []byte, model string) []byte {
	key := []byte(`,"model":"`)
	at := bytes.Index(head, key)
	if at < 0 {
		return head
	}
	end := at + len(key)
	for end < len(head) && head[end] != '"' {
		if head[end] == '\\' {
			end++
		}
		end++
	}
	out := append(make([]byte, 0, len(head)+len(model)), head[:at+len(key)-1]...)
	return append(appendString(out, model), head[min(end+1, len(head)):]...)
}

// Text appends words.
func (s *openAIStream) Text(words string) error {
	buf := scratch.Get().(*[]byte)
	b := append(*buf, s.head...)
	b = append(b, `{"index":0,"delta":{"content":`...)
	b = append(appendString(b, words), s.tail...)
	err := s.write(b)
	giveBack(buf, b)
	return err
}

// close ends a chunk that is not the one with the usage.
func (s *openAIStream) close(b []byte) []byte {
	b = append(b, ']')
	if s.usage && s.d.nullUsage {
		b = append(b, `,"usage":null`...)
	}
	return append(b, chunkEnd...)
}

// chunkEnd closes every chunk.
const chunkEnd = "}\n\n"

// End closes the answer.
func (s *openAIStream) End(f Finish, u Usage) error {
	b := append(s.buf[:0], s.head...)
	b = append(b, `{"index":0,"delta":{},"logprobs":null,"finish_reason":`...)
	b = append(appendNullable(b, string(f)), s.d.tailOf(f)...)
	b = s.close(append(b, '}'))
	if s.d.closing != nil {
		b = append(s.d.closing(b[:len(b)-len(chunkEnd)], s.w.Header(), u, s.spent), chunkEnd...)
	}
	if s.usage {
		b = append(append(b, s.head...), ']')
		b = append(s.d.appendUsage(b, u, s.spent), "}\n\n"...)
	}
	return s.send(append(b, openAIDone...))
}

// openAIDone is the end marker.
const openAIDone = "data: [DONE]\n\n"

// Fail writes an in-stream error.
func (s *openAIStream) Fail(f *Failure) error {
	full := fill(f, s.d.failures, s.w.Header())
	b := s.d.appendError(append(s.buf[:0], "data: "...), &full)
	b = append(b, "\n\n"...)
	if s.d.doneAfterError {
		b = append(b, openAIDone...)
	}
	return s.send(b)
}
