package harness_test

import (
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// when makes a fault wait for a condition.
func when(t *testing.T, p *plan.Plan, fault int, text string) {
	t.Helper()
	w, err := plan.ParseTrigger(text)
	if err != nil {
		t.Fatal(err)
	}
	p.Faults[fault].When = &w
}

// A fault that waits for a condition is injected once it holds, lasts as long
// as it says from then on, and not at all where it never holds.
func TestFaultsThatWait(t *testing.T) {
	t.Parallel()
	p := tiny(lasting(6*time.Second), outage("refused", time.Second, 5*time.Second), outage("errors", 0, time.Second), outage("errors", 0, time.Second))
	p.Faults[1].Name, p.Faults[1].On = "cascade", []string{"anthropic"}
	p.Faults[2].Name, p.Faults[2].On = "idle", []string{"anthropic"}
	when(t, p, 1, "share(anthropic) > 0.9")
	when(t, p, 2, "rate > 1000")
	s, snap := finish(t, p)
	rs := records(t, s)
	var on, off time.Duration
	for _, r := range rs {
		switch e := r.Event.(type) {
		case *journal.FaultOn:
			switch e.Name {
			case "cascade":
				on = r.T
			case "idle":
				t.Error("a fault was injected whose condition never held")
			}
		case *journal.FaultOff:
			if e.Name == "cascade" {
				off = r.T
			}
		}
	}
	// The primary is gone from 1 s on; two seconds later nine tenths of what was
	// answered well came from the other.
	if on < 2*time.Second || on > 4500*time.Millisecond || off-on < 900*time.Millisecond || off-on > 1800*time.Millisecond {
		t.Errorf("injected at %s, cleared at %s", on, off)
	}
	told := false
	for _, n := range of[*journal.Note](rs) {
		told = told || strings.Contains(n.Text, "idle was never injected: rate > 1000 never held")
	}
	if !told {
		t.Error("nobody is told that a condition never held")
	}
	for _, r := range snap.Reasons {
		if strings.Contains(r, "idle") {
			t.Errorf("a condition that never held is a doubt: %s", r)
		}
	}
}
