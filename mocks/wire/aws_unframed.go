package wire

import "io"

// unframed reads a stream of another dialect that comes wrapped in frames.
type unframed struct {
	StreamReader // of what is in the frames; reads from src
	src          *frameSource
	told         bool // what broke the frames was told
}

// frameSource gives out the stream that comes in frames.
type frameSource struct {
	frames frameReader
	// open returns the piece of the stream that is in a frame.
	open func(message) ([]byte, error)
	// failed makes a failure of an exception.
	failed func(message) *Failure
	rest   []byte   // of a piece, not given out yet
	fail   *Failure // that ended the stream
	err    error    // likewise
}

// Read gives out what is in the frames. Frames with nothing in them are passed
// over.
func (s *frameSource) Read(b []byte) (int, error) {
	for len(s.rest) == 0 {
		if s.err != nil {
			return 0, io.EOF // Next tells why
		}
		s.rest, s.err = s.piece()
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

func (s *frameSource) piece() ([]byte, error) {
	frame, err := s.frames.next()
	if err != nil {
		return nil, err
	}
	m, err := s.frames.message(frame)
	if err != nil {
		return nil, err
	}
	if m.exception != "" {
		s.fail = s.failed(m)
		return nil, io.EOF
	}
	return s.open(m)
}

// Next returns the next step. What breaks the frames is told once and ends the
// stream, since what they hold has a gap then.
func (u *unframed) Next() (Event, error) {
	e, err := u.StreamReader.Next()
	if err != ErrCut || u.told || u.src.err == nil || u.src.err == ErrCut {
		return e, u.ended(err)
	}
	u.told = true
	if u.src.fail != nil {
		return Event{Fail: u.src.fail}, nil
	}
	return Event{}, u.src.err
}

// ended is how a stream ended: after an exception nothing is missing.
func (u *unframed) ended(err error) error {
	if err == ErrCut && u.src.fail != nil {
		return io.EOF
	}
	return err
}
