package tui

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"brownout/chance"
	"brownout/harness/journal"
	"brownout/harness/replay"
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
		{Value: 0.74, Known: true, Attained: 2.7, Promised: 2, Unit: score.UnitSteady, Note: "p95 of each request over the steady p95 of its kind"},
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
	snap.Providers[0].Gauge = &journal.Gauge{Provider: "openai", Limited: true, Headroom: 1}
	snap.Providers[0].Dialect, snap.Providers[1].Dialect = "openai", "anthropic"
	snap.Providers[1].Gauge = &journal.Gauge{Provider: "anthropic", Busy: 31, Limited: true, Headroom: 0.03}
	snap.Providers[2].Gauge = &journal.Gauge{Provider: "gpu-a", Busy: 16, Waiting: 5, Slots: 16, Replicas: 2, KVCache: 0.94}
	snap.Providers[3].Gauge = &journal.Gauge{Provider: "edge-a", Busy: 2, Slots: 4, Slow: 1.6}
	snap.Providers[2].Errors = map[string]uint64{"rate_limit": 2, "overload": 3}
	snap.Recent, snap.Failures = fixtureTraces()
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

// changed is the fixture with a hand in it, and a file of other settings.
func changed() *score.Snapshot {
	snap := fixture()
	snap.Plan.Overrides = []string{"load.rate=60", "without managed-a"}
	snap.Acts = []score.Act{
		{T: 6 * s, Text: "load held at 60/s", ByHand: true},
		{T: 12400 * time.Millisecond, Text: "router: hedging on"},
		{T: 15 * s, Text: "router: breaker off", ByHand: true},
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
		sec.Parts = []float64{min(1, 0.5+float64(i-9)/12), 1, 0.6 + float64(i%3)/20, 1, -1, 1, 0.41}
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

// fixtureRuns are a history of the fixture's scenarios.
func fixtureRuns() []Kept {
	at := func(minute int) time.Time { return time.Date(2026, 3, 1, 10, minute, 0, 0, time.UTC) }
	return []Kept{
		{ID: "20260301-105500-rate-limit-storm-77aa", Scenario: "rate-limit-storm", Started: at(55), Verdict: score.Pending},
		{ID: "20260301-104500-provider-outage-1f30", Scenario: "provider-outage", Title: "Primary provider outage at steady load", Target: "bundled", Seed: 7, Started: at(45), Verdict: score.Pass, Scored: true, Score: 86.24, Changed: true, Change: -1.1},
		{ID: "20260301-103000-latency-spike-9c01", Scenario: "latency-spike", Title: "The first token comes ever later", Target: "bundled", Seed: 7, Started: at(30), Verdict: score.Inconclusive, Reasons: []string{"inconclusive: the run was interrupted"}},
		{ID: "20260301-102000-provider-outage-aa12", Scenario: "provider-outage", Title: "Primary provider outage at steady load", Target: "direct", Seed: 7, Started: at(20), Verdict: score.Fail, Scored: true, Score: 11.8, Reasons: []string{"expected availability >= 98%, got 66.67 %"}},
		{ID: "20260301-101500-provider-outage-1f2e", Scenario: "provider-outage", Title: "Primary provider outage at steady load", Target: "bundled", Seed: 7, Started: at(15), Verdict: score.Pass, Scored: true, Score: 87.34},
		{ID: "20260301-100500-latency-spike-31d0", Scenario: "latency-spike", Title: "The first token comes ever later", Target: "bundled", Seed: 7, Started: at(5), Verdict: score.Pass, Scored: true, Score: 97.5, Overrides: []string{"load.rate=20"}, ByHand: 2},
	}
}

// fixtureDesk offers all that can be offered, without doing any of it.
func fixtureDesk() Desk {
	runs := map[string]*score.Snapshot{}
	for _, k := range fixtureRuns() {
		if k.Verdict == score.Pending {
			continue // it cannot be read
		}
		snap := finished(score.Pass)
		snap.RunID = k.ID
		runs[k.ID] = snap
	}
	return Desk{
		Entries: fixtureEntries(), Targets: []string{"bundled", "direct"}, Mitigations: []string{"breaker", "retries"},
		Formats:       []Format{{"json", "report.json", "report.json"}, {"html", "one page", "report.html"}},
		MatrixFormats: []Format{{"json", "the comparison", "compare.json"}},
		Begin:         func(o Order) (Source, error) { return stoppable(fixture()), nil },
		Kept:          func() ([]Kept, error) { return fixtureRuns(), nil },
		Read: func(id string) (*score.Snapshot, error) {
			if s := runs[id]; s != nil {
				return s, nil
			}
			return nil, fmt.Errorf("no run %q", id)
		},
		Play:        func(id string) (Player, error) { return newFakePlayer(), nil },
		Write:       func(*score.Snapshot, string, string, bool) error { return nil },
		Contest:     func(Contest) (Race, error) { return fixtureRace(), nil },
		Matrix:      fixtureMatrix,
		WriteMatrix: func(string, []Lane, string, string, bool) error { return nil },
	}
}

// fakePlayer plays nothing and remembers its orders.
type fakePlayer struct {
	*fakeSource
	state  replay.State
	orders []string
}

func newFakePlayer() *fakePlayer {
	p := &fakePlayer{fakeSource: stoppable(fixture()), state: replay.State{At: 17 * s, Length: 40 * s, Speed: 1}}
	once := sync.OnceFunc(p.stop)
	p.stop = once
	return p
}

func (p *fakePlayer) State() replay.State { return p.state }
func (p *fakePlayer) Pause()              { p.orders = append(p.orders, "pause") }
func (p *fakePlayer) Faster(by float64)   { p.orders = append(p.orders, fmt.Sprintf("faster %g", by)) }

func (p *fakePlayer) Seek(to time.Duration) {
	p.orders = append(p.orders, "seek "+to.Truncate(time.Second).String())
}
func (p *fakePlayer) Skip(by time.Duration) { p.orders = append(p.orders, "skip "+by.String()) }
func (p *fakePlayer) NextFault()            { p.orders = append(p.orders, "next") }
func (p *fakePlayer) PreviousFault()        { p.orders = append(p.orders, "previous") }

// fakeRace is a comparison that does what the test says.
type fakeRace struct {
	lanes []Lane
	done  chan struct{}
	stop  func()
}

func (r *fakeRace) Title() string         { return "provider-outage: targets" }
func (r *fakeRace) Lanes() []Lane         { return r.lanes }
func (r *fakeRace) Done() <-chan struct{} { return r.done }
func (r *fakeRace) Stop()                 { r.stop() }

// whole completes the second in which the fixture was taken.
func whole(snap *score.Snapshot) *score.Snapshot {
	snap.Seconds[17].Tally = snap.Seconds[16].Tally
	return snap
}

// naive is the fixture's run against a target that does not move on: whoever
// asks during the fault, but for some, is failed.
func naive(target string, spared uint64) *score.Snapshot {
	snap := whole(finished(score.Fail, "expected availability >= 98%, got 70.1 %"))
	p := *snap.Plan
	p.Target = target
	snap.Plan, snap.RunID = &p, "20260301-102000-provider-outage-"+target
	snap.Requests = score.Tally{}
	for i := range snap.Seconds {
		sec := &snap.Seconds[i]
		if i >= 10 && i < 22 {
			sec.Tally = score.Tally{Total: sec.Tally.Total, OK: spared, Failed: sec.Tally.Total - spared, Value: float64(spared)}
		} else {
			sec.Tally.OK, sec.Tally.Value = sec.Tally.Total, float64(sec.Tally.Total)
			sec.Tally.Degraded, sec.Tally.Failed, sec.Tally.Hung, sec.Tally.Corrupt = 0, 0, 0, 0
		}
		add(&snap.Requests, sec.Tally)
	}
	w := &snap.Windows[0]
	w.FailedOver, w.Score = false, 8.2+float64(spared)
	snap.Score.Total, snap.Score.Worst = w.Score, w.Score
	for i := range snap.Providers {
		snap.Providers[i].CostUSD = map[bool]float64{true: .38}[i == 0]
	}
	return snap
}

// fixtureRace has a lane of each sort.
func fixtureRace() *fakeRace {
	r := &fakeRace{done: make(chan struct{}), lanes: []Lane{
		{Label: "bundled", Snap: fixture()}, {Label: "retries", Snap: naive("retries", 4)}, {Label: "direct"}, {Label: "gateway", Err: errors.New("gateway: it did not start: port 4000 is taken")},
	}}
	r.stop = sync.OnceFunc(func() { close(r.done) })
	return r
}

// finishedRace is a comparison in which all have ended.
func finishedRace() *fakeRace {
	r := fixtureRace()
	r.lanes = []Lane{{Label: "bundled", Snap: whole(finished(score.Pass))}, {Label: "retries", Snap: naive("retries", 4)}, {Label: "direct", Snap: naive("direct", 0)}}
	r.stop()
	return r
}

// fixtureMatrix is a table of what such runs come to.
func fixtureMatrix(lanes []Lane) Matrix {
	m := Matrix{}
	for _, l := range lanes {
		m.Lanes = append(m.Lanes, l.Label)
	}
	for _, figure := range [][4]string{
		{"score", "+87.3 (84.2 to 90.4)", "12.2 (10.1 to 14.9)", "-8.2 (8.2 to 8.4)"},
		{"worst window", "+87.3", "12.2", "-8.2"},
		{"availability", "+98.8 %", "75.6 %", "-70.1 %"},
		{"integrity", "99.9 %", "100.0 %", "100.0 %"},
		{"time to failover", "1.42 s", "never", "never"},
		{"p95 under fault", "+0.92 s", "~1.04 s", "-4.00 s"},
		{"calls per request", "1.21", "-2.10", "+0.71"},
		{"cost of a good answer", "-$0.0009", "~$0.0004", "+$0.0004"},
		{"wasted", "-$0.0120", "~$0.0004", "+$0.0000"},
		{"violations", "0", "0", "0"},
	} {
		row := MatrixRow{Name: figure[0]}
		for i := range lanes {
			text := figure[1+i%3]
			mark := map[byte]Mark{'+': MarkBest, '~': MarkLike, '-': MarkWorst}[text[0]]
			row.Cells = append(row.Cells, MatrixCell{Text: strings.TrimLeft(text, "+~-"), Mark: mark})
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// reported is a run that ended and failed, with all that a report can tell.
func reported() *score.Snapshot {
	snap := whole(finished(score.Fail, "expected availability >= 98%, got 97.9 %", "expected time_to_recover <= 5s, got 6.3 s"))
	snap.RunID = "20260301-101500-provider-outage-1f2e"
	snap.Host.CPUs = 2
	w := &snap.Windows[0]
	w.During.Value = float64(w.During.OK) + .7*float64(w.During.Degraded)
	w.Caught = score.Tally{Total: 31, OK: 30, Failed: 1, Value: 30}
	w.After = score.Tally{Total: 720, OK: 716, Degraded: 4, Value: 718.8}
	w.TimeToRecover = 6300 * time.Millisecond
	weights := []float64{.35, .15, .15, .15, .10, .05, .05}
	w.Parts[4] = score.Part{Name: "recovery", Value: 1, Known: true, Attained: 6.3, Promised: 10, Unit: "s"}
	logs := 0.0
	for i := range w.Parts {
		w.Parts[i].Weight = weights[i]
		logs += weights[i] * math.Log(max(w.Parts[i].Value, .01))
	}
	w.Score = 100 * math.Exp(logs)
	snap.Score.Parts, snap.Score.Total, snap.Score.Worst = w.Parts, w.Score, w.Score
	snap.ByRequest = []score.RequestStats{
		{Request: "chat", Tally: score.Tally{Total: 1250, OK: 1222, Degraded: 18, Failed: 8, Hung: 2, Value: 1234.6}, Total: score.Quantiles{P50: 310 * time.Millisecond, P95: 918 * time.Millisecond, P99: 2100 * time.Millisecond}, Deadline: 4 * s, Missed: 2},
		{Request: "stream", Tally: score.Tally{Total: 760, OK: 733, Degraded: 23, Failed: 3, Corrupt: 1, Value: 749.1}, TTFT: score.Quantiles{P95: 402 * time.Millisecond}, Total: score.Quantiles{P50: 820 * time.Millisecond, P95: 1700 * time.Millisecond, P99: 3 * s}, Deadline: 6 * s},
		{Request: "sensitive", Tally: score.Tally{Total: 250, OK: 244, Degraded: 5, Hung: 1, Value: 247.5}, Total: score.Quantiles{P50: 400 * time.Millisecond, P95: 1310 * time.Millisecond, P99: 4 * s}, Deadline: 4 * s, Missed: 1},
	}
	snap.Tracing = score.Tracing{Requests: 2260, Attempts: [5]uint64{0, 1990, 240, 28, 2}, Early: 6, WastedUSD: .012}
	failure := func(at time.Duration, kind string, o journal.Outcome, reason string, calls ...*journal.Call) score.Trace {
		return score.Trace{Sample: &journal.Sample{Marker: kind + "-1f2e-" + count(uint64(at/s)), Request: kind, Scheduled: at, Total: 2 * s, Outcome: o, Reason: reason}, Outcome: o, Calls: calls}
	}
	snap.Failures = []score.Trace{
		failure(10*s, "chat", journal.Failed, "connect", &journal.Call{Provider: "anthropic", Failure: "rate_limit"}, &journal.Call{Provider: "gpu-a", Failure: "overload"}),
		failure(11*s, "stream", journal.Corrupt, "truncated", &journal.Call{Provider: "anthropic"}),
		failure(12*s, "sensitive", journal.Hung, "timeout", &journal.Call{Provider: "gpu-a", Failure: "timeout"}),
	}
	return snap
}

// fixtureTraces are some requests of the fixture: the latest, and the worst.
func fixtureTraces() (recent, worst []score.Trace) {
	call := func(provider, model string, attempt int, at, ttft, total time.Duration, edit func(*journal.Call)) *journal.Call {
		c := &journal.Call{
			Provider: provider, Model: model, Attempt: attempt, Arrived: at, TTFT: ttft, Total: total, Status: 200,
			Class: "cloud", Region: "us-west-2", Prompt: 52, Completion: 41, CostUSD: 0.00087,
		}
		if edit != nil {
			edit(c)
		}
		return c
	}
	trace := func(kind string, i int, o journal.Outcome, value float64, total time.Duration, reason string, calls ...*journal.Call) score.Trace {
		p := &journal.Sample{
			Marker: kind + "-1f2e-" + string(rune('a'+i)), Request: kind, Scheduled: 16*s + time.Duration(i)*90*time.Millisecond,
			Total: total, Outcome: o, Reason: reason, Status: 200, Provider: "anthropic", Model: "claude-sonnet", Attempts: len(calls),
		}
		if kind == "stream" {
			p.TTFT = total / 3
		}
		return score.Trace{Sample: p, Outcome: o, Value: value, Calls: calls}
	}
	refused := func(c *journal.Call) {
		c.Status, c.Failure, c.Faults, c.Prompt, c.Completion, c.CostUSD = 503, "overload", []string{"outage"}, 0, 0, 0
	}
	left := func(c *journal.Call) { c.Aborted = true }
	ms := time.Millisecond
	for i := range 12 {
		at := 16*s + time.Duration(i)*90*ms
		switch i % 4 {
		case 0:
			recent = append(recent, trace("chat", i, journal.OK, 1, 480*ms, "", call("anthropic", "claude-sonnet", 1, at+2*ms, 0, 470*ms, nil)))
		case 1:
			recent = append(recent, trace("stream", i, journal.OK, 1, 1310*ms, "", call("openai", "gpt-4.1", 1, at+2*ms, 0, 12*ms, refused), call("openai", "gpt-4.1", 2, at+80*ms, 0, 9*ms, refused), call("anthropic", "claude-sonnet", 1, at+95*ms, 400*ms, 1200*ms, nil)))
		case 2:
			recent = append(recent, trace("faq", i, journal.Degraded, .7, 3*ms, ""))
		case 3:
			recent = append(recent, trace("chat", i, journal.Degraded, .7, 2200*ms, "", call("anthropic", "claude-sonnet", 1, at+2*ms, 0, 900*ms, left), call("gpu-a", "llama-3.3-70b", 1, at+910*ms, 0, 1200*ms, nil)))
		}
	}
	cut := trace("stream", 20, journal.Corrupt, 0, 700*ms, "truncated", call("anthropic", "claude-sonnet", 1, 18*s, 300*ms, 690*ms, func(c *journal.Call) { c.Faults = []string{"outage"} }))
	cut.Sample.Detail = "17 of 60 words, then the end of the stream"
	failed := trace("sensitive", 21, journal.Failed, 0, 40*ms, "overload", call("gpu-a", "llama-3.3-70b", 1, 18*s, 0, 30*ms, refused))
	failed.Sample.Status, failed.Sample.Provider = 503, ""
	hung := trace("chat", 22, journal.Hung, 0, 4*s, "timeout")
	return recent, []score.Trace{failed, cut, hung}
}
