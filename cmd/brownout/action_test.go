package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// actionFile is what of action.yml is run here.
type actionFile struct {
	Inputs map[string]struct{ Default string }
	Runs   struct {
		Steps []struct {
			Uses, Shell, Run string
			Env              map[string]string
		}
	}
}

// expressions are what GitHub puts in the place of.
var expressions = regexp.MustCompile(`\$\{\{ *([a-z_.]+) *\}\}`)

// act runs the scripts of action.yml as GitHub's runner does, until one fails.
// It returns what that one, or the last, ended with, and all that was printed.
func act(t *testing.T, workspace, actionPath, ref string, inputs map[string]string) (code int, said string) {
	t.Helper()
	text, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action actionFile
	if err := yaml.Unmarshal(text, &action); err != nil {
		t.Fatal(err)
	}
	known := map[string]string{"github.action_ref": ref}
	for name, v := range action.Inputs {
		known["inputs."+name] = v.Default
	}
	for name, v := range inputs {
		if _, ok := action.Inputs[name]; !ok {
			t.Fatalf("action.yml has no input %q", name)
		}
		known["inputs."+name] = v
	}
	filled := func(s string) string {
		return expressions.ReplaceAllStringFunc(s, func(e string) string {
			v, ok := known[expressions.FindStringSubmatch(e)[1]]
			if !ok {
				t.Errorf("action.yml asks for %s, which nobody gives", e)
			}
			return v
		})
	}
	ran := 0
	for i, s := range action.Runs.Steps {
		if s.Run == "" {
			continue
		}
		if s.Shell != "bash" {
			t.Errorf("step %d names the shell %q", i+1, s.Shell)
		}
		script := filepath.Join(t.TempDir(), "step.sh")
		if err := os.WriteFile(script, []byte(filled(s.Run)), 0o600); err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", script)
		c.Dir = workspace
		c.Env = append(os.Environ(), "GITHUB_ACTIONS=true", "GITHUB_WORKSPACE="+workspace, "GITHUB_ACTION_PATH="+actionPath,
			"GITHUB_STEP_SUMMARY="+filepath.Join(workspace, "summary.md"), "NO_COLOR=1")
		for _, name := range slices.Sorted(maps.Keys(s.Env)) {
			c.Env = append(c.Env, name+"="+filled(s.Env[name]))
		}
		out, err := c.CombinedOutput()
		said += string(out)
		ran++
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if code = c.ProcessState.ExitCode(); code != 0 {
			break
		}
	}
	if ran == 0 {
		t.Error("action.yml has no script")
	}
	return code, said
}

// builtAction is a copy of the action whose make builds the test binary.
func builtAction(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"bash", "make"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s", program)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "the action")
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\n%s=1 exec %q \"$@\"\n", asProgram, self)
	files := map[string]string{"run.sh": script, "Makefile": "VERSION ?= described\nbuild:\n\tcp run.sh bin/brownout && chmod +x bin/brownout && echo '$(VERSION)' > built\n"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// The action builds what its ref holds, runs the scenario that it is given, and
// leaves the reports and the summary; it ends as the run does.
func TestActionRuns(t *testing.T) {
	t.Parallel()
	dir, workspace := builtAction(t), t.TempDir()
	text, err := os.ReadFile("testdata/short.toml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(workspace, "my own.toml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	code, said := act(t, workspace, dir, "v9", map[string]string{
		"scenario": "./my own.toml", "target": "direct", "reports": "all reports",
		"args": "--no-journal --seed 3 --set load.duration=2s --set fault.outage.at=1s --set fault.outage.for=500ms",
	})
	r := reportOf(t, filepath.Join(workspace, "all reports", "report.json"))
	want := map[string]int{"pass": exitPassed, "fail": exitFailed, "inconclusive": exitInconclusive}[string(r.Verdict)]
	if r.Run.Target != "direct" || r.Run.Seed != 3 || code != want || r.Verdict == "" {
		t.Errorf("exit code %d, %s at %s with seed %d:\n%s", code, r.Verdict, r.Run.Target, r.Run.Seed, said)
	}
	for _, name := range []string{"all reports/junit.xml", "all reports/report.html", "summary.md"} {
		if s, err := os.Stat(filepath.Join(workspace, name)); err != nil || s.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if built, err := os.ReadFile(filepath.Join(dir, "built")); err != nil || string(built) != "v9\n" {
		t.Errorf("it built %q, %v", built, err)
	}
}

// What stands in an input is never run, and input that is wrong ends the step.
func TestActionTakesInputsAsText(t *testing.T) {
	t.Parallel()
	dir, workspace := builtAction(t), t.TempDir()
	owned := filepath.Join(workspace, "owned")
	code, said := act(t, workspace, dir, "", map[string]string{"scenario": `"; touch owned; $(touch owned)`, "target": "`touch owned`"})
	if _, err := os.Stat(owned); err == nil || code != exitUsage || !strings.Contains(said, "touch owned") {
		t.Errorf("exit code %d, %v: %s", code, err, said)
	}
	if built, err := os.ReadFile(filepath.Join(dir, "built")); err != nil || string(built) != "described\n" {
		t.Errorf("without a ref it built %q, %v", built, err)
	}
	// The real Makefile takes the version from the same variable.
	if out, err := exec.CommandContext(t.Context(), "make", "-C", "../..", "-n", "build", "VERSION=v9").CombinedOutput(); err != nil || !strings.Contains(string(out), "-X main.version=v9") {
		t.Errorf("make build: %v\n%s", err, out)
	}
}

// The workflows that we show and use give the action only inputs that it has,
// and all of them name one version of each of GitHub's own actions.
func TestWorkflowsFitTheAction(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	texts := map[string]string{"action.yml": read("action.yml"), "ci.yml": read(".github/workflows/ci.yml")}
	_, blocks := readme(t)
	for _, b := range blocks {
		if strings.HasPrefix(b.text, "# .github/workflows/") {
			texts["README.md"] = b.text
		}
	}
	var action actionFile
	if err := yaml.Unmarshal([]byte(texts["action.yml"]), &action); err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		var w struct {
			Jobs map[string]struct {
				Steps []struct {
					Uses string
					With map[string]any
				}
			}
		}
		if err := yaml.Unmarshal([]byte(texts[name]), &w); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		ours := 0
		for _, job := range w.Jobs {
			for _, s := range job.Steps {
				if s.Uses != "./" {
					continue
				}
				ours++
				for input := range s.With {
					if _, ok := action.Inputs[input]; !ok {
						t.Errorf("%s gives the action the input %q, which it does not have", name, input)
					}
				}
			}
		}
		if (ours == 0) != (name == "action.yml") {
			t.Errorf("%s uses the action %d times", name, ours)
		}
		for _, m := range regexp.MustCompile(`uses: (actions/[a-z-]+)@(\S+)`).FindAllStringSubmatch(texts[name], -1) {
			if was, ok := versions[m[1]]; ok && was != m[2] {
				t.Errorf("%s uses %s@%s, another file @%s", name, m[1], m[2], was)
			}
			versions[m[1]] = m[2]
		}
	}
	if len(texts) != 3 || len(versions) < 3 {
		t.Errorf("%d files, versions %v", len(texts), versions)
	}
}
