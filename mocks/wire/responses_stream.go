package wire

import "net/http"

// responsesStream writes a streamed answer of the responses API: named events
// with a running number, each output item opened, filled and closed in turn.
type responsesStream struct {
	pipe
	d      openAI
	r      response
	number int    // of the next event
	output []byte // the items that are closed, for the last event
	items  int    // opened so far
	open   itemKind
	id     string   // of the open item
	text   []byte   // of the open message
	call   ToolCall // the open call, without its arguments
	args   []byte
	keep   func(*Kept) // nil: it is not kept
	said   Message     // the items that are closed, where it is
}

type itemKind int

const (
	itemNone itemKind = iota
	itemMessage
	itemCall
)

// startResponse writes the two events that every stream begins with.
func (d openAI) startResponse(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	s := &responsesStream{d: d, r: newResponse(req, head), keep: req.Keep}
	s.start(w, "text/event-stream; charset=utf-8")
	b := s.state(s.buf, "response.created", "in_progress", FinishNone, nil, nil)
	return s, s.send(s.state(b, "response.in_progress", "in_progress", FinishNone, nil, nil))
}

// Rename names another model in the event that shows the whole response at its
// end.
func (s *responsesStream) Rename(model string) { s.r.tail = renamed(s.r.tail, model) }

// event begins an event; what is appended next are its fields.
func (s *responsesStream) event(dst []byte, name string) []byte {
	dst = append(append(dst, "event: "...), name...)
	dst = append(append(append(dst, "\ndata: {\"type\":\""...), name...), `",`...)
	dst = appendField(dst, `"sequence_number":`, s.number)
	s.number++
	return dst
}

// state appends an event that shows the whole response.
func (s *responsesStream) state(dst []byte, name, status string, f Finish, failure []byte, u *Usage) []byte {
	dst = append(s.event(dst, name), `,"response":`...)
	return append(s.r.appendState(dst, status, f, failure, s.output, u), chunkEnd...)
}

// at appends the fields that say which item, and of a message which part, an
// event is about.
func (s *responsesStream) at(dst []byte) []byte {
	dst = appendString(append(dst, `,"item_id":`...), s.id)
	dst = appendField(dst, `,"output_index":`, s.items-1)
	if s.open == itemMessage {
		dst = append(dst, `,"content_index":0`...)
	}
	return dst
}

// begin opens an item, and closes the one before. A call is that of c.
func (s *responsesStream) begin(dst []byte, kind itemKind, prefix string, c ToolCall) []byte {
	dst = s.finish(dst, "completed")
	s.call = c
	s.id, s.open = s.r.itemID(prefix, s.items), kind
	s.items++
	s.text, s.args = s.text[:0], s.args[:0]
	dst = appendField(s.event(dst, "response.output_item.added"), `,"output_index":`, s.items-1)
	dst = append(dst, `,"item":`...)
	if kind == itemCall {
		return append(appendCallItem(dst, s.id, "in_progress", s.call), chunkEnd...)
	}
	dst = append(appendMessageItem(dst, s.id, "in_progress", nil), chunkEnd...)
	dst = append(s.at(s.event(dst, "response.content_part.added")), `,"part":`...)
	return append(appendTextPart(dst, ""), chunkEnd...)
}

// finish closes the open item, if there is one.
func (s *responsesStream) finish(dst []byte, status string) []byte {
	if s.open == itemNone {
		return dst
	}
	if len(s.output) > 0 {
		s.output = append(s.output, ',')
	}
	from := len(s.output)
	if s.open == itemMessage {
		text := string(s.text)
		dst = appendString(append(s.at(s.event(dst, "response.output_text.done")), `,"text":`...), text)
		dst = append(append(dst, `,"logprobs":[]`...), chunkEnd...)
		dst = append(s.at(s.event(dst, "response.content_part.done")), `,"part":`...)
		dst = append(appendTextPart(dst, text), chunkEnd...)
		s.output = appendMessageItem(s.output, s.id, status, &text)
		s.said.Text += text
	} else {
		s.call.Arguments = string(s.args)
		dst = appendString(append(s.at(s.event(dst, "response.function_call_arguments.done")), `,"name":`...), s.call.Name)
		dst = append(appendString(append(dst, `,"arguments":`...), s.call.Arguments), chunkEnd...)
		s.output = appendCallItem(s.output, s.id, status, s.call)
		s.said.ToolCalls = append(s.said.ToolCalls, s.call)
	}
	dst = appendField(s.event(dst, "response.output_item.done"), `,"output_index":`, s.items-1)
	dst = append(append(dst, `,"item":`...), s.output[from:]...)
	s.open = itemNone
	return append(dst, chunkEnd...)
}

// Text appends words.
func (s *responsesStream) Text(words string) error {
	b := s.buf[:0]
	if s.open != itemMessage {
		b = s.begin(b, itemMessage, "msg_", ToolCall{})
	}
	s.text = append(s.text, words...)
	b = append(s.at(s.event(b, "response.output_text.delta")), `,"delta":`...)
	return s.send(append(append(appendString(b, words), `,"logprobs":[]`...), chunkEnd...))
}

// ToolCall writes a piece of a call of a function.
func (s *responsesStream) ToolCall(c ToolCallDelta) error {
	b := s.buf[:0]
	if c.Name != "" {
		b = s.begin(b, itemCall, "fc_", ToolCall{ID: c.ID, Name: c.Name})
	}
	if c.Arguments != "" {
		s.args = append(s.args, c.Arguments...)
		b = append(s.at(s.event(b, "response.function_call_arguments.delta")), `,"delta":`...)
		b = append(appendString(b, c.Arguments), chunkEnd...)
	}
	return s.send(b)
}

// End closes the answer. There is no [DONE]: the last event is the end.
func (s *responsesStream) End(f Finish, u Usage) error {
	b, status := s.buf[:0], statusOf(f)
	if s.items == 0 {
		b = s.begin(b, itemMessage, "msg_", ToolCall{})
	}
	b = s.finish(b, status)
	if s.keep != nil {
		s.said.Role = "assistant"
		s.keep(&Kept{ID: s.r.id(), Body: s.r.appendState(nil, status, f, nil, s.output, &u), Output: s.said})
	}
	return s.send(s.state(b, "response."+status, status, f, nil, &u))
}

// Fail writes an in-stream error as captured in public (sub2api#6631): an error
// event with the error nested, which SDKs raise, and then the failed response.
func (s *responsesStream) Fail(f *Failure) error {
	full := fill(f, s.d.failures, s.w.Header())
	b := append(s.event(s.buf[:0], "error"), ',')
	envelope := s.d.appendError(nil, &full)
	b = append(append(b, envelope[1:len(envelope)-1]...), chunkEnd...)

	code := "server_error" // the spec's enum has few others
	if f.Kind == FailRateLimit {
		code = "rate_limit_exceeded"
	}
	failure := append([]byte(`{"code":"`), code...)
	failure = append(appendString(append(failure, `","message":`...), full.Message), '}')
	s.open = itemNone
	return s.send(s.state(b, "response.failed", "failed", FinishNone, failure, nil))
}
