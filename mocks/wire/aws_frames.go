package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// eventStreamType is the content type of Amazon's binary event streams.
const eventStreamType = "application/vnd.amazon.eventstream"

// A frame is a prelude (length of the frame, length of its headers, checksum of
// both; 4 bytes each), headers, payload and a checksum of all before it.
const (
	preludeSize = 12
	frameAround = preludeSize + 4 // bytes of a frame that are neither headers nor payload
)

// frameHeaders encodes the headers of a frame, in the order of recorded ones:
// what it is, what is in it (empty: not said), and event or exception.
func frameHeaders(message, name, contentType string) []byte {
	var h eventstream.Headers
	h.Set(":"+message+"-type", eventstream.StringValue(name))
	if contentType != "" {
		h.Set(":content-type", eventstream.StringValue(contentType))
	}
	h.Set(":message-type", eventstream.StringValue(message))
	var b bytes.Buffer
	if err := eventstream.EncodeHeaders(&b, h); err != nil {
		return nil // names and values are short, and a buffer takes every write
	}
	return b.Bytes()
}

func jsonEvent(name string) []byte { return frameHeaders("event", name, "application/json") }

// openFrame begins a frame: the payload is to be appended to what it returns.
// The library's encoder allocates a dozen times for each frame, which is too
// much for every token; so only headers are encoded by it, once, and the two
// checksums are put here. A test holds the bytes against the library's.
func openFrame(dst, headers []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 0) // set by closeFrame
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(headers)))
	dst = binary.BigEndian.AppendUint32(dst, 0)
	return append(dst, headers...)
}

// closeFrame ends the frame that begins at start.
func closeFrame(dst []byte, start int) []byte {
	f := dst[start:]
	binary.BigEndian.PutUint32(f, uint32(len(f)+4))
	binary.BigEndian.PutUint32(f[8:], crc32.ChecksumIEEE(f[:8]))
	return binary.BigEndian.AppendUint32(dst, crc32.ChecksumIEEE(f))
}

// appendFrame appends a whole frame.
func appendFrame(dst, headers []byte, payload string) []byte {
	start := len(dst)
	return closeFrame(append(openFrame(dst, headers), payload...), start)
}

// startFrames sends the head of an event stream.
func (p *pipe) startFrames(w http.ResponseWriter) {
	p.w, p.flush = w, flusherOf(w)
	w.Header().Set("Content-Type", eventStreamType)
	w.WriteHeader(http.StatusOK)
}

// frameReader cuts a stream into frames.
type frameReader struct {
	src      io.Reader
	buf      []byte
	pos, end int
	err      error  // of everything from now on
	headers  []byte // of the last event
	event    string // what they say it is
}

// next returns the next frame, checked in length and checksums, and valid until
// the next call. A frame with a wrong checksum is passed over with an error of
// kind FailMalformed; one with a wrong prelude is also the last, since nobody
// knows where the next begins. The end of the bytes, within a frame or not, is
// ErrCut.
func (f *frameReader) next() ([]byte, error) {
	head, err := f.need(preludeSize)
	if err != nil {
		return nil, err
	}
	total, headers := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
	switch {
	case binary.BigEndian.Uint32(head[8:]) != crc32.ChecksumIEEE(head[:8]):
		return nil, f.lost(malformed("event stream", "the checksum of a frame's prelude is wrong"))
	case total < frameAround || headers > total-frameAround:
		return nil, f.lost(malformed("event stream", fmt.Sprintf("a frame of %d bytes cannot hold %d bytes of headers", total, headers)))
	case total > maxEvent:
		return nil, f.lost(tooLong())
	}
	frame, err := f.need(int(total))
	if err != nil {
		return nil, err
	}
	f.pos += len(frame)
	last := len(frame) - 4
	if binary.BigEndian.Uint32(frame[last:]) != crc32.ChecksumIEEE(frame[:last]) {
		return nil, malformed("event stream", "the checksum of a frame is wrong")
	}
	return frame, nil
}

// lost gives up all that is still to come.
func (f *frameReader) lost(err error) error {
	f.pos, f.err = f.end, ErrCut
	return err
}

// need returns the next n bytes without taking them.
func (f *frameReader) need(n int) ([]byte, error) {
	for f.end-f.pos < n {
		if f.err != nil {
			return nil, f.err
		}
		f.fill(n)
	}
	return f.buf[f.pos : f.pos+n], nil
}

// fill reads more bytes into a buffer that has room for n, or sets err.
func (f *frameReader) fill(n int) {
	if f.pos > 0 {
		f.end = copy(f.buf, f.buf[f.pos:f.end])
		f.pos = 0
	}
	if n > len(f.buf) {
		grown := make([]byte, max(4096, n+n/2))
		copy(grown, f.buf[:f.end])
		f.buf = grown
	}
	for range emptyReads {
		k, err := f.src.Read(f.buf[f.end:])
		f.end += k
		switch {
		case err == io.EOF:
			f.err = ErrCut
		case err != nil:
			f.err = fmt.Errorf("read the stream: %w", err)
		case k == 0:
			continue
		}
		return
	}
	f.err = fmt.Errorf("read the stream: %w", io.ErrNoProgress)
}

// headersOf and payloadOf are the parts of a frame that next returned.
func headersOf(frame []byte) []byte {
	return frame[preludeSize : preludeSize+binary.BigEndian.Uint32(frame[4:])]
}

func payloadOf(frame []byte) []byte {
	return frame[preludeSize+binary.BigEndian.Uint32(frame[4:]) : len(frame)-4]
}

// message is a frame, decoded.
type message struct {
	event     string // event: what it is
	exception string // exception or error: which
	text      string // error: what is said of it
	payload   []byte
}

// message decodes a frame that next returned; what it returns is valid as long.
// Headers are taken in any order and content types not looked at, as in the
// SDKs. Most events of a stream have the headers of the one before, which need
// not be decoded again.
func (f *frameReader) message(frame []byte) (message, error) {
	if len(f.headers) > 0 && bytes.Equal(headersOf(frame), f.headers) {
		return message{event: f.event, payload: payloadOf(frame)}, nil
	}
	m, err := decodeFrame(frame)
	if m.event != "" {
		f.headers, f.event = append(f.headers[:0], headersOf(frame)...), m.event
	}
	return m, err
}

func decodeFrame(frame []byte) (message, error) {
	m, err := eventstream.NewDecoder().Decode(bytes.NewReader(frame), nil)
	if err != nil {
		return message{}, malformed("event stream", "a frame is not readable: "+err.Error())
	}
	word := func(name string) string {
		s, _ := m.Headers.Get(name).(eventstream.StringValue)
		if p, ok := m.Headers.Get(name).(*eventstream.StringValue); ok {
			s = *p
		}
		return string(s)
	}
	out := message{payload: m.Payload}
	switch kind := word(":message-type"); kind {
	case "event":
		out.event = word(":event-type")
	case "exception":
		out.exception = word(":exception-type")
	case "error":
		out.exception, out.text = word(":error-code"), word(":error-message")
	default:
		return message{}, malformed("event stream", fmt.Sprintf("a frame of the unknown kind %q", kind))
	}
	if out.event == "" && out.exception == "" {
		return message{}, malformed("event stream", "a frame that does not say what it is")
	}
	return out, nil
}

// isMalformed tells whether err is about bytes that are not the dialect's.
func isMalformed(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Kind == FailMalformed
}
