package score_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// eventful is a run with a figure of its own for every metric: for 2 s from the
// injection alpha fails, then beta answers more slowly and dearly until 22 s.
// Every fourth request is a stream. Of the chats some are refused as is right
// and some name more tokens than their call had; beside them four workflows run,
// of which one is not finished.
func eventful() *sim {
	m := newSim()
	n := 0
	corrupt := 0
	m.plan.Load.Mix = append(m.plan.Load.Mix, plan.Mix{Kind: plan.KindAgent, Weight: 1, Deadline: 4 * s, Steps: 2})
	for i, outcome := range []journal.Outcome{journal.OK, journal.OK, journal.OK, journal.Hung} {
		m.extra = append(m.extra, journal.Record{T: 25 * s, Event: &journal.Workflow{ID: fmt.Sprintf("agent-ab12-%d", i), Request: plan.KindAgent, Outcome: outcome, Steps: 2, Done: 1}})
	}
	m.request = func(at time.Duration, r *request) {
		n++
		r.edit = func(s *journal.Sample) {
			switch {
			case s.Outcome == journal.Corrupt:
				s.Reason = []string{"poisoned", "swapped"}[corrupt]
				corrupt++
			case n%50 == 1:
				s.Reason = "content_filter"
			case n%50 == 2:
				s.Prompt, s.Completion = 10, 41
			}
		}
		for i := range r.calls {
			r.calls[i].Prompt, r.calls[i].Completion = 10, 40
		}
		defer func() {
			if n := len(r.calls) - 1; r.calls[n].Provider == "beta" {
				r.calls[n].Model = "next"
			}
		}()
		if n%4 == 0 {
			r.kind, r.took, r.ttft = plan.KindStream, 600*ms, 200*ms
		}
		switch {
		case at >= 10*s && at < 12*s:
			r.outcome = journal.Failed
			r.calls[0].Status, r.calls[0].Failure, r.calls[0].CostUSD = 503, "overload", 0
			if n%40 == 0 {
				r.outcome, r.took = journal.Hung, 4*s
			}
			if n%40 == 1 {
				r.outcome = journal.Corrupt
			}
		case at >= 12*s && at < 22*s:
			r.calls = []journal.Call{{Provider: "alpha", Status: 503, Failure: "overload", Total: ms}, {Provider: "beta", CostUSD: .002}}
			r.took += 20 * ms
		}
	}
	return m
}

