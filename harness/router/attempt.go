package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	a := &attempt{cand: cand, pass: p, number: c.attempts + 1, started: time.Now()}
	cand.inFlight.Add(1)
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(c.ctx))
	u := &upstream{by: cand, made: a, ctx: ctx, cancel: cancel}
	u.detach = context.AfterFunc(c.ctx, func() { cancel(context.Cause(c.ctx)) })
	a.up, a.trials = u, a.few[:0]
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

// request is what to send for an attempt.
func (c *call) request(a *attempt) (*wire.Request, *wire.Failure) {
	own := *c.req
	req := &own
	req.Model, req.IncludeUsage, req.Surface = a.cand.model, true, ""
	if c.kept != nil {
		req.Messages = c.kept
	}
	if c.join != nil {
		c.join.hand(a, req, c.veilFor(a.cand).tears(string(c.join.delivered)))
	}
	for _, f := range c.r.stages.prepare {
		var fail *wire.Failure
		if req, fail = f(c, a, req); fail != nil {
			return nil, fail
		}
	}
	return req, nil
}

// ask sends the request and waits for the answer to begin.
func (c *call) ask(a *attempt) (*reply, *wire.Failure) {
	cand, u := a.cand, a.up
	if most := c.mostInputs(cand); most > 0 {
		return c.askParts(a, most)
	}
	q, fail := c.compose(a)
	if fail != nil {
		return nil, fail
	}
	// RoundTrip, not http.Client: a redirect must not carry prompts elsewhere.
	res, err := cand.trip.RoundTrip(q)
	if err != nil {
		return nil, judge(u.ctx, err)
	}
	u.body.ReadCloser, a.status = res.Body, res.StatusCode
	c.hear(a, res)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, c.understand(a, u.refusedWith(res))
	}
	switch {
	case c.embed != nil:
		return u.vectors()
	case c.req.Stream:
		return c.askStream(a)
	}
	w, fail := u.whole()
	if fail != nil {
		return nil, fail
	}
	if w.Model == "" { // Bedrock's Converse does not say who answers
		w.Model, a.unnamed = cand.model, true
	}
	a.usage = w.Usage
	if fail := c.check(a, w); fail != nil {
		return nil, fail
	}
	return &reply{by: cand, made: a, answer: w}, nil
}

// compose makes the HTTP request of an attempt.
func (c *call) compose(a *attempt) (*http.Request, *wire.Failure) {
	c.shared.Lock()
	defer c.shared.Unlock()
	req, fail := c.request(a)
	if fail != nil {
		return nil, fail
	}
	a.req = req
	q, err := c.encode(a)
	return c.dress(a, q, err)
}

// dress is what every HTTP request of an attempt goes through before it is
// sent, unless it could not be made: err. The caller holds shared.
func (c *call) dress(a *attempt, q *http.Request, err error) (*http.Request, *wire.Failure) {
	if err != nil {
		return nil, &wire.Failure{Kind: wire.FailBadRequest, Message: fmt.Sprintf("the request has no form in the %s dialect: %v", a.cand.Dialect, err)}
	}
	for _, f := range c.r.stages.edit {
		f(a, q)
	}
	q.Header.Set(headerRequestID, c.id)
	if c.trace != nil {
		c.trace.inject(a, q.Header)
	}
	return q, nil
}

// hear shows the stages how an answer begins.
func (c *call) hear(a *attempt, res *http.Response) {
	c.shared.Lock()
	defer c.shared.Unlock()
	for _, f := range c.r.stages.heard {
		f(a, res.StatusCode, res.Header)
	}
}

// understand has the stages read a refusal.
func (c *call) understand(a *attempt, fail *wire.Failure) *wire.Failure {
	c.shared.Lock()
	defer c.shared.Unlock()
	for _, f := range c.r.stages.refused {
		f(c, a, fail)
	}
	return fail
}

// check has the stages judge a whole answer.
func (c *call) check(a *attempt, w *wire.Answer) *wire.Failure {
	c.shared.Lock()
	defer c.shared.Unlock()
	for _, f := range c.r.stages.answer {
		if fail := f(c, a, w); fail != nil {
			return fail
		}
	}
	return nil
}

// encode is the HTTP request of an attempt.
func (c *call) encode(a *attempt) (*http.Request, error) {
	cand := a.cand
	if c.embed != nil {
		return c.encodeEmbed(a)
	}
	q, err := cand.dialect.NewRequest(a.up.ctx, cand.BaseURL, cand.Key, a.req)
	if err == nil {
		c.keepFields(a, q)
	}
	return q, err
}

// askStream waits for a stream's first token.
func (c *call) askStream(a *attempt) (*reply, *wire.Failure) {
	u := a.up
	u.reader, u.model = a.cand.dialect.NewStreamReader(&u.body), a.cand.model // until the stream says better
	if c.join != nil {
		u.watchBy(c.join.flow(a))
	}
	c.watchers(a)
	if f := c.r.stages.rewrite; f != nil {
		u.rewriter = f(c, a)
	}
	if c.r.set.has("held_streams") || c.join != nil {
		if fail := u.head(); fail != nil {
			return nil, fail
		}
	}
	return &reply{by: a.cand, made: a, stream: u}, nil
}

// watchers has the stages look at a stream as it comes.
func (c *call) watchers(a *attempt) {
	c.shared.Lock()
	defer c.shared.Unlock()
	for _, f := range c.r.stages.flow {
		if v := f(c, a); v != nil {
			a.up.watchBy(v)
		}
	}
}

// maxFailure bounds how much of an error body is read, in bytes.
const maxFailure = 64 << 10

// refusedWith reads an error answer.
func (u *upstream) refusedWith(res *http.Response) *wire.Failure {
	buf := bodies.Get().(*[]byte)
	defer bodies.Put(buf)
	body, err := readAll(io.LimitReader(res.Body, maxFailure), buf)
	if err != nil && u.ctx.Err() != nil {
		return judge(u.ctx, err)
	}
	f := u.by.dialect.DecodeFailure(res.StatusCode, res.Header, body)
	if f.Status == 0 {
		f.Status = res.StatusCode
	}
	return f
}

// whole reads a unary answer.
func (u *upstream) whole() (*wire.Answer, *wire.Failure) {
	buf := bodies.Get().(*[]byte)
	defer bodies.Put(buf)
	body, err := readAll(io.LimitReader(&u.body, wire.MaxBody), buf)
	if err != nil {
		return nil, judge(u.ctx, err)
	}
	a, err := u.by.dialect.DecodeAnswer(body)
	if err != nil {
		return nil, judge(u.ctx, err)
	}
	return a, nil
}
