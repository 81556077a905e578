package service

import (
	"math"
	"time"
)

// heat is how warm a device is, from 0 (cold) to 1 (as warm as full load makes
// it): the busy share of its slots behind a low-pass filter of first order,
// which is how a body with one heat capacity and one path for heat to leave
// behaves (Newton's law of cooling). Speed falls with it in proportion. Real
// governors work in steps and with thresholds of their own (unverified).
type heat struct {
	after  time.Duration // time constant; 0: never warm
	factor float64       // time per token of a hot device over that of a cold one
	strain float64       // the same, of a fault

	level float64
	at    time.Time // when level was that
}

// levelAt is the level at a time from h.at on, at a load that has not changed
// since.
func (h *heat) levelAt(at time.Time, load float64) float64 {
	if h.after <= 0 || h.at.IsZero() {
		return h.level
	}
	return load + (h.level-load)*math.Exp(-max(0, at.Sub(h.at).Seconds())/h.after.Seconds())
}

// settle notes the level now, before the load changes from the given one.
func (h *heat) settle(now time.Time, load float64) {
	h.level = h.levelAt(now, load)
	h.at = now
}

// slow is the time per token over that of a cold device.
func (h *heat) slow(at time.Time, load float64) float64 {
	return h.strain * (1 + (h.factor-1)*h.levelAt(at, load))
}
