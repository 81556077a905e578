package wire

import (
	"bytes"
	"encoding/json"
	"io"
)

// bedrockReader reads a streamed answer of Converse. A stream that turns out to
// be one of InvokeModel is handed to Claude's reader.
type bedrockReader struct {
	d      bedrock
	frames frameReader
	shape  template
	tool   int  // calls of functions begun
	stop   bool // the end marker has come; only the usage may follow
	over   bool
	inner  *unframed // reads the chunks of InvokeModel; nil: it is Converse
}

// Next returns the next step. The end marker is messageStop; Done comes with
// the usage behind it, or alone where the stream ends before that.
func (s *bedrockReader) Next() (Event, error) {
	for {
		switch {
		case s.over:
			return Event{}, io.EOF
		case s.inner != nil:
			return s.inner.Next()
		}
		frame, err := s.frames.next()
		if err != nil {
			if s.stop && !isMalformed(err) {
				s.over = true
				return Event{Done: true}, nil
			}
			return Event{}, err
		}
		e, err := s.decode(frame)
		if err != nil {
			return Event{}, err
		}
		s.over = e.Fail != nil || e.Done
		if e != (Event{}) {
			return e, nil
		}
	}
}

func (s *bedrockReader) decode(frame []byte) (Event, error) {
	m, err := s.frames.message(frame)
	switch {
	case err != nil:
		return Event{}, err
	case m.exception != "":
		return Event{Fail: s.d.api.decodeException(m)}, nil
	case m.event == "chunk":
		s.chunks(m)
		return Event{}, nil
	case m.event != contentBlockDelta.name:
		return s.rest(m)
	}
	if e, ok := s.shape.read(m.payload); ok {
		return e, nil
	}
	e, err := s.delta(m.payload)
	if err == nil {
		s.shape.learn(m.payload, e, s.delta)
	}
	return e, err
}

// delta reads a piece of a block.
func (s *bedrockReader) delta(payload []byte) (Event, error) {
	var in struct {
		Delta struct {
			Text string `json:"text"`
			Use  *struct {
				Input string `json:"input"`
			} `json:"toolUse"`
		} `json:"delta"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return Event{}, malformed("bedrock", "an event is not readable: "+err.Error())
	}
	e := Event{Text: in.Delta.Text}
	if in.Delta.Use != nil && s.tool > 0 {
		e.ToolCall = &ToolCallDelta{Index: s.tool - 1, Arguments: in.Delta.Use.Input}
	}
	return e, nil
}

// rest reads any other event; unknown ones are passed over, as in the SDKs.
func (s *bedrockReader) rest(m message) (Event, error) {
	var in struct {
		Start struct {
			Use *converseUse `json:"toolUse"`
		} `json:"start"`
		Stop  string         `json:"stopReason"`
		Usage *converseUsage `json:"usage"`
	}
	if err := json.Unmarshal(m.payload, &in); err != nil {
		return Event{}, malformed("bedrock", "an event is not readable: "+err.Error())
	}
	switch m.event {
	case contentBlockStart.name:
		if in.Start.Use != nil {
			s.tool++
			return Event{ToolCall: &ToolCallDelta{Index: s.tool - 1, ID: in.Start.Use.ID, Name: in.Start.Use.Name}}, nil
		}
	case messageStop.name:
		s.stop = true
		return Event{Finish: bedrockFinish(in.Stop)}, nil
	case metadataEvent.name:
		e := Event{Done: s.stop}
		if in.Usage != nil {
			u := in.Usage.usage()
			e.Usage = &u
		}
		return e, nil
	}
	return Event{}, nil
}

// chunks turns to the stream of InvokeModel that begins with a chunk.
func (s *bedrockReader) chunks(first message) {
	src := &frameSource{frames: s.frames, open: openChunk, failed: s.d.api.decodeException}
	src.rest, src.err = openChunk(first)
	s.inner = &unframed{StreamReader: anthropic{claudeOnBedrock}.NewStreamReader(src), src: src}
}

// openChunk makes an event of Anthropic's stream of a chunk.
func openChunk(m message) ([]byte, error) {
	if m.event != "chunk" {
		return nil, nil
	}
	var in struct {
		Bytes []byte `json:"bytes"`
	}
	if err := json.Unmarshal(m.payload, &in); err != nil {
		return nil, malformed("bedrock", "a chunk is not readable: "+err.Error())
	}
	data := bytes.ReplaceAll(in.Bytes, []byte("\n"), nil) // line breaks mean nothing in JSON
	return append(append([]byte("data: "), data...), "\n\n"...), nil
}
