package score

import "time"

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
	n := int((length + SliceWidth - 1) / SliceWidth)
	span := int(FailoverSpan / SliceWidth)
	mean := func(t Tally) bool { return t.Total == 0 || t.Value >= slo*float64(t.Total)-1e-9 }
	// Backwards, so that the rest of the fault is a running sum.
	var rest Tally
	first := -1
	for i := n - 1; i >= 0; i-- {
		rest.plus(sliceAt(slices, i).tally)
		if i+span > n && (i > 0 || n > span) {
			continue // less than a span is left; a shorter fault is judged whole
		}
		var ahead Tally
		for j := i; j < min(i+span, n); j++ {
			ahead.plus(sliceAt(slices, j).tally)
		}
		if mean(ahead) && mean(rest) {
			first = i
		}
	}
	if first < 0 {
		return length, false
	}
	return time.Duration(first) * SliceWidth, true
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
	n := int(length / SliceWidth)
	span := int(RecoverySpan / SliceWidth)
	var (
		tally  Tally
		cost   float64
		served = make([]uint64, len(base.shares))
		speed  sketch
	)
	for i := range n {
		in := sliceAt(slices, i)
		tally.plus(in.tally)
		cost += in.spend.costUSD
		speed.plus(in.relative)
		for p := range served {
			if in.spend.served != nil {
				served[p] += in.spend.served[p]
			}
		}
		if gone := i - span; gone >= 0 {
			out := sliceAt(slices, gone)
			tally.minus(out.tally)
			cost -= out.spend.costUSD
			speed.minus(out.relative)
			for p := range served {
				if out.spend.served != nil {
					served[p] -= out.spend.served[p]
				}
			}
		}
		if i < span-1 || tally.Total == 0 {
			continue
		}
		back := tally.Value >= slo*float64(tally.Total)-1e-9 &&
			(base.shares == nil || variation(served, base.shares) <= ShareTolerance) &&
			float64(speed.quantile(.95)) <= LatencyTolerance*ratioScale &&
			(base.costGood == 0 || cost <= CostTolerance*base.costGood*float64(tally.good())+1e-12)
		if back {
			return time.Duration(i-span+1) * SliceWidth, true
		}
	}
	return length, false
}
