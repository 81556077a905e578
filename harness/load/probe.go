package load

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"brownout/harness/journal"
	"brownout/mocks/wire"
	"brownout/plan"
)

// probe is the transport under vegeta. It sends a request, reads the answer to
// its end while timing and verifying it, tells the sample, and only then hands
// vegeta a response without a body: nothing of an answer is kept, and there is
// one place where a request ends.
type probe struct {
	*Runner
	ctx  context.Context // of the run: vegeta's requests carry none
	base http.RoundTripper
}

// errNotSent ends a request whose deadline passed before a worker was free.
var errNotSent = errors.New("load: the deadline passed before the request could be sent")

// RoundTrip implements http.RoundTripper.
func (p *probe) RoundTrip(req *http.Request) (*http.Response, error) {
	n, err := numberOf(req)
	if err != nil {
		return nil, err
	}
	s := p.mix.shot(n)
	due := p.due.At(n)
	sample := &journal.Sample{Marker: s.marker, Request: s.Kind, Scheduled: due}

	now := p.since()
	if now >= due+s.Deadline {
		p.meter.missed(now - due)
		p.tell(s, sample, now, finding{outcome: journal.Hung, reason: reasonNotSent})
		return nil, errNotSent
	}
	p.meter.dispatched(now - due)
	defer p.meter.ended()
	sample.Sent = now

	ctx, cancel := context.WithDeadline(p.ctx, p.start.Add(due+s.Deadline))
	defer cancel()
	e := exchange{probe: p, ctx: ctx, shot: s, sample: sample}
	found := e.run(req)
	now = p.since()
	if found.outcome == gaveUp {
		return nil, p.ctx.Err()
	}
	p.tell(s, sample, now, found)
	if e.resp == nil {
		return nil, errors.New(found.reason)
	}
	e.settle(cancel)
	e.resp.Body = http.NoBody
	return e.resp, nil
}

// tell completes a sample with what was found at a time, and hands it on.
func (p *probe) tell(s shot, sample *journal.Sample, at time.Duration, f finding) {
	sample.Total = at - sample.Scheduled
	if sample.Total >= s.Deadline {
		// Whatever came at last, nobody was waiting for it any more.
		sample.Total = s.Deadline
		if f.outcome != journal.Hung {
			f = finding{outcome: journal.Hung, reason: reasonTimeout}
		}
	}
	sample.Outcome, sample.Reason = f.outcome, f.reason
	if f.outcome == journal.OK {
		sample.Value = 1
	}
	if f.detail != "" {
		sample.Detail = redact(f.detail, p.cfg.Key)
	}
	p.results.add(s.n, len(s.body.head)+len(s.marker)+len(s.body.tail), sample)
	p.cfg.Emit(sample)
}

// exchange is one request and its answer.
type exchange struct {
	*probe
	ctx    context.Context // of the request: ends at its deadline or with the run
	shot   shot
	sample *journal.Sample
	resp   *http.Response // nil until a head came
	body   counted
	whole  bool // the answer is read to its end, if not the body
}

// run sends the request and judges what comes.
func (e *exchange) run(req *http.Request) finding {
	resp, err := e.base.RoundTrip(req.WithContext(e.ctx))
	if err != nil {
		return e.broken(err)
	}
	e.resp = resp
	e.body.src = resp.Body
	e.sample.Status = resp.StatusCode
	e.sample.Provider = resp.Header.Get(wire.HeaderProvider)
	e.sample.Attempts, _ = strconv.Atoi(resp.Header.Get(wire.HeaderAttempts)) // absent or odd: not known

	var f finding
	switch {
	case resp.StatusCode != http.StatusOK:
		f = e.refusal()
	case e.shot.Kind == plan.KindStream:
		f = e.stream()
	default:
		f = e.unary()
	}
	e.sample.Bytes = e.body.n
	return f
}

// settle lets go of the response. A stream's end marker comes before the end
// of its body; reading on to the latter lets the connection serve the next
// request. A target that says no more, but does not close either, is not
// waited for.
func (e *exchange) settle(cancel context.CancelFunc) {
	if e.whole && !e.body.over() {
		stop := time.AfterFunc(settleFor, cancel)
		// Only the connection's reuse hangs on it.
		_, _ = io.CopyN(io.Discard, e.resp.Body, settleBytes)
		stop.Stop()
	}
	_ = e.resp.Body.Close() // likewise
}

// Bounds of what is read after a stream's end marker.
const (
	settleFor   = 100 * time.Millisecond
	settleBytes = 4 << 10
)

// counted counts what is read of a body and keeps how it ended, which the
// readers of the dialect do not always tell: a body that was cut off and one
// that closed too soon are different things.
type counted struct {
	src io.Reader
	n   int64
	err error
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.src.Read(b)
	c.n += int64(n)
	if err != nil {
		c.err = err
	}
	return n, err
}

// over tells whether the body ended, well or not.
func (c *counted) over() bool { return c.err != nil }

// failed tells whether the body ended by an error of the transport.
func (c *counted) failed() bool { return c.err != nil && c.err != io.EOF }
