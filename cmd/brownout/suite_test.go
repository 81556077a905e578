package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"brownout/harness/chaos"
	"brownout/reports"
)

// quick is a scenario of a second and a half, too short to tell anything.
const quick = `
title = "Quick"
[load]
rate = 20
duration = "1500ms"
mix = [{ kind = "chat", deadline = "1s", tokens = 5 }]
[[provider]]
name = "openai"
service = { first_token = "5ms", per_token = "1ms" }
[[provider]]
name = "anthropic"
[[fault]]
kind = "outage"
on = "openai"
at = "500ms"
for = "300ms"
`

// steady is one without a fault, which passes.
const steady = `
title = "Steady"
[load]
rate = 20
duration = "1500ms"
mix = [{ kind = "chat", deadline = "1s", tokens = 5 }]
[[provider]]
name = "openai"
service = { first_token = "5ms", per_token = "1ms" }
[expect]
availability = ">= 50%"
`

// files writes files into the directory of a program.
func files(t *testing.T, dir string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASuiteRunsSideBySide(t *testing.T) {
	t.Parallel()
	c := program(t, "run", "--suite", "sub/nightly.toml", "--repeat", "2", "--report", "json=r-{scenario}-{seed}.json,md=all.md")
	files(t, c.Dir, map[string]string{
		"sub/quick.toml": quick, "sub/steady.toml": steady,
		"sub/nightly.toml": "title = \"N\"\nscenarios = [\"./quick.toml\", { scenario = \"steady.toml\", set = [\"load.rate=30\"], seed = 7 }]",
	})
	r := finish(t, c)
	if r.code != exitInconclusive {
		t.Errorf("exit code %d, want that of the worst:\n%s%s", r.code, r.out, r.err)
	}
	for _, want := range []string{"[4/4]", "All runs", "│ quick ", "│ steady load.rate=30 ", "4 runs in", "2 inconclusive"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("lacks %q:\n%s", want, r.out)
		}
	}
	for name, seed := range map[string]uint64{"r-quick-1.json": 1, "r-quick-2.json": 2, "r-steady-7.json": 7, "r-steady-8.json": 8} {
		if report := readReport(t, filepath.Join(c.Dir, name)); report.Run.Seed != seed || !strings.Contains(name, report.Run.Scenario) {
			t.Errorf("%s: %+v", name, report.Run)
		}
	}
	if kept, _ := filepath.Glob(filepath.Join(c.Dir, defaultOut, "[0-9]*", reports.JournalFile)); len(kept) != 4 {
		t.Errorf("journals: %v", kept)
	}
}

func TestTheWorstRunDecides(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		texts map[string]string
		args  []string
		code  int
		says  string
	}{
		{"all pass", map[string]string{"a.toml": steady, "b.toml": steady}, nil, exitPassed, "2 pass"},
		{"a failure over a doubt", map[string]string{"a.toml": quick, "b.toml": strings.Replace(steady, `">= 50%"`, `">= 50%"`+"\np95 = \"<= 1ms\"", 1)}, nil, exitFailed, "1 fail"},
		{"one after the other too", map[string]string{"a.toml": steady, "b.toml": quick}, []string{"--parallel", "1"}, exitInconclusive, "1 inconclusive"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r result
			for range 3 { // again where the machine was too busy to tell
				c := program(t, append([]string{"run", "--suite", "s.toml", "--no-journal"}, tt.args...)...)
				files(t, c.Dir, tt.texts)
				files(t, c.Dir, map[string]string{"s.toml": `scenarios = ["./*.toml"]`})
				r = finish(t, c)
				if !strings.Contains(r.out, "the harness was the bottleneck") {
					break
				}
			}
			if r.code != tt.code || !strings.Contains(r.out, tt.says) {
				t.Errorf("exit code %d, want %d:\n%s%s", r.code, tt.code, r.out, r.err)
			}
		})
	}
}

// With the first port named, runs at once have blocks of their own; a block that
// is taken fails its run, and the others go on.
func TestParallelRunsKeepTheirPortsApart(t *testing.T) {
	t.Parallel()
	// Beyond the blocks that runs without a named port choose from, of which
	// other tests take any.
	const port = chaos.LastPort + 100
	taken, err := chaos.StartLinks(chaos.LinkOptions{PortFrom: port})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	c := program(t, "run", "a.toml", "b.toml", "--parallel", "2", "--no-journal", "--port-from", fmt.Sprint(port))
	files(t, c.Dir, map[string]string{"a.toml": steady, "b.toml": steady})
	r := finish(t, c)
	if r.code != exitEnvironment || !strings.Contains(r.err, fmt.Sprintf("port %d is taken", port)) || !strings.Contains(r.out, "1 environment") {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
	}
}

