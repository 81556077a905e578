package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"brownout/reports"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	t.Run("targets", func(t *testing.T) {
		t.Parallel()
		c := program(t, "compare", abs(t, "testdata/short.toml"), "--targets", "bundled,direct", "--no-journal", "--report", "json=m.json,html=m.html,md=m.md")
		r := finish(t, c)
		if r.code != exitPassed {
			t.Fatalf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
		b, err := os.ReadFile(filepath.Join(c.Dir, "m.json"))
		if err != nil {
			t.Fatal(err)
		}
		var m struct {
			Matrices []reports.Matrix `json:"matrices"`
		}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		fitsSchema(t, "compare", filepath.Join(c.Dir, "m.json"))
		if e := m.Matrices[0].Evidence; len(e[1].Requests) == 0 || len(e[1].Requests[0].Calls) == 0 {
			t.Errorf("nothing shows what the naive control did wrong: %+v", e)
		}
		cells := m.Matrices[0].Figures[0].Cells
		if !cells[0].Best || !cells[1].Worst || cells[0].Mean < cells[1].Mean+20 {
			t.Errorf("scores %+v", cells)
		}
		for _, name := range []string{"m.html", "m.md"} {
			if b, err := os.ReadFile(filepath.Join(c.Dir, name)); err != nil || !strings.Contains(string(b), "bundled") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("a suite", func(t *testing.T) {
		t.Parallel()
		c := program(t, "compare", "--suite", "two.toml", "--targets", "bundled,direct", "--no-journal", "--report", "md=m.md")
		text := "scenarios = [" + strconv.Quote(abs(t, "testdata/short.toml")) + ", " + strconv.Quote(abs(t, "testdata/short.toml")) + "]\n"
		if err := os.WriteFile(filepath.Join(c.Dir, "two.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Args = append(c.Args, "--set", "load.duration=2s", "--set", "fault.outage.at=1s", "--set", "fault.outage.for=500ms")
		r := finish(t, c)
		b, err := os.ReadFile(filepath.Join(c.Dir, "m.md"))
		if err != nil || r.code != exitPassed || !strings.HasPrefix(string(b), "### Scores over all scenarios") || strings.Count(string(b), "\n| short | ") != 2 {
			t.Errorf("exit code %d, %v:\n%s%s\n%s", r.code, err, r.out, r.err, b)
		}
	})
	for _, c := range []struct {
		name string
		args []string
		says string
	}{
		{"nothing to compare", nil, "give one of --targets"},
		{"two things at once", []string{"--targets", "bundled,direct", "--victims", "openai,anthropic"}, "give one of --targets"},
		{"only one", []string{"--targets", "bundled"}, "only one variant"},
		{"unknown target", []string{"--targets", "bundled,direkt"}, `did you mean "direct"?`},
		{"unknown victim", []string{"--victims", "openai,antropic"}, `did you mean "anthropic"?`},
		{"unknown policy", []string{"--policies", "latency,wieghted"}, `did you mean "weighted"?`},
		{"policy without rules", []string{"--policies", "priority,hybrid"}, "has none; add [[router.rule]]"},
		{"policy without a home", []string{"--policies", "priority,region"}, "router.home"},
		{"unknown mitigation", []string{"--mitigations", "braker"}, `did you mean "breaker"?`},
		{"unknown format", []string{"--targets", "bundled,direct", "--report", "pdf=x"}, "json, md, html"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := brownout(t, append([]string{"compare", abs(t, "testdata/short.toml")}, c.args...)...)
			if r.code != exitUsage || !strings.Contains(r.err, c.says) {
				t.Errorf("exit code %d: %s", r.code, r.err)
			}
		})
	}
}
