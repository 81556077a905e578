package router

import (
	"context"
	"errors"
	"sync"
	"time"

	"brownout/mocks/wire"
)

// call is one client request on its way.
type call struct {
	r        *engine
	front    wire.Dialect    // what the client speaks
	ctx      context.Context // ends with the client, or at the deadline with errDeadline
	id       string
	marker   string
	terms    terms
	body     []byte             // the client's own bytes, valid until the request ends
	req      *wire.Request      // as the client asked
	embed    *wire.EmbedRequest // likewise; nil: a chat request
	model    string             // what the client means by the model it asked for
	began    time.Time
	budget   time.Duration // 0: none
	deadline time.Time     // when the router answers at the latest; zero: never
	cands    []candidate   // whom it may ask, best first
	attempts int
	waits    int
	pause    time.Duration // the back-off before the next attempt
	last     *candidate    // whom it asked last
	causes   []cause
	moving   *migration // of the model that is meant; nil: none
	moved    bool       // it is of the share that moves
	denied   *refusal   // why it may make no more attempts
	join     *joint     // the broken stream that is to be continued; nil: none
	amends   int        // how often it was changed after a refusal
	plain    bool       // fields beyond the neutral form are left out: a provider refused them
	leaves   []func(*ending)
	costUSD  float64
	funds    *funds                                // the accounts that it is charged to; nil: none has a bound
	trace    *traced                               // nil: not traced
	fieldSet fieldSet                              // the fields of body, once they were looked for
	recalled bool                                  // memory was worked out
	memory   *recall                               // what it has to do with answers given before; nil: nothing
	seat     *seat                                 // it makes a call for others too; nil: it does not
	fell     *wire.Failure                         // why it was answered by a fallback, or tried to be
	whole    []func(a *wire.Answer, by *candidate) // told of a provider's whole answer, before the client has the end of it

	wordCount int // of the prompt, once they were counted

	shared sync.Mutex // held by the stages of an attempt, as a hedge passes them beside it

	place  *desk // got in the queue, and not used yet; nil: none
	queued bool  // it was in the queue

	needs needs // of rate limits; zero: not counted yet

	kept    []wire.Message // the turns that are sent where some are left out; nil: all
	trimmed int            // how many are left out
	cuts    int            // how often it was trimmed

	veil *veil // of personal data; nil: nobody was asked who must not see it
}

// candidate is a model of a backend as one request sees it.
type candidate struct {
	*backend
	model string
	info  *Model // what is known of the model
	stats *stats
	tries int
	spent bool    // not to be asked again by this request
	whole bool    // it takes no partial answer to go on with
	sent  sending // what rate limits are left with by its attempt
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
		unused, granted := c.granted()
		if !granted {
			break
		}
		cand, p, ok := c.next()
		if !ok {
			unused()
			again, fail := c.await()
			if fail != nil && len(c.causes) == 0 {
				return nil, fail
			}
			if again || fail == nil && c.wait() {
				continue
			}
			break
		}
		c.announce(cand)
		rep, failed := c.run(cand, p)
		for _, a := range failed {
			c.causes = append(c.causes, cause{a.cand.backend, a.fail})
		}
		if rep != nil {
			return rep, nil
		}
		if c.ctx.Err() != nil {
			break
		}
		for _, a := range failed {
			end, more := c.follow(a)
			if end != nil {
				return nil, end
			}
			if !more {
				return nil, c.exhausted()
			}
		}
	}
	return nil, c.exhausted()
}

// await lets the stages wait for what everybody lacks now. again tells that
// somebody may be asked; fail, that it is not to be waited for.
func (c *call) await() (again bool, fail *wire.Failure) {
	for _, f := range c.r.stages.await {
		if again, fail = f(c); again || fail != nil {
			return again, fail
		}
	}
	return false, nil
}

// granted tells whether the stages allow another attempt. The first is always
// allowed. unused gives the grants back, where nobody can be asked.
func (c *call) granted() (unused func(), ok bool) {
	unused = func() {}
	if c.attempts == 0 {
		return unused, true
	}
	for _, f := range c.r.stages.grant {
		back, no := f(c)
		if c.denied = no; no != nil {
			unused()
			return unused, false
		}
		if back != nil {
			others := unused
			unused = func() { back(); others() }
		}
	}
	return unused, true
}

// next finds the first candidate that nothing bars and whose gate opens. Where
// there is none, it takes one with the least objection, and at last one whose
// breaker is open.
func (c *call) next() (*candidate, pass, bool) {
	for _, least := range reluctances {
		for j := range c.cands {
			v := &c.cands[j]
			if v.spent || c.barred(v).reluctance() < least {
				continue
			}
			if p, ok := c.enter(v, least == ifPoor); ok {
				return v, p, true
			}
		}
	}
	if v := c.soonest(func(r *refusal) bool { return r.open }); v != nil {
		if p, ok := v.gate.admitLastResort(v.model); ok {
			c.claim(v, true)
			return v, p, true
		}
	}
	return nil, pass{}, false
}

// enter takes all that an attempt at a candidate needs.
func (c *call) enter(v *candidate, force bool) (pass, bool) {
	if !c.claim(v, force) {
		return pass{}, false
	}
	p, shut := v.gate.admit(v.model)
	if shut != nil {
		c.unclaim(v, len(c.r.stages.claim))
	}
	return p, shut == nil
}

// claim takes what the stages want taken; all of it, or nothing.
func (c *call) claim(v *candidate, force bool) bool {
	for i, f := range c.r.stages.claim {
		if !f.take(c, v, force) {
			c.unclaim(v, i)
			return false
		}
	}
	return true
}

// unclaim gives the first n of them back.
func (c *call) unclaim(v *candidate, n int) {
	for _, f := range c.r.stages.claim[:n] {
		f.back(c, v)
	}
}

// barred tells what but its gate keeps a candidate from being asked.
func (c *call) barred(v *candidate) *refusal {
	var worst *refusal
	for _, f := range c.r.stages.bars {
		r := f(c, v)
		if r.reluctance() == never {
			return r
		}
		if r.reluctance() < worst.reluctance() {
			worst = r
		}
	}
	return worst
}

// refuses tells why a candidate would not be asked now; nil where it would.
func (c *call) refuses(v *candidate) *refusal {
	if r := v.gate.refuses(v.model); r != nil {
		return r
	}
	return c.barred(v)
}

// soonest is the candidate that may be asked first among those refused for the
// given sort of reason; nil where there is none.
func (c *call) soonest(sort func(*refusal) bool) *candidate {
	var best *candidate
	var wait time.Duration
	for i := range c.cands {
		v := &c.cands[i]
		if v.spent {
			continue
		}
		if r := c.refuses(v); r != nil && sort(r) && (best == nil || r.wait < wait) {
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

// others tells how many beside cand would answer now.
func (c *call) others(cand *candidate) int {
	n := 0
	for i := range c.cands {
		if v := &c.cands[i]; v != cand && !v.spent && c.refuses(v).reluctance() >= ifInferior {
			n++
		}
	}
	return n
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
