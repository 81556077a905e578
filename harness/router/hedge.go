package router

import (
	"errors"
	"sync"
	"time"
)

// errOutrun is the cause with which the slower of two attempts ends.
var errOutrun = errors.New("another provider answered first")

// hedge is how a stage has a second provider asked where the first is slow.
type hedge struct {
	// after tells after how much silence of a candidate; 0: never.
	after func(c *call, cand *candidate) time.Duration
	// take tells whether a second provider may be asked now.
	take func(c *call) bool
}

// race is an attempt and the hedge that may be made beside it.
type race struct {
	c     *call
	first *attempt
	done  chan struct{} // closed when the hedge has come to its end

	mu  sync.Mutex
	won *attempt // who answered first; nil: nobody yet
	// The hedge; nil and empty where none was made.
	second *attempt
	rep    *reply
}

// run makes the attempts at a candidate: one, or a second at another provider
// where the first is slow and a stage asks for it. It returns the first answer,
// or the attempts that failed, of which the first is the last.
func (c *call) run(cand *candidate, p pass) (*reply, []*attempt) {
	first := c.open(cand, p)
	c.attempts++
	cand.tries++
	after := c.hedgeAfter(cand)
	if after <= 0 {
		rep, _ := c.try(first)
		return c.outcome(rep, first)
	}
	r := &race{c: c, first: first, done: make(chan struct{})}
	timer := time.AfterFunc(after, r.hedge)
	rep, _ := c.try(first)
	if timer.Stop() {
		return c.outcome(rep, first)
	}
	if rep != nil {
		r.wins(first)
	}
	<-r.done
	if r.second == nil {
		return c.outcome(rep, first)
	}
	c.attempts++
	r.second.cand.tries++
	if r.won != r.second {
		c.discard(r.rep)
		return c.outcome(rep, first, r.second)
	}
	c.discard(rep)
	c.last = r.second.cand
	c.r.tell(Decision{What: HedgeWon, Provider: c.last.Name, Marker: c.marker, Detail: cand.Name + " was outrun", Wait: time.Since(r.second.started)})
	return c.outcome(r.rep, r.second, first)
}

// wins takes in that an attempt has answered. The other one ends, unless it was
// faster.
func (r *race) wins(a *attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.won != nil {
		return
	}
	r.won = a
	switch {
	case a != r.first:
		r.first.up.cancel(errOutrun)
	case r.second != nil:
		r.second.up.cancel(errOutrun)
	}
}

// outcome gathers what is billed, and the attempts that failed by themselves.
// made[0] is the one whose reply is given.
func (c *call) outcome(rep *reply, made ...*attempt) (*reply, []*attempt) {
	var failed []*attempt
	for i := len(made) - 1; i >= 0; i-- {
		a := made[i]
		if rep == nil || rep.made != a || rep.stream == nil { // a stream's bill comes with its end
			c.bill(a)
		}
		if a.fail != nil && !a.lost {
			failed = append(failed, a)
		}
	}
	return rep, failed
}

// discard gives up an answer that came second.
func (c *call) discard(rep *reply) {
	if rep != nil && rep.stream != nil {
		rep.stream.close()
		rep.made.lost = true
		rep.made.end()
	}
}

// hedgeAfter is after how much silence of a candidate a second one is asked;
// 0: never. A call that finds out whether a provider is back is left alone:
// that it was outrun would tell nothing.
func (c *call) hedgeAfter(cand *candidate) time.Duration {
	most := c.r.set.MaxAttempts
	if c.r.stages.hedge == nil || c.join != nil || !c.r.set.failover || most >= 0 && c.attempts >= most {
		return 0
	}
	if _, steady := cand.gate.steady(cand.model); !steady {
		return 0
	}
	return c.r.stages.hedge.after(c, cand)
}

// hedge makes the second attempt. The request's own goroutine waits for the
// first one meanwhile and changes nothing of the request, so that neither does
// this but by the stages that both pass, one at a time.
func (r *race) hedge() {
	defer close(r.done)
	c := r.c
	if r.isOver() {
		return
	}
	a := r.open()
	if a == nil {
		return
	}
	r.mu.Lock()
	if r.second = a; r.won != nil {
		a.up.cancel(errOutrun)
	}
	r.mu.Unlock()
	c.r.tell(Decision{What: Hedge, Provider: a.cand.Name, Marker: c.marker, Detail: r.first.cand.Name + " is slow", Wait: time.Since(r.first.started)})
	if r.rep, _ = c.try(a); r.rep != nil {
		r.wins(a)
	}
}

// open sets up the second attempt; nil: there is to be none.
func (r *race) open() *attempt {
	c := r.c
	c.shared.Lock()
	defer c.shared.Unlock()
	cand, p, ok := c.nextBut(r.first.cand)
	if !ok {
		return nil
	}
	if !c.r.stages.hedge.take(c) {
		c.unclaim(cand, len(c.r.stages.claim))
		cand.gate.settle(p, neutral, cand.model, nil)
		return nil
	}
	return c.open(cand, p)
}

// isOver tells whether there is nothing left to win.
func (r *race) isOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.won != nil || r.c.ctx.Err() != nil || r.c.left() <= leastBudget
}

// nextBut is the first candidate other than one that may be asked without
// second thoughts, and whose provider is known to be well.
func (c *call) nextBut(other *candidate) (*candidate, pass, bool) {
	for i := range c.cands {
		v := &c.cands[i]
		if v.backend == other.backend || v.spent || c.barred(v) != nil {
			continue
		}
		if _, steady := v.gate.steady(v.model); !steady {
			continue
		}
		if p, ok := c.enter(v, false); ok {
			return v, p, true
		}
	}
	return nil, pass{}, false
}
