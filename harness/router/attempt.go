package router

import (
	"context"
	"errors"
	"time"

	"brownout/mocks/wire"
)

// attempt is one call to a provider, as those see it who follow it.
type attempt struct {
	cand    *candidate
	pass    pass
	number  int // from 1, over all of the request
	started time.Time
	first   time.Duration // to the first token or whole answer; 0: none
	took    time.Duration // to the end
	req     *wire.Request // as sent
	fail    *wire.Failure // why it failed; nil where it did not
	says    verdict       // of its provider
	usage   wire.Usage    // what is known to be billed
	broke   bool          // its provider broke its stream off
	lost    bool          // the client left, or another provider was faster: no fault of its own
	trials  []trial
	few     [2]trial // room for as many as there usually are
	up      *upstream
	extra   bool            // fields beyond the neutral form were sent
	prefill bool            // it was handed a partial answer to go on with
	called  *calling        // what its provider asks of calls; nil: nothing beyond its dialect
	again   bool            // its provider takes it by another version, or with a header that it lacked
	unnamed bool            // its answer did not say who gave it
	guessed bool            // usage is an estimate: the provider did not tell
	watched missingStream   // of a stream, what it has not got
	status  int             // of the provider's answer; 0: there was none
	stake   *stake          // what is reserved for it; nil: nothing
	onward  *onward         // what goes on with it; nil: it was not streamed, or not handed one
	trace   context.Context // carries its span, where the request is traced
	veil    *veil           // what it was shown in place of personal data; nil: it was shown all
}

// reply is an answer that has begun: whole, or a stream whose first token is
// there.
type reply struct {
	by     *candidate       // nil: no provider; see source
	made   *attempt         // nil likewise
	answer *wire.Answer     // whole; nil for streams
	embeds *wire.Embeddings // instead, of a request for embeddings
	stream *upstream        // nil where it is whole
	source source

	ride  *ride         // a stream that another request's call is giving
	age   time.Duration // of an answer given before
	class string        // of who gave that
}

// open sets up an attempt.
func (c *call) open(cand *candidate, p pass) *attempt {
	both := &struct { // one allocation for the two
		attempt
		upstream
	}{
		attempt:  attempt{cand: cand, pass: p, number: c.attempts + 1, started: time.Now()},
		upstream: upstream{by: cand},
	}
	a, u := &both.attempt, &both.upstream
	a.up, a.trials, u.made = u, a.few[:0], a
	cand.inFlight.Add(1)
	if c.req.Stream {
		// Its connection is drained even where the client hangs up at the end
		// marker, so it must be able to outlive the request.
		u.ctx, u.cancel = context.WithCancelCause(context.WithoutCancel(c.ctx))
		u.detach = context.AfterFunc(c.ctx, func() { u.cancel(context.Cause(c.ctx)) })
	} else {
		u.ctx, u.cancel = context.WithCancelCause(c.ctx)
		u.detach = neverDetached
	}
	if c.trace != nil {
		a.trials = append(a.trials, c.trace.attempt(c, a))
	}
	for _, f := range c.r.stages.attempt {
		if t := f(c, a); t.began != nil || t.ended != nil {
			a.trials = append(a.trials, t)
		}
	}
	return a
}

// neverDetached is for attempts that end with their request.
func neverDetached() bool { return false }

// try makes the attempt and settles its pass. The reply of a stream is left
// open; its end is the caller's. It changes nothing of the request.
func (c *call) try(a *attempt) (*reply, *wire.Failure) {
	cand, u := a.cand, a.up
	u.watch.start(u.cancel, c.patience(cand), c.gap())
	rep, fail := c.ask(a)
	fail = a.veil.concealed(fail)
	a.first = time.Since(a.started)
	if fail == nil {
		a.says = healthy
		cand.gate.settle(a.pass, healthy, cand.model, nil)
		cand.seen.answered(a.first)
		cand.pulse.answered.Store(a.started.Add(a.first).UnixNano())
		cand.stats.saw(a.first, c.req.Stream)
		a.began()
		if rep.stream == nil {
			u.close()
			a.end()
		}
		return rep, nil
	}
	a.fail, a.says = fail, conductFor(fail.Kind).says
	outrun := errors.Is(context.Cause(u.ctx), errOutrun)
	if outrun || c.ctx.Err() != nil {
		// The request ended under the attempt, or somebody else was faster. That
		// is the backend's doing only if it had been silent for longer than it
		// should.
		a.says, a.lost = neutral, outrun || c.gone()
		if !a.lost && c.r.set.FirstTokenTimeout > 0 && a.first >= c.r.set.FirstTokenTimeout {
			a.says = unhealthy
		}
	}
	u.close()
	cand.gate.settle(a.pass, a.says, cand.model, fail)
	if a.lost {
		cand.seen.failed(kindGone)
	} else {
		cand.seen.failed(fail.Kind)
	}
	if outrun {
		// That long at least, and no more is known: were it not counted, hedges
		// would come ever sooner.
		cand.stats.sawAtLeast(a.first, c.req.Stream)
	}
	if _, ok := context.Cause(u.ctx).(*silence); ok {
		// A time-out is a latency too, of which no more is known: were it not
		// counted, a time-out that shrank too far would never grow again.
		cand.stats.saw(a.first, c.req.Stream)
		c.r.tell(Decision{What: FirstTokenTimeout, Provider: cand.Name, Marker: c.marker, Detail: fail.Message, Wait: a.first})
	}
	a.began()
	a.end()
	return nil, fail
}

// began tells those who follow the attempt that it is answered, or has failed.
func (a *attempt) began() {
	for _, t := range a.trials {
		if t.began != nil {
			t.began(a)
		}
	}
}

// end tells them that all is said.
func (a *attempt) end() {
	a.took = time.Since(a.started)
	a.cand.inFlight.Add(-1)
	for _, t := range a.trials {
		if t.ended != nil {
			t.ended(a)
		}
	}
}
