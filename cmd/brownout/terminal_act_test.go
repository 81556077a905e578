package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"brownout/harness"
	"brownout/harness/score"
	"brownout/plan"
	"brownout/scenarios"
)

// A session in front of the screen: a fault is made by hand and the load
// changed, a request is looked at, the run is watched to its end, kept as a
// scenario, reported and left.
func TestActInATerminal(t *testing.T) {
	t.Parallel()
	w := openTerminal(t, 120, 40, "", "run", abs(t, "testdata/short.toml"))
	w.waitFor("Short outage", "openai", "anthropic")
	w.keys("?")
	w.waitFor("inject a fault", "Shapes")
	w.keys("?")
	w.keys("i")
	w.waitFor("Inject a fault", "rate_limit")
	w.keys("-l", "server error")
	w.keys("Enter")
	w.waitFor("Inject server_error", "empty: until cleared")
	w.keys("Down", "C-u")
	w.keys("-l", "soon")
	w.waitFor("for must be a duration such as 10s")
	w.keys("C-u")
	w.keys("-l", "700ms")
	w.keys("Enter")
	w.waitFor("injected server_error on openai")
	w.keys("-")
	w.waitFor("load times 0.8")
	w.keys("9")
	w.waitFor("▸ 9 Requests", "█ ok ") // one has ended
	w.keys("Up")
	w.waitFor("Requests (held)")
	w.keys("Enter")
	w.waitFor("Verified: ", "esc/q close")
	w.keys("q")
	w.waitFor("the run is over")
	w.keys("w")
	w.waitFor("Save as a scenario", "short-by-hand.toml")
	w.keys("Enter")
	w.waitFor("saved: brownout run short-by-hand.toml")
	w.keys("r")
	w.waitFor("Verdict", "Harness")
	w.keys("e")
	w.waitFor("Export", "json")
	w.keys("Enter")
	w.waitFor("json to report.json")
	w.keys("Enter")
	w.waitFor("json written to report.json")
	w.keys("q")
	w.waitFor("the run is over")
	w.keys("q")
	w.waitFor("exit code") // which one is for the headless tests to judge

	if files, err := filepath.Glob(filepath.Join(w.dir, "*.json")); err != nil || len(files) != 1 {
		t.Errorf("exported %v, %v", files, err)
	}
	journals, err := filepath.Glob(filepath.Join(w.dir, defaultOut, "2*-short-*", harness.JournalName))
	if err != nil || len(journals) != 1 {
		t.Fatalf("journals %v, %v", journals, err)
	}
	played, _, err := score.Read(journals[0])
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(w.dir, "short-by-hand.toml"))
	if err != nil {
		t.Fatal(err)
	}
	sc, err := scenarios.Decode("short-by-hand.toml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	saved, err := sc.Resolve(scenarios.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	type span struct {
		name    string
		at, end time.Duration
	}
	when := func(p *plan.Plan) []span {
		var out []span
		for _, f := range p.Faults {
			out = append(out, span{f.Name, f.At, f.Clear()})
		}
		slices.SortFunc(out, func(a, b span) int { return int(a.at - b.at) })
		return out
	}
	if got, want := when(saved), when(played.Plan); !slices.Equal(got, want) || len(got) != 2 || played.ByHand() != 2 {
		t.Errorf("saved %v, played %v, %d things by hand", got, want, played.ByHand())
	}
	if !slices.Equal(saved.Load.Profile, played.Plan.Load.Profile) {
		t.Errorf("saved the load %v, played %v", saved.Load.Profile, played.Plan.Load.Profile)
	}
}
