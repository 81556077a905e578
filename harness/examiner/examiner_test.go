package examiner_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"brownout/harness/chaos"
	"brownout/harness/examiner"
	"brownout/harness/scorecard"
	"brownout/plan"
)

// Nothing of a cell outlives it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryKindOfFaultHasARow(t *testing.T) {
	rows := examiner.Rows()
	for _, k := range chaos.Kinds() {
		if !slices.ContainsFunc(rows, func(r scorecard.Row) bool { return r.Kind == k.Name }) {
			t.Errorf("no row puts %s on anybody", k.Name)
		}
	}
	names := map[string]bool{}
	for _, r := range rows {
		if names[r.Name] || r.Summary == "" {
			t.Errorf("row %+v", r)
		}
		names[r.Name] = true
	}
}

// The naive control fails where the bundled router passes, and its card says
// why.
func TestExamine(t *testing.T) {
	s, err := examiner.Examine(t.Context(), examiner.Options{
		Targets: []plan.Target{plan.InProcess("bundled"), plan.InProcess("direct")},
		Faults:  []string{"server_error", "empty answer"}, Seed: 3,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]scorecard.Grade{"bundled": {"pass", "pass"}, "direct": {"safe", "fail"}}
	for _, c := range s.Cards {
		if len(c.Cells) != 2 || c.Error != "" {
			t.Fatalf("%+v", c)
		}
		for i, v := range c.Cells {
			if v.Fault != s.Rows[i].Name || v.Grade != want[c.Target][i] || len(v.Calls) == 0 {
				t.Errorf("%s: %+v", c.Target, v)
			}
		}
	}
	if s.Worst() != scorecard.Fail {
		t.Errorf("the worst is %s", s.Worst())
	}
}

func TestExamineWhatCannotBe(t *testing.T) {
	if _, err := examiner.Examine(t.Context(), examiner.Options{Faults: []string{"outtage"}}); err == nil || !strings.Contains(err.Error(), `no fault "outtage"`) {
		t.Errorf("error %v", err)
	}
	// One that does not start is told once, and not started for every cell.
	broken, process := plan.DefaultTarget, plan.DefaultTargetProcess
	starts := filepath.Join(t.TempDir(), "starts")
	broken.Name, broken.URL, broken.Process = "broken", "http://127.0.0.1:{{.Port}}", &process
	process.Command = []string{"sh", "-c", "echo x >>" + starts + "; echo no licence; exit 3"}
	b, err := examiner.Examine(t.Context(), examiner.Options{Targets: []plan.Target{broken}})
	if err != nil || b.Cards[0].Error != "did not start: it ended before it served anybody: exit status 3; its last lines:\n  no licence" || len(b.Cards[0].Cells) > 0 {
		t.Errorf("%+v, %v", b, err)
	}
	if text, err := os.ReadFile(starts); err != nil || strings.Count(string(text), "x") > 4 {
		t.Errorf("started %d times, %v", strings.Count(string(text), "x"), err)
	}
	gone := plan.DefaultTarget
	gone.Name, gone.URL = "gone", "http://127.0.0.1:1"
	s, err := examiner.Examine(t.Context(), examiner.Options{Targets: []plan.Target{gone}, Faults: []string{"server_error"}})
	if err != nil || s.Cards[0].Error == "" || !strings.Contains(s.Cards[0].Error, "nobody answers") || s.Worst() != scorecard.Fail {
		t.Errorf("%+v, %v", s, err)
	}
}
