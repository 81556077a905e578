package score_test

import (
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

func must(t *testing.T, metric, cond string) plan.Expectation {
	t.Helper()
	e, err := plan.ParseExpectation(metric, cond)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func instruments(n int, edit func(i int, e *journal.Instrument)) []journal.Record {
	out := make([]journal.Record, n)
	for i := range out {
		e := &journal.Instrument{Hits: 40, LagP99: ms, CPU: .5, OpenFDs: 20}
		edit(i, e)
		out[i] = journal.Record{T: time.Duration(i+1) * s, Event: e}
	}
	return out
}

func TestVerdicts(t *testing.T) {
	leak := func(_ time.Duration, r *request) { r.kind = plan.KindSensitive } // alpha is a cloud
	tests := []struct {
		name    string
		setup   func(t *testing.T, m *sim)
		want    score.Verdict
		reasons []string // a part of each, in order
	}{
		{"pass", func(t *testing.T, m *sim) {
			m.plan.Expect = []plan.Expectation{must(t, "score", ">= 80"), must(t, "hung", "== 0")}
		}, score.Pass, nil},
		{"still running", func(_ *testing.T, m *sim) { m.open = true }, score.Pending, nil},
		{"an expectation is missed", func(t *testing.T, m *sim) {
			m.plan.Expect = []plan.Expectation{must(t, "availability", ">= 98%")}
			outageFor(10 * s)(m)
		}, score.Fail, []string{"expected availability >= 98%, got 66.67 %"}},
		{"no faults: expectations alone decide", func(t *testing.T, m *sim) {
			m.plan.Faults = nil
			m.plan.Expect = []plan.Expectation{must(t, "p95", "<= 50ms")}
		}, score.Fail, []string{"expected p95 <= 50ms"}},
		{"no faults and nothing expected", func(_ *testing.T, m *sim) { m.plan.Faults = nil }, score.Pass, nil},

		{"veto", func(_ *testing.T, m *sim) { m.request = leak }, score.Fail, []string{"veto: 1200 privacy violations"}},
		{"veto beats doubt", func(_ *testing.T, m *sim) { m.request, m.doubt = leak, true }, score.Fail, []string{"veto:", "not seen in effect"}},
		{"doubt beats a missed expectation", func(t *testing.T, m *sim) {
			m.plan.Expect = []plan.Expectation{must(t, "score", ">= 100")}
			outageFor(10 * s)(m)
			m.finish.Dropped = 3
		}, score.Inconclusive, []string{"3 events were lost", "expected score"}},

		{"interrupted", func(_ *testing.T, m *sim) { m.finish.Interrupted = true }, score.Inconclusive, []string{"interrupted"}},
		{"ended by an error", func(_ *testing.T, m *sim) { m.finish.Error = "gateway died" }, score.Inconclusive, []string{"gateway died"}},
		{"steady state too short", func(_ *testing.T, m *sim) { m.plan.Faults[0].At = 4 * s }, score.Inconclusive, []string{"steady state was never reached: only 2s"}},
		{"steady state too thin", func(_ *testing.T, m *sim) { m.plan.Faults[0].At = 5 * s; m.rate = 9 }, score.Inconclusive, []string{"steady state was never reached: 26 requests"}},
		{"steady state below the slo", func(_ *testing.T, m *sim) {
			bad := each(1, 20)
			m.request = func(at time.Duration, r *request) {
				if at < 10*s && bad() {
					r.outcome = journal.Failed
				}
			}
		}, score.Inconclusive, []string{"steady state was never reached: availability"}},
		{"too few samples", func(_ *testing.T, m *sim) { m.plan.Faults[0].For = 700 * ms }, score.Inconclusive, []string{"too few samples: 28 requests"}},
		{"never injected", func(_ *testing.T, m *sim) { m.noFault = true }, score.Inconclusive, []string{"upset was never injected"}},
		{"not confirmed", func(_ *testing.T, m *sim) { m.doubt = true }, score.Inconclusive, []string{"upset was not seen in effect"}},
		{"a service fault met no call", func(_ *testing.T, m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) {
					r.kind, r.calls = plan.KindChat, nil
				}
			}
		}, score.Inconclusive, []string{"upset never touched a request: no call met it"}},
		{"a network fault on an idle provider", func(_ *testing.T, m *sim) {
			m.plan.Faults[0].LinkOnly = true
			m.plan.Faults[0].On = []string{"beta"}
		}, score.Inconclusive, []string{"upset never touched a request: its providers got no call"}},
		{"a network fault on a provider in use", func(_ *testing.T, m *sim) { m.plan.Faults[0].LinkOnly = true }, score.Pass, nil},
		{"a network fault on a provider in the middle of its only call", func(_ *testing.T, m *sim) {
			m.plan.Faults[0].LinkOnly = true
			m.plan.Faults[0].On = []string{"beta"}
			m.request = func(at time.Duration, r *request) {
				if at > 9975*ms && at < 10*s {
					r.calls[0].Provider = "beta"
				}
			}
		}, score.Pass, nil},
		{"dispatched late", func(_ *testing.T, m *sim) {
			m.extra = instruments(30, func(i int, e *journal.Instrument) {
				if i > 0 && i%10 == 0 {
					e.LagP99 = 80 * ms
				}
			})
		}, score.Inconclusive, []string{"dispatch lag's p99 was above 50ms (worst: 80ms)"}},
		{"one late second, and the first, are forgiven", func(_ *testing.T, m *sim) {
			m.extra = instruments(30, func(i int, e *journal.Instrument) {
				if i == 0 || i == 10 {
					e.LagP99 = 800 * ms
				}
			})
		}, score.Pass, nil},
		{"saturated", func(_ *testing.T, m *sim) {
			m.extra = instruments(30, func(i int, e *journal.Instrument) { e.Saturated = i == 7 })
		}, score.Inconclusive, []string{"cap on requests in flight was reached in 1 second"}},
		{"dropped events", func(_ *testing.T, m *sim) {
			m.extra = instruments(30, func(i int, e *journal.Instrument) { e.Dropped = uint64(i) })
		}, score.Inconclusive, []string{"29 events were lost"}},
		{"CPU", func(_ *testing.T, m *sim) {
			m.extra = instruments(30, func(_ int, e *journal.Instrument) { e.CPU = 3.8 })
		}, score.Inconclusive, []string{"3.8 of 4 cores"}},
		{"file descriptors", func(_ *testing.T, m *sim) {
			m.extra = instruments(30, func(i int, e *journal.Instrument) {
				if i == 3 {
					e.OpenFDs = 950
				}
			})
		}, score.Inconclusive, []string{"950 of 1000 file descriptors"}},
	}
	// Each rule has a case, in which these words are told.
	words := map[string]string{
		"end": "the run was interrupted", "steady state": "steady state was never reached", "injection": "was never injected",
		"touch": "never touched a request", "samples": "too few samples", "dispatch": "dispatch lag", "in flight": "cap on requests in flight",
		"events": "events were lost", "CPU": "cores on average", "files": "file descriptors",
	}
	told := map[string]bool{}
	defer func() {
		for _, d := range score.Doubts() {
			if w, ok := words[d.Name]; !ok || !told[d.Name] || d.When == "" {
				t.Errorf("no case for the doubt %q (%q)", d.Name, w)
			}
		}
	}()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newSim()
			tt.setup(t, m)
			sn := m.snapshot()
			for name, w := range words {
				told[name] = told[name] || strings.Contains(strings.Join(sn.Reasons, "\n"), w)
			}
			if sn.Verdict != tt.want {
				t.Fatalf("verdict %s %q, want %s", sn.Verdict, sn.Reasons, tt.want)
			}
			if advice := sn.Story().Next; tt.want == score.Inconclusive && (len(advice) == 0 || strings.HasPrefix(advice[0], "Most is to be gained")) {
				t.Errorf("nothing helps against %q", sn.Reasons)
			}
			if len(sn.Reasons) != len(tt.reasons) {
				t.Fatalf("reasons %q, want %d of them", sn.Reasons, len(tt.reasons))
			}
			for i, want := range tt.reasons {
				if !strings.Contains(sn.Reasons[i], want) {
					t.Errorf("reason %q, want it to say %q", sn.Reasons[i], want)
				}
			}
		})
	}
}

