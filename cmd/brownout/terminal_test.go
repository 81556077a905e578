package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// terminal is a tmux server of its own with one window, in which brownout runs
// as in front of a person.
type terminal struct {
	t      *testing.T
	socket string
	dir    string
}

// openTerminal starts brownout in a terminal of the given size. When it ends
// the shell prints its exit code.
func openTerminal(t *testing.T, width, height int, env string, args ...string) *terminal {
	t.Helper()
	return openTerminalIn(t, t.TempDir(), width, height, env, args...)
}

// openTerminalIn is openTerminal in a directory.
func openTerminalIn(t *testing.T, dir string, width, height int, env string, args ...string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed; make test installs it where it can")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, dir: dir}
	// Sockets have short paths, which a test's directory has not.
	term.socket = filepath.Join(os.TempDir(), fmt.Sprintf("bo-%d-%d", os.Getpid(), time.Now().UnixNano()))
	// The program's pid is written down, for signals; those of the terminal are
	// not the shell's.
	command := fmt.Sprintf("trap : INT; cd %s; sh -c 'echo $$ >pid; %s=1 LC_ALL=C.UTF-8 exec env GORACE=\"exitcode=0 log_path=%s/race\" %s %s %s'; echo \"exit code $?\"; exec cat",
		term.dir, asProgram, term.dir, env, self, strings.Join(args, " "))
	term.open(width, height, "sh", "-c", command)
	return term
}

