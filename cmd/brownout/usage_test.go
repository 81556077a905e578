package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brownout/harness/chaos"
	"brownout/scenarios"
)

func TestBadUsageExitsWithTwo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.toml")
	if err := os.WriteFile(bad, []byte("title = \"x\"\n[load]\nrate = 1\ndurration = \"1s\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		says []string
	}{
		{"unknown command", []string{"rnu"}, []string{`unknown command "rnu"`, `did you mean "run"?`}},
		{"unknown sub-command", []string{"targets", "shwo"}, []string{`unknown command "shwo" for "brownout targets"`, `did you mean "show"?`}},
		{"unknown command to help with", []string{"help", "rnu"}, []string{`did you mean "run"?`}},
		{"unknown shell", []string{"completion", "csh"}, []string{`unknown command "csh"`, "zsh"}},
		{"a scenario for a command", []string{"provider-outage"}, []string{`"brownout run provider-outage"`}},
		{"a file for a command", []string{"mine.toml"}, []string{`"brownout run mine.toml"`}},
		{"one argument too many", []string{"list", "outage"}, []string{`"brownout list" takes no arguments`, `"outage"`}},
		{"one argument too few", []string{"diff", "latest"}, []string{`"brownout diff BASE NEW"`, "1 was given", `"brownout diff --help"`}},
		{"unknown flag", []string{"run", "provider-outage", "--sead", "1"}, []string{"--sead", `did you mean "--seed"?`}},
		{"no number", []string{"run", "provider-outage", "--seed", "abc"}, []string{`--seed: "abc" is not a whole number`}},
		{"no scenario", []string{"run"}, []string{"name a scenario", `"brownout list"`}},
		{"unknown scenario", []string{"run", "provider-outtage"}, []string{"provider-outtage", "provider-outage"}},
		{"missing file", []string{"run", "missing.toml"}, []string{"missing.toml"}},
		{"unknown target", []string{"run", "provider-outage", "--target", "portal"}, []string{`unknown target "portal"; give a name, a path to a TOML file or a URL; did you mean "portkey"?`}},
		{"unknown report", []string{"run", "provider-outage", "--report", "pdf=x"}, []string{"known are json, junit, md"}},
		{"no repeats", []string{"run", "provider-outage", "--repeat", "0"}, []string{"--repeat is 0"}},
		{"no address of a toxiproxy server", []string{"run", "provider-outage", "--toxiproxy", "localhost:8474"}, []string{"--toxiproxy", "http://127.0.0.1:8474"}},
		{"no address of a toxiproxy server for mocks", []string{"mocks", "--toxiproxy", "ftp://x"}, []string{"--toxiproxy", "http://127.0.0.1:8474"}},
		{"unknown key to set", []string{"run", "provider-outage", "--set", "load.durration=3s"}, []string{"load.durration", "duration"}},
		{"invalid file", []string{"validate", bad}, []string{"bad.toml:4:1", "durration", "duration"}},
		{"nothing to explain", []string{"explain", "outtage"}, []string{"outtage"}},
		{"router without configuration", []string{"router"}, []string{"--config", "--print-config"}},
		{"router with a missing file", []string{"router", "--config", "missing.toml"}, []string{"missing.toml", "--print-config"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := brownout(t, tt.args...)
			if r.code != exitUsage {
				t.Errorf("exit code %d, want %d", r.code, exitUsage)
			}
			for _, s := range tt.says {
				if !strings.Contains(r.err, s) {
					t.Errorf("stderr lacks %q:\n%s", s, r.err)
				}
			}
			if r.out != "" {
				t.Errorf("errors belong on stderr; stdout has:\n%s", r.out)
			}
		})
	}
}

