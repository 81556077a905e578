package router

import (
	"context"
	"errors"
	"time"

	"brownout/mocks/wire"
)

// call is one client request on its way.
type call struct {
	r        *Router
	ctx      context.Context // ends with the client, or at the deadline with errDeadline
	id       string
	marker   string
	req      *wire.Request // as the client asked
	began    time.Time
	budget   time.Duration // 0: none
	deadline time.Time     // when the router answers at the latest; zero: never
	cands    []candidate   // whom it may ask, best first
	attempts int
	waits    int
	pause    time.Duration // the back-off before the next attempt
	last     *candidate    // whom it asked last
	causes   []cause
}

// candidate is a backend as one request sees it.
type candidate struct {
	*backend
	model string
	tries int
	spent bool // not to be asked again by this request
}

// cause is one failed attempt.
type cause struct {
	by   *backend
	fail *wire.Failure
}

// maxWaits bounds how often one request waits for a retry-after.
const maxWaits = 4

// leastBudget is the time below which another attempt cannot succeed.
const leastBudget = 2 * time.Millisecond

// forward asks one backend after the other until one begins to answer. It
// returns that answer, or the failure to tell the client.
func (c *call) forward() (*reply, *wire.Failure) {
	most := c.r.set.MaxAttempts
	for (most < 0 || c.attempts < most) && c.left() > leastBudget {
		cand, p, ok := c.next()
		if !ok {
			if c.wait() {
				continue
			}
			break
		}
		c.announce(cand)
		rep, fail := c.try(cand, p)
		if fail == nil {
			return rep, nil
		}
		c.causes = append(c.causes, cause{cand.backend, fail})
		if c.ctx.Err() != nil {
			break
		}
		how := conductFor(fail.Kind)
		if how.passOn {
			return nil, forClient(fail, cand.backend)
		}
		if !c.follow(cand, fail, how) {
			break
		}
	}
	return nil, c.exhausted()
}

// next finds the first candidate whose gate opens. Where none does, it takes a
// last resort.
func (c *call) next() (*candidate, pass, bool) {
	for i := range c.cands {
		v := &c.cands[i]
		if v.spent {
			continue
		}
		if p, shut := v.gate.admit(v.model); shut == nil {
			return v, p, true
		}
	}
	if v := c.soonest(func(r *refusal) bool { return r.open }); v != nil {
		if p, ok := v.gate.admitLastResort(v.model); ok {
			return v, p, true
		}
	}
	return nil, pass{}, false
}

// soonest is the candidate whose gate opens first among those shut for the
// given sort of reason; nil where there is none.
func (c *call) soonest(sort func(*refusal) bool) *candidate {
	var best *candidate
	var wait time.Duration
	for i := range c.cands {
		v := &c.cands[i]
		if v.spent {
			continue
		}
		if r := v.gate.refuses(v.model); r != nil && sort(r) && (best == nil || r.wait < wait) {
			best, wait = v, r.wait
		}
	}
	return best
}

// wait sleeps until the first stated retry-after has passed, where nobody else
// is usable and the settings and the deadline allow it.
func (c *call) wait() bool {
	limited := func(r *refusal) bool { return r.limited }
	v := c.soonest(limited)
	if v == nil || c.waits >= maxWaits {
		return false
	}
	r := v.gate.refuses(v.model)
	if r == nil {
		return true // it opened meanwhile
	}
	if r.wait > c.r.set.MaxRetryAfterWait {
		return false
	}
	wait := r.wait + c.r.spread(v.Name, c.marker, r.wait)
	if wait > c.left()-leastBudget {
		return false
	}
	c.waits++
	c.r.tell(Decision{What: WaitRetryAfter, Provider: v.Name, Marker: c.marker, Wait: wait, Detail: r.cause.Error()})
	return c.sleep(wait)
}

// follow does what a failure calls for: a pause before another try in place,
// or moving on. It returns false where the request's time is over.
func (c *call) follow(cand *candidate, fail *wire.Failure, how conduct) bool {
	set := &c.r.set
	gated := fail.RetryAfter > 0 && set.MaxRetryAfterWait >= 0
	if gated && fail.Kind == wire.FailRateLimit {
		return true // the gate keeps away, and wait may come back
	}
	again := !gated && (how.again || how.alone && !c.others(cand))
	if !again || cand.tries > set.Retries {
		cand.spent = true
		return true
	}
	c.pause = c.r.backoff(cand.Name, c.marker, cand.tries-1)
	return c.pause < c.left()-leastBudget && c.sleep(c.pause)
}

// others tells whether somebody but cand could be asked now.
func (c *call) others(cand *candidate) bool {
	for i := range c.cands {
		if v := &c.cands[i]; v != cand && !v.spent && v.gate.refuses(v.model) == nil {
			return true
		}
	}
	return false
}

// announce tells of a retry or a failover before it happens.
func (c *call) announce(cand *candidate) {
	if n := len(c.causes); n > 0 {
		d := Decision{What: Failover, Provider: cand.Name, Marker: c.marker, Detail: c.causes[n-1].String()}
		if cand == c.last {
			d.What, d.Wait = Retry, c.pause
		}
		c.r.tell(d)
	}
	c.last, c.pause = cand, 0
}

// left is the time until the deadline.
func (c *call) left() time.Duration {
	if c.deadline.IsZero() {
		return 1<<63 - 1
	}
	return time.Until(c.deadline)
}

// gone tells whether the client has left.
func (c *call) gone() bool {
	return c.ctx.Err() != nil && !errors.Is(context.Cause(c.ctx), errDeadline)
}

// sleep pauses the request; false where it ended meanwhile.
func (c *call) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}
