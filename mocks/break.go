package mocks

import (
	"bytes"
	"context"
	"io"
	"math"
	"net/http"
	"time"

	"brownout/mocks/wire"
)

// whole is the place of a break that does not come.
const whole = -1

// breaksAt is the number of tokens after which a stream of so many breaks, or
// whole.
func (c *call) breaksAt(tokens int) int {
	b := c.met.Break
	if b == nil {
		return whole
	}
	if b.How == BreakChunk {
		c.w = &spoiler{ResponseWriter: c.w}
	}
	return int(math.Round(float64(tokens) * min(1, max(0, b.At))))
}

// breakStream breaks a stream. It is over unless there is more to come.
func (c *call) breakStream(out wire.StreamWriter) (over bool, fail *wire.Failure) {
	b := c.met.Break
	switch b.How {
	case BreakStall:
		if c.stall(b.For) != nil {
			c.gone()
			return true, nil
		}
		return false, nil
	case BreakChunk:
		c.w.(*spoiler).armed = true
		return false, nil
	case BreakError:
		f := wire.Failure{Kind: wire.FailServer}
		if b.Failure != nil {
			f = *b.Failure
		}
		f.RequestID, f.Model, f.Surface, f.Stream = c.id, c.model.ID, c.req.Surface, true
		c.obs.Failure = f.Kind
		if out.Fail(&f) != nil {
			c.gone()
		}
		return true, nil
	case BreakAbort:
		c.abort()
	}
	c.obs.Failure = wire.FailTransport
	return true, nil // the end of the handler is the end of the body
}

// breakWhole breaks a whole answer where its break is one that it can have.
func (c *call) breakWhole() error {
	b := c.met.Break
	if b == nil {
		return nil
	}
	switch b.How {
	case BreakStall:
		return c.stall(b.For)
	case BreakAbort:
		c.w = &halver{ResponseWriter: c.w, abort: c.abort}
	}
	return nil
}

// stall lets so much time pass; 0: until the client leaves.
func (c *call) stall(d time.Duration) error {
	ctx := c.r.Context()
	if d <= 0 {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		c.extend(time.Now())
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// abort cuts the connection. It does not return.
func (c *call) abort() {
	c.obs.Failure = wire.FailTransport
	panic(http.ErrAbortHandler)
}

// spoiler puts one chunk that cannot be read before the next that is written,
// once it is armed. Every chunk of a stream is one Write.
type spoiler struct {
	http.ResponseWriter
	armed bool
}

// Unwrap is for http.ResponseController.
func (s *spoiler) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *spoiler) Write(b []byte) (int, error) {
	if s.armed {
		s.armed = false
		if _, err := s.ResponseWriter.Write(spoil(b)); err != nil {
			return 0, err
		}
	}
	return s.ResponseWriter.Write(b)
}

// spoil makes of a chunk one that no reader of its dialect can read, and behind
// which reading can go on: of text, half of it with the chunk's own end; of
// Amazon's frames, which begin with their length, one whose checksum is wrong.
func spoil(b []byte) []byte {
	body := bytes.TrimRight(b, "\r\n")
	if len(body) == len(b) {
		bad := bytes.Clone(b)
		bad[len(bad)/2] ^= 0xff
		return bad
	}
	return append(bytes.Clone(body[:len(body)/2+1]), b[len(body):]...)
}

// halver sends half of a body, and then cuts the connection.
type halver struct {
	http.ResponseWriter
	abort func()
}

func (h *halver) Write(b []byte) (int, error) {
	n, err := h.ResponseWriter.Write(b[:len(b)/2])
	if err != nil {
		return n, err
	}
	_ = http.NewResponseController(h.ResponseWriter).Flush() // what cannot be flushed is cut all the same
	h.abort()
	return n, io.ErrClosedPipe
}

// Unwrap is for http.ResponseController.
func (h *halver) Unwrap() http.ResponseWriter { return h.ResponseWriter }
