package router

import (
	"time"

	"brownout/chance"
	"brownout/mocks/wire"
)

// backoff is how long to wait before the nth retry (from 0): full jitter,
// uniform in 0..min(cap, base*2^n). Source: AWS Architecture Blog,
// "Exponential Backoff And Jitter". The draw is keyed, so that the same
// request waits the same time in every run; failsafe-go's own retry policy
// draws from global randomness, which is why it is not used here.
func (r *engine) backoff(provider, marker string, n int) time.Duration {
	limit := r.set.BackoffCap
	if n < 30 && r.set.BackoffBase<<n < limit {
		limit = r.set.BackoffBase << n
	}
	k := chance.Key{Seed: r.seed, Provider: provider, Marker: marker, Attempt: n, Purpose: "backoff"}
	return time.Duration(k.Uniform() * float64(limit))
}

// spread delays a wake-up at a stated retry-after by up to a quarter of the
// wait, so that those who were told the same moment do not come back at it.
func (r *engine) spread(provider, marker string, wait time.Duration) time.Duration {
	k := chance.Key{Seed: r.seed, Provider: provider, Marker: marker, Purpose: "retry-after"}
	return time.Duration(k.Uniform() * float64(max(wait/4, r.set.BackoffBase)))
}

// maxWaits bounds how often one request waits for a retry-after.
const maxWaits = 4

// wait sleeps until the first stated retry-after has passed, where nobody else
// is usable and the settings and the deadline allow it.
func (c *call) wait() bool {
	limited := func(r *refusal) bool { return r.limited }
	v := c.soonest(limited)
	if v == nil || c.waits >= maxWaits {
		return false
	}
	r := c.refuses(v)
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
	c.r.tell(Decision{What: WaitRetryAfter, Provider: v.Name, Marker: c.marker, Wait: wait, Detail: r.String()})
	return c.sleep(wait)
}

// follow does what a failed attempt calls for: a pause before another try in
// place, or moving on. end is what the client is to be told at once; more is
// false where the request's time is over.
func (c *call) follow(a *attempt) (end *wire.Failure, more bool) {
	cand, fail, set := a.cand, a.fail, &c.r.set
	if c.amended(a) {
		return nil, true
	}
	how := conductFor(fail.Kind)
	switch {
	case fail.Kind == wire.FailContextLength && c.roomFor(a):
		return nil, true
	case fail.Kind == wire.FailContentFilter && set.FilterFailover:
		how.passOn = false
	case c.join != nil && how.passOn:
		how.passOn = false // the answer has begun: whoever refuses the rest is not asked again
	}
	if how.passOn {
		return c.forClient(fail, cand.backend), false
	}
	gated := fail.RetryAfter > 0 && set.MaxRetryAfterWait >= 0
	if gated && fail.Kind == wire.FailRateLimit {
		return nil, true // the gate keeps away, and wait may come back
	}
	again := !gated && (how.again || how.alone && c.others(cand) == 0)
	if !again || cand.tries > set.Retries {
		cand.spent = true
		return nil, true
	}
	c.pause = c.r.backoff(cand.Name, c.marker, cand.tries-1)
	return nil, c.pause < c.left()-leastBudget && c.sleep(c.pause)
}

// amended tells whether a provider that refused a request is worth asking once
// more, because the request has changed.
func (c *call) amended(a *attempt) bool {
	if a.fail.Kind == wire.FailBadRequest && a.prefill && !a.cand.whole {
		a.cand.whole = true
		return true
	}
	for _, f := range c.r.stages.amend {
		if f(c, a) {
			return true
		}
	}
	return false
}
