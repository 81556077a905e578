package service

import (
	"context"
	"time"
)

// quantum is the shortest time between two waits of a streamed answer. Tokens
// that are due sooner one after the other leave together, so that a thousand
// fast streams cost a thousand wake-ups a second each at most.
const quantum = time.Millisecond

// paced is a Turn whose tokens are due on a straight line, as its Timing says.
// It belongs to one goroutine.
type paced struct {
	timing  Timing
	tokens  int
	start   time.Time
	spent   Spent // Queue and Load only
	timer   *time.Timer
	waited  bool
	release func()
}

// startPaced begins a call that was let in now and came at arrived.
func startPaced(j Job, arrived time.Time, release func()) *paced {
	now := time.Now()
	return &paced{timing: j.Timing, tokens: j.Tokens, start: now, spent: Spent{Queue: now.Sub(arrived)}, release: release}
}

// Wait implements Turn. The due times count from the start, so that a late
// wake-up is made up for by what has become due meanwhile, and never adds up.
func (p *paced) Wait(ctx context.Context, n int) (int, error) {
	rest := p.timing.Token(max(0, n-1)) - time.Since(p.start)
	if p.waited {
		rest = max(quantum, rest)
	}
	p.waited = true
	if err := sleep(ctx, &p.timer, rest); err != nil {
		return p.Ready(), err
	}
	return max(n, p.Ready()), nil // timers may fire early
}

// Ready implements Turn.
func (p *paced) Ready() int {
	d := time.Since(p.start)
	switch {
	case d < p.timing.FirstToken:
		return 0
	case p.timing.PerToken == 0:
		return p.tokens
	}
	return int(min(int64(p.tokens), 1+int64((d-p.timing.FirstToken)/p.timing.PerToken)))
}

// Spent implements Turn.
func (p *paced) Spent() Spent {
	s := p.spent
	n := p.Ready()
	if n == 0 {
		s.Prompt = time.Since(p.start)
		return s
	}
	s.Prompt = p.timing.FirstToken
	s.Decode = time.Duration(n-1) * p.timing.PerToken
	return s
}

// End implements Turn.
func (p *paced) End() { p.release() }

// sleep waits for d with a timer that is made when it is first needed. It
// fails with the cause of ctx.
func sleep(ctx context.Context, timer **time.Timer, d time.Duration) error {
	if d <= 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
	if *timer == nil {
		*timer = time.NewTimer(d)
	} else {
		(*timer).Reset(d)
	}
	select {
	case <-(*timer).C:
		return nil
	case <-ctx.Done():
		(*timer).Stop()
		return context.Cause(ctx)
	}
}
