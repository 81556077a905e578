package score_test

import (
	"math"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// A gate may be about one window, and about one latency of a request.
func TestExpectationsOfWindowsAndLatencies(t *testing.T) {
	tests := []struct {
		metric, cond string
		want         float64
		slack        float64
		pass         bool
	}{
		// 400 requests fell in the outage, and nine were under way when it struck.
		{"availability in upset", ">= 80%", 329. / 409, 1e-9, true},
		{"availability after upset", ">= 100%", 1, 0, true},
		{"availability in steady", "== 100%", 1, 0, true},
		{"availability(stream) in upset", ">= 80%", 86. / 106, 1e-9, true}, // six streams were under way
		{"integrity in upset", ">= 99.9%", 407. / 409, 1e-9, false},
		{"failed in upset", "<= 76", 76, 0, true},
		{"failed after upset", "== 0", 0, 0, true},
		{"hung in upset", "<= 1", 2, 0, false},
		{"hung(chat) in upset", "<= 1", 0, 0, true},
		{"corrupt in upset", "== 2", 2, 0, true},
		{"poisoned in upset", "== 1", 1, 0, true},
		{"deadline_misses in upset", "== 2", 2, 0, true},
		{"deadline_misses in steady", "== 0", 0, 0, true},
		{"misbilled after upset", "== 8", 8, 0, true}, // every 50th of 400
		{"p95(chat.total) in upset", "<= 119ms", .12, .001, false},
		{"p95(chat.total) in steady", "<= 101ms", .1, .001, true},
		{"p95(chat) in steady", "<= 101ms", .1, .001, true},
		{"p50(stream.ttft)", "<= 201ms", .2, .001, true},
		{"p50(ttft)", "<= 201ms", .2, .001, true},
		{"p50(stream.total)", "<= 601ms", .6, .001, true},
		{"p99(stream.total) in upset", "<= 5s", 4, .01, true}, // two hung for as long as the deadline
		{"p99(gap) after upset", "<= 35ms", .03, .001, true},
		{"p99(stream.gap) in steady", "<= 35ms", .03, .001, true},
		{"share(beta) in upset", ">= 99%", 1, 0, true},
		{"share(beta) after upset", "<= 20%", .2, .001, true}, // for two of ten seconds
		{"share(cloud) in steady", "== 100%", 1, 0, true},
		{"share(next) in steady", "== 0%", 0, 0, true},
		{"cost_per_good_answer in steady", "<= 0.0011", .001, 1e-9, true},
		{"cost_per_good_answer in upset", "<= 0.001", .002, 1e-9, false},
	}
	m := eventful()
	plain := m.request
	m.request = func(at time.Duration, r *request) {
		plain(at, r)
		edit := r.edit
		r.edit = func(s *journal.Sample) {
			edit(s)
			s.Gaps, s.MaxGap = 9, 30*ms
		}
	}
	for _, tt := range tests {
		m.plan.Expect = append(m.plan.Expect, must(t, tt.metric, tt.cond))
	}
	m.plan.Expect = append(m.plan.Expect, must(t, "score in upset", ">= 1"))
	sn := m.snapshot()
	for i, tt := range tests {
		got := sn.Expectations[i]
		if !got.Known || math.Abs(got.Actual-tt.want) > tt.slack || got.Pass != tt.pass {
			t.Errorf("%s %s: %+v, want %v ± %v, pass %v", tt.metric, tt.cond, got, tt.want, tt.slack, tt.pass)
		}
	}
	if got := sn.Expectations[len(tests)]; got.Actual != sn.Windows[0].Score || !got.Pass {
		t.Errorf("score in upset: %+v, want %v", got, sn.Windows[0].Score)
	}
}

// In "fault" is the fault that is furthest from what is expected, whichever way
// that is, and a fault that never came is none.
func TestExpectationsOfAnyFault(t *testing.T) {
	m := newSim()
	m.plan.Load.Duration = 40 * s
	m.plan.Faults = append(m.plan.Faults, plan.Fault{Name: "later", Kind: "outage", On: []string{"alpha"}, At: 30 * s, For: 5 * s, Horizon: 5 * s, Share: 1})
	nth := each(1, 10)
	m.request = func(at time.Duration, r *request) {
		switch {
		case at >= 30*s && at < 35*s:
			r.took = 300 * ms
		case during(at) && nth():
			r.outcome = journal.Failed
		}
	}
	tests := []struct {
		metric, cond string
		want         float64
	}{
		{"availability in fault", ">= 50%", .9},
		{"failed in fault", "<= 50", 40},
		{"failed in fault", "== 0", 40},
		{"failed in fault", "== 40", 0},
		{"failed in later", "== 0", 0},
		{"p95 in fault", "<= 1s", .3},
		{"p95 in fault", ">= 0s", .1},
		{"p95 after fault", "<= 1s", .1},
	}
	for _, tt := range tests {
		m.plan.Expect = append(m.plan.Expect, must(t, tt.metric, tt.cond))
	}
	for i, got := range m.snapshot().Expectations {
		if tt := tests[i]; !got.Known || math.Abs(got.Actual-tt.want) > .002 {
			t.Errorf("%s %s: %+v, want %v", tt.metric, tt.cond, got, tt.want)
		}
	}
}

// What no window can tell passes no gate.
func TestUnknownFiguresOfWindows(t *testing.T) {
	for name, c := range map[string]struct {
		metric, cond, text string
		setup              func(*sim)
	}{
		"never injected":  {"hung in upset", "== 0", "unknown: fault upset was not injected", func(m *sim) { m.noFault = true }},
		"no fault at all": {"hung in fault", "== 0", "unknown: no fault was injected", func(m *sim) { m.plan.Faults = nil }},
		"nobody asked":    {"availability(faq) in upset", ">= 0%", "unknown: no request fell in the time of upset", func(*sim) {}},
		"no horizon":      {"availability after upset", ">= 0%", "unknown: no request fell in the recovery horizon of upset", func(m *sim) { m.plan.Faults[0].Horizon = 0 }},
		"no answer":       {"p95(stream.ttft) in upset", "<= 1h", "unknown: there was no answer in the time of upset", func(*sim) {}},
		"no stream":       {"p95(gap)", "<= 1h", "unknown: there was no answer in the run", func(*sim) {}},
		"no good call": {"share(alpha) in upset", ">= 0%", "unknown: there was no good call in the time of upset", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) {
					r.outcome, r.calls[0].Status, r.calls[0].Failure = journal.Failed, 500, "server_error"
				}
			}
		}},
		"nothing to divide":  {"cost_per_good_answer in upset", "<= 9", "unknown: there was no good answer in the time of upset", outageFor(10 * s)},
		"nothing to compare": {"score in upset", ">= 0", "unknown: the window of upset has no score", func(m *sim) { m.plan.Faults[0].For = 100 * ms }},
	} {
		t.Run(name, func(t *testing.T) {
			m := newSim()
			c.setup(m)
			m.plan.Expect = []plan.Expectation{must(t, c.metric, c.cond)}
			sn := m.snapshot()
			if got := sn.Expectations[0]; got.Known || got.Pass || got.Text != c.text || sn.Verdict == score.Pass {
				t.Errorf("%+v, want unknown: %q", got, c.text)
			}
		})
	}
}
