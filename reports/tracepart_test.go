package reports_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"brownout/harness/score"
	"brownout/reports"
)

// Every part of the score, and the score itself, can be traced to figures with
// which the sum can be done again.
func TestTrace(t *testing.T) {
	in := []score.Inputs{{
		Fault: "outage", Calls: 1300, Early: 20, BilledUSD: .5, Good: 1150, SteadyUSD: .0004, Compared: 1200, Relative: 2.5,
		Failover: []score.FailoverInput{{}, {At: 1250 * time.Millisecond, Ahead: score.Tally{Total: 40, Value: 40}, Back: true}},
		Recovery: []score.RecoveryInput{{At: 2 * time.Second, Tally: score.Tally{Total: 80, Value: 80}, Distance: .123, Relative: 1.07, CostFactor: 1.11, Back: true}},
		Kinds:    []score.KindInput{{Request: "chat", Steady: 300 * time.Millisecond, Answers: 345, Deadline: 4 * time.Second}},
	}}
	for what, want := range map[string][]string{
		"score":        {"88.40", "84.00 to 91.50, 7.50 wide", "0.9000", "unknown", "formula 1"},
		"availability": {"min(1, 1.82 nines / 2.00 nines)", "while it lasted", "94.6 %"},
		"integrity":    {"min(1, all nines / 3.00 nines)", "99.6 %"},
		"failover":     {"min(1, 2 / 1.2)", "1.25 s", "back", "100.00 %"},
		"latency":      {"min(1, 2 / 2.5)", "345", "300 ms", "p95 2.500 x"},
		"recovery":     {"unknown", "0.123", "1.07 x", "1.11 x"},
		"efficiency":   {"min(1, 1.5 / 1.1)", "1300", "20"},
		"cost":         {"min(1, 0.0006 / 0.0004)", "$0.5000", "1150", "$0.000400"},
	} {
		var b bytes.Buffer
		if err := reports.Trace(&b, finished(), in, what, reports.Style{}); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s does not say %q:\n%s", what, w, b.String())
			}
		}
	}
	if n := len(reports.Traceable()); n != 8 {
		t.Errorf("%d figures can be traced", n)
	}
	if err := reports.Trace(new(bytes.Buffer), finished(), in, "beauty", reports.Style{}); err == nil || !strings.Contains(err.Error(), "score, availability") {
		t.Errorf("of what there is not: %v", err)
	}
}
