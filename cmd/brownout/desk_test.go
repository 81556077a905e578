package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brownout/harness/score"
	"brownout/plan"
	"brownout/reports"
	"brownout/scenarios"
	"brownout/tui"
)

// keptRun puts a run in a history.
func keptRun(t *testing.T, dir, id string, s *score.Snapshot) {
	t.Helper()
	run := filepath.Join(dir, id)
	if err := os.MkdirAll(run, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, reports.JournalFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if s != nil {
		if err := reports.Keep(run, s); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDeskListsTheHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := func(target string, total float64, scored bool, v score.Verdict) *score.Snapshot {
		return &score.Snapshot{Plan: &plan.Plan{Scenario: "slow", Title: "Slow", Target: target, Seed: 3}, Verdict: v, Score: score.Total{Scored: scored, Total: total}, Reasons: []string{"so it is"}}
	}
	keptRun(t, dir, "20260301-100000-slow-0001", run("bundled", 80, true, score.Pass))
	keptRun(t, dir, "20260301-110000-slow-0002", run("direct", 10, true, score.Fail))
	keptRun(t, dir, "20260301-120000-slow-0003", run("bundled", 0, false, score.Inconclusive))
	keptRun(t, dir, "20260301-130000-slow-0004", run("bundled", 77.5, true, score.Pass))
	keptRun(t, dir, "20260301-140000-two-words-0005", nil)
	altered := run("bundled", 99, true, score.Pass)
	altered.Plan.Overrides = []string{"load.rate=1"}
	altered.Acts = []score.Act{{T: time.Second, Text: "load held at 7/s", ByHand: true}, {T: time.Second, Text: "router: breaker off"}}
	keptRun(t, dir, "20260301-090000-slow-0000", altered)
	d := (&app{env: os.Getenv}).newDesk(t.Context(), runFlags{out: dir})
	got, err := d.kept()
	if err != nil || len(got) != 6 {
		t.Fatalf("%d runs: %v", len(got), err)
	}
	if k := got[0]; k.Scenario != "two-words" || !k.Started.Equal(time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)) || k.Verdict != score.Pending || k.Scored {
		t.Errorf("of a run without a report is told %+v", k)
	}
	if k := got[1]; k.Score != 77.5 || !k.Changed || k.Change != -2.5 || k.Title != "Slow" || k.Seed != 3 || k.Verdict != score.Pass {
		t.Errorf("the latest is %+v", k)
	}
	if k := got[2]; k.Scored || k.Changed || k.Reasons[0] != "so it is" {
		t.Errorf("of a run without a score is told %+v", k)
	}
	if k := got[5]; len(k.Overrides) != 1 || k.ByHand != 1 || k.Changed {
		t.Errorf("of a run that was altered is told %+v", k)
	}
	if k := got[4]; len(k.Overrides) > 0 || k.ByHand != 0 {
		t.Errorf("of one that was not is told %+v", k)
	}
	if got[3].Changed || got[4].Changed {
		t.Error("a change against another target, or against nothing")
	}
	if none, err := (&app{env: os.Getenv}).newDesk(t.Context(), runFlags{out: filepath.Join(dir, "none")}).kept(); err != nil || len(none) != 0 {
		t.Errorf("no history: %v, %v", none, err)
	}
}

func TestDeskReplacesOnlyWhatItWasToldTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	write := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	for _, step := range []struct {
		path, text string
		over       bool
		want       string // in the error
		is         error
		holds      string // the file afterwards
	}{
		{path, "a", false, "", nil, "a"},
		{path, "b", false, "already", tui.ErrExists, "a"},
		{path, "c", true, "", nil, "c"},
		{dir, "d", true, "is a directory; name a file in it", nil, "c"},
		{filepath.Join(dir, "no", "x"), "e", false, "there is no directory", nil, "c"},
		{filepath.Join(path, "x"), "f", false, "there is no directory", nil, "c"},
	} {
		err := replace(step.path, step.over, write(step.text))
		if step.want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), step.want) || step.is != nil && !errors.Is(err, step.is) {
			t.Errorf("%s: %v, want %q", step.path, err, step.want)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != step.holds {
			t.Errorf("after %q the file holds %q (%v), want %q", step.text, b, err, step.holds)
		}
	}
}