func TestViolationsAreFoundInCallsAndCountedOnce(t *testing.T) {
	m := newSim()
	one := each(1, 600)
	m.request = func(_ time.Duration, r *request) {
		r.kind = plan.KindSensitive
		r.calls[0].Provider = "rack" // allowed
		if one() {
			r.calls = append([]journal.Call{{Provider: "beta", Status: 500, Failure: "server_error"}, {Provider: "beta"}}, r.calls...)
		}
	}
	// The journal tells of the first one too.
	m.extra = []journal.Record{{T: 15 * s, Event: &journal.Violation{What: "privacy", Marker: "sensitive-ab12-0", Provider: "beta"}}}
	sn := m.snapshot()
	if sn.ViolationCount != 2 || len(sn.Violations) != 2 {
		t.Fatalf("%d violations %+v, want the two requests that reached beta", sn.ViolationCount, sn.Violations)
	}
	if v := sn.Violations[1]; v.What != "privacy" || v.Marker != "sensitive-ab12-600" || v.Provider != "beta" || v.Detail == "" {
		t.Errorf("violation %+v", v)
	}
}

func TestRegionsAreKeptToo(t *testing.T) {
	m := newSim()
	m.plan.Load.Mix[0].Regions = []string{"north"}
	m.request = func(at time.Duration, r *request) {
		if at > 15*s {
			r.calls[0].Provider = "beta" // in the south
		}
	}
	sn := m.snapshot()
	if sn.ViolationCount != 600 || len(sn.Violations) != score.MaxViolations || sn.Verdict != score.Fail {
		t.Errorf("%d violations, %d kept, verdict %s", sn.ViolationCount, len(sn.Violations), sn.Verdict)
	}
}
