package score_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"

	"pgregory.net/rapid"
)

// Whatever happened, the charges of a window add up to what it lost, in order.
func TestLossesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, w := range drawn(t).snapshot().Windows {
			sum, before := 0.0, math.Inf(1)
			for _, l := range w.Losses() {
				if l.Points <= 0 || l.Points > before {
					t.Fatalf("charges %v are not the dearest first", w.Losses())
				}
				sum, before = sum+l.Points, l.Points
			}
			if w.Scored && math.Abs(100-w.Score-sum) > 1e-6 {
				t.Fatalf("a window of %v lost %v by %v", w.Score, sum, w.Losses())
			}
			if !w.Scored && sum > 0 {
				t.Fatalf("a window without a score was charged %v", w.Losses())
			}
		}
	})
}

// The dearest part is the one that was broken.
func TestLossesNameTheCulprit(t *testing.T) {
	for name, spoil := range map[string]func(*sim){
		"availability": outageFor(10 * s),
		"latency":      slower(2 * time.Second),
	} {
		m := newSim()
		spoil(m)
		w := m.snapshot().Windows[0]
		ls := w.Losses()
		if len(ls) == 0 || score.PartNames[ls[0].Part] != name {
			t.Errorf("%s was broken, charged are %+v of %v", name, ls, w.Parts)
		}
	}
}

func TestStory(t *testing.T) {
	tests := []struct {
		name  string
		setup func(m *sim)
		want  []string // parts of what is told
	}{
		{"all well", func(m *sim) { m.plan.Expect = []plan.Expectation{must(t, "hung", "== 0")} }, []string{
			"Passed with 100.0 of 100 points: 1 expectation met.",
			"upset (latency_spike) on alpha from 10s to 20s; its recovery was watched until",
			"Users were served as promised all the time",
			"100.0 % available",
		}},
		{"nothing expected", func(m *sim) { m.plan.Faults = nil }, []string{"Passed: the scenario expects nothing in particular."}},
		{"an outage that nobody took over", func(m *sim) {
			m.plan.Expect = []plan.Expectation{must(t, "availability", ">= 98%"), must(t, "hung", "== 0")}
			outageFor(10 * s)(m)
		}, []string{
			"Failed with", "1 of 2 expectations missed.", "expected availability >= 98%, got 66.67 %",
			"Users were not served as promised again before the fault was cleared.",
			"promised at least 99.0 %", "Nobody took over",
			"Begin with request", "Most is to be gained from availability under upset",
		}},
		{"veto", func(m *sim) {
			m.request = func(_ time.Duration, r *request) { r.kind = plan.KindSensitive }
		}, []string{"Failed by a veto", "came to alpha"}},
		{"a fault that never came", func(m *sim) { m.noFault = true }, []string{"Inconclusive", "was never injected.", "time or condition comes before the load ends"}},
		{"corrupt answers", func(m *sim) {
			m.request = func(at time.Duration, r *request) {
				if during(at) {
					r.outcome = journal.Corrupt
				}
			}
		}, []string{"corrupt; 0.0 % available", "The bad ones met with: corrupt."}},
		{"still going on", func(m *sim) { m.open = true }, []string{"The run has not ended."}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newSim()
			tt.setup(m)
			told := m.snapshot().Story()
			lines := append([]string{told.Verdict}, told.Why...)
			for _, c := range told.Windows {
				lines = append(append(lines, c.Heading), c.Told...)
				for _, l := range c.Losses {
					lines = append(lines, l.Text, l.Look)
				}
			}
			text := strings.Join(append(lines, told.Next...), "\n")
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("nothing says %q:\n%s", want, text)
				}
			}
		})
	}
}
