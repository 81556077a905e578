package reports_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"brownout/harness/score"
	"brownout/plan"
	"brownout/reports"
)

// keptAs is a run in the history.
func keptAs(id string, total float64, byHand int, overrides ...string) reports.Kept {
	s := &score.Snapshot{
		RunID: id, Started: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Verdict: score.Pass, Score: score.Total{Scored: true, Total: total},
		Plan: &plan.Plan{Scenario: "slow", Target: "bundled", Seed: 3, Overrides: overrides},
	}
	for range byHand {
		s.Acts = append(s.Acts, score.Act{T: time.Second, Text: "load held at 7/s", ByHand: true})
	}
	s.Acts = append(s.Acts, score.Act{T: time.Second, Text: "router: breaker off"}) // the plan has it: nobody altered the run
	return reports.Kept{ID: id, Report: reports.New(s)}
}

// A change of the score is told among runs that are alike: neither what was set
// beside the scenario nor what was done by hand may pass for a better router.
func TestHistoryComparesWhatIsAlike(t *testing.T) {
	runs := []reports.Kept{
		keptAs("a", 80, 0), keptAs("b", 99, 0, "load.rate=1"), keptAs("c", 60, 2), keptAs("d", 81.5, 0), keptAs("e", 98, 0, "load.rate=1"), keptAs("f", 81.48, 0),
	}
	var out bytes.Buffer
	reports.HistoryTable(&out, runs, reports.Style{ASCII: true})
	rows := strings.Split(out.String(), "\n")
	want := map[string][2]string{"a": {"", ""}, "b": {"", "load.rate=1"}, "c": {"", "2 by hand"}, "d": {"+1.5", ""}, "e": {"-1.0", "load.rate=1"}, "f": {"+0.0", ""}}
	for _, line := range rows {
		cells := strings.Split(line, "|")
		if len(cells) < 10 {
			continue
		}
		w, ok := want[strings.TrimSpace(cells[1])]
		if !ok {
			continue
		}
		delete(want, strings.TrimSpace(cells[1]))
		if got := [2]string{strings.TrimSpace(cells[7]), strings.TrimSpace(cells[8])}; got != w {
			t.Errorf("%s: change and difference are %q, want %q", line, got, w)
		}
	}
	if len(want) > 0 {
		t.Errorf("these are missing: %v\n%s", want, out.String())
	}
	out.Reset()
	reports.TrendTable(&out, runs, reports.Style{ASCII: true})
	if n := strings.Count(out.String(), "load.rate=1"); n != 2 || !strings.Contains(out.String(), "2 by hand") {
		t.Errorf("the trend does not tell what was altered:\n%s", out.String())
	}
}
