package router

import (
	"fmt"
	"io"
	"net/http"

	"brownout/mocks/wire"
)

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
