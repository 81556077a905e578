package score

import (
	"math"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// This file is the formula and its one table of constants: design.md, sections
// 4.3 and 4.4. A number in a report is one of these functions of the inputs
// that its Part carries. Changing any of them changes Version.

// The index of each part, in the order of PartNames.
const (
	partAvailability = iota
	partFailover
	partLatency
	partIntegrity
	partRecovery
	partEfficiency
	partCost
)

// PartFloor is what a lost part counts as: a lost availability alone caps a
// window at 100 × 0.01^0.35 = 20, a lost recovery at 100 × 0.01^0.10 = 63, and
// no other part can buy it back (design.md 4.4).
const PartFloor = 0.01

// Steady state: what the run looked like before the first fault.
const (
	// Warmup is the start of the run that steady state leaves out: connections
	// are being opened and code is being paged in.
	Warmup = 2 * time.Second
	// MinSteady and MinSteadyRequests are the least that a steady state is
	// judged by; its availability must also reach the promised slo.
	MinSteady         = 3 * time.Second
	MinSteadyRequests = 30
)

// Windows.
const (
	// SliceWidth is the resolution of failover and recovery times.
	SliceWidth = 250 * time.Millisecond
	// FailoverSpan is how long the outcome must be back at the slo to count.
	FailoverSpan = time.Second
	// RecoverySpan is how long steady state must hold to count as recovered.
	RecoverySpan = 2 * time.Second
	// MinSamples is the least number of requests a verdict is based on while a
	// fault lasts, and the least for which a recovery horizon's availability is
	// compared: below it one unlucky request is a whole percentage point or more.
	MinSamples = 30
	// MinKnown is the least number of requests for a live, provisional part.
	MinKnown = 10
	// LinkLookback is how long before a network fault its providers must have
	// been in use for the fault to have touched anybody.
	LinkLookback = 5 * time.Second
)

// Tolerances within which traffic is back at steady state. They are wide
// enough for the noise of two seconds at a few tens of requests per second.
const (
	// ShareTolerance bounds the total variation distance between the shares of
	// good calls by provider: half the sum of the absolute differences.
	ShareTolerance = 0.15
	// LatencyTolerance bounds the normalised p95 (see relative).
	LatencyTolerance = 1.25
	// CostTolerance bounds the cost per good answer over steady state.
	CostTolerance = 1.25
)

// Joining what the client saw with what the providers saw.
const (
	// Hold is how long a sample waits for its calls: a provider tells of a call
	// when its handler ends, which may be a little after the client had it all.
	Hold = 250 * time.Millisecond
	// SendSlack is how much earlier than its request a call may seem to arrive,
	// for clocks read on different goroutines.
	SendSlack = 10 * time.Millisecond
)

// Doubt of the instrument.
const (
	// MaxLagP99 is the dispatch lag above which a second was not dispatched as
	// planned; MaxLateSeconds is the share of such seconds that is tolerated.
	// The first second is left out.
	MaxLagP99      = 50 * time.Millisecond
	MaxLateSeconds = 0.05
	// MaxCPUShare is the mean share of the machine's cores above which the
	// harness competes with what it measures.
	MaxCPUShare = 0.90
	// MaxFDShare is the share of the file descriptor limit.
	MaxFDShare = 0.90
)

// MaxNines caps a promise of exactly 1, which no finite number of requests can
// prove, at five nines.
const MaxNines = 5.0

// nines is −log10(1−share): 0.9 is one nine, 0.999 three. It is +Inf at 1.
func nines(share float64) float64 {
	if share >= 1 {
		return math.Inf(1)
	}
	if share <= 0 {
		return 0
	}
	return -math.Log10(1 - share)
}

// ninesAttained is the part of a share: its nines over the promised nines,
// capped at 1. Without a single failure the promise is attained, however few
// requests there were: n requests cannot prove more than their resolution, and
// too small an n is a matter of the verdict (MinSamples), not of the part.
func ninesAttained(share, promised float64) float64 {
	p := math.Min(nines(promised), MaxNines)
	if p <= 0 || share >= 1 {
		return 1
	}
	return math.Min(1, nines(share)/p)
}

// ratioAttained is the part of a figure of which less is better: promised over
// measured, capped at 1. Nothing measured attains any promise.
func ratioAttained(promised, measured float64) float64 {
	if measured <= promised || measured <= 0 {
		return 1
	}
	return math.Max(0, promised/measured)
}

// untilAttained is the part of a time until something came back. Where it had
// not come, at is the time that has passed: it stands in for it while there is
// time left, and the promise is lost once that is over.
func untilAttained(promised float64, at time.Duration, came, over bool) float64 {
	if !came && over {
		return 0
	}
	return ratioAttained(promised, at.Seconds())
}

// weighted is 100 × the weighted geometric mean of the known parts, each
// floored at PartFloor. Weights are divided by the sum over the known parts.
// ok is false where no part is known.
func weighted(parts *Parts) (points float64, ok bool) {
	var logs, weights float64
	for _, p := range parts {
		if p.Known && p.Weight > 0 {
			logs += p.Weight * math.Log(math.Max(PartFloor, math.Min(1, p.Value)))
			weights += p.Weight
		}
	}
	if weights == 0 {
		return 0, false
	}
	return min(100, 100*math.Exp(logs/weights)), true // rounding may end above
}

// relative is the latency of one request over the steady p95 of its kind, so
// that kinds of different lengths can be put into one distribution, whose p95
// is "× steady". A request that hung or failed had no answer by its deadline
// and counts with it, because a system must not look fast by failing fast. A
// corrupt answer came, and counts as no faster than the steady p95.
func relative(o observed, k *kind) float64 {
	return float64(felt(o, k)) / float64(k.p95)
}

// felt is the latency that a request counts with.
func felt(o observed, k *kind) time.Duration {
	switch o.outcome {
	case journal.Failed, journal.Hung:
		return max(o.figure, k.mix.Deadline)
	case journal.Corrupt:
		return max(o.figure, k.p95)
	}
	return o.figure
}

// variation is the total variation distance between two distributions given
// as counts and shares.
func variation(counts []uint64, shares []float64) float64 {
	var sum uint64
	for _, c := range counts {
		sum += c
	}
	if sum == 0 {
		return 1
	}
	var d float64
	for i, c := range counts {
		d += math.Abs(float64(c)/float64(sum) - shares[i])
	}
	return d / 2
}

// promiseOf is the plan's promise with the defaults where it is silent.
func promiseOf(p plan.Promise) plan.Promise {
	d := plan.DefaultPromise
	fill := func(v *float64, def float64) {
		if *v <= 0 {
			*v = def
		}
	}
	fill(&p.Availability, d.Availability)
	fill(&p.Integrity, d.Integrity)
	fill(&p.LatencyFactor, d.LatencyFactor)
	fill(&p.CallsPerRequest, d.CallsPerRequest)
	fill(&p.CostFactor, d.CostFactor)
	if p.Failover <= 0 {
		p.Failover = d.Failover
	}
	if p.Recovery <= 0 {
		p.Recovery = d.Recovery
	}
	return p
}

// weightsOf is the plan's weights by the index of PartNames, or the default
// ones where the plan has none.
func weightsOf(w plan.Weights) [7]float64 {
	if w == (plan.Weights{}) {
		w = plan.DefaultWeights
	}
	return [7]float64{w.Availability, w.Failover, w.Latency, w.Integrity, w.Recovery, w.Efficiency, w.Cost}
}
