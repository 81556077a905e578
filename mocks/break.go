package mocks

import (
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
// whole. Within the answer is neither before its first token nor behind its
// last, however few there are.
func (c *call) breaksAt(tokens int) int {
	b := c.met.Break
	if b == nil {
		return whole
	}
	if b.How == BreakChunk {
		c.w = &spoiler{ResponseWriter: c.w}
	}
	if b.After > 0 {
		return min(b.After, tokens)
	}
	n := int(math.Round(float64(tokens) * min(1, max(0, b.At))))
	switch {
	case b.At > 0 && n == 0:
		return min(1, max(0, tokens-1))
	case b.At < 1 && n == tokens:
		return max(0, tokens-1)
	}
	return n
}

// breakStream breaks a stream, of which all has been said or not. It is over
// unless there is more to come.
func (c *call) breakStream(out wire.StreamWriter, all bool) (over bool, fail *wire.Failure) {
	b := c.met.Break
	if w, ok := out.(wire.WholeCallStreamWriter); ok && all && w.EndCall() != nil {
		c.gone()
		return true, nil
	}
	switch b.How {
	case BreakStall:
		if c.stall(b.For) != nil {
			c.gone()
			return true, nil
		}
		return false, nil
	case BreakChunk:
		c.w.(*spoiler).armed = true
		c.obs.Failure = wire.FailMalformed
		return false, nil
	case BreakError:
		f := wire.Failure{Kind: wire.FailServer}
		if b.Failure != nil {
			f = *b.Failure
		}
		f.RequestID, f.Model, f.Surface, f.Stream = c.requestID(), c.model.ID, c.req.Surface, true
		c.obs.Failure = f.Kind
		c.p.worded(&f)
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