// races fails for each race that the race detector saw in the program, but for
// one of the library that reads keys: told to end at once, it closes its input
// while it still reads.
func (w *terminal) races() {
	w.t.Helper()
	logs, err := filepath.Glob(filepath.Join(w.dir, "race.*"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, report := range strings.Split(string(text), "WARNING: DATA RACE")[1:] {
			if !strings.Contains(report, "muesli/cancelreader") {
				w.t.Errorf("WARNING: DATA RACE%s", report)
			}
		}
	}
}

// open starts the server and runs a command in its window.
func (w *terminal) open(width, height int, command ...string) {
	w.t.Helper()
	w.tmux(append([]string{"-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height)}, command...)...)
	w.t.Cleanup(func() {
		w.tmux("kill-server")
		_ = os.Remove(w.socket) // the server left it
		w.races()
	})
}

// restored fails where the terminal is not as a shell needs it: on its own
// screen, with a cursor, without the mouse.
func (w *terminal) restored() {
	w.t.Helper()
	if got := strings.TrimSpace(w.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}")); got != "0 1 0" {
		w.t.Errorf("alternate screen, cursor, mouse are %s, want 0 1 0", got)
	}
}

// signal sends the program a signal.
func (w *terminal) signal(sig syscall.Signal) {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "pid"))
	if err != nil {
		w.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		w.t.Fatal(err)
	}
}

func (w *terminal) tmux(args ...string) string {
	w.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", w.socket}, args...)...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// screen is what a person sees now.
func (w *terminal) screen() string { return w.tmux("capture-pane", "-p") }

func (w *terminal) keys(keys ...string) { w.tmux(append([]string{"send-keys"}, keys...)...) }

// waitFor polls the screen until it shows every text.
func (w *terminal) waitFor(texts ...string) string {
	w.t.Helper()
	deadline := time.Now().Add(45 * time.Second)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		s := w.screen()
		missing := ""
		for _, text := range texts {
			if !strings.Contains(s, text) {
				missing = text
			}
		}
		if missing == "" {
			return s
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("the screen never showed %q:\n%s", missing, s)
		}
		<-tick.C
	}
}

func TestLiveScreenInATerminal(t *testing.T) {
	t.Parallel()
	t.Run("quit with a question", func(t *testing.T) {
		t.Parallel()
		w := openTerminal(t, 80, 24, "", "run", abs(t, "testdata/short.toml"))
		w.waitFor("openai")
		w.keys("q")
		w.waitFor("Stop it and quit?")
		w.keys("y")
		w.waitFor("exit code 130")
	})
	t.Run("control-c", func(t *testing.T) {
		t.Parallel()
		w := openTerminal(t, 80, 24, "", "run", abs(t, "testdata/short.toml"))
		w.waitFor("openai")
		w.keys("C-c")
		w.waitFor("exit code 130")
	})
	t.Run("a tiny terminal", func(t *testing.T) {
		t.Parallel()
		w := openTerminal(t, 20, 5, "", "run", abs(t, "testdata/short.toml"))
		w.waitFor("score")
		w.tmux("resize-window", "-x", "100", "-y", "30")
		w.waitFor("anthropic")
		w.keys("C-c")
		w.waitFor("exit code 130")
	})
	t.Run("a terminal that cannot draw", func(t *testing.T) {
		t.Parallel()
		w := openTerminal(t, 200, 150, "TERM=dumb", "run", abs(t, "testdata/short.toml"))
		w.waitFor("exit code", "steady", "Fault windows")
	})
	t.Run("no colour", func(t *testing.T) {
		t.Parallel()
		w := openTerminal(t, 120, 40, "NO_COLOR=1", "run", abs(t, "testdata/short.toml"))
		w.waitFor("anthropic")
		if s := w.tmux("capture-pane", "-p", "-e"); hasColour(s) {
			t.Errorf("colours on the screen:\n%q", s)
		}
		w.keys("C-c")
		w.waitFor("exit code 130")
	})
}

// hasColour tells whether a captured screen sets a foreground or background.
func hasColour(s string) bool {
	for _, seq := range strings.Split(s, "\x1b[")[1:] {
		params, _, _ := strings.Cut(seq, "m")
		for _, p := range strings.Split(params, ";") {
			if len(p) == 2 && (p[0] == '3' || p[0] == '4' || p[0] == '9') && p != "39" && p != "49" || len(p) == 3 && p[:2] == "10" {
				return true
			}
		}
	}
	return false
}

func TestLauncherInATerminal(t *testing.T) {
	t.Parallel()
	t.Run("in ASCII", func(t *testing.T) {
		t.Parallel()
		w := openTerminal(t, 80, 24, "", "--ascii")
		if s := w.waitFor("> address-lost"); strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 }) {
			t.Errorf("beyond ASCII:\n%s", s)
		}
		w.keys("q")
		w.waitFor("exit code 0")
	})
	w := openTerminal(t, 110, 35, "")
	w.waitFor("address-lost", "cloud-partition")
	w.keys("/")
	w.keys("-l", "deprecation")
	w.waitFor("/deprecation", "model-deprecation")
	w.keys("Escape")
	w.waitFor("enter run", "address-lost") // a key right behind an escape would be read as one with alt
	w.keys("q")
	w.waitFor("exit code 0")
}

