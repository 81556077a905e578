package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed; make test installs it where it can")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, dir: t.TempDir()}
	// Sockets have short paths, which a test's directory has not.
	term.socket = filepath.Join(os.TempDir(), fmt.Sprintf("bo-%d-%d", os.Getpid(), time.Now().UnixNano()))
	command := fmt.Sprintf("cd %s; %s=1 LC_ALL=C.UTF-8 %s %s %s; echo \"exit code $?\"; exec cat",
		term.dir, asProgram, env, self, strings.Join(args, " "))
	term.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), "sh", "-c", command)
	t.Cleanup(func() { term.tmux("kill-server") })
	return term
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
	t.Run("watched to the end", func(t *testing.T) {
		t.Parallel()
		w := openTerminal(t, 120, 40, "", "run", abs(t, "testdata/short.toml"))
		w.waitFor("Short outage", "openai", "anthropic")
		w.keys("?")
		w.waitFor("help")
		w.keys("?")
		w.waitFor("the run is over")
		w.keys("q")
		w.waitFor("exit code") // which one is for the headless tests to judge
	})
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
