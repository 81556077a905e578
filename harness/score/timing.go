package score

import (
	"iter"
	"math"
	"time"
)

// failover is the time from injection until the outcome is back at the slo and
// stays there: the start of the first span of FailoverSpan whose mean outcome
// value is at the slo, and from which on, until the fault clears, the mean is
// at the slo too. So a single failed request later does not undo a failover
// within a long fault, and a flapping one is not over before its last flap.
// Spans are counted by the scheduled time of requests, look ahead, and begin
// at whole slices: a system that never fell below the slo has failed over at 0.
//
// length is how long the fault has lasted. ok is false where the outcome has
// not come back.
func failover(slices []slice, length time.Duration, slo float64) (at time.Duration, ok bool) {
	first := -1
	eachAhead(slices, length, func(i int, ahead, rest Tally) {
		if ahead.reaches(slo) && rest.reaches(slo) {
			first = i
		}
	})
	if first < 0 {
		return length, false
	}
	return time.Duration(first) * SliceWidth, true
}

// eachAhead visits, from the last to the first, the slices at which a failover
// may have come: with the FailoverSpan that begins there, and all that is left
// of the fault from there on.
func eachAhead(slices []slice, length time.Duration, visit func(i int, ahead, rest Tally)) {
	n := int((length + SliceWidth - 1) / SliceWidth)
	span := int(FailoverSpan / SliceWidth)
	// Backwards, so that the rest of the fault is a running sum.
	var rest Tally
	for i := n - 1; i >= 0; i-- {
		rest.plus(sliceAt(slices, i).tally)
		if i+span > n && (i > 0 || n > span) {
			continue // less than a span is left; a shorter fault is judged whole
		}
		var ahead Tally
		for j := i; j < min(i+span, n); j++ {
			ahead.plus(sliceAt(slices, j).tally)
		}
		visit(i, ahead, rest)
	}
}

// reaches tells whether the mean outcome value is at the slo; nobody asked is
// nobody let down.
func (t Tally) reaches(slo float64) bool {
	return t.Total == 0 || t.Value >= slo*float64(t.Total)-1e-9
}

// sliceAt is the slice of that index, empty where nothing was counted so late.
func sliceAt(slices []slice, i int) slice {
	if i >= len(slices) {
		return slice{}
	}
	return slices[i]
}

func (t *Tally) plus(o Tally) {
	t.Total += o.Total
	t.OK += o.OK
	t.Degraded += o.Degraded
	t.Failed += o.Failed
	t.Hung += o.Hung
	t.Corrupt += o.Corrupt
	t.Value += o.Value
}

func (t *Tally) minus(o Tally) {
	t.Total -= o.Total
	t.OK -= o.OK
	t.Degraded -= o.Degraded
	t.Failed -= o.Failed
	t.Hung -= o.Hung
	t.Corrupt -= o.Corrupt
	t.Value -= o.Value
}

// recovery is the time from clearance until traffic is back at steady state:
// the start of the first span of RecoverySpan in which the outcome is at the
// slo and the shares of providers, the latency and the cost are all within the
// tolerances of formula.go. A figure that steady state does not have (no cost:
// everything self-hosted) is not compared.
//
// length is how much of the horizon has passed.
func recovery(slices []slice, length time.Duration, slo float64, base *steadyState) (at time.Duration, ok bool) {
	for s := range spansOf(slices, length, base) {
		if s.back(slo) {
			return s.at, true
		}
	}
	return length, false
}

// recoverySpan is RecoverySpan of a horizon. It is good until the next one is
// looked at.
type recoverySpan struct {
	at     time.Duration // its start, since clearance
	tally  Tally
	cost   float64
	served []uint64
	speed  *sketch
	base   *steadyState
}

// distance is how far the shares of providers are from those of steady state.
func (s *recoverySpan) distance() float64 {
	if s.base.shares == nil {
		return 0
	}
	return variation(s.served, s.base.shares)
}

// relative is the p95 of the latencies, each over the steady p95 of its kind.
func (s *recoverySpan) relative() float64 { return float64(s.speed.quantile(.95)) / ratioScale }

// costFactor is the cost of a good answer over that of steady state; 0 where
// that one was free.
func (s *recoverySpan) costFactor() float64 {
	switch good := float64(s.tally.good()); {
	case s.base.costGood == 0 || s.cost <= 1e-12:
		return 0
	case good == 0:
		return math.Inf(1)
	default:
		return s.cost / good / s.base.costGood
	}
}

// back tells whether it is like steady state.
func (s *recoverySpan) back(slo float64) bool {
	return s.tally.reaches(slo) && s.distance() <= ShareTolerance && s.relative() <= LatencyTolerance && s.costFactor() <= CostTolerance+1e-9
}

// spansOf goes through the spans of a horizon of which so much has passed, but
// for those in which nobody asked.
func spansOf(slices []slice, length time.Duration, base *steadyState) iter.Seq[*recoverySpan] {
	return func(yield func(*recoverySpan) bool) {
		n := int(length / SliceWidth)
		span := int(RecoverySpan / SliceWidth)
		s := recoverySpan{served: make([]uint64, len(base.shares)), speed: new(sketch), base: base}
		for i := range n {
			in := sliceAt(slices, i)
			s.tally.plus(in.tally)
			s.cost += in.spend.costUSD
			s.speed.plus(in.relative)
			for p := range s.served {
				if in.spend.served != nil {
					s.served[p] += in.spend.served[p]
				}
			}
			if gone := i - span; gone >= 0 {
				out := sliceAt(slices, gone)
				s.tally.minus(out.tally)
				s.cost -= out.spend.costUSD
				s.speed.minus(out.relative)
				for p := range s.served {
					if out.spend.served != nil {
						s.served[p] -= out.spend.served[p]
					}
				}
			}
			s.at = time.Duration(i-span+1) * SliceWidth
			if i >= span-1 && s.tally.Total > 0 && !yield(&s) {
				return
			}
		}
	}
}
