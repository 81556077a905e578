package service

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"brownout/chance"
	"brownout/plan"
)

// cloud is elastic: every call is served at once. Beyond its soft capacity the
// calls share what there is, so that each takes as many times longer as there
// are calls to each that it has room for (processor sharing, judged when a
// call is let in). Some calls are in the slow tail, whatever the load.
type cloud struct {
	pace
	soft       int64
	tailShare  float64
	tailFactor float64

	busy     atomic.Int64
	strained atomic.Int64 // soft capacity of a strain; 0: none
}

func newCloud(p pace, s plan.Service) (*cloud, error) {
	switch {
	case s.SoftCapacity < 0:
		return nil, errors.New("service soft_capacity must not be negative")
	case !(s.TailShare >= 0 && s.TailShare <= 1):
		return nil, errors.New("service tail_share must be between 0 and 1")
	case !(s.TailFactor >= 0) || math.IsInf(s.TailFactor, 1):
		return nil, errors.New("service tail_factor must be finite and not negative")
	}
	return &cloud{pace: p, soft: int64(s.SoftCapacity), tailShare: s.TailShare, tailFactor: s.TailFactor}, nil
}

// Timing implements Model: that of the pace, and longer for calls of the tail.
func (c *cloud) Timing(k chance.Key, promptTokens int) Timing {
	t := c.pace.Timing(k, promptTokens)
	k.Purpose = purposeTail
	if c.tailFactor > 1 && k.Hit(c.tailShare) {
		t.FirstToken = stretched(t.FirstToken, c.tailFactor)
		t.PerToken = stretched(t.PerToken, c.tailFactor)
	}
	return t
}

// Admit implements Model.
func (c *cloud) Admit(ctx context.Context, j Job) (Turn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	busy := c.busy.Add(1)
	if room := c.room(); room > 0 && busy > room {
		crowd := float64(busy) / float64(room)
		j.Timing.FirstToken = stretched(j.Timing.FirstToken, crowd)
		j.Timing.PerToken = stretched(j.Timing.PerToken, crowd)
	}
	return startPaced(j, time.Now(), c.release), nil
}

// room is the soft capacity in force; 0: no bound.
func (c *cloud) room() int64 {
	s := c.strained.Load()
	if c.soft > 0 && (s == 0 || c.soft < s) {
		return c.soft
	}
	return s
}

func (c *cloud) release() { c.busy.Add(-1) }

// Gauge implements Model.
func (c *cloud) Gauge() Gauge { return Gauge{Busy: int(c.busy.Load()), Slots: int(c.room())} }

// stretched is d so many times as long, short of an overflow.
func stretched(d time.Duration, by float64) time.Duration {
	return time.Duration(min(float64(d)*by, float64(24*time.Hour)))
}