func TestEnvironmentExitsWithFour(t *testing.T) {
	t.Parallel()
	t.Run("port taken", func(t *testing.T) {
		t.Parallel()
		links, err := chaos.StartLinks(chaos.LinkOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer links.Close()
		_, port, err := net.SplitHostPort(links.API)
		if err != nil {
			t.Fatal(err)
		}
		r := brownout(t, "run", "provider-outage", "--headless", "--port-from", port)
		if r.code != exitEnvironment || !strings.Contains(r.err, fmt.Sprintf("port %s is taken", port)) {
			t.Errorf("exit code %d, stderr %s", r.code, r.err)
		}
	})
	t.Run("no toxiproxy server", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		url := "http://" + l.Addr().String()
		l.Close()
		for _, args := range [][]string{
			{"run", "provider-outage", "--headless", "--toxiproxy", url},
			{"mocks", "--provider", "openai", "--toxiproxy", url},
		} {
			if r := brownout(t, args...); r.code != exitEnvironment || !strings.Contains(r.err, "start one with toxiproxy-server") {
				t.Errorf("%s: exit code %d, stderr %s", args[0], r.code, r.err)
			}
		}
	})
	t.Run("nowhere to write", func(t *testing.T) {
		t.Parallel()
		c := program(t, "run", "provider-outage", "--headless", "--out", "file/runs")
		if err := os.WriteFile(filepath.Join(c.Dir, "file"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		r := finish(t, c)
		if r.code != exitEnvironment || !strings.Contains(r.err, "--out") || !strings.Contains(r.err, "--no-journal") {
			t.Errorf("exit code %d, stderr %s", r.code, r.err)
		}
	})
	t.Run("router's port taken", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		c := program(t, "router", "--config", "router.toml", "--listen", l.Addr().String())
		writeRouterConfig(t, c.Dir)
		r := finish(t, c)
		if r.code != exitEnvironment || !strings.Contains(r.err, "--listen") {
			t.Errorf("exit code %d, stderr %s", r.code, r.err)
		}
	})
}

func writeRouterConfig(t *testing.T, dir string) {
	t.Helper()
	config := "[[backend]]\nname = \"a\"\ndialect = \"openai\"\nbase_url = \"http://127.0.0.1:1\"\nkey = \"sk-test\"\nmodel = \"m\"\n"
	if err := os.WriteFile(filepath.Join(dir, "router.toml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestListShowsEveryScenario(t *testing.T) {
	t.Parallel()
	r := inside(t, "list")
	for _, name := range scenarios.Builtin() {
		if !strings.Contains(r.out, name) {
			t.Errorf("list lacks %s:\n%s", name, r.out)
		}
	}
	if r.code != exitPassed {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if r := inside(t, "list", "--tag", "deprecation"); !strings.Contains(r.out, "model-deprecation") || strings.Contains(r.out, "latency-spike") {
		t.Errorf("the tag does not select:\n%s", r.out)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, k := range chaos.Kinds() {
		r := inside(t, "explain", k.Name)
		if r.code != exitPassed || !strings.Contains(r.out, k.Summary) {
			t.Errorf("%s: exit code %d:\n%s%s", k.Name, r.code, r.out, r.err)
		}
		for _, p := range chaos.Params(k.Name) {
			if !strings.Contains(r.out, p.Name) {
				t.Errorf("%s: parameter %s is not explained", k.Name, p.Name)
			}
		}
	}
	r := inside(t, "explain", "provider-outage")
	for _, want := range []string{"openai", "12s", "API Downtime"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("explain provider-outage lacks %q:\n%s", want, r.out)
		}
	}
}

func TestValidateBuiltins(t *testing.T) {
	t.Parallel()
	r := brownout(t, append([]string{"validate"}, scenarios.Builtin()...)...)
	if r.code != exitPassed || r.err != "" {
		t.Errorf("exit code %d, stderr:\n%s", r.code, r.err)
	}
}

func TestVersionNamesTheParts(t *testing.T) {
	t.Parallel()
	r := brownout(t, "version")
	for _, part := range []string{"brownout", "go1."} {
		if !strings.Contains(r.out, part) {
			t.Errorf("version lacks %q:\n%s", part, r.out)
		}
	}
}

func TestCompletionKnowsScenariosAndTargets(t *testing.T) {
	t.Parallel()
	if r := inside(t, "__complete", "run", ""); !strings.Contains(r.out, "provider-outage") {
		t.Errorf("no scenario is offered:\n%s", r.out)
	}
	if r := inside(t, "__complete", "run", "x", "--target", ""); !strings.Contains(r.out, "bundled") {
		t.Errorf("no target is offered:\n%s", r.out)
	}
	if r := inside(t, "completion", "bash"); r.code != exitPassed || !strings.Contains(r.out, "brownout") {
		t.Errorf("no completion script: %d %s", r.code, r.err)
	}
}

// Without a terminal there is nobody to launch for.
func TestNoArgumentsWithoutTerminalPrintsHelp(t *testing.T) {
	t.Parallel()
	r := brownout(t)
	if r.code != exitPassed || !strings.Contains(r.out, "Usage:") {
		t.Errorf("exit code %d:\n%s", r.code, r.out)
	}
}

func TestRouterPrintsItsConfiguration(t *testing.T) {
	t.Parallel()
	c := program(t, "router", "--print-config")
	r := finish(t, c)
	for _, key := range []string{"first_token_timeout", "max_attempts", "failure_ratio", "[[backend]]"} {
		if !strings.Contains(r.out, key) {
			t.Errorf("--print-config lacks %s:\n%s", key, r.out)
		}
	}
}
