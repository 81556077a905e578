package router

import (
	"net/http"

	"brownout/mocks/wire"
)

// rateLimits is the mitigation: each answer's headers say how much is left of
// a provider's limits, and a request goes elsewhere before it would meet one.
// Whoever refuses without naming a time, or again when the time it named is
// over, is left alone for longer each time.
//
// Figures and refusals are believed for max_hold at the longest: then somebody
// finds out what is true now.
//
// All of it is advice: where nobody else is usable the provider is asked, for
// it knows its limits best. A retry-after that a provider states is no advice;
// that is the gate's, which this lets believe it for max_hold at the longest.
func rateLimits(r *engine) *stage {
	set := r.set.RateLimits
	follow := trial{began: func(a *attempt) {
		l := &a.cand.stats.limit
		switch {
		case a.fail == nil:
			l.answered(a.cand.sent)
		case a.fail.Kind == wire.FailRateLimit && !a.lost:
			if wait := l.refused(a.cand.sent, a.fail.RetryAfter, set.Pause, set.MaxHold); wait > a.fail.RetryAfter {
				r.tell(Decision{What: LeftAlone, Provider: a.cand.Name, Detail: a.fail.Error(), Wait: wait})
			}
		}
	}}
	return &stage{
		bars: func(c *call, cand *candidate) *refusal {
			l := &cand.stats.limit
			if !l.limited.Load() {
				return nil
			}
			switch v := l.room(c.need(), set.MaxHold); {
			case v.paused:
				return &refusal{asked: ifPoor, wait: v.wait, why: "left alone for a while, as it refused what was over its rate limit"}
			case v.tight(set.Reserve):
				return &refusal{asked: ifPoor, wait: max(v.wait, 1), why: "there is too little room under its rate limit"}
			}
			return nil
		},
		claim: &claim{
			take: func(c *call, cand *candidate, force bool) (ok bool) {
				reserve := set.Reserve
				if force {
					reserve = -1
				}
				cand.sent, ok = cand.stats.limit.send(c.need(), reserve, set.MaxHold)
				return ok
			},
			back: func(c *call, cand *candidate) { cand.stats.limit.unsend(c.need()) },
		},
		attempt: func(*call, *attempt) trial { return follow },
		heard: func(a *attempt, _ int, h http.Header) {
			if s, ok := readQuotas(h); ok {
				a.cand.stats.limit.hear(a.cand.sent, &s)
			}
		},
	}
}

// need is what the request takes of each kind of limit. It need not be right:
// each answer tells what is really left.
func (c *call) need() needs {
	if c.needs[quotaRequests] == 0 {
		c.needs = need(promptSize(c.req)/bytesPerToken, c.req.MaxTokens)
	}
	return c.needs
}
