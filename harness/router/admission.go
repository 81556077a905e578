package router

import (
	"net/http"
	"strconv"
	"time"

	"brownout/mocks/wire"
)

// urgency orders requests that wait.
type urgency int

// Priorities, the first before the others.
const (
	priorityHigh urgency = iota
	priorityNormal
	priorityLow
	priorities = iota
)

// readPriority is what a client's header says.
func readPriority(h http.Header) urgency {
	switch h.Get(wire.HeaderPriority) {
	case "high":
		return priorityHigh
	case "low":
		return priorityLow
	}
	return priorityNormal
}

// admission is the mitigation: each provider has so many calls in progress as
// its latency says it can bear. A request goes to the next one that has a place
// for it; where nobody has, it waits in a bounded queue for the first that is
// free, by its priority and as its deadline allows, or is refused at once with
// a 429 that says when to come back.
func admission(r *engine) *stage {
	set := r.set.Admission
	q := keep(r, "admission", set, func() *queue { return newQueue(set) })
	bulkheads := map[*backend]*bulkhead{}
	for _, b := range r.backends {
		d := q.bulkhead(b.Name)
		bulkheads[b] = d
		r.metrics.limits.follow(b.Name, func() float64 { n, _ := d.limit.state(); return float64(n) })
	}
	r.metrics.waiting.follow("", func() float64 { q.mu.Lock(); defer q.mu.Unlock(); return float64(q.waiting()) })
	follow := trial{
		began: func(a *attempt) {
			d := bulkheads[a.cand.backend]
			switch {
			case a.fail == nil:
				if a.cand.info.Embedding == 0 && d.limit.answered(a.up.reader != nil, a.first) {
					q.grew(d)
				}
			case !a.lost && (a.fail.Kind == wire.FailOverload || a.fail.Kind == wire.FailRateLimit):
				d.limit.overloaded()
			}
		},
		ended: func(a *attempt) { q.leave(bulkheads[a.cand.backend]) },
	}
	return &stage{
		bars: func(c *call, cand *candidate) *refusal {
			d := bulkheads[cand.backend]
			if c.place == d {
				return nil
			}
			if full, places := q.full(d); full {
				return &refusal{full: true, why: "its limit of " + strconv.Itoa(places) + " calls in progress is reached"}
			}
			return nil
		},
		claim: &claim{
			take: func(c *call, cand *candidate, force bool) bool {
				d := bulkheads[cand.backend]
				if c.place == d {
					c.place = nil
					return true
				}
				return q.take(d, force)
			},
			back: func(_ *call, cand *candidate) { q.leave(bulkheads[cand.backend]) },
		},
		attempt: func(c *call, _ *attempt) trial {
			c.vacate(q) // somebody else than whom it had waited for was free, too
			return follow
		},
		await: func(c *call) (bool, *wire.Failure) { return c.queue(q, bulkheads) },
	}
}

// vacate gives back the place that a request got in the queue and did not use.
func (c *call) vacate(q *queue) {
	if d := c.place; d != nil {
		c.place = nil
		q.leave(d)
	}
}

// queue lets a request wait for a place, if that is what it lacks. It tells
// whether it has got one, or why it is refused.
func (c *call) queue(q *queue, bulkheads map[*backend]*bulkhead) (bool, *wire.Failure) {
	c.vacate(q) // who had the place for it is not usable any more
	w := &waiter{level: c.terms.priority}
	takes := time.Duration(0)
	for i := range c.cands {
		v := &c.cands[i]
		if v.spent {
			continue
		}
		r := c.refuses(v)
		if r == nil {
			return true, nil // it is free meanwhile
		}
		if d := bulkheads[v.backend]; r.full && !w.wants(d) {
			w.bulkheads = append(w.bulkheads, d)
			if p50, n := v.stats.quantile(0.5, c.req.Stream); n >= seenEnough && (takes == 0 || p50 < takes) {
				takes = p50
			}
		}
	}
	if len(w.bulkheads) == 0 {
		return false, nil
	}
	if !c.deadline.IsZero() {
		w.latest = c.deadline.Add(-max(takes, leastBudget))
	}
	if !c.queued {
		c.queued = true
		c.leaves = append(c.leaves, func(*ending) { c.vacate(q) })
	}
	place, no, err := q.wait(c.ctx, w)
	switch {
	case err != nil:
		return false, nil
	case no != nil:
		return false, c.shed(no)
	}
	c.place = place
	return true, nil
}

// shed is the answer to a request that was refused.
func (c *call) shed(s *shed) *wire.Failure {
	c.r.tell(Decision{What: Shed, Marker: c.marker, Detail: s.why, Wait: s.retryAfter})
	fail := &wire.Failure{
		Kind: wire.FailRateLimit, Status: http.StatusTooManyRequests, RetryAfter: s.retryAfter,
		Message: c.explain("the router is at its limit: " + s.why + "; come back in " + s.retryAfter.String()),
	}
	if c.front.Name() == frontOpenAI {
		fail.Type, fail.Code = "overloaded", "load_shed"
	}
	return fail
}
