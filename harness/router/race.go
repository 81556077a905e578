package router

import (
	"sync"
	"time"

	"brownout/mocks/wire"
)

// race is an attempt and the hedge that may be made beside it.
type race struct {
	c     *call
	first *attempt
	done  chan struct{} // closed when the hedge has come to its end

	mu   sync.Mutex
	over bool // the first has answered
	// The hedge; nil and empty where none was made.
	second *attempt
	rep    *reply
	fail   *wire.Failure
}

// run makes the attempts at a candidate: one, or a second at another provider
// where the first is slow and hedging allows it. It returns the first answer,
// or the failures, of which the first attempt's is the last.
func (c *call) run(cand *candidate, p pass) (*reply, []*attempt) {
	first := c.open(cand, p, false)
	c.attempts++
	cand.tries++
	after := c.hedgeAfter(cand)
	if after <= 0 {
		rep, fail := c.try(first)
		return c.outcome(rep, fail, first)
	}
	r := &race{c: c, first: first, done: make(chan struct{})}
	timer := time.AfterFunc(after, r.hedge)
	rep, fail := c.try(first)
	if timer.Stop() {
		return c.outcome(rep, fail, first)
	}
	r.mu.Lock()
	r.over = rep != nil
	if rep != nil && r.second != nil {
		r.second.up.cancel(errOutrun)
	}
	r.mu.Unlock()
	<-r.done
	if r.second == nil {
		return c.outcome(rep, fail, first)
	}
	c.attempts++
	r.second.cand.tries++
	switch {
	case rep == nil && r.rep != nil:
		c.last = r.second.cand
		return c.outcome(r.rep, nil, r.second, first)
	case rep != nil && r.rep != nil:
		c.discard(r.rep)
	}
	if rep == nil && first.lost { // cancelled for a hedge that failed after all
		return c.outcome(nil, r.fail, first, r.second)
	}
	return c.outcome(rep, fail, first, r.second)
}

// outcome gathers what is billed, and the attempts that failed by themselves.
// made[0] is the one whose reply is given.
func (c *call) outcome(rep *reply, _ *wire.Failure, made ...*attempt) (*reply, []*attempt) {
	var failed []*attempt
	for i := len(made) - 1; i >= 0; i-- {
		a := made[i]
		if rep == nil || rep.made != a || rep.stream == nil {
			c.bill(a)
		}
		if a.fail != nil && !a.lost {
			failed = append(failed, a)
		}
	}
	return rep, failed
}

// bill adds an attempt's cost to the request's.
func (c *call) bill(a *attempt) {
	cost := a.cand.info.cost(a.usage)
	c.costUSD += cost
	c.r.metrics.billed(a, cost)
}

// discard gives up an answer that came second.
func (c *call) discard(rep *reply) {
	if rep.stream != nil {
		rep.stream.close()
		rep.made.lost = true
		rep.made.end()
	}
}

// hedgeAfter is the least delay that a stage asks for; 0: no hedge.
func (c *call) hedgeAfter(cand *candidate) time.Duration {
	var after time.Duration
	for _, f := range c.r.stages.hedge {
		if d := f(c, cand); d > 0 && (after == 0 || d < after) {
			after = d
		}
	}
	return after
}

// hedge makes the second attempt. While it runs the first one is being waited
// for, so that nothing of the request changes but by its own hand.
func (r *race) hedge() {
	defer close(r.done)
	c := r.c
	cand, p, ok := c.nextBut(r.first.cand)
	if !ok {
		return
	}
	for _, f := range c.r.stages.grant {
		if f(c, true) != nil {
			cand.gate.settle(p, neutral, cand.model, nil)
			return
		}
	}
	a := c.open(cand, p, true)
	a.number++
	r.mu.Lock()
	if r.second = a; r.over {
		a.up.cancel(errOutrun)
	}
	r.mu.Unlock()
	c.r.tell(Decision{What: Hedge, Provider: cand.Name, Marker: c.marker, Detail: r.first.cand.Name + " is slow", Wait: time.Since(r.first.started)})
	r.rep, r.fail = c.try(a)
	if r.rep != nil {
		r.first.up.cancel(errOutrun)
	}
}
