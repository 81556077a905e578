package wire

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strconv"
)

// chunkWriter makes of every line `data: {…}` that is written to it a chunk of
// an InvokeModel stream. Other lines and pings, which Bedrock's streams have
// none of, are left out.
type chunkWriter struct {
	framedWriter
	pad  padding
	last []byte // appended within the last line's object
}

// chunkOf are the headers of a chunk.
var chunkOf = jsonEvent("chunk")

func newChunkWriter(w http.ResponseWriter) *chunkWriter {
	c := new(chunkWriter)
	c.framedWriter = framedWriter{
		w: w, flush: flusherOf(w), wrap: c.wrap,
		typeHeader: "X-Amzn-Bedrock-Content-Type", inside: "application/json",
	}
	return c
}

// metrics keeps what Bedrock adds to the last event of a stream.
func (c *chunkWriter) metrics(u Usage, head *Answer) {
	b := appendField(nil, `,"amazon-bedrock-invocationMetrics":{"inputTokenCount":`, u.Prompt)
	b = appendField(b, `,"outputTokenCount":`, u.Completion)
	b = appendField(b, `,"invocationLatency":`, latencyMs(head.Created))
	// Taken to be the same: when the first byte went out is not known here.
	b = append(b, `,"firstByteLatency":`...)
	c.last = append(strconv.AppendInt(b, int64(latencyMs(head.Created)), 10), '}')
}

// wrap makes chunks of whole lines.
func (c *chunkWriter) wrap(out, lines []byte) []byte {
	last := bytes.LastIndex(lines, []byte("data: {"))
	for at := 0; at < len(lines); {
		end := bytes.IndexByte(lines[at:], '\n')
		if end < 0 {
			end = len(lines) - at
		}
		if data, ok := bytes.CutPrefix(lines[at:at+end], []byte("data: ")); ok && !bytes.Equal(data, ping) {
			if at == last && c.last != nil {
				data = append(append(bytes.TrimSuffix(bytes.Clone(data), []byte("}")), c.last...), '}')
			}
			start := len(out)
			out = append(openFrame(out, chunkOf), `{"bytes":"`...)
			out = base64.StdEncoding.AppendEncode(out, data)
			out = closeFrame(append(c.pad.append(append(out, '"')), '}'), start)
		}
		at += end + 1
	}
	return out
}

// ping is the data of Anthropic's pings.
var ping = []byte(`{"type": "ping"}`)

// chunkStream writes an InvokeModel stream: another dialect's, in chunks.
type chunkStream struct {
	ToolStreamWriter // writes to chunks
	chunks           *chunkWriter
	d                bedrock
	head             *Answer
}

// End closes the answer, with Bedrock's own counts in its last event.
func (s *chunkStream) End(f Finish, u Usage) error {
	s.chunks.metrics(u, s.head)
	return s.ToolStreamWriter.End(f, u)
}

// Fail writes an exception. Nothing follows it.
func (s *chunkStream) Fail(f *Failure) error {
	full := bedrockFill(f)
	return s.chunks.frame(s.d.api.appendException(nil, &full, lowerFirst))
}
