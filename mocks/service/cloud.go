package service

import (
	"context"
	"sync/atomic"
	"time"
)

// cloud is elastic: every call is served at once.
type cloud struct {
	pace
	busy atomic.Int64
}

// Admit implements Model.
func (c *cloud) Admit(ctx context.Context, j Job) (Turn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c.busy.Add(1)
	return startPaced(j, time.Now(), c.release), nil
}

func (c *cloud) release() { c.busy.Add(-1) }

// Gauge implements Model.
func (c *cloud) Gauge() Gauge { return Gauge{Busy: int(c.busy.Load())} }
