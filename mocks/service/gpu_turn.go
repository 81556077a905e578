package service

import (
	"context"
	"math"
	"time"
)

// gpuTurn is a call in an engine. Faults that slow one call down do not slow
// its batch down: they delay what its client sees of it.
type gpuTurn struct {
	g       *gpu
	r       *replica
	seq     sequence // guarded by g.mu
	extra   time.Duration
	stretch float64 // >= 1
	timer   *time.Timer
}

// Wait implements Turn.
func (t *gpuTurn) Wait(ctx context.Context, n int) (int, error) {
	n = max(1, n)
	for {
		t.g.mu.Lock()
		done, err := t.seq.done, t.seq.err
		t.seq.each = n < t.seq.want
		due := t.due(n)
		t.g.mu.Unlock()
		switch {
		case done >= n:
			if err := sleep(ctx, &t.timer, time.Until(due)); err != nil {
				return t.Ready(), err
			}
			return max(n, t.Ready()), nil
		case err != nil:
			return done, err
		case done >= t.seq.want: // nothing more will come
			return done, nil
		}
		select {
		case <-t.seq.ready:
		case <-ctx.Done():
			return t.Ready(), context.Cause(ctx)
		}
	}
}

// due is when the client sees token n (1, 2 …), which the engine has given.
// Where the tokens between the first and the last fall is taken to be even.
func (t *gpuTurn) due(n int) time.Time {
	s := &t.seq
	if s.done < n {
		return time.Time{}
	}
	if t.extra == 0 && t.stretch == 1 {
		return s.last // in the past
	}
	d := time.Duration(0)
	if s.done > 1 {
		d = time.Duration(float64(s.last.Sub(s.first)) * float64(n-1) / float64(s.done-1) * t.stretch)
	}
	return s.first.Add(t.extra + d)
}

// Ready implements Turn.
func (t *gpuTurn) Ready() int {
	t.g.mu.Lock()
	defer t.g.mu.Unlock()
	now := time.Now()
	t.r.advance(now)
	s := &t.seq
	if s.done == 0 || t.extra == 0 && t.stretch == 1 {
		return s.done
	}
	seen := now.Sub(s.first) - t.extra
	each := float64(s.last.Sub(s.first)) * t.stretch / math.Max(1, float64(s.done-1))
	switch {
	case seen < 0:
		return 0
	case each == 0:
		return s.done
	}
	return min(s.done, 1+int(float64(seen)/each+1e-9))
}

// Spent implements Turn.
func (t *gpuTurn) Spent() Spent {
	t.g.mu.Lock()
	defer t.g.mu.Unlock()
	s := &t.seq
	switch {
	case s.joined.IsZero():
		return Spent{Queue: time.Since(s.arrived)}
	case s.done == 0:
		return Spent{Queue: s.joined.Sub(s.arrived), Prompt: time.Since(s.joined)}
	}
	return Spent{Queue: s.joined.Sub(s.arrived), Prompt: s.first.Sub(s.joined), Decode: s.last.Sub(s.first)}
}

// End implements Turn.
func (t *gpuTurn) End() {
	t.g.mu.Lock()
	defer t.g.mu.Unlock()
	now := time.Now()
	t.r.leave(now, &t.seq)
	t.g.arm(t.r, now)
}
