package router

import (
	"time"
)

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
