package tui

import (
	"math"
	"time"

	"brownout/chance"
	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

const s = time.Second

// fixturePlan is an outage of the first of four providers, 10 s to 22 s of
// 40 s.
func fixturePlan() *plan.Plan {
	return &plan.Plan{
		Scenario: "provider-outage", Title: "Primary provider outage at steady load",
		About:      "The provider that carries all the traffic stops answering at the busiest moment. A good gateway notices within a second or two, moves everybody to the next provider, and moves them back once the first one is well again.",
		Tags:       []string{"outage", "failover"},
		Challenges: []string{"API Downtime", "No SLAs"},
		Seed:       7, Target: "bundled",
		Load: plan.Load{
			Profile: []plan.Point{{At: 0, Rate: 20}, {At: 5 * s, Rate: 60}}, Duration: 40 * s, Workers: 4000,
			Mix: []plan.Mix{{Kind: plan.KindChat, Weight: 5, Deadline: 4 * s}, {Kind: plan.KindStream, Weight: 3, Deadline: 6 * s}, {Kind: plan.KindSensitive, Weight: 1, Deadline: 4 * s, Allow: []string{"gpu", "edge"}}},
		},
		Providers: []plan.Provider{
			{Name: "openai", Class: plan.ClassCloud, Region: "us-east-1", Dialect: "openai", Models: []plan.Model{{ID: "gpt-4.1"}}},
			{Name: "anthropic", Class: plan.ClassCloud, Region: "us-west-2", Dialect: "anthropic", Models: []plan.Model{{ID: "claude-sonnet"}}},
			{Name: "gpu-a", Class: plan.ClassGPU, Region: "eu-central-1", Dialect: "vllm", Models: []plan.Model{{ID: "llama-3.3-70b"}}},
			{Name: "edge-a", Class: plan.ClassEdge, Region: "branch-7", Dialect: "ollama", Models: []plan.Model{{ID: "llama-3.2-3b"}}},
		},
		Faults: []plan.Fault{{
			Name: "outage", Kind: "outage", On: []string{"openai"}, At: 10 * s, For: 12 * s, Horizon: 12 * s, Share: 1,
			Params: map[string]any{"mode": "refused"}, LinkOnly: true,
		}},
		Promise: plan.DefaultPromise, Weights: plan.DefaultWeights,
		Expect: []plan.Expectation{{Expr: "score >= 80"}, {Expr: "availability >= 98%"}, {Expr: "time_to_failover <= 3s"}},
	}
}

// fixture is the run of fixturePlan 17.4 s in, in the middle of the fault.
func fixture() *score.Snapshot {
	p := fixturePlan()
	snap := &score.Snapshot{
		RunID: "20260301-101500-provider-outage-1f2e", Plan: p, Seq: 9213, T: 17400 * time.Millisecond, Phase: journal.PhaseFault,
		Verdict: score.Pending,
		Score:   score.Total{Scored: true, Total: 87.31, Worst: 87.31, Low: 84.2, High: 90.4},
		Steady:  score.Steady{Reached: true, Requests: 430, Availability: 1, LatencyP95: 340 * time.Millisecond, CallsPerRequest: 1, CostPerGood: 0.00041},
		Instrument: score.Instrument{
			Hits: 902, LagP50: 60 * time.Microsecond, LagP99: 1200 * time.Microsecond, LagMax: 4 * time.Millisecond,
			CPUMean: 0.21, CPUMax: 0.4, InFlight: 23, InFlightMax: 71, Goroutines: 140, OpenFDs: 133, FDLimit: 65536,
		},
	}
	parts := []score.Part{
		{Value: 0.96, Known: true, Attained: 0.988, Promised: 0.99, Unit: "share", Note: "lower of fault 98.8% and horizon"},
		{Value: 1, Known: true, Attained: 1.42, Promised: 2, Unit: "s"},
		{Value: 0.74, Known: true, Attained: 0.918, Promised: 0.68, Unit: "s", Note: "p95 while the fault lasts, twice steady state"},
		{Value: 1, Known: true, Attained: 1, Promised: 0.999, Unit: "share"},
		{Note: "the fault still lasts"},
		{Value: 1, Known: true, Attained: 1.21, Promised: 1.5, Unit: "calls/request"},
		{Value: 0.41, Known: true, Attained: 0.00092, Promised: 0.00062, Unit: "USD/answer"},
	}
	for i, part := range parts {
		part.Name = score.PartNames[i]
		snap.Score.Parts[i] = part
	}
	for i := range 18 {
		snap.Seconds = append(snap.Seconds, fixtureSecond(p, i))
	}
	for _, sec := range snap.Seconds {
		add(&snap.Requests, sec.Tally)
	}
	snap.Windows = []score.Window{{
		Fault: "outage", Kind: "outage", On: []string{"openai"}, Injected: 10020 * time.Millisecond, End: 34 * s, Active: true, Confirmed: true,
		Score: 87.31, Scored: true, Parts: snap.Score.Parts, During: score.Tally{Total: 438, OK: 402, Degraded: 24, Failed: 11, Hung: 1}, Touched: 61,
		TimeToFailover: 1420 * time.Millisecond, FailedOver: true, Availability: 0.988, LatencyP95: 918 * time.Millisecond,
	}}
	history := func(before, after float64) []float64 {
		h := make([]float64, 0, 18)
		for i := range 18 {
			v := before
			if i >= 10 {
				v = after
			}
			h = append(h, v*min(1, 0.4+float64(i)/8))
		}
		return h
	}
	snap.Providers = []score.Lane{
		{Name: "openai", Class: "cloud", Region: "us-east-1", Breaker: "open", Faults: []string{"outage"}, Calls: 512, Good: 440, ErrorTotal: 61, Errors: map[string]uint64{"connect": 61}, Share: 0.53, RecentRate: 1.2, RecentErrors: 1, CostUSD: 0.21, History: history(54, 2)},
		{Name: "anthropic", Class: "cloud", Region: "us-west-2", Breaker: "closed", Calls: 351, Good: 350, Share: 0.41, RecentShare: 0.83, RecentRate: 49.6, RecentErrors: 0.004, P95: 918 * time.Millisecond, TTFTP95: 402 * time.Millisecond, CostUSD: 0.33, History: history(0, 50)},
		{Name: "gpu-a", Class: "gpu", Region: "eu-central-1", Breaker: "half-open", Calls: 91, Good: 89, Share: 0.05, RecentShare: 0.14, RecentRate: 8.4, RecentErrors: 0.06, P95: 1310 * time.Millisecond, TTFTP95: 610 * time.Millisecond, CostUSD: 0.0042, Throttled: 19 * s, History: history(6, 8)},
		{Name: "edge-a", Class: "edge", Region: "branch-7", Breaker: "", Calls: 14, Good: 14, Share: 0.01, RecentShare: 0.03, RecentRate: 1.8, P95: 2200 * time.Millisecond, TTFTP95: 900 * time.Millisecond, History: history(1, 2)},
	}
	snap.Expectations = []score.Expectation{
		{Expr: "score >= 80", Actual: 87.31, Known: true, Pass: true, Text: "87.3"},
		{Expr: "availability >= 98%", Actual: 0.9791, Known: true, Pass: false, Text: "97.9 %"},
		{Expr: "time_to_failover <= 3s", Actual: 1.42, Known: true, Pass: true, Text: "1.4 s"},
		{Expr: "time_to_recover <= 5s", Text: "not yet"},
	}
	snap.Log = []score.Line{
		{T: 0, Level: "info", Text: "run started: 4 providers, 1 fault, seed 7"},
		{T: 5 * s, Level: "info", Text: "steady state reached: p95 340 ms, $0.00041 an answer"},
		{T: 10020 * time.Millisecond, Level: "warn", Text: "fault outage injected on openai (confirmed: connection refused)"},
		{T: 10310 * time.Millisecond, Level: "warn", Text: "openai: breaker opened after 5 failures in 5 s; traffic moves to anthropic"},
		{T: 11440 * time.Millisecond, Level: "info", Text: "back at the promised availability 1.42 s after injection"},
		{T: 11500 * time.Millisecond, Level: "info", Text: "openai: breaker half-open, probing"},
		{T: 11520 * time.Millisecond, Level: "warn", Text: "openai: breaker opened again: the probe was refused"},
		{T: 14800 * time.Millisecond, Level: "error", Text: "gpu-a: 429 rate_limit, “retry after 4 s”, queue of 16 is full; the request went on to edge-a and was answered by a lesser model"},
		{T: 16900 * time.Millisecond, Level: "info", Text: "openai: breaker half-open, probing"},
	}
	return snap
}

// fixtureSecond is one second of the fixture: all well before the fault, a
// burst of failures when it begins, some lesser answers afterwards.
func fixtureSecond(p *plan.Plan, i int) score.Second {
	key := chance.Key{Seed: 7, Purpose: "fixture", Attempt: i}
	at := time.Duration(i) * s
	n := uint64(math.Round(p.Load.Rate(at + s/2)))
	sec := score.Second{At: at, Offered: float64(n), TTFTP95: time.Duration(210+key.Bits()%60) * time.Millisecond, TotalP95: time.Duration(320+key.Bits()%90) * time.Millisecond}
	sec.Tally.Total = n
	switch {
	case i == 10:
		sec.Tally.Failed, sec.Tally.Hung, sec.Tally.Degraded, sec.Tally.Corrupt = 9, 3, 4, 1
		sec.TTFTP95, sec.TotalP95 = 1300*time.Millisecond, 2100*time.Millisecond
	case i == 11:
		sec.Tally.Failed, sec.Tally.Degraded = 2, 9
		sec.TTFTP95, sec.TotalP95 = 900*time.Millisecond, 1400*time.Millisecond
	case i > 11:
		sec.Tally.Degraded = 1 + key.Bits()%5
		sec.TTFTP95 += 190 * time.Millisecond
		sec.TotalP95 += 560 * time.Millisecond
	}
	if i == 17 { // not over yet
		sec.Tally.Total = n / 3
	}
	t := &sec.Tally
	t.OK = t.Total - t.Degraded - t.Failed - t.Hung - t.Corrupt
	t.Value = float64(t.OK) + 0.7*float64(t.Degraded)
	if i >= 10 {
		sec.Score, sec.Faults = 60+27*(1-math.Exp(-float64(i-9)/2)), []string{"outage"}
	}
	return sec
}

func add(to *score.Tally, t score.Tally) {
	to.Total += t.Total
	to.OK += t.OK
	to.Degraded += t.Degraded
	to.Failed += t.Failed
	to.Hung += t.Hung
	to.Corrupt += t.Corrupt
	to.Value += t.Value
}

// finished is the fixture at its end, with a verdict.
func finished(v score.Verdict, reasons ...string) *score.Snapshot {
	snap := fixture()
	snap.T, snap.Phase, snap.Finished, snap.Verdict, snap.Reasons = 41200*time.Millisecond, journal.PhaseDrain, true, v, reasons
	for i := 18; i < 40; i++ {
		sec := fixtureSecond(snap.Plan, i)
		if i > 23 {
			sec.Tally.OK += sec.Tally.Degraded
			sec.Tally.Degraded = 0
		}
		snap.Seconds = append(snap.Seconds, sec)
		add(&snap.Requests, sec.Tally)
	}
	w := &snap.Windows[0]
	w.Active, w.Cleared, w.Recovered, w.TimeToRecover = false, 22010*time.Millisecond, true, 2300*time.Millisecond
	snap.Score.Parts[4] = score.Part{Name: "recovery", Value: 1, Known: true, Attained: 2.3, Promised: 10, Unit: "s"}
	for i := range snap.Providers {
		snap.Providers[i].Faults = nil
	}
	return snap
}
