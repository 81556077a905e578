package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/plan"
	"brownout/scenarios"
)

// readmePages are the README and the pages of docs whose commands and tables are
// its own, moved out of the way of newcomers.
var readmePages = []string{"README.md", "docs/terminal.md", "docs/library.md", "docs/mitigations.md", "docs/ci.md"}

// fence is one fenced block of these pages.
type fence struct{ language, text string }

var (
	fences   = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")
	inline   = regexp.MustCompile("`(bin/brownout [^`\n]+)`")
	asScript = strings.NewReplacer("'", "", `"`, "")
)

func readme(t *testing.T) (text string, blocks []fence) {
	t.Helper()
	for _, page := range readmePages {
		b, err := os.ReadFile(filepath.Join("../..", page))
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
		for _, m := range fences.FindAllStringSubmatch(string(b), -1) {
			blocks = append(blocks, fence{m[1], m[2]})
		}
	}
	return text, blocks
}

// Each command that the README shows runs, with the scenario that it shows.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	text, blocks := readme(t)
	var lines []string
	for _, b := range blocks {
		for line := range strings.Lines(b.text) {
			// Those about mocks talk to each other: see TestReadmeMocksCommands.
			if strings.HasPrefix(line, "bin/brownout") && !strings.HasPrefix(line, "bin/brownout mocks ") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
	}
	for _, m := range inline.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	if len(lines) < 10 {
		t.Fatalf("the README shows only %q", lines)
	}
	for _, line := range lines {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			command, _, _ := strings.Cut(line, "#")
			runAsShown(t, strings.Fields(asScript.Replace(command))[1:], blocks)
		})
	}
}

