package wire

import "net/http"

// anthropicRefusal is what an answer that was refused says of it.
const anthropicRefusal = `{"type":"refusal","category":null,"explanation":null}`

// appendHead appends the fields that a message begins with.
func (d anthropic) appendHead(dst []byte, req *Request, a *Answer) []byte {
	id := a.ID
	if id == "" {
		id = d.NewAnswerID(answerBits(req))
	}
	dst = appendString(append(dst, `{"model":`...), a.Model)
	dst = appendString(append(dst, `,"id":`...), id)
	return append(dst, `,"type":"message","role":"assistant","content":[`...)
}

// appendStop appends why a message ended, by which of the request's stop
// sequences, and the reason of a refusal; or null for each.
func appendStop(dst []byte, f Finish, sequence string) []byte {
	dst = append(dst, `"stop_reason":`...)
	if f == FinishStop && sequence != "" {
		dst = appendString(append(dst, `"stop_sequence","stop_sequence":`...), sequence)
	} else {
		dst = append(appendNullable(dst, anthropicStop(f)), `,"stop_sequence":null`...)
	}
	dst = append(dst, `,"stop_details":`...)
	if f == FinishContentFilter {
		return append(dst, anthropicRefusal...)
	}
	return append(dst, "null"...)
}

// appendAnthropicUsage appends the usage that a whole message or its start
// holds.
func appendAnthropicUsage(dst []byte, u Usage) []byte {
	dst = appendField(dst, `,"usage":{"input_tokens":`, u.Prompt)
	dst = append(dst, `,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}`...)
	dst = appendField(dst, `,"output_tokens":`, u.Completion)
	return append(dst, `,"service_tier":"standard","inference_geo":"not_available"}`...)
}

// WriteAnswer writes a whole message.
func (d anthropic) WriteAnswer(w http.ResponseWriter, req *Request, a *Answer) error {
	b := make([]byte, 0, len(a.Text)+len(a.Text)/8+640)
	b = d.appendHead(b, req, a)
	if a.Text != "" {
		b = append(appendString(append(b, `{"type":"text","text":`...), a.Text), '}')
		if len(a.ToolCalls) > 0 {
			b = append(b, ',')
		}
	}
	b = appendAnthropicCalls(b, a.ToolCalls, d.callTail)
	b = appendStop(append(b, "],"...), a.Finish, a.StopSequence)
	b = appendAnthropicUsage(b, a.Usage)
	return writeJSON(w, http.StatusOK, append(b, '}'))
}

// anthropicStream writes a streamed message: its blocks one after the other,
// each begun when the first of it comes.
type anthropicStream struct {
	pipe
	d      anthropic
	blocks int         // begun so far; the last is open
	kind   anthropicIn // of the open block
	call   int         // index of the call in the open block
	stop   string      // the stop sequence that ends the text, where one does
}

// anthropicIn is what the open block of a stream holds.
type anthropicIn int

const (
	inNone anthropicIn = iota
	inText
	inCall
)

// anthropicPing follows the first block's start in every recording.
const anthropicPing = "event: ping\ndata: {\"type\": \"ping\"}\n\n"

// StartStream writes the headers and message_start.
func (d anthropic) StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	s := &anthropicStream{d: d, stop: head.StopSequence, pipe: pipe{after: []byte("}}\n\n")}}
	s.start(w, "text/event-stream; charset=utf-8")
	b := append(make([]byte, 0, 1024), "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"...)
	b = d.appendHead(b, req, head)
	b = appendStop(append(b, "],"...), FinishNone, "")
	// Recorded starts count one or two tokens of output, whatever is to come.
	b = appendAnthropicUsage(b, Usage{Prompt: head.Usage.Prompt, Completion: 1})
	return s, s.send(append(append(b, "}}\n\n"...), d.between...))
}

// Text appends words.
func (s *anthropicStream) Text(text string) error {
	if s.kind == inText {
		return s.pipe.Text(text)
	}
	b := s.open(s.buf[:0], inText)
	b = s.started(append(b, `{"type":"text","text":""}`...))
	s.before = appendField(s.before[:0], "event: content_block_delta\n"+`data: {"type":"content_block_delta","index":`, s.blocks-1)
	s.before = append(s.before, `,"delta":{"type":"text_delta","text":`...)
	b = appendString(append(b, s.before...), text)
	return s.send(append(b, s.after...))
}

// ToolCall writes a piece of a call of a function. A call begins with an empty
// piece, as in recordings.
func (s *anthropicStream) ToolCall(t ToolCallDelta) error {
	b := s.buf[:0]
	if s.kind != inCall || s.call != t.Index {
		b = s.open(b, inCall)
		s.call = t.Index
		b = appendAnthropicCalls(b, []ToolCall{{ID: t.ID, Name: t.Name}}, s.d.callTail)
		b = s.appendPiece(s.started(b), "")
	}
	if t.Arguments != "" {
		b = s.appendPiece(b, t.Arguments)
	}
	return s.send(b)
}

// open closes the open block and begins the start of the next.
func (s *anthropicStream) open(b []byte, kind anthropicIn) []byte {
	b = s.close(b)
	s.kind = kind
	s.blocks++
	b = appendField(b, "event: content_block_start\n"+`data: {"type":"content_block_start","index":`, s.blocks-1)
	return append(b, `,"content_block":`...)
}

// started ends the start of a block.
func (s *anthropicStream) started(b []byte) []byte {
	b = append(b, "}\n\n"...)
	if s.blocks == 1 {
		b = append(b, anthropicPing...)
	}
	return b
}

// close ends the open block, if there is one.
func (s *anthropicStream) close(b []byte) []byte {
	if s.kind == inNone {
		return b
	}
	s.kind = inNone
	b = appendField(b, "event: content_block_stop\n"+`data: {"type":"content_block_stop","index":`, s.blocks-1)
	return append(b, "}\n\n"...)
}

// appendPiece appends a piece of a call's arguments.
func (s *anthropicStream) appendPiece(b []byte, piece string) []byte {
	b = appendField(b, "event: content_block_delta\n"+`data: {"type":"content_block_delta","index":`, s.blocks-1)
	b = appendString(append(b, `,"delta":{"type":"input_json_delta","partial_json":`...), piece)
	return append(b, "}}\n\n"...)
}

// Ping shows a sign of life. One may come at any place.
func (s *anthropicStream) Ping() error { return s.send(append(s.buf[:0], anthropicPing...)) }

// End closes the message.
func (s *anthropicStream) End(f Finish, u Usage) error {
	b := s.close(s.buf[:0])
	b = append(b, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{"...)
	b = appendStop(b, f, s.stop)
	b = appendField(b, `},"usage":{"input_tokens":`, u.Prompt)
	b = append(b, `,"cache_creation_input_tokens":0,"cache_read_input_tokens":0`...)
	b = appendField(b, `,"output_tokens":`, u.Completion)
	return s.send(append(b, "}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"...))
}

// Fail writes an in-stream error. Nothing follows it, not even message_stop.
func (s *anthropicStream) Fail(f *Failure) error {
	full := anthropicFill(f, s.w.Header())
	b := append(s.buf[:0], "event: error\ndata: "...)
	b = appendAnthropicError(b, &full, requestIDOf(f, s.w.Header()))
	return s.send(append(b, "\n\n"...))
}