// The way of a person: from the launcher to a run, its report, a file, and out.
func TestFromTheLauncherToAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	short, err := os.ReadFile("testdata/short.toml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "short.toml"), short, 0o600); err != nil {
		t.Fatal(err)
	}
	w := openTerminalIn(t, dir, 120, 40, "")
	w.waitFor("▸ short.toml", "Short outage", "expects     availability >= 97%") // the scenarios of one's own come first
	w.keys("Enter")
	w.waitFor("Providers", "STEADY")
	w.tmux("resize-window", "-x", "80", "-y", "24")
	w.waitFor("the run is over")
	w.keys("r")
	w.waitFor("[Verdict]", "short  ·  target bundled")
	w.keys("e")
	w.waitFor("JUnit XML")
	w.keys("j", "Enter")
	w.waitFor("junit to junit.xml")
	w.keys("Enter")
	w.waitFor("junit written to junit.xml")
	w.keys("e", "j", "Enter", "Enter")
	w.waitFor("junit.xml is there already. Write over it?")
	w.keys("n")
	w.waitFor("junit to junit.xml")
	w.keys("Escape")
	w.waitFor("e export") // a key right behind an escape would be read as one with alt
	w.keys("-l", ":export badge nowhere/x.svg")
	w.keys("Enter")
	w.waitFor("there is no directory nowhere; make it,")
	w.keys("p")
	w.waitFor("replay playing", "Short outage")
	w.keys("n")
	w.waitFor("FAULT")
	w.keys("q")
	w.waitFor("[Verdict]")
	w.keys("q")
	w.waitFor("the run is over")
	w.keys("q")
	w.waitFor("1 run ", "Scenarios")
	w.keys("Tab", "Tab")
	w.waitFor("▸   ", "Recent runs")
	w.keys("q")
	s := w.waitFor("exit code 0")
	if !strings.Contains(s, "short") {
		t.Errorf("what was run is not told:\n%s", s)
	}
	w.restored()
	if b, err := os.ReadFile(filepath.Join(dir, "junit.xml")); err != nil || !strings.Contains(string(b), "<testsuite") {
		t.Errorf("junit.xml: %v\n%s", err, b)
	}
	if found, err := filepath.Glob(filepath.Join(dir, defaultOut, "latest", "report.json")); err != nil || len(found) != 1 {
		t.Errorf("the run was not kept: %v %v", found, err)
	}
}

// A signal leaves the terminal as it was, whatever is on it.
func TestSignalsRestoreTheTerminal(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args  []string
		shows string
		keys  []string
	}{
		"the launcher":     {nil, "Scenarios", nil},
		"its command line": {nil, "Scenarios", []string{":"}},
		"a run":            {[]string{"run", abs(t, "testdata/short.toml")}, "openai", nil},
		"a comparison":     {[]string{"compare", abs(t, "testdata/short.toml"), "--targets", "bundled,direct"}, "0 of 2 have ended", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := openTerminal(t, 80, 24, "", tt.args...)
			w.waitFor(tt.shows)
			if tt.keys != nil {
				w.keys(tt.keys...)
				w.waitFor("tab completes")
			}
			w.signal(syscall.SIGTERM)
			w.waitFor("exit code 130")
			w.restored()
		})
	}
}

// Ctrl-Z gives the terminal back to the shell, and fg brings the screen back.
func TestSuspendInATerminal(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed; make test installs it where it can")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &terminal{t: t, dir: t.TempDir(), socket: filepath.Join(os.TempDir(), fmt.Sprintf("bo-%d-%d", os.Getpid(), time.Now().UnixNano()))}
	w.open(80, 24, "env", "PS1=shell> ", asProgram+"=1", "LC_ALL=C.UTF-8", "sh", "-i")
	w.waitFor("shell>")
	w.keys("-l", self)
	w.keys("Enter")
	w.waitFor("Scenarios", "address-lost")
	w.keys("j", "C-z")
	w.waitFor("Stopped", "shell>")
	w.restored()
	w.keys("fg", "Enter")
	w.waitFor("▸ agent-workflows", "Scenarios")
	w.keys("q")
	w.waitFor("shell>")
	w.restored()
}

// A comparison on a terminal: side by side, then the matrix, and in the end
// the matrix where it can be scrolled back to.
func TestCompareInATerminal(t *testing.T) {
	t.Parallel()
	w := openTerminal(t, 120, 50, "", "compare", abs(t, "testdata/short.toml"), "--targets", "bundled,direct")
	w.waitFor("0 of 2 have ended", "bundled", "direct", "outage")
	w.waitFor("all have ended", "cost of a good answer", "best")
	w.keys("j", "Enter")
	w.waitFor("[Verdict]", "target direct")
	w.keys("q")
	w.waitFor("all have ended")
	w.keys("q")
	w.waitFor("exit code 0", "verdicts", "Best and worst are marked")
	w.restored()
}