// runAsShown runs one command line: as it stands where that takes no time, in
// seconds where it would take minutes, and to the first sign of life where it
// would serve for ever.
func runAsShown(t *testing.T, args []string, blocks []fence) {
	t.Helper()
	c := program(t, args...)
	writeShown(t, c.Dir, blocks)
	switch {
	case args[0] == "run" && args[1] == "--suite", args[0] == "compare", args[0] == "worth":
		beginAndStop(t, c)
	case slices.Contains([]string{"runs", "report", "replay", "diff"}, args[0]):
		// They are about a run that was kept: of seconds, and so without a score.
		kept := program(t, "run", "provider-outage", "--headless", "--set", "load.duration=2s", "--set", "fault.outage.at=1s", "--set", "fault.outage.for=500ms")
		kept.Dir = c.Dir
		finish(t, kept)
		if r := finish(t, c); !slices.Contains([]int{exitPassed, exitInconclusive}, r.code) || r.out == "" && !slices.Contains(args, "--to") {
			t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
	case args[0] == "run":
		c = hurried(t, c, args)
		// Too short a run to tell anything: what counts is that it ran.
		if r := finish(t, c); !slices.Contains([]int{exitPassed, exitFailed, exitInconclusive}, r.code) {
			t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
		mustHaveWritten(t, c, args)
	case args[0] == "scorecard": // a row of it
		c.Args = append(c.Args, "--fault", "server_error")
		if r := finish(t, c); r.code != exitPassed || r.out == "" {
			t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
	case args[0] == "exec": // with a program that is there
		at := slices.Index(c.Args, "--")
		c.Args = append(c.Args[:at+1:at+1], clientCommand(t, "1", "1")...)
		if r := finish(t, c); !slices.Contains([]int{exitPassed, exitFailed}, r.code) || !strings.Contains(r.err, "What the providers saw") {
			t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
	case args[0] == "router" && slices.Contains(args, "--config"):
		printed := brownout(t, "router", "--print-config")
		if err := os.WriteFile(filepath.Join(c.Dir, "router.toml"), []byte(printed.out), 0o600); err != nil {
			t.Fatal(err)
		}
		serveAndStop(t, c)
	default:
		if r := finish(t, c); r.code != exitPassed || r.out == "" {
			t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
	}
}

// beginAndStop begins a suite and interrupts it once its runs are under way.
func beginAndStop(t *testing.T, c *exec.Cmd) {
	t.Helper()
	out := &watched{want: "never", seen: make(chan struct{})}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	journals(t, c.Dir, 2)
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // the exit code tells more
	if code := c.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d:\n%s", code, out.text())
	}
}

// journals waits until so many runs have begun.
func journals(t *testing.T, dir string, want int) {
	t.Helper()
	for range 400 {
		if found, _ := filepath.Glob(filepath.Join(dir, defaultOut, "*", "*")); len(found) >= want {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Fatalf("%d runs never began", want)
}

// writeShown writes the scenarios of the README under the names by which its
// commands call them.
func writeShown(t *testing.T, dir string, blocks []fence) {
	t.Helper()
	for _, b := range blocks {
		if b.language != "toml" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "lunch.toml"), []byte(b.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// hurried makes a run last a second and a half, with all its faults in it.
func hurried(t *testing.T, c *exec.Cmd, args []string) *exec.Cmd {
	t.Helper()
	name := args[1]
	if strings.HasSuffix(name, ".toml") {
		name = filepath.Join(c.Dir, name)
	}
	sc, err := scenarios.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sc.Resolve(scenarios.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	more := []string{"--set", "load.duration=1500ms"}
	for _, f := range p.Faults {
		more = append(more, "--set", "fault."+f.Name+".at=500ms", "--set", "fault."+f.Name+".for=400ms")
	}
	for _, kind := range plan.Kinds {
		if _, ok := p.MixOf(kind); ok {
			more = append(more, "--set", "load.mix."+kind+".deadline=1s")
		}
	}
	c.Args = append(c.Args, more...)
	return c
}

// mustHaveWritten sees that the files of --report and --vegeta-results are
// there.
func mustHaveWritten(t *testing.T, c *exec.Cmd, args []string) {
	t.Helper()
	for i, arg := range args {
		var files []string
		switch arg {
		case "--report":
			for _, r := range strings.Split(args[i+1], ",") {
				_, path, _ := strings.Cut(r, "=")
				files = append(files, path)
			}
		case "--vegeta-results":
			files = []string{args[i+1]}
		}
		for _, f := range files {
			if fi, err := os.Stat(filepath.Join(c.Dir, f)); err != nil || fi.Size() == 0 {
				t.Errorf("%s was not written: %v", f, err)
			}
		}
	}
}

// serveAndStop starts a server on a port of its own and stops it once it
// listens.
func serveAndStop(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if i := slices.Index(c.Args, "--listen"); i > 0 {
		c.Args[i+1] = "127.0.0.1:0"
	}
	out := &watched{want: "listening on http://127.0.0.1:", seen: make(chan struct{})}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-out.seen:
	case <-time.After(30 * time.Second):
		t.Errorf("it never listened:\n%s", out.text())
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("%v:\n%s", err, out.text())
	}
}

// The scenario that the README shows is valid, without a warning, and its
// table names every scenario that there is.
func TestReadmeScenarios(t *testing.T) {
	t.Parallel()
	text, blocks := readme(t)
	shown := 0
	for _, b := range blocks {
		if b.language != "toml" {
			continue
		}
		shown++
		path := filepath.Join(t.TempDir(), "shown.toml")
		if err := os.WriteFile(path, []byte(b.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := brownout(t, "validate", path); r.code != exitPassed || r.err != "" {
			t.Errorf("exit code %d:\n%s\nof\n%s", r.code, r.err, b.text)
		}
	}
	if shown == 0 {
		t.Error("the README shows no scenario")
	}
	for _, name := range scenarios.Builtin() {
		if !strings.Contains(text, "| `"+name+"` |") {
			t.Errorf("docs/library.md does not list %s", name)
		}
	}
	if n := len(scenarios.Builtin()); !strings.Contains(text, fmt.Sprintf("[%d scenarios](docs/library.md)", n)) {
		t.Errorf("the README says another number of scenarios than %d", n)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)# ]*)(?:#([^) ]+))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	noMark  = regexp.MustCompile("[^a-z0-9 -]")
)

// Each link from the README or a page of docs to another leads to a file, and
// to a heading of it.
func TestLinksOfThePagesLead(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	followed := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			followed++
			to, there := page, text
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(page), m[1])
				if there, err = os.ReadFile(to); err != nil {
					t.Errorf("%s: %v", page, err)
					continue
				}
			}
			found := m[2] == ""
			for _, h := range heading.FindAllStringSubmatch(string(there), -1) {
				found = found || strings.ReplaceAll(noMark.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-") == m[2]
			}
			if !found {
				t.Errorf("%s: %s has no heading #%s", page, to, m[2])
			}
		}
	}
	if followed < 15 {
		t.Errorf("only %d links were followed", followed)
	}
}

// Each make command that the README shows is a target of the Makefile.
func TestReadmeMakeTargets(t *testing.T) {
	t.Parallel()
	text, _ := readme(t)
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(text, -1)
	if len(found) < 2 {
		t.Fatalf("the README shows only %q", found)
	}
	for _, m := range found {
		if !regexp.MustCompile("(?m)^" + m[1] + ":").Match(makefile) {
			t.Errorf("the Makefile has no target %s", m[1])
		}
	}
}
