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
// one place where a request ends. Requests that follow from the answer are sent
// before that too, so that a worker is busy for as long as they take.
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
	due := p.due.Load().At(n)
	e := exchange{probe: p, shot: s, until: due + s.Deadline}
	e.sample = &journal.Sample{Marker: s.marker, Request: s.Kind, Scheduled: due, Workflow: s.workflow}
	if s.Turns() > 1 {
		e.sample.Step = 1
	}
	e.print.on = s.Twice

	now := p.since()
	if now >= e.until {
		p.meter.missed(now - due)
		late := finding{outcome: journal.Hung, reason: reasonNotSent}
		if e.fans() {
			e.tellParts(now, nil, late)
		} else {
			e.found = e.tell(now, late)
		}
		p.results.add(s, e.sample)
		p.follow(&e)
		return nil, errNotSent
	}
	p.meter.dispatched(now - due)
	defer p.meter.ended()
	if e.fans() {
		e.fan(req)
	} else {
		e.do(req)
	}
	if e.found.outcome == gaveUp {
		return nil, p.ctx.Err()
	}
	p.results.add(s, e.sample)
	p.follow(&e)
	if e.resp == nil {
		return nil, errors.New(e.found.reason)
	}
	e.resp.Body = http.NoBody
	return e.resp, nil
}

// exchange is one request and its answer.
type exchange struct {
	*probe
	ctx    context.Context // of the request: ends at its deadline or with the run
	shot   shot
	until  time.Duration // its deadline, since run start
	sample *journal.Sample
	resp   *http.Response // nil until a head came
	body   counted
	whole  bool // the answer is read to its end, if not the body
	found  finding

	words int             // of a text that was right
	calls []wire.ToolCall // that the answer asks for, and that are right
	print fingerprint     // of the text, where it is compared with another
	other fingerprint     // of the text that it must agree with
}

// do sends the request, judges what comes, tells the sample and lets go of the
// response. Of a request that was given up there is nothing to tell.
func (e *exchange) do(req *http.Request) {
	ctx, cancel := context.WithDeadline(e.probe.ctx, e.start.Add(e.until))
	defer cancel()
	e.ctx = ctx
	e.sample.Sent = e.since()
	f := e.run(req)
	now := e.since()
	if f.outcome == gaveUp {
		e.found = f
		return
	}
	e.found = e.tell(now, f)
	if e.resp != nil {
		e.settle(cancel)
	}
}

// tell completes the sample with what was found at a time, and hands it on. It
// returns what the request came to in the end.
func (e *exchange) tell(at time.Duration, f finding) finding {
	sample := e.sample
	sample.Total = at - sample.Scheduled
	if at >= e.until {
		// Whatever came at last, nobody was waiting for it any more.
		sample.Total = e.until - sample.Scheduled
		if f.outcome != journal.Hung {
			f = finding{outcome: journal.Hung, reason: reasonTimeout}
		}
	}
	sample.Outcome, sample.Reason = f.outcome, f.reason
	if f.outcome == journal.OK {
		sample.Value = 1
	}
	if f.detail != "" {
		sample.Detail = Redact(f.detail, e.cfg.Key, e.shot.prompts()...)
	}
	e.cfg.Emit(sample)
	return f
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
	if n := resp.Header.Get(wire.HeaderAttempts); n != "" {
		e.sample.Attempts, _ = strconv.Atoi(n) // odd: not known
	}
	e.sample.Age = ageOf(resp.Header)
	e.sample.Trimmed = resp.Header.Get(wire.HeaderTrimmed) != ""

	var f finding
	switch {
	case resp.StatusCode != http.StatusOK:
		f = e.refusal()
	case e.shot.Kind == plan.KindEmbed:
		f = e.embedded()
	case e.shot.ask.Stream:
		f = e.stream()
	default:
		f = e.unary()
	}
	e.sample.Bytes = e.body.n
	return f
}

// maxAge bounds the age that an answer may claim, so that no odd header makes
// an odd time of it.
const maxAge = 10 * 365 * 24 * time.Hour

// ageOf is the age of an answer of a cache, as it says itself; 0 where it says
// nothing that can be believed.
func ageOf(h http.Header) time.Duration {
	says := h.Get(wire.HeaderAge)
	if says == "" {
		return 0
	}
	seconds, err := strconv.ParseFloat(says, 64)
	if err != nil || !(seconds > 0 && seconds < maxAge.Seconds()) {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
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
