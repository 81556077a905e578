package router

import (
	"sync/atomic"
	"time"

	"brownout/plan"
)

// slowStart is the mitigation: who is back (its breaker has closed, its
// ejection has ended, a health probe was answered again) gets its traffic step
// by step, so that the recovery is no stampede: a cold cache, a pool that has
// scaled down and a bucket that is empty take a while to be what they were. The
// share grows evenly from a little to all; who is in by the request's marker
// stays in. Which policy had chosen it does not matter: the requests that are
// not of the share go to whom they would go to without it. Where nobody else
// does better it is asked all the same.
//
// Source of the idea: Envoy's slow start, with an aggression of 1.
func slowStart(r *engine) *stage {
	if len(r.backends) < 2 { // there is nobody to spare it for
		return nil
	}
	set := r.set.SlowStart
	warming := &refusal{asked: ifInferior, why: "it is back, and gets its traffic step by step"}
	return &stage{bars: func(c *call, cand *candidate) *refusal {
		whole, own := &cand.ramp, &cand.stats.ramp
		if whole.began.Load() == 0 && own.began.Load() == 0 {
			return nil
		}
		now := time.Now()
		share := min(whole.share(set, now), own.share(set, now))
		if share >= 1 || c.draw(cand.Name, "slow start") < share {
			return nil
		}
		return warming
	}}
}

// ramp is the way back of a provider, or of one model of it. The zero value
// has full traffic. It is safe for concurrent use.
type ramp struct {
	began atomic.Int64 // in Unix nanoseconds; 0: it is over, or never was
}

// start begins it anew.
func (p *ramp) start() { p.began.Store(time.Now().UnixNano()) }

// stop ends it: there is nobody to send traffic to.
func (p *ramp) stop() { p.began.Store(0) }

// share is the part of its traffic that it gets now, up to 1.
func (p *ramp) share(set plan.SlowStart, now time.Time) float64 {
	began := p.began.Load()
	if began == 0 {
		return 1
	}
	since := now.Sub(time.Unix(0, began))
	if since >= set.Over {
		p.began.CompareAndSwap(began, 0)
		return 1
	}
	return set.From + (1-set.From)*max(0, since.Seconds()/set.Over.Seconds())
}
