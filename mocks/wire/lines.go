package wire

import (
	"bytes"
	"fmt"
	"io"
)

// maxEvent bounds one event of a stream, all its lines together, in bytes. No
// provider documents a bound; this one is far above any chunk seen.
const maxEvent = 1 << 20

// emptyReads is how many reads without bytes or error are borne, as in bufio.
const emptyReads = 100

// tooLong is what a stream with a larger event gives.
func tooLong() error {
	return malformed("stream", fmt.Sprintf("a line or event is longer than %d bytes", maxEvent))
}

// span is a piece of a lineReader's bytes, counted from the last release.
type span struct{ from, to int }

// lineReader cuts a stream into lines without copying them. Spans stay valid
// until release is called.
type lineReader struct {
	src  io.Reader
	buf  []byte
	keep int // first byte that spans may still point at
	pos  int // first byte not yet given out
	end  int // end of what has been read
	err  error
}

func (l *lineReader) bytes(s span) []byte { return l.buf[l.keep+s.from : l.keep+s.to] }

// release lets go of all spans given out.
func (l *lineReader) release() {
	l.keep = l.pos
	if l.keep == l.end {
		l.keep, l.pos, l.end = 0, 0, 0
	}
}

// line returns the next line without its ending. After the last whole line it
// returns io.EOF; what lies behind it is given by rest.
func (l *lineReader) line() (span, error) {
	seen := l.pos
	for {
		if n := bytes.IndexByte(l.buf[seen:l.end], '\n'); n >= 0 {
			s := span{l.pos - l.keep, seen + n - l.keep}
			l.pos = seen + n + 1
			if s.to > s.from && l.buf[l.keep+s.to-1] == '\r' {
				s.to--
			}
			return s, nil
		}
		if l.err != nil {
			return span{}, l.err
		}
		scanned := l.end - l.pos
		l.fill()
		seen = l.pos + scanned
	}
}

// rest returns the bytes behind the last whole line.
func (l *lineReader) rest() []byte { return l.buf[l.pos:l.end] }

// fill reads more bytes, or sets err.
func (l *lineReader) fill() {
	if l.end == len(l.buf) {
		if l.keep > 0 {
			copy(l.buf, l.buf[l.keep:l.end])
			l.pos, l.end, l.keep = l.pos-l.keep, l.end-l.keep, 0
		} else {
			if l.end >= maxEvent {
				l.err = tooLong()
				return
			}
			grown := make([]byte, max(4096, 2*len(l.buf)))
			copy(grown, l.buf)
			l.buf = grown
		}
	}
	for range emptyReads {
		n, err := l.src.Read(l.buf[l.end:])
		l.end += n
		switch {
		case err == io.EOF:
			l.err = io.EOF
		case err != nil:
			l.err = fmt.Errorf("read the stream: %w", err)
		case n == 0:
			continue
		}
		return
	}
	l.err = fmt.Errorf("read the stream: %w", io.ErrNoProgress)
}
