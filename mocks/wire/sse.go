package wire

import (
	"bytes"
	"io"
)

// sseReader cuts a stream into server-sent events. It bears comments, CRLF, a
// missing space after the colon, several data lines and fields it does not
// know. An event that the stream ends in is dropped, as the standard says
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type sseReader struct {
	lines lineReader
	many  []byte // joined data of an event with several data lines
}

// next returns the next event that has data. The slices are valid until the
// next call.
func (s *sseReader) next() (name, data []byte, err error) {
	for {
		s.lines.release()
		var event, first span
		count := 0
		for {
			at, err := s.lines.line()
			if err != nil {
				return nil, nil, err
			}
			line := s.lines.bytes(at)
			if len(line) == 0 {
				break
			}
			skip, field := fieldOf(line)
			value := span{at.from + skip, at.to}
			switch field {
			case sseEvent:
				event = value
			case sseData:
				switch count++; count {
				case 1:
					first = value
				case 2:
					s.many = append(s.many[:0], s.lines.bytes(first)...)
					fallthrough
				default:
					s.many = append(append(s.many, '\n'), s.lines.bytes(value)...)
				}
			}
		}
		switch {
		case count == 1 && first.from < first.to:
			return s.lines.bytes(event), s.lines.bytes(first), nil
		case count > 1:
			return s.lines.bytes(event), s.many, nil
		}
	}
}

type sseField int

const (
	sseOther sseField = iota
	sseEvent
	sseData
)

// fieldOf tells which field a line sets and how many bytes stand before its
// value.
func fieldOf(line []byte) (skip int, field sseField) {
	switch {
	case bytes.HasPrefix(line, []byte("data:")):
		skip, field = 5, sseData
	case bytes.HasPrefix(line, []byte("event:")):
		skip, field = 6, sseEvent
	default:
		return 0, sseOther
	}
	if len(line) > skip && line[skip] == ' ' {
		skip++
	}
	return skip, field
}

// cut turns the end of the bytes into the end that callers are told of.
func cut(err error) error {
	if err == io.EOF {
		return ErrCut
	}
	return err
}
