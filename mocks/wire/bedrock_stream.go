package wire

import (
	"net/http"
)

// converseEvent is one kind of event of a stream.
type converseEvent struct {
	name    string
	headers []byte // of its frame
}

func newConverseEvent(name string) converseEvent { return converseEvent{name, jsonEvent(name)} }

var (
	messageStart      = newConverseEvent("messageStart")
	contentBlockStart = newConverseEvent("contentBlockStart")
	contentBlockDelta = newConverseEvent("contentBlockDelta")
	contentBlockStop  = newConverseEvent("contentBlockStop")
	messageStop       = newConverseEvent("messageStop")
	metadataEvent     = newConverseEvent("metadata")
)

// converseStream writes a streamed answer of Converse: its blocks one after the
// other, each begun when the first of it comes. The text's has no start event.
//
// Nova's InvokeModel stream has the same events without frames of their own;
// inChunks writes them as lines, of which chunkWriter makes chunks.
type converseStream struct {
	pipe
	d        bedrock
	inChunks bool
	head     *Answer
	blocks   int         // begun so far; the last is open
	kind     anthropicIn // of the open block
	call     int         // index of the call in the open block
	pad      padding
}

// StartStream writes the headers and messageStart.
func (d bedrock) StartStream(w http.ResponseWriter, req *Request, head *Answer) (StreamWriter, error) {
	if b := bodyOfSurface(req.Surface); b != nil {
		return b.startChunks(d, w, req, head)
	}
	s := &converseStream{d: d, head: head}
	s.startFrames(w)
	return s, s.begin()
}

func (s *converseStream) begin() error {
	s.buf = make([]byte, 0, 512)
	b, at := s.open(s.buf, &messageStart)
	return s.send(s.close(append(b, `"role":"assistant"`...), at))
}

// open begins an event; its members are to be appended. at is where it begins.
func (s *converseStream) open(b []byte, e *converseEvent) (out []byte, at int) {
	at = len(b)
	if s.inChunks {
		b = append(append(append(b, `data: {"`...), e.name...), `":`...)
	} else {
		b = openFrame(b, e.headers)
	}
	return append(b, '{'), at
}

// close ends the event that begins at at.
func (s *converseStream) close(b []byte, at int) []byte {
	if s.inChunks {
		return append(b, "}}\n"...)
	}
	return closeFrame(append(s.pad.append(b), '}'), at)
}

// Text appends words.
func (s *converseStream) Text(text string) error {
	b := s.buf[:0]
	if s.kind != inText {
		b = s.turnTo(b, inText)
	}
	b, at := s.open(b, &contentBlockDelta)
	b = appendField(b, `"contentBlockIndex":`, s.blocks-1)
	b = append(appendString(append(b, `,"delta":{"text":`...), text), '}')
	return s.send(s.close(b, at))
}

// ToolCall writes a piece of a call of a function.
func (s *converseStream) ToolCall(t ToolCallDelta) error {
	b := s.buf[:0]
	var at int
	if s.kind != inCall || s.call != t.Index {
		b = s.turnTo(b, inCall)
		s.call = t.Index
		b, at = s.open(b, &contentBlockStart)
		b = appendField(b, `"contentBlockIndex":`, s.blocks-1)
		b = appendString(append(b, `,"start":{"toolUse":{"name":`...), t.Name)
		b = appendString(append(b, `,"toolUseId":`...), t.ID)
		b = s.close(append(b, "}}"...), at)
	}
	if t.Arguments != "" {
		b, at = s.open(b, &contentBlockDelta)
		b = appendField(b, `"contentBlockIndex":`, s.blocks-1)
		b = appendString(append(b, `,"delta":{"toolUse":{"input":`...), t.Arguments)
		b = s.close(append(b, "}}"...), at)
	}
	return s.send(b)
}

// turnTo closes the open block, if there is one, and opens the next.
func (s *converseStream) turnTo(b []byte, kind anthropicIn) []byte {
	b = s.closeBlock(b)
	s.kind = kind
	s.blocks++
	return b
}

func (s *converseStream) closeBlock(b []byte) []byte {
	if s.kind == inNone {
		return b
	}
	b, at := s.open(b, &contentBlockStop)
	return s.close(appendField(b, `"contentBlockIndex":`, s.blocks-1), at)
}

// End closes the answer: the usage comes behind the end.
func (s *converseStream) End(f Finish, u Usage) error {
	b := s.closeBlock(s.buf[:0])
	b, at := s.open(b, &messageStop)
	b = s.close(appendString(append(b, `"stopReason":`...), s.d.stop(f)), at)
	b, at = s.open(b, &metadataEvent)
	b = appendField(b, `"metrics":{"latencyMs":`, latencyMs(s.head.Created))
	b = appendConverseUsage(append(b, "},"...), u)
	return s.send(s.close(b, at))
}

// Fail writes an exception. Nothing follows it.
func (s *converseStream) Fail(f *Failure) error {
	full := bedrockFill(f)
	return s.send(s.d.api.appendException(s.buf[:0], &full, lowerFirst))
}

// padding is the member p of events, with which Bedrock hides how long texts
// are: the beginning of an alphabet, 18 to 50 letters of it in recordings. The
// rule for the length is not known; here each event's follows from its number.
type padding struct{ events uint64 }

const padLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func (p *padding) append(b []byte) []byte {
	const least, most = 18, 50
	p.events++
	n := least + (p.events*0x9e3779b97f4a7c15>>32)%(most-least+1)
	return append(append(append(b, `,"p":"`...), padLetters[:n]...), '"')
}
