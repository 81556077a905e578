package harness_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"brownout/harness"
	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// A run from its first event to its last: the phases in their order, a failover
// that the clients do not feel, and a journal from which the same figures come.
func TestRunIsWhatItsJournalSays(t *testing.T) {
	t.Parallel()
	p := tiny(outage("refused", 600*time.Millisecond, 600*time.Millisecond), func(p *plan.Plan) {
		p.Load.Mix = p.Load.Mix[:1] // a stream that is cut in the middle is felt
	})
	s, snap := finish(t, p)
	rs := records(t, s)

	for i, r := range rs {
		if r.Seq != uint64(i+1) || i > 0 && r.T < rs[i-1].T {
			t.Fatalf("record %d is number %d at %s, after one at %s", i+1, r.Seq, r.T, rs[max(0, i-1)].T)
		}
	}
	first, ok := rs[0].Event.(*journal.RunStarted)
	if !ok {
		t.Fatalf("the first event is %s", rs[0].Event.Kind())
	}
	if d := cmp.Diff(p.Faults[0].Name, first.Plan.Faults[0].Name); d != "" || first.Plan.Seed != p.Seed || first.RunID != s.ID {
		t.Errorf("the header is of another run: %s", d)
	}
	if last, ok := rs[len(rs)-1].Event.(*journal.RunFinished); !ok || *last != (journal.RunFinished{}) {
		t.Errorf("the last event is %+v", rs[len(rs)-1].Event)
	}
	var phases []string
	for _, e := range of[*journal.Phase](rs) {
		phases = append(phases, e.Name)
	}
	if d := cmp.Diff([]string{journal.PhaseSteady, journal.PhaseFault, journal.PhaseRecovery, journal.PhaseDrain}, phases); d != "" {
		t.Errorf("phases:\n%s", d)
	}
	samples := of[*journal.Sample](rs)
	if len(samples) != 80 {
		t.Errorf("%d samples of 80 requests", len(samples))
	}
	served := map[string]int{}
	for _, e := range samples {
		if e.Outcome != journal.OK {
			t.Errorf("%s is %s: %s %s", e.Marker, e.Outcome, e.Reason, e.Detail)
		}
		served[e.Provider]++
	}
	if served["openai"] == 0 || served["anthropic"] == 0 {
		t.Errorf("answers came from %v, want some of both", served)
	}
	for _, e := range of[*journal.Call](rs) {
		if e.Arrived < 0 || e.Total <= 0 {
			t.Errorf("a call arrived at %s and took %s", e.Arrived, e.Total)
		}
	}

	board := score.NewBoard()
	for _, r := range rs {
		board.Fold(r)
	}
	again := board.Snapshot()
	if again.Score != snap.Score || again.Requests != snap.Requests || again.Verdict != snap.Verdict {
		t.Errorf("folded again, the journal gives %+v %+v %s; the run gave %+v %+v %s",
			again.Score, again.Requests, again.Verdict, snap.Score, snap.Requests, snap.Verdict)
	}
}

// Without a directory nothing is written, and the run is the same.
func TestRunWithoutJournal(t *testing.T) {
	t.Parallel()
	s, err := harness.Start(t.Context(), tiny(lasting(300*time.Millisecond)), harness.Options{})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := s.Wait()
	if err != nil || s.Dir != "" || snap.Requests.OK != 12 || !snap.Finished {
		t.Errorf("error %v, directory %q, requests %+v", err, s.Dir, snap.Requests)
	}
}

// Runs of one directory do not meet, even in the same second.
func TestRunsHaveDirectoriesOfTheirOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for range 3 {
		s, err := harness.Start(t.Context(), tiny(lasting(50*time.Millisecond)), harness.Options{OutDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Wait(); err != nil {
			t.Fatal(err)
		}
		if len(records(t, s)) == 0 {
			t.Error("an empty journal")
		}
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*", harness.JournalName)); len(found) != 3 {
		t.Errorf("three runs left %v", found)
	}
}

// A plan that no rig can be built from is the plan's fault and not the
// machine's, and leaves nothing.
func TestPlansThatCannotRun(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		edit func(*plan.Plan)
	}{
		{"unknown dialect", func(p *plan.Plan) { p.Providers[0].Dialect = "smoke-signals" }},
		{"no requests", func(p *plan.Plan) { p.Load.Profile = nil }},
		{"empty mix", func(p *plan.Plan) { p.Load.Mix = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, err := harness.Start(t.Context(), tiny(tt.edit), harness.Options{OutDir: dir})
			if err == nil || isEnvironment(err) {
				t.Errorf("error %v, want one about the plan", err)
			}
			mustBeEmpty(t, dir)
		})
	}
}

func mustBeEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
