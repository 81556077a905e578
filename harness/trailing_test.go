package harness

import (
	"math"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// Faults wait for figures of the last two seconds, and of those alone.
func TestTrailingFigures(t *testing.T) {
	p := &plan.Plan{
		Load:      plan.Load{Profile: []plan.Point{{Rate: 10}, {At: 10 * time.Second, Rate: 30}}, Duration: 20 * time.Second},
		Providers: []plan.Provider{{Name: "alpha"}, {Name: "beta"}},
		Faults:    []plan.Fault{{Name: "f", When: &plan.Trigger{Metric: "rate", Op: ">", Bound: 1}}},
	}
	w := newTrailing(p)
	see := func(at time.Duration, provider, failure string, value float64) {
		status := 200
		if failure != "" {
			status = 500
		}
		w.see(&journal.Call{Provider: provider, Status: status, Failure: failure}, at)
		w.see(&journal.Sample{Value: value}, at)
	}
	for at := time.Duration(0); at < 5*time.Second; at += 100 * time.Millisecond {
		see(at, "alpha", "", 1)
		want := 1.0
		if at < plan.TriggerSpan {
			want = math.NaN() // too early to tell
		}
		if got := w.figure(plan.Trigger{Metric: "share", Arg: "alpha"}, at); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("share(alpha) at %s is %v, want %v", at, got, want)
		}
	}
	for at := 5 * time.Second; at < 8*time.Second; at += 100 * time.Millisecond {
		see(at, "beta", "", .7)
		w.see(&journal.Call{Provider: "alpha", Status: 500, Failure: "server_error"}, at)
		w.see(&journal.Call{Provider: "alpha", Aborted: true, Status: 499}, at)
	}
	for _, c := range []struct {
		metric, arg string
		at          time.Duration
		want        float64
	}{
		{"share", "alpha", 7900 * time.Millisecond, 0},
		{"share", "beta", 7900 * time.Millisecond, 1},
		{"errors", "alpha", 7900 * time.Millisecond, .5}, // who left is no error, but a call
		{"errors", "beta", 7900 * time.Millisecond, 0},
		{"availability", "", 7900 * time.Millisecond, .7},
		{"availability", "", 15 * time.Second, math.NaN()}, // nothing was seen for two seconds
		{"rate", "", 6 * time.Second, 20},
		{"rate", "", 15 * time.Second, 30},
	} {
		got := w.figure(plan.Trigger{Metric: c.metric, Arg: c.arg}, c.at)
		if math.Abs(got-c.want) > 1e-9 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%s(%s) at %s is %v, want %v", c.metric, c.arg, c.at, got, c.want)
		}
	}
	if p.Faults[0].When = nil; newTrailing(p) != nil {
		t.Error("figures are kept that nobody waits for")
	}
}
