package harness

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"brownout/plan"
)

// A run never shares a directory with another, also where it draws the same id.
func TestRunsHaveDirectoriesOfTheirOwn(t *testing.T) {
	out := filepath.Join(t.TempDir(), "runs")
	p := &plan.Plan{Scenario: "tiny"}
	now := time.Now()
	var dirs []string
	for range 3 {
		r := &run{plan: p, session: &Session{ID: runID(p, now)}, options: Options{OutDir: out}}
		if err := r.claimDir(); err != nil {
			t.Fatal(err)
		}
		if filepath.Base(r.session.Dir) != r.session.ID {
			t.Errorf("the run %s is kept in %s", r.session.ID, r.session.Dir)
		}
		dirs = append(dirs, r.session.Dir)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 3 {
		t.Errorf("%d directories for three runs: %q (%v)", len(entries), dirs, err)
	}
}
