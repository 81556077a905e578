package service

import (
	"context"
	"time"
)

// edgeTurn is a call in a slot. How long each token takes follows from how
// warm the device is when it begins.
type edgeTurn struct {
	e      *edge
	m      *loaded
	timing Timing
	tokens int
	start  time.Time
	spent  Spent // Queue and Load only

	// Guarded by e.mu.
	done  int       // tokens ready
	next  time.Time // when the next one is
	first time.Time
	last  time.Time

	timer  *time.Timer
	waited bool
}

// slowed is how long what takes d on a cold device takes from at on. The
// caller holds e.mu.
func (t *edgeTurn) slowed(d time.Duration, at time.Time) time.Duration {
	return time.Duration(float64(d) * t.e.slow(at))
}

// advance counts the tokens that are ready at now. The caller holds e.mu.
func (t *edgeTurn) advance(now time.Time) {
	for t.done < t.tokens && !t.next.After(now) {
		if t.done == 0 {
			t.first = t.next
		}
		t.done++
		t.last = t.next
		t.next = t.next.Add(t.slowed(t.timing.PerToken, t.next))
	}
}

// Wait implements Turn. It sleeps for as long as the tokens take at least, on
// a device that is as cool as can be, and looks again.
func (t *edgeTurn) Wait(ctx context.Context, n int) (int, error) {
	pause := time.Duration(0)
	if t.waited {
		pause = quantum
	}
	t.waited = true
	for {
		rest, done := t.rest(n)
		if rest = max(rest, pause); rest <= 0 {
			if ctx.Err() != nil {
				return done, context.Cause(ctx)
			}
			return done, nil
		}
		pause = 0
		if err := sleep(ctx, &t.timer, rest); err != nil {
			return t.Ready(), err
		}
	}
}

// rest is how long at least until n tokens are ready, and how many are. An
// answer without tokens is ready when a first one would be.
func (t *edgeTurn) rest(n int) (time.Duration, int) {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	now := time.Now()
	t.advance(now)
	switch n = min(n, t.tokens); {
	case t.tokens == 0:
		return t.next.Sub(now), 0
	case t.done >= max(1, n):
		return 0, t.done
	}
	return t.next.Sub(now) + time.Duration(max(0, n-t.done-1))*t.timing.PerToken, t.done
}

// Ready implements Turn.
func (t *edgeTurn) Ready() int {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	t.advance(time.Now())
	return t.done
}

// Spent implements Turn.
func (t *edgeTurn) Spent() Spent {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	now := time.Now()
	t.advance(now)
	s := t.spent
	if t.done == 0 {
		s.Prompt = now.Sub(t.start)
		return s
	}
	s.Prompt, s.Decode = t.first.Sub(t.start), t.last.Sub(t.first)
	return s
}

// End implements Turn.
func (t *edgeTurn) End() {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	t.e.handOver()
	delete(t.e.active, t)
	t.e.leave(t.m)
}
