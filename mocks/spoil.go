package mocks

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
)

// spoiler puts one chunk that cannot be read before the next that is written,
// once it is armed. Every chunk of a stream is one Write, which may hold more
// than one event.
type spoiler struct {
	http.ResponseWriter
	armed bool
}

// Unwrap is for http.ResponseController.
func (s *spoiler) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *spoiler) Write(b []byte) (int, error) {
	if !s.armed {
		return s.ResponseWriter.Write(b)
	}
	s.armed = false
	if _, err := s.ResponseWriter.Write(spoiled(s.Header().Get("Content-Type"), b)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// spoiled is a chunk with one before it that no reader can read and behind
// which reading can go on: the last event of the chunk, spoilt in the way of
// the stream it stands in.
func spoiled(contentType string, b []byte) []byte {
	switch {
	case strings.HasPrefix(contentType, "application/vnd.amazon.eventstream"):
		return append(badFrame(b), b...)
	case strings.HasPrefix(contentType, "application/json"):
		return badMember(b)
	}
	return append(badEvent(b), b...)
}

// badFrame is the last of some of Amazon's frames, which begin with their
// length, with a wrong checksum, which ends them.
func badFrame(b []byte) []byte {
	const prelude = 12
	for len(b) >= prelude {
		n := int(binary.BigEndian.Uint32(b))
		if n < prelude || n >= len(b) {
			break
		}
		b = b[n:]
	}
	bad := bytes.Clone(b)
	if len(bad) > 0 {
		bad[len(bad)-1] ^= 0xff
	}
	return bad
}

// badMember is a chunk of an array, which begins with the bracket or the comma
// that goes before its member, with half a member before it.
func badMember(b []byte) []byte {
	lead, member := b, []byte(nil)
	if i := bytes.IndexByte(b, '{'); i >= 0 {
		lead, member = b[:i], b[i:]
	}
	out := append(bytes.Clone(lead), member[:len(member)/2]...)
	return append(append(out, "\n,\r\n"...), member...)
}

// badEvent is the last of some events or lines of text with only half of its
// own last line, and with its end.
func badEvent(b []byte) []byte {
	body := bytes.TrimRight(b, "\r\n")
	end := b[len(body):]
	event := body
	if i := bytes.LastIndex(body, end); len(end) > 0 && i >= 0 {
		event = body[i+len(end):]
	}
	line := bytes.LastIndexByte(event, '\n') + 1
	half := line + (len(event)-line)/2 + 1
	return append(bytes.Clone(event[:min(half, len(event))]), end...)
}
