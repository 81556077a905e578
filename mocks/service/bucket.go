package service

import (
	"math"
	"time"
)

// bucket is a token bucket that refills continuously at its limit per minute
// and holds Burst's worth, but never less than one. A bucket of limit 0 has no
// limit.
type bucket struct {
	limit int     // per minute
	level float64 // may be below zero: see admits
	at    time.Time
}

// rate is what flows in, per second.
func (b *bucket) rate() float64 { return float64(b.limit) / 60 }

// size is what the bucket holds when full.
func (b *bucket) size() float64 { return max(1, b.rate()*Burst.Seconds()) }

// setLimit changes the limit; see Quota.SetLimits.
func (b *bucket) setLimit(limit int, now time.Time) {
	limit = max(0, limit)
	b.refill(now)
	old, used := b.limit, b.size()-b.level
	b.limit, b.at = limit, now
	switch {
	case limit == 0:
		b.level = 0
	case old == 0:
		b.level = b.size()
	case limit < old:
		b.level = min(b.level, max(1, b.rate()))
	case limit > old:
		b.level = b.size() - used
	}
}

// refill brings the level up to now. Time that runs backwards adds nothing.
func (b *bucket) refill(now time.Time) {
	if b.limit == 0 {
		b.level = 0
		return
	}
	if d := now.Sub(b.at); d > 0 {
		b.level = min(b.size(), b.level+b.rate()*d.Seconds())
		b.at = now
	}
}

// admits tells whether n may be taken, and how long until then if not; a wait
// of 0 means never. What is larger than a full bucket but within the limit per
// minute is admitted by a full bucket and leaves it in debt.
func (b *bucket) admits(n int) (wait time.Duration, ok bool) {
	if b.limit == 0 {
		return 0, true
	}
	if n > b.limit {
		return 0, false
	}
	need := min(float64(n), b.size())
	// The billionth absorbs what adding up fractions of a token loses.
	if b.level+1e-9 >= need {
		return 0, true
	}
	return b.until(need), false
}

// until is the time until the level is at least want, rounded up to a
// microsecond so that whoever waits for it finds it there.
func (b *bucket) until(want float64) time.Duration {
	if b.level >= want {
		return 0
	}
	us := math.Ceil((want - b.level) / b.rate() * 1e6)
	return time.Duration(us) * time.Microsecond
}

func (b *bucket) state() Level {
	if b.limit == 0 {
		return Level{}
	}
	return Level{
		Limit:     b.limit,
		Remaining: int(max(0, b.level+1e-9)),
		Reset:     b.until(b.size()),
	}
}
