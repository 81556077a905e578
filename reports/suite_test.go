package reports_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"brownout/harness/score"
	"brownout/plan"
	"brownout/reports"
)

// suiteRuns are three runs of two scenarios, one that the machine failed and one
// that never began.
func suiteRuns() []reports.SuiteRun {
	run := func(name string, seed uint64, total float64, v score.Verdict, reasons ...string) reports.SuiteRun {
		p := &plan.Plan{Scenario: name, Target: "bundled", Seed: seed}
		s := &score.Snapshot{Plan: p, Verdict: v, Reasons: reasons, Finished: true, Windows: []score.Window{{
			Kind: "outage", Touched: 12, TouchedBy: []score.ProviderCalls{{Provider: "openai", Calls: 5}, {Provider: "gpu-a", Calls: 7}},
		}}}
		s.Score.Scored, s.Score.Total, s.Score.Worst = true, total, total
		return reports.SuiteRun{Name: name, Plan: p, Snapshot: s, Took: 45500 * time.Millisecond}
	}
	none := &plan.Plan{Scenario: "late", Target: "direct", Seed: 1}
	return []reports.SuiteRun{
		run("outage", 1, 90, score.Pass),
		run("outage", 2, 80, score.Fail, "expected score >= 85, got 80", "two", "three", "four", "five"),
		run("storm load.rate=5", 1, 70, score.Inconclusive, "inconclusive: too few samples"),
		{Name: "late", Plan: none, Err: errors.New("port 20000 is taken\nname another"), Took: time.Millisecond},
		{Name: "late", Plan: none},
	}
}

func TestASuiteIsOneTable(t *testing.T) {
	var b bytes.Buffer
	reports.Suite(&b, suiteRuns(), 91*time.Second, reports.Style{})
	for _, want := range []string{
		"│ outage            │ bundled │ 1    │ 90.0  │ PASS         │ 45.5 s │",
		"│ FAIL         │ 45.5 s │ expected score >= 85, got 80",
		"and 2 more",
		"│ storm load.rate=5 │ bundled │ 1    │ 70.0  │ INCONCLUSIVE │",
		"│ late              │ direct  │ 1    │ -     │ ENVIRONMENT  │ 0.0 s  │ port 20000 is taken; name another",
		"│ late              │ direct  │ 1    │ -     │ NOT RUN      │ -      │",
		"│ outage on bundled │ 2    │ 85.0 (21.5 to 100.0) │",
		"│ outage │ 3       │ 36    │ gpu-a 21, openai 15 │",
		"5 runs in 1m31s: 1 pass, 1 fail, 1 inconclusive, 1 environment, 1 not run",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "four") || strings.Contains(b.String(), "storm load.rate=5 on") {
		t.Errorf("says too much:\n%s", b.String())
	}
}

func TestTablesFitTheTerminal(t *testing.T) {
	for width := 24; width <= 140; width++ {
		var b bytes.Buffer
		reports.Suite(&b, suiteRuns(), time.Second, reports.Style{Width: width})
		for line := range strings.Lines(b.String()) {
			line = strings.TrimRight(line, "\n")
			if strings.Contains(line, "Means over") || strings.Contains(line, "runs in") {
				continue // prose, which the terminal wraps
			}
			if n := utf8.RuneCountInString(line); n > width && width >= 40 {
				t.Errorf("%d columns of %d: %q", n, width, line)
			}
		}
		for _, word := range []string{"outage", "INCONCLUSIVE", "inconclusive:"} {
			if !strings.Contains(b.String(), word) {
				t.Errorf("%d columns: %q is cut:\n%s", width, word, b.String())
			}
		}
	}
}

func TestLinesOfACellStayApart(t *testing.T) {
	var b bytes.Buffer
	reports.Listing(&b, []string{"name", "faults"}, [][]string{{"x", "first of openai, 10s to 20s\nsecond"}}, reports.Style{Width: 30, ASCII: true})
	if !strings.Contains(b.String(), "| second ") || strings.Contains(b.String(), "20s second") {
		t.Error("\n" + b.String())
	}
}

func TestEachRunMayHaveAFileOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	runs := suiteRuns()
	plans := []*plan.Plan{runs[0].Plan, runs[1].Plan, runs[2].Plan}
	parse := func(specs ...string) []reports.Output {
		t.Helper()
		out, err := reports.ParseOutputs(specs)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	outputs := parse("md="+filepath.Join(dir, "{scenario}-{seed}-{n}.md"), "json="+filepath.Join(dir, "all.json"))
	if err := reports.CheckPaths(outputs, plans); err != nil {
		t.Fatal(err)
	}
	for i, r := range runs[:2] {
		if err := reports.WriteRun(outputs, i+1, r.Snapshot, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := reports.WriteAll(outputs, []*score.Snapshot{runs[0].Snapshot, runs[1].Snapshot}, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"outage-1-1.md", "outage-2-2.md", "all.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 3 {
		t.Errorf("there are %v", files)
	}
	for spec, want := range map[string]string{
		"json=x-{scenario}.json":            "x-outage.json would be written twice, for run 1 (outage, seed 1) and for run 2 (outage, seed 2)",
		"json=x-{seed}.json":                "x-1.json would be written twice",
		"json=same.json,md=same.json":       "same.json would be written twice",
		"json=x-{n}.json,md=x-{n}.json":     "x-1.json would be written twice",
		"json=x-1.json,md=x-{n}.json":       "x-1.json would be written twice, for every run and for run 1",
		"json=x-{scenario}-{seed}-{n}.json": "",
	} {
		err := reports.CheckPaths(parse(strings.Split(spec, ",")...), plans)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", spec, err, want)
		}
	}
	if _, err := reports.ParseOutputs([]string{"json=x-{scenaro}.json"}); err == nil || !strings.Contains(err.Error(), "known are {scenario}, {seed}, {n}") {
		t.Error(err)
	}
}

func TestExplainSaysAllOfAFault(t *testing.T) {
	p := &plan.Plan{Scenario: "x", Faults: []plan.Fault{
		{Name: "slow", Kind: "latency_spike", On: []string{"a"}, At: 8 * time.Second, For: 10 * time.Second, Horizon: 5 * time.Second, Share: .5, Ramp: 4 * time.Second, Model: "m"},
		{Name: "next", Kind: "rate_limit", On: []string{"b"}, At: 9 * time.Second, For: 6 * time.Second, Horizon: 5 * time.Second, Share: 1, When: &plan.Trigger{Metric: "rate", Op: ">", Bound: 5}},
	}}
	var b bytes.Buffer
	reports.Explain(&b, p, reports.Style{ASCII: true})
	for _, want := range []string{
		"| slow  | latency_spike | a  | 8s                       | 18s      | 23s         | 50.0 % of those for m, growing over 4s |",
		"| next  | rate_limit    | b  | when rate > 5, from 9s on | 6s later | 11s later   | all ",
	} {
		if !strings.Contains(strings.Join(strings.Fields(b.String()), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
}