// Two runs at once would measure each other.
func TestDeskStartsOneThingAtATime(t *testing.T) {
	t.Parallel()
	d := (&app{env: os.Getenv}).newDesk(t.Context(), runFlags{out: t.TempDir(), repeat: 1})
	stopped := 0
	if err := d.claim(func() { stopped++ }); err != nil {
		t.Fatal(err)
	}
	if _, err := d.begin(tui.Order{Scenario: "provider-outage", Target: "bundled", Seed: 1}); err == nil || !strings.Contains(err.Error(), "let it end first") {
		t.Errorf("a second run: %v", err)
	}
	if _, err := d.contest(tui.Contest{Order: tui.Order{Scenario: "provider-outage"}, Vary: tui.VaryTargets, Names: []string{"bundled", "direct"}}); err == nil || !strings.Contains(err.Error(), "let it end first") {
		t.Errorf("a comparison beside a run: %v", err)
	}
	d.close()
	if stopped != 1 {
		t.Errorf("what is on was stopped %d times when the screens closed", stopped)
	}
}

func TestDeskPlans(t *testing.T) {
	t.Parallel()
	d := (&app{env: os.Getenv}).newDesk(t.Context(), runFlags{out: t.TempDir(), repeat: 1})
	r, err := d.plan(tui.Order{Scenario: "provider-outage", Target: "direct", Seed: 42, Without: []string{"anthropic"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, there := r.Plan.Provider("anthropic"); there || r.Plan.Target != "direct" || r.Plan.Seed != 42 {
		t.Errorf("target %s, seed %d, providers %v", r.Plan.Target, r.Plan.Seed, r.Plan.Providers)
	}
	for _, o := range []tui.Order{{Scenario: "nothing"}, {Scenario: "provider-outage", Target: "nobody"}, {Scenario: "provider-outage", Without: []string{"openai"}}} {
		if _, err := d.plan(o); err == nil {
			t.Errorf("%+v was planned", o)
		}
	}
}

// The launcher offers the library whole, and the scenarios of a directory that
// are valid, but no copy of a built-in one, unless it was changed.
func TestLauncherOffersEverything(t *testing.T) {
	dir := t.TempDir()
	builtin, _ := scenarios.Raw("provider-outage")
	changed, _ := scenarios.Raw("key-revoked")
	for name, text := range map[string]string{
		"mine.toml": "", "suite.toml": "scenarios = []", "scenarios/too.toml": "",
		"provider-outage.toml": string(builtin), "scenarios/provider-outage.toml": string(builtin), "scenarios/key-revoked.toml": string(changed) + "# mine\n",
	} {
		if text == "" {
			b, err := os.ReadFile("testdata/short.toml")
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	offered, err := (&app{env: os.Getenv}).newDesk(t.Context(), runFlags{out: defaultOut}).launcher()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range offered.Entries {
		names = append(names, e.Name)
	}
	if len(names) < 50 || names[0] != "mine.toml" || names[1] != filepath.Join("scenarios", "key-revoked.toml") || names[2] != filepath.Join("scenarios", "too.toml") || names[3] != "address-lost" {
		t.Errorf("offered are %v", names)
	}
	if offered.Targets[0] != "bundled" || len(offered.Formats) != len(reports.Formats()) || len(offered.MatrixFormats) != len(reports.MatrixFormats()) {
		t.Errorf("targets %v, formats %v, %v", offered.Targets, offered.Formats, offered.MatrixFormats)
	}
	for _, f := range offered.Formats {
		if f.File == "" {
			t.Errorf("format %s offers no name for a file", f.Name)
		}
	}
}

// A run that is shown from elsewhere is found by its id all the same.
func TestDeskFindsTheRunThatIsShown(t *testing.T) {
	t.Parallel()
	d := (&app{env: os.Getenv}).newDesk(t.Context(), runFlags{out: t.TempDir()})
	d.shownID, d.shown = func() string { return "20260301-100000-slow-0001" }, reports.Kept{Dir: "/elsewhere"}
	if k, err := d.find("20260301-100000-slow-0001"); err != nil || k.Dir != "/elsewhere" {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := d.find("20260301-110000-slow-0002"); err == nil {
		t.Error("another run was found")
	}
}