func TestAnInterruptEndsASuite(t *testing.T) {
	t.Parallel()
	c := program(t, "run", "--suite", "s.toml", "--parallel", "2")
	long := strings.Replace(steady, "1500ms", "50s", 1)
	files(t, c.Dir, map[string]string{"a.toml": long, "b.toml": long, "c.toml": long, "s.toml": `scenarios = ["./?.toml"]`})
	out := &watched{want: "never", seen: make(chan struct{})}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	journals(t, c.Dir, 2)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := c.Wait()
	if c.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("exit code %d (%v):\n%s", c.ProcessState.ExitCode(), err, out.text())
	}
	if text := out.text(); !strings.Contains(text, "2 interrupted, 1 not run") {
		t.Errorf("the table does not say what came of each:\n%s", text)
	}
}

func TestBadSuitesExitWithTwo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"run", "--suite", "missing.toml"}, "cannot read the suite"},
		{[]string{"run", "--suite", "bad.toml"}, `bad.toml:1:14: scenarios: no built-in scenario and no file is called "provider-outtage"`},
		{[]string{"run", "bad.toml"}, "run it with --suite bad.toml"},
		{[]string{"run", "--suite", "quick.toml"}, "run it without --suite"},
		{[]string{"run", "--suite", "good.toml"}, `unknown target "portal"`},
		{[]string{"run", "quick.toml", "--parallel", "-1"}, "--parallel is -1"},
		{[]string{"run", "quick.toml", "quick.toml", "--report", "json=x-{scenario}.json"}, "x-quick.json would be written twice"},
		{[]string{"run", "quick.toml", "quick.toml", "--report", "json=x-{name}.json"}, "unknown placeholder"},
		{[]string{"validate", "--suite", "bad.toml"}, "did you mean"},
	} {
		c := program(t, tt.args...)
		files(t, c.Dir, map[string]string{
			"quick.toml": quick, "bad.toml": `scenarios = ["provider-outtage"]`,
			"good.toml": `scenarios = [{ scenario = "./quick.toml", target = "portal" }]`,
		})
		if r := finish(t, c); r.code != exitUsage || !strings.Contains(r.err, tt.says) || r.out != "" {
			t.Errorf("%v: exit code %d, want %q:\n%s%s", tt.args, r.code, tt.says, r.out, r.err)
		}
	}
}

func TestReportsOfARunGoIntoOneFileEach(t *testing.T) {
	t.Parallel()
	c := program(t, "run", "quick.toml", "--headless", "--no-journal", "--report", "json={scenario}.json")
	files(t, c.Dir, map[string]string{"quick.toml": quick})
	finish(t, c)
	b, err := os.ReadFile(filepath.Join(c.Dir, "quick.json"))
	if err != nil {
		t.Fatal(err)
	}
	var report reports.Report
	if err := json.Unmarshal(b, &report); err != nil || report.Run.Scenario != "quick" {
		t.Errorf("%v, %+v", err, report.Run)
	}
}

// What did not pass is asked again, what passed is not, and the exit code is
// that of the last word.
func TestConfirmAsksAgain(t *testing.T) {
	t.Parallel()
	c := program(t, "run", "--suite", "two.toml", "--confirm", "1", "--no-journal")
	files(t, c.Dir, map[string]string{
		"quick.toml": quick, "steady.toml": steady,
		"two.toml": "title = \"Two\"\nscenarios = [\"./quick.toml\", \"./steady.toml\"]",
	})
	r := finish(t, c)
	if r.code != exitInconclusive {
		t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
	}
	steadyRuns := 1
	if strings.Contains(r.out, "2 of 2 did not pass") { // a machine too busy for either
		steadyRuns = 2
	}
	for want, times := range map[string]int{
		fmt.Sprintf("%d of 2 did not pass, and are asked again", steadyRuns): 1,
		"asked before: inconclusive":                                         steadyRuns, "  quick  ": 2, "  steady  ": steadyRuns, "2 runs in": 1,
	} {
		if n := strings.Count(r.out, want); n != times {
			t.Errorf("%q comes %d times, want %d:\n%s", want, n, times, r.out)
		}
	}
}
