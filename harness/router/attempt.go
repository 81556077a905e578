package router

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"brownout/mocks/wire"
)

// reply is an answer that has begun: whole, or a stream whose first token is
// there.
type reply struct {
	by     *backend
	answer *wire.Answer // unary; nil for streams
	stream *upstream    // streams; nil for unary
}

// patience is how long an attempt may stay silent.
//
// Where nobody else could take over, a slow answer is better than none, and
// the deadline alone ends the attempt. Otherwise a stream has
// FirstTokenTimeout to its first token. A unary answer shows no first token
// (asking for it as a stream would, at the price of an event per token in
// every hop), so it has half of what is left of the deadline, but no less than
// FirstTokenTimeout: enough for a long answer where the client has time, and
// never so much that the next provider could not answer too.
func (c *call) patience(cand *candidate) silence {
	s := silence{whole: !c.req.Stream}
	limit := c.r.set.FirstTokenTimeout
	if limit < 0 || !c.others(cand) {
		return s
	}
	switch {
	case c.req.Stream:
		s.limit = limit
	case !c.deadline.IsZero():
		s.limit = max(limit, c.left()/2)
	}
	return s
}

// try makes one attempt and settles its pass. The reply of a stream is left
// open; its end is the caller's.
func (c *call) try(cand *candidate, p pass) (*reply, *wire.Failure) {
	c.attempts++
	cand.tries++
	began := time.Now()
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(c.ctx))
	u := &upstream{by: cand.backend, ctx: ctx, cancel: cancel}
	u.detach = context.AfterFunc(c.ctx, func() { cancel(context.Cause(c.ctx)) })
	u.watch.start(cancel, c.patience(cand), c.gap())
	rep, fail := c.ask(cand, u)
	if fail == nil {
		cand.gate.settle(p, healthy, cand.model, nil)
		cand.seen.answered(time.Since(began))
		if rep.stream == nil {
			u.close()
		}
		return rep, nil
	}
	says := conductFor(fail.Kind).says
	if c.ctx.Err() != nil {
		// The request ended under the attempt. That is the backend's doing
		// only if it had been silent for longer than it should.
		says = neutral
		if !c.gone() && c.r.set.FirstTokenTimeout > 0 && time.Since(began) >= c.r.set.FirstTokenTimeout {
			says = unhealthy
		}
	}
	u.close()
	cand.gate.settle(p, says, cand.model, fail)
	if c.gone() {
		cand.seen.failed(kindGone)
		return nil, fail
	}
	cand.seen.failed(fail.Kind)
	if _, ok := context.Cause(ctx).(*silence); ok {
		c.r.tell(Decision{What: FirstTokenTimeout, Provider: cand.Name, Marker: c.marker, Detail: fail.Message, Wait: time.Since(began)})
	}
	return nil, fail
}

// gap is the silence allowed between two tokens; 0 for unary answers.
func (c *call) gap() time.Duration {
	if c.req.Stream {
		return c.r.set.StreamGapTimeout
	}
	return 0
}

// ask sends the request and waits for the answer to begin.
func (c *call) ask(cand *candidate, u *upstream) (*reply, *wire.Failure) {
	req := *c.req
	req.Model, req.IncludeUsage = cand.model, true
	q, err := cand.dialect.NewRequest(u.ctx, cand.BaseURL, cand.Key, &req)
	if err != nil {
		return nil, &wire.Failure{Kind: wire.FailBadRequest, Message: fmt.Sprintf("the request has no form in the %s dialect: %v", cand.Dialect, err)}
	}
	q.Header.Set(headerRequestID, c.id)
	// RoundTrip, not http.Client: a redirect must not carry prompts elsewhere.
	res, err := cand.trip.RoundTrip(q)
	if err != nil {
		return nil, judge(u.ctx, err)
	}
	u.body.ReadCloser = res.Body
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, u.refusedWith(res)
	}
	if c.req.Stream {
		u.reader, u.model = cand.dialect.NewStreamReader(&u.body), cand.model // until the stream says better
		if fail := u.head(); fail != nil {
			return nil, fail
		}
		return &reply{by: cand.backend, stream: u}, nil
	}
	a, fail := u.whole()
	if fail != nil {
		return nil, fail
	}
	if a.Model == "" { // Bedrock's Converse does not say who answers
		a.Model = cand.model
	}
	return &reply{by: cand.backend, answer: a}, nil
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
	if a.Text == "" && a.Finish == wire.FinishStop {
		return nil, &wire.Failure{Kind: wire.FailMalformed, Message: "the answer is empty"}
	}
	return a, nil
}
