package reports_test

import (
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// finished is the final state of a run with everything in it, and with titles
// and messages that try to break out of every format.
func finished() *score.Snapshot {
	part := func(name string, value, weight, attained, promised float64, unit string) score.Part {
		return score.Part{Name: name, Value: value, Known: true, Weight: weight, Attained: attained, Promised: promised, Unit: unit, Note: "as measured"}
	}
	parts := score.Parts{
		part("availability", 0.9, .35, 0.985, 0.99, "share"),
		part("failover", 1, .15, 1.2, 2, "s"),
		part("latency", 0.8, .15, 2.5, 2, score.UnitSteady),
		part("integrity", 1, .15, 1, 0.999, "share"),
		{Name: "recovery", Weight: .10, Unit: "s", Note: "the load ended before recovery could be seen"},
		part("efficiency", 1, .05, 1.1, 1.5, "calls/request"),
		part("cost", 1, .05, 0.0004, 0.0006, "USD/answer"),
	}
	tally := score.Tally{Total: 1200, OK: 1100, Degraded: 50, Failed: 30, Hung: 15, Corrupt: 5, Value: 1135}
	q := score.Quantiles{Count: 1100, P50: 300 * time.Millisecond, P90: 500 * time.Millisecond, P95: 600 * time.Millisecond, P99: time.Second, Max: 2 * time.Second}
	return &score.Snapshot{
		RunID: "20260102-030405-hostile-0001", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Plan: &plan.Plan{
			Scenario: "hostile", Title: `Outage | <script>alert("x")</script> & ]]> *bold* [link](http://example.org)`,
			Seed: 7, Target: "bundled",
			Load:      plan.Load{Duration: 30 * time.Second, Profile: []plan.Point{{Rate: 40}}},
			Overrides: []string{`title=<script>alert("x")</script>`, "without gpu-b"},
		},
		Acts: []score.Act{
			{T: 12 * time.Second, Text: "load held at 40/s", ByHand: true},
			{T: 15 * time.Second, Text: "router: breaker off"},
		},
		Versions: map[string]string{"brownout": "test", "go": "go1.26"},
		T:        31 * time.Second, Phase: journal.PhaseDrain, Finished: true,
		Verdict: score.Fail, Reasons: []string{"expectation failed: availability >= 99%\x1b[2J"},
		Score: score.Total{Scored: true, Total: 88.4, Worst: 88.4, Low: 84, High: 91.5, Parts: parts},
		Windows: []score.Window{{
			Fault: "outage", Kind: "outage", On: []string{"openai"}, Injected: 10 * time.Second,
			Cleared: 20 * time.Second, End: 30 * time.Second, Confirmed: true, Score: 88.4, Scored: true,
			Parts: parts, During: tally, After: tally, Touched: 12, TouchedBy: []score.ProviderCalls{{Provider: "openai", Calls: 12}}, TimeToFailover: 1200 * time.Millisecond,
			FailedOver: true, CallsPerRequest: 1.1, CostPerGood: 0.0004, LatencyP95: 750 * time.Millisecond, WaitP95: 1250 * time.Millisecond, Availability: 0.985,
		}},
		Requests:  tally,
		ByRequest: []score.RequestStats{{Request: "chat", Tally: tally, TTFT: q, Total: q, Gap: q, Deadline: 4 * time.Second, Missed: 15}},
		Providers: []score.Lane{
			{Name: "openai", Class: "cloud", Region: "us-east-1", Dialect: "openai", Calls: 700, Good: 600, Errors: map[string]uint64{"overload": 2, "server_error": 98}, Share: .5, RecentShare: .4, Breaker: "open", Prompt: 9000, Completion: 8000, CostUSD: 0.12},
			{Name: "gpu-a", Class: "gpu", Region: "dc-1", Dialect: "vllm", Calls: 600, Good: 600, Share: .5, RecentShare: .6},
		},
		Expectations: []score.Expectation{
			{Expr: "availability >= 99%", Actual: .9458, Known: true, Text: "94.6 %"},
			{Expr: "score >= 80", Actual: 88.4, Known: true, Pass: true, Text: "88.4"},
			{Expr: "p95(stream) <= 1s", Text: "unknown"},
		},
		Violations: []journal.Violation{{What: "privacy", Marker: "sensitive-0001-2a", Provider: "openai", Detail: `class cloud is not in gpu, edge </failure>`}},
		Seconds:    everySecond(),
		Failures:   worst(),
		Tracing:    score.Tracing{Requests: 1200, Attempts: [5]uint64{0, 1100, 90, 10, 0}, Hedged: 12, WastedTokens: 900, WastedUSD: .004},
		Target: score.Target{
			CPUMean: .5, CPUMax: 1.25, RSSMax: 130 << 20, Processes: 2,
			Findings: []journal.Finding{{What: "left_running", Detail: "it left 1 process running, which had to be killed"}},
		},
		Instrument: score.Instrument{Hits: 1200, LagP50: 50 * time.Microsecond, LagP99: 900 * time.Microsecond, LagMax: 3 * time.Millisecond, CPUMean: .4, CPUMax: .7, RSSMax: 60 << 20, InFlightMax: 44, FDLimit: 1 << 20},
	}
}

// everySecond is a run of 30 s with a fault from 10 s to 20 s.
func everySecond() []score.Second {
	out := make([]score.Second, 30)
	for i := range out {
		out[i] = score.Second{
			At: time.Duration(i) * time.Second, Offered: 40, Tally: score.Tally{Total: 40, OK: 40, Value: 40},
			TTFTP95: 300 * time.Millisecond, TotalP95: 600 * time.Millisecond, Calls: 40, CostUSD: .004, Share: []float64{1, 0},
		}
		if i >= 10 && i < 20 {
			out[i].Tally = score.Tally{Total: 40, OK: 30, Degraded: 5, Failed: 2, Hung: 2, Corrupt: 1, Value: 33.5}
			out[i].Faults, out[i].Share, out[i].TotalP95 = []string{"outage"}, []float64{.25, .75}, 0
		}
		if i >= 11 {
			out[i].Score = 88.4
		}
	}
	return out
}

// worst are failures of three sorts, with words that try to break out.
func worst() []score.Trace {
	at := 10500 * time.Millisecond
	call := func(provider string, after, total time.Duration, status int, failure string) *journal.Call {
		return &journal.Call{
			Provider: provider, Arrived: at + after, Total: total, Status: status, Failure: failure,
			Prompt: 60, Completion: 20, CostUSD: .0001, Faults: []string{"outage"},
		}
	}
	return []score.Trace{
		{
			Outcome: journal.Failed,
			Sample: &journal.Sample{
				Marker: "chat-0001-1", Request: "chat", Scheduled: at, Total: 900 * time.Millisecond, Outcome: journal.Failed,
				Reason: "server_error", Detail: `=cmd|' /C calc'!A0 </details><script>alert(1)</script>`, Status: 502,
			},
			Calls: []*journal.Call{call("openai", 5*time.Millisecond, 300*time.Millisecond, 500, "server_error"), call("gpu-a", 400*time.Millisecond, 450*time.Millisecond, 503, "overload")},
		},
		{
			Outcome: journal.Corrupt,
			Sample:  &journal.Sample{Marker: "stream-0001-2", Request: "stream", Scheduled: at, TTFT: 200 * time.Millisecond, Total: time.Second, Outcome: journal.Corrupt, Reason: "truncated", Status: 200},
			Calls:   []*journal.Call{call("openai", 5*time.Millisecond, 900*time.Millisecond, 200, "")},
		},
		{
			Outcome: journal.Hung,
			Sample:  &journal.Sample{Marker: "faq-0001-3", Request: "faq", Scheduled: at, Total: 4 * time.Second, Outcome: journal.Hung, Reason: "deadline"},
		},
	}
}