func TestEveryMetricIsMeasured(t *testing.T) {
	// 1,200 requests, 80 of them in the outage: 76 failed, 2 hung, 2 corrupt.
	tests := []struct {
		metric, cond string
		want         float64
		slack        float64
		pass         bool
		text         string
	}{
		{"availability", ">= 98%", 1120. / 1200, 1e-9, false, "93.33 %"},
		{"availability(fault)", ">= 80%", (320. + 9) / (400 + 9), 1e-9, true, "80.44 %"}, // nine were under way when it struck,
		{"availability(upset)", "> 81%", (320. + 9) / (400 + 9), 1e-9, false, "80.44 %"},
		{"availability(stream)", ">= 93%", 280. / 300, 1e-9, true, "93.33 %"},
		{"integrity", ">= 99%", 1198. / 1200, 1e-9, true, "99.83 %"},
		{"time_to_failover", "<= 2s", 2, 1e-9, true, "2.00 s"},
		{"time_to_recover", "<= 1s", 1.75, 1e-9, false, "1.75 s"},
		{"calls_per_request", "<= 2", 720. / 400, .02, true, ""},
		{"cost_factor", "<= 2", 2, .02, true, ""},
		{"cost_per_good_answer", "<= 0.0014", (720*.001 + 400*.002) / 1120, 1e-9, true, "$0.001357"},
		{"violations", "== 0", 0, 0, true, "0"},
		{"corrupt", "== 2", 2, 0, true, "2"},
		{"corrupt(stream)", "== 0", 0, 0, true, "0"},
		{"hung", "< 2", 2, 0, false, "2"},
		{"failed", "<= 76", 76, 0, true, "76"},
		{"degraded", "== 0", 0, 0, true, "0"},
		{"deadline_misses", "== 2", 2, 0, true, "2"},
		{"p50", "<= 121ms", .12, .001, true, "120 ms"},
		{"p95(chat)", "<= 110ms", .12, .001, false, "120 ms"},
		{"p99(stream)", "<= 250ms", .2, .001, true, "200 ms"},
		{"share(beta)", ">= 30%", 400. / 1120, 1e-9, true, "35.71 %"},
		{"share(cloud)", "== 100%", 1, 0, true, "100.0 %"},
		{"refused", "== 22", 22, 0, true, "22"}, // every 50th, but for the outage
		{"refused(stream)", "== 0", 0, 0, true, "0"},
		{"workflows", ">= 70%", .75, 1e-9, true, "75.0 %"},
		{"workflow_cost", "<= 0.002", 0, 1e-9, true, "$0"},
		{"misbilled", "== 0", 22, 0, false, "22"},
		{"poisoned", "== 0", 1, 0, false, "1"},
		{"swapped", "== 0", 1, 0, false, "1"},
		{"disagreeing(stream)", "== 0", 0, 0, true, "0"},
		{"cached", "== 0", 0, 0, true, "0"},
		{"stale(faq)", "== 0", 0, 0, true, "0"},
		{"stale_age", "<= 1s", 0, 0, true, "0 ms"},
		{"share(next)", ">= 25%", 400. / 1120, 1e-9, true, "35.71 %"}, // the model of beta
		{"share(rack)", "> 0%", 0, 0, false, "0.0 %"},
	}
	m := eventful()
	seen := map[string]bool{"score": true, "worst": true} // below
	for _, tt := range tests {
		e := must(t, tt.metric, tt.cond)
		seen[e.Metric] = true
		m.plan.Expect = append(m.plan.Expect, e)
	}
	for _, metric := range plan.Metrics() {
		if !seen[metric.Name] {
			t.Errorf("no test of metric %s", metric.Name)
		}
	}
	m.plan.Expect = append(m.plan.Expect, must(t, "score", "<= 100"), must(t, "worst", ">= 1"))
	sn := m.snapshot()
	for i, tt := range tests {
		got := sn.Expectations[i]
		if !got.Known || math.Abs(got.Actual-tt.want) > tt.slack || got.Pass != tt.pass {
			t.Errorf("%s: %+v, want %v ± %v, pass %v", tt.metric, got, tt.want, tt.slack, tt.pass)
		}
		if tt.text != "" && got.Text != tt.text {
			t.Errorf("%s: text %q, want %q", tt.metric, got.Text, tt.text)
		}
	}
	rest := sn.Expectations[len(tests):]
	if rest[0].Actual != sn.Score.Total || rest[1].Actual != sn.Score.Worst || !rest[0].Pass || !rest[1].Pass {
		t.Errorf("score and worst: %+v, want %v and %v", rest, sn.Score.Total, sn.Score.Worst)
	}
}

// A figure nobody knows passes no gate, whatever the bound.
func TestUnknownFiguresPassNothing(t *testing.T) {
	tests := []struct {
		name         string
		metric, cond string
		setup        func(m *sim)
		text         string
	}{
		{"no window", "score", ">= 0", func(m *sim) { m.plan.Faults = nil }, "unknown: no window has a score"},
		{"never failed over", "time_to_failover", "<= 60s", outageFor(10 * s), "never (10s passed)"},
		{"no fault", "time_to_failover", "<= 60s", func(m *sim) { m.plan.Faults = nil }, "unknown: no fault was injected"},
		{"never recovered", "time_to_recover", "<= 60s", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if at >= 10*s {
					r.calls[0].Provider = "beta"
				}
			}
		}, "never (10s passed)"},
		{"recovery cannot be known", "time_to_recover", "<= 60s", func(m *sim) { m.plan.Faults[0].Horizon = 0 }, "unknown: no fault's recovery could be judged"},
		{"a kind without requests", "p95(faq)", "<= 60s", func(*sim) {}, "unknown: there was no answer"},
		{"free of charge", "cost_factor", "<= 9", func(m *sim) {
			m.request = func(_ time.Duration, r *request) { r.calls[0].CostUSD = 0 }
		}, "unknown: there is no cost to compare"},
		{"another version's metric", "karma", ">= 0", func(*sim) {}, "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newSim()
			tt.setup(m)
			e, err := plan.ParseExpectation(tt.metric, tt.cond)
			if err != nil {
				e = plan.Expectation{Expr: tt.metric + " " + tt.cond, Metric: tt.metric, Op: ">="}
			}
			m.plan.Expect = []plan.Expectation{e}
			sn := m.snapshot()
			if got := sn.Expectations[0]; got.Known || got.Pass || !strings.HasPrefix(got.Text, tt.text) {
				t.Errorf("%+v, want unknown, not passed, %q", got, tt.text)
			}
			if sn.Verdict == "pass" {
				t.Error("the run passed")
			}
		})
	}
}
