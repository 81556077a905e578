package mocks

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"brownout/mocks/wire"
)

// garbled sends a fault's bytes in place of an answer, when the answer would
// have begun.
func (c *call) garbled(a *reply) *wire.Failure {
	g := c.met.Garble
	if g.Rewrite != nil {
		return c.rewritten(func() *wire.Failure { return c.unary(a) })
	}
	if _, err := c.wait(1, false); err != nil {
		return c.unserved(err)
	}
	c.obs.Failure = wire.FailMalformed
	c.writeHeaders()
	c.obs.Status = g.Status
	h := c.w.Header()
	h.Set("Content-Type", g.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(g.Body)))
	c.w.WriteHeader(g.Status)
	if _, err := c.w.Write(g.Body); err != nil {
		c.gone()
	}
	return nil
}

// rewritten has a whole answer written aside and sends what the fault makes of
// it.
func (c *call) rewritten(answer func() *wire.Failure) *wire.Failure {
	g, w := c.met.Garble, c.w
	aside := &aside{ResponseWriter: w, status: http.StatusOK}
	c.w = aside
	fail := answer()
	c.w = w
	if fail != nil || c.obs.Aborted {
		return fail
	}
	body := g.Rewrite(aside.body.Bytes())
	h := w.Header()
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if g.ContentType != "" {
		h.Set("Content-Type", g.ContentType)
	}
	c.extend(time.Now())
	w.WriteHeader(aside.status)
	if _, err := w.Write(body); err != nil {
		c.gone()
	}
	return nil
}

// aside keeps an answer instead of sending it.
type aside struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *aside) WriteHeader(status int)      { a.status = status }
func (a *aside) Write(b []byte) (int, error) { return a.body.Write(b) }

// Unwrap is for http.ResponseController.
func (a *aside) Unwrap() http.ResponseWriter { return a.ResponseWriter }
