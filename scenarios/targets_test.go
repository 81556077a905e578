package scenarios_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"brownout/harness/target"
	"brownout/plan"
	"brownout/scenarios"
)

func TestEveryBuiltinTargetIsWell(t *testing.T) {
	all := scenarios.Targets()
	if !slices.Equal(all[:3], plan.TargetRouters) {
		t.Errorf("the targets of this process do not come first: %v", all)
	}
	for _, name := range all {
		spec, err := scenarios.OpenTarget(name)
		if err == nil {
			err = target.Check(spec)
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if spec.Name != name || spec.Title == name || spec.About == "" {
			t.Errorf("%s: name %q, title %q, about %q", name, spec.Name, spec.Title, spec.About)
		}
		if i := spec.Install; i != nil && len(i.Command) == 0 && i.Hint == "" {
			t.Errorf("%s says neither how it is installed nor what a person does", name)
		}
	}
}

// Lock files name no registry: npm takes the one that it is told.
func TestLockFilesNameNoRegistry(t *testing.T) {
	files, err := filepath.Glob("targets/*/package-lock.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no lock file", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil || strings.Contains(string(text), `"resolved"`) || !strings.Contains(string(text), `"integrity"`) {
			t.Errorf("%s: %v; make it with npm install --package-lock-only --omit-lockfile-registry-resolved", f, err)
		}
	}
}

func TestTargetOfOnesOwn(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return at
	}
	write("gateway.yaml", "port: {{.Port}}")
	spec, err := scenarios.OpenTarget(write("mine.toml", `
title = "Mine"
url   = "http://127.0.0.1:{{.Port}}"
[headers]
x-team = "a"
[process]
command = ["gw", "{{.Dir}}/gateway.yaml"]
grace   = "1s"
[[process.file]]
path = "gateway.yaml"
from = "gateway.yaml"
`))
	if err != nil {
		t.Fatal(err)
	}
	p := spec.Process
	if spec.Title != "Mine" || spec.Headers["x-team"] != "a" || spec.Dialect != "openai" || p.Grace.String() != "1s" ||
		p.Ready.Timeout != plan.DefaultTargetProcess.Ready.Timeout || p.Files[0].Text != "port: {{.Port}}" {
		t.Errorf("%+v %+v", spec, p)
	}
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":      {"url = 'http://a'\nprocess.comand = ['a']", `[process]: unknown key "comand"; did you mean "command"?`},
		"no url":           {"title = 'x'", "the target has no url"},
		"two in one":       {"url = 'http://a'\nrouter = 'direct'", "not both"},
		"no command":       {"url = 'http://a'\n[process]\ngrace = '1s'", "[process] has no command"},
		"odd dialect":      {"url = 'http://a'\ndialect = 'antropic'", `:2:1: target: unknown dialect "antropic"; did you mean "anthropic"?`},
		"header no text":   {"url = 'http://a'\n[headers]\nx = 3", "must be text in quotes"},
		"outside":          {"url = 'http://a'\n[process]\ncommand = ['a']\n[[process.file]]\npath = '../x'\ntext = 'y'", "must lie below its directory"},
		"missing from":     {"url = 'http://a'\n[process]\ncommand = ['a']\n[[process.file]]\npath = 'x'\nfrom = 'y'", "cannot read the file y"},
		"text and from":    {"url = 'http://a'\n[process]\ncommand = ['a']\n[[process.file]]\npath = 'x'", "needs either text or from"},
		"install for none": {"url = 'http://a'\n[install]\nneeds = ['a']", "there is no [process]"},
		"no grace":         {"url = 'http://a'\n[process]\ncommand = ['a']\ngrace = '0s'", "grace must be more than 0s"},
	} {
		if _, err := scenarios.OpenTarget(write("bad.toml", c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one about %q", name, err, c.want)
		}
	}
}

func TestTargetByWord(t *testing.T) {
	spec, err := scenarios.OpenTarget("http://127.0.0.1:4000/v1")
	if err != nil || spec.URL != "http://127.0.0.1:4000/v1" || spec.Process != nil {
		t.Errorf("%+v, %v", spec, err)
	}
	for word, want := range map[string]string{
		"portkye":           `unknown target "portkye"; give a name, a path to a TOML file or a URL; did you mean "portkey"?`,
		"http://me:pw@host": "carries a user or a password",
		"http://host?key=1": "has a query",
		"https://":          "no URL of a gateway",
		"./nowhere.toml":    "cannot read the target",
	} {
		if _, err := scenarios.OpenTarget(word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one about %q", word, err, want)
		}
	}
}
