package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"brownout/reports"
)

// Two runs are kept, and everything that can be done with kept runs is done
// with them.
func TestHistory(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "runs")
	var wg sync.WaitGroup
	for _, target := range []string{"bundled", "direct"} {
		wg.Go(func() {
			_, r := conclusive(t, "run", abs(t, "testdata/short.toml"), "--headless", "--target", target, "--out", out)
			if want := map[string]int{"bundled": exitPassed, "direct": exitFailed}[target]; r.code != want && r.code != exitInconclusive {
				t.Errorf("%s: exit code %d:\n%s%s", target, r.code, r.out, r.err)
			}
		})
	}
	wg.Wait()
	kept, err := reports.History(out)
	if err != nil || len(kept) < 2 {
		t.Fatalf("%d runs are kept (%v)", len(kept), err)
	}
	ids := map[string]string{}
	for _, k := range kept {
		if k.Report == nil {
			t.Fatalf("%s has no report", k.ID)
		}
		ids[k.Report.Run.Target] = k.ID
		fitsSchema(t, "report", filepath.Join(k.Dir, reports.ReportFile))
	}
	good, bad := ids["bundled"], ids["direct"]
	verdicts := map[string]string{} // a busy machine leaves them open, and history keeps those too
	for _, k := range kept {
		verdicts[k.ID] = string(k.Report.Verdict)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"list", []string{"runs"}, exitPassed, []string{good, bad, "bundled", "direct", verdicts[bad]}},
		{"trend", []string{"runs", "--scenario", "short"}, exitPassed, []string{"bundled", "direct", "█"}},
		{"show", []string{"runs", good}, exitPassed, []string{strings.ToUpper(verdicts[good]), "Fault windows"}},
		{"the beginning of an id", []string{"runs", "latest"}, exitPassed, []string{"Fault windows"}},
		{"nobody", []string{"runs", "1999"}, exitUsage, []string{`no run "1999"`}},
		{"not the only one", []string{"runs", good[:4]}, exitUsage, []string{"not the only one"}},
		{"html", []string{"report", bad, "--format", "html"}, exitPassed, []string{"<!doctype html>", "The worst requests", "Waterfall"}},
		{"samples", []string{"report", bad, "--format", "samples"}, exitPassed, []string{"marker,request,", ",failed,"}},
		{"csv", []string{"report", bad, "--format", "csv"}, exitPassed, []string{"offered_rps", "share_openai"}},
		{"openmetrics", []string{"report", bad, "--format", "openmetrics"}, exitPassed, []string{"brownout_score", "# EOF"}},
		{"badge", []string{"report", bad, "--format", "badge"}, exitPassed, []string{"<svg", verdicts[bad]}},
		{"nowhere to write", []string{"report", bad, "--format", "md", "--to", "no/such/dir/x.md"}, exitEnvironment, []string{"--to no/such/dir/x.md"}},
		{"no such format", []string{"report", bad, "--format", "pdf"}, exitUsage, []string{`unknown format "pdf"`}},
		{"trace", []string{"report", bad, "--trace", "availability"}, exitPassed, []string{"while it lasted", "steady state"}},
		{"no such part", []string{"report", bad, "--trace", "beauty"}, exitUsage, []string{"no part"}},
		{"better", []string{"diff", bad, good}, exitPassed, []string{"PASS"}},
		{"worse", []string{"diff", good, bad}, exitFailed, []string{"FAIL", "worse"}},
		{"the same", []string{"diff", good, good, "--max-drop", "0"}, exitPassed, []string{"not distinguishable"}},
		{"a drop that is allowed", []string{"diff", good, bad, "--max-drop", "100"}, exitPassed, []string{"PASS"}},
		{"bad bound", []string{"diff", good, bad, "--max-drop", "-1"}, exitUsage, []string{"--max-drop"}},
		{"replay", []string{"replay", good, "--headless"}, exitPassed, []string{"IDENTICAL", "bit for bit"}},
		{"deleting asks", []string{"runs", "--delete-older-than", "0s"}, exitUsage, []string{"--yes"}},
		{"nothing is old", []string{"runs", "--delete-older-than", "1h"}, exitPassed, []string{"no run is that old"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := inside(t, append(c.args, "--out", out)...)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d:\n%s%s", r.code, c.code, r.out, r.err)
			}
			for _, want := range c.says {
				if !strings.Contains(r.out+r.err, want) {
					t.Errorf("it does not say %q:\n%s%s", want, r.out, r.err)
				}
			}
		})
	}
	t.Run("a report that somebody changed", func(t *testing.T) {
		path := filepath.Join(out, good, reports.ReportFile)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(b), `"seed": 1`, `"seed": 2`, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := inside(t, "replay", good, "--headless", "--out", out); r.code != exitFailed || !strings.Contains(r.out, "DIFFERENT") {
			t.Errorf("exit code %d:\n%s", r.code, r.out)
		}
	})
	t.Run("a report of an older version, which told less", func(t *testing.T) {
		path := filepath.Join(out, good, reports.ReportFile)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		less := strings.Replace(string(b), `"seed": 2`, `"seed": 1`, 1)
		from := strings.Index(less, `  "steady": {`)
		less = less[:from] + less[from+strings.Index(less[from:], "\n  },\n")+len("\n  },\n"):]
		if err := os.WriteFile(path, []byte(less), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := inside(t, "replay", good, "--headless", "--out", out); r.code != exitPassed || !strings.Contains(r.out, "told only now: steady\n") {
			t.Errorf("exit code %d:\n%s", r.code, r.out)
		}
	})
	t.Run("delete", func(t *testing.T) {
		r := inside(t, "runs", "--delete-older-than", "0s", "--yes", "--out", out)
		if left, _ := reports.History(out); r.code != exitPassed || len(left) != 0 {
			t.Errorf("exit code %d, %d left:\n%s%s", r.code, len(left), r.out, r.err)
		}
		if r := inside(t, "runs", "--out", out); r.code != exitPassed || !strings.Contains(r.out, "no run is kept") {
			t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
	})
}

// fitsSchema holds what came of a real run against the schema that is printed
// for its kind.
func fitsSchema(t *testing.T, kind, path string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(inside(t, "schema", kind).out))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("urn:report", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("urn:report")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(report); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}
