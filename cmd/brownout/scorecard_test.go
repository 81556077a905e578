package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brownout/harness/batch"
	"brownout/harness/scorecard"
	"brownout/plan"
	"brownout/reports"
)

// The exit code is that of the first target; gateways that take a process each
// have a card, too.
func TestScorecardCommand(t *testing.T) {
	t.Parallel()
	c := program(t, "scorecard", "--fault", "server_error,stream_truncate", "--targets", gatewayFile(t, "")+",direct", "--format", "json", "--report", "md=card.md,json=card.json")
	r := finish(t, c)
	var got struct {
		Schema  string
		Targets []struct {
			Target string
			Cells  []struct{ Fault, Grade, Why string }
		}
	}
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || r.code != exitPassed {
		t.Fatalf("exit code %d, %v: %s%s", r.code, err, r.out, r.err)
	}
	if got.Schema != "brownout.scorecard/1" || len(got.Targets) != 2 || len(got.Targets[0].Cells) != 2 {
		t.Fatalf("%+v", got)
	}
	fitsSchema(t, "scorecard", filepath.Join(c.Dir, "card.json"))
	for _, v := range got.Targets[0].Cells {
		if v.Grade != "pass" {
			t.Errorf("the router as a program: %+v", v)
		}
	}
	for _, v := range got.Targets[1].Cells {
		if v.Grade != "safe" {
			t.Errorf("the naive control: %+v", v)
		}
	}
	if text, err := os.ReadFile(filepath.Join(c.Dir, "card.md")); err != nil || !strings.Contains(string(text), "| stream_truncate | openai | stream | pass | safe |") {
		t.Errorf("%v: %s", err, text)
	}
}

// A gateway that has fixed ports of its own is started once at a time, here as
// in runs that would go side by side.
func TestTargetThatBearsNoSecond(t *testing.T) {
	t.Parallel()
	lock := filepath.Join(t.TempDir(), "lock")
	file := gatewayFile(t, `mkdir `+lock+` || { echo there is one already; exit 5; }; %s & trap "kill $!; wait $!; rmdir `+lock+`" TERM; wait $!`)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), "[process]", "[process]\nalone = true", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := brownout(t, "scorecard", "--fault", "server_error,overload", "--targets", file); r.code != exitPassed {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	for target, want := range map[string]batch.Limits{file: {Runs: 1}, "direct": {Runs: 4, Cores: 2}} {
		runs := []reports.SuiteRun{{Plan: &plan.Plan{Target: "bundled"}}, {Plan: &plan.Plan{Target: target}}}
		if jobs, got := jobsOf(runs, batch.Limits{Runs: 4, Cores: 2}); got != want || len(jobs) != 2 {
			t.Errorf("%s: %d jobs with %+v, want %+v", target, len(jobs), got, want)
		}
	}
}

func TestScorecardExitCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--targets", "direct", "--fault", "empty answer"}, exitFailed, ""},
		{[]string{"--targets", abs(t, "testdata/absent.toml"), "--fault", "server_error"}, exitEnvironment, "no-such-gateway"},
		{[]string{"--fault", "outtage"}, exitUsage, `no fault "outtage"`},
		{[]string{"--format", "pdf"}, exitUsage, "known are table, json, md, html"},
		{[]string{"--report", "pdf=x"}, exitUsage, "table, json, md, html"},
		{[]string{"--targets", "bundeld"}, exitUsage, `did you mean "bundled"?`},
	} {
		if r := brownout(t, append([]string{"scorecard"}, c.args...)...); r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%v: exit code %d: %s%s", c.args, r.code, r.out, r.err)
		}
	}
}

// Failing counts before what is not known, and both of the first target only.
func TestExitCodeOfASheet(t *testing.T) {
	t.Parallel()
	card := func(grades ...scorecard.Grade) (c scorecard.Card) {
		for _, g := range grades {
			c.Cells = append(c.Cells, scorecard.Cell{Grade: g})
		}
		return c
	}
	good := card(scorecard.Pass, scorecard.Partial, scorecard.Safe)
	for name, c := range map[string]struct {
		cards []scorecard.Card
		want  int
	}{
		"good":                      {[]scorecard.Card{good}, exitPassed},
		"fail":                      {[]scorecard.Card{card(scorecard.Pass, scorecard.Unknown, scorecard.Fail)}, exitFailed},
		"unknown":                   {[]scorecard.Card{card(scorecard.Pass, scorecard.Unknown)}, exitInconclusive},
		"the second fails":          {[]scorecard.Card{good, card(scorecard.Fail)}, exitPassed},
		"the second does not start": {[]scorecard.Card{good, {Error: "did not start"}}, exitEnvironment},
	} {
		if got := exitCode(sheetError(&scorecard.Sheet{Cards: c.cards})); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
