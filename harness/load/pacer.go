package load

import (
	"context"
	"sync/atomic"
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
	due   *atomic.Pointer[edition]
	open  bool // waits for the load's end, even where nothing more is due
	timer *time.Timer
}

// edition is the schedule in force until another takes its place.
type edition struct {
	*Schedule
	load     plan.Load
	replaced chan struct{} // closed when another has taken its place
}

func newEdition(l plan.Load, s *Schedule) *edition {
	return &edition{Schedule: s, load: l, replaced: make(chan struct{})}
}

// Pace implements vegeta.Pacer. Vegeta calls it from one goroutine.
func (p *pacer) Pace(_ time.Duration, n uint64) (time.Duration, bool) {
	for p.ctx.Err() == nil {
		e := p.due.Load()
		due, over := e.duration, n >= e.Total()
		switch {
		case !over:
			due = e.At(n)
		case !p.open:
			return 0, true
		}
		wait := time.Until(p.start.Add(due))
		if wait <= 0 {
			return 0, over // behind schedule: send at once
		}
		if p.timer == nil {
			p.timer = time.NewTimer(wait)
		} else {
			p.timer.Reset(wait)
		}
		select {
		case <-p.timer.C:
			return 0, over
		case <-e.replaced:
		case <-p.ctx.Done():
		}
		p.timer.Stop()
	}
	return 0, true
}

// Rate implements vegeta.Pacer.
func (p *pacer) Rate(elapsed time.Duration) float64 { return p.due.Load().load.Rate(elapsed) }

// Change puts another profile in the place of the one so far. Up to now it must
// be the same, so that the requests that were sent keep their times. It may be
// called while Run does its work, by one goroutine at a time.
func (r *Runner) Change(profile []plan.Point) {
	before := r.due.Load()
	l := before.load
	l.Profile = profile
	r.due.Store(newEdition(l, NewSchedule(l)))
	close(before.replaced)
}
