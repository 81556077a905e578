package load

import (
	"context"
	"time"

	"brownout/plan"
)

// pacer makes vegeta send request n when the schedule says.
//
// It waits by itself instead of telling vegeta how long to sleep: vegeta's own
// sleep cannot be cut short, and at a low rate a stopped run would outlive its
// stop by the distance to the next request. For the same reason vegeta's
// elapsed time is not used: it counts from the attack's start, which is not
// the run's.
type pacer struct {
	ctx   context.Context
	start time.Time
	plan  plan.Load
	due   *Schedule
	timer *time.Timer
}

// Pace implements vegeta.Pacer. Vegeta calls it from one goroutine.
func (p *pacer) Pace(_ time.Duration, n uint64) (time.Duration, bool) {
	if n >= p.due.Total() || p.ctx.Err() != nil {
		return 0, true
	}
	wait := time.Until(p.start.Add(p.due.At(n)))
	if wait <= 0 {
		return 0, false // behind schedule: send at once
	}
	if p.timer == nil {
		p.timer = time.NewTimer(wait)
	} else {
		p.timer.Reset(wait)
	}
	select {
	case <-p.timer.C:
		return 0, false
	case <-p.ctx.Done():
		p.timer.Stop()
		return 0, true
	}
}

// Rate implements vegeta.Pacer.
func (p *pacer) Rate(elapsed time.Duration) float64 { return p.plan.Rate(elapsed) }
