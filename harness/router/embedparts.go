package router

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"

	"brownout/mocks/wire"
)

// Some providers take few inputs in a call for embeddings, or one. A request
// with more of them is made in parts, several at a time, which are one attempt:
// all of them or none.

// partsAtOnce is how many parts of one request are under way at a time.
const partsAtOnce = 8

// mostInputs is how many inputs a call to a candidate may have, where the
// request has more; else 0.
func (c *call) mostInputs(cand *candidate) int {
	if c.embed == nil {
		return 0
	}
	if d, ok := cand.dialect.(wire.EmbedLimiter); ok {
		if most := d.EmbedLimit(cand.model); most > 0 && len(c.req.Messages) > most {
			return most
		}
	}
	return 0
}

// askParts makes an attempt in parts of so many inputs.
func (c *call) askParts(a *attempt, most int) (*reply, *wire.Failure) {
	parts, fail := c.composeParts(a, most)
	if fail != nil {
		return nil, fail
	}
	ctx, cancel := context.WithCancel(a.up.ctx)
	defer cancel()
	var (
		mu      sync.Mutex
		working sync.WaitGroup
		answers = make([]*wire.Embeddings, len(parts))
		places  = make(chan struct{}, partsAtOnce)
	)
	for i, q := range parts {
		places <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		working.Go(func() {
			defer func() { <-places }()
			own, stop := context.WithCancel(q.Context())
			defer stop()
			defer context.AfterFunc(ctx, stop)()
			e, failed := c.askPart(a, q.WithContext(own), min(most, len(a.req.Messages)-i*most))
			mu.Lock()
			defer mu.Unlock()
			switch answers[i] = e; {
			case failed == nil:
				a.up.watch.token()
			case fail == nil: // the others end for this one
				fail = failed
				cancel()
			}
		})
	}
	working.Wait()
	if fail == nil && ctx.Err() != nil && slices.Contains(answers, nil) { // the rest was not begun
		fail = judge(a.up.ctx, ctx.Err())
	}
	if fail != nil {
		return nil, fail
	}
	all := &wire.Embeddings{}
	for _, e := range answers {
		all.Model, all.Created = e.Model, e.Created
		all.Vectors = append(all.Vectors, e.Vectors...)
		all.Usage.Prompt += e.Usage.Prompt
	}
	return a.up.embedded(all), nil
}

// composeParts makes the HTTP requests.
func (c *call) composeParts(a *attempt, most int) ([]*http.Request, *wire.Failure) {
	c.shared.Lock()
	defer c.shared.Unlock()
	req, fail := c.request(a)
	if fail != nil {
		return nil, fail
	}
	a.req = req
	var parts []*http.Request
	for rest := req.Messages; len(rest) > 0; {
		n := min(most, len(rest))
		q, err := c.encodeInputs(a, rest[:n])
		if q, fail = c.dress(a, q, err); fail != nil {
			return nil, fail
		}
		parts, rest = append(parts, q), rest[n:]
	}
	return parts, nil
}

// askPart asks for the vectors of some inputs.
func (c *call) askPart(a *attempt, q *http.Request, inputs int) (*wire.Embeddings, *wire.Failure) {
	res, err := a.cand.trip.RoundTrip(q)
	if err != nil {
		return nil, judge(a.up.ctx, err)
	}
	defer res.Body.Close()
	c.hear(a, res)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, c.understand(a, a.up.refusedWith(res))
	}
	buf := bodies.Get().(*[]byte)
	defer bodies.Put(buf)
	body, err := readAll(io.LimitReader(res.Body, wire.MaxBody), buf)
	if err != nil {
		return nil, judge(a.up.ctx, err)
	}
	return a.up.decodeVectors(body, inputs)
}
