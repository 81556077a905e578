package tui

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asFailing makes the test binary show a screen that fails, so that a test can
// look at a real terminal afterwards.
const asFailing = "BROWNOUT_TEST_AS_FAILING"

// showFailing is that program.
func showFailing(where string) {
	if where == "" {
		return
	}
	_, err := show(context.Background(), failing{where: where}, Desk{}, Options{}.complete())
	fmt.Println("told:", err)
	os.Exit(0)
}

// A screen that panics leaves the terminal as a shell needs it, with the reason
// on it and no stack.
func TestPanicOnARealTerminal(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("tmux is not installed; make test installs it where it can")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []string{"update", "view", "command"} {
		t.Run(where, func(t *testing.T) {
			t.Parallel()
			socket := filepath.Join(os.TempDir(), fmt.Sprintf("bo-%d-%s", os.Getpid(), where))
			tmux := func(args ...string) string {
				out, err := exec.Command("tmux", append([]string{"-S", socket}, args...)...).CombinedOutput()
				if err != nil {
					t.Fatalf("tmux %v: %v: %s", args, err, out)
				}
				return string(out)
			}
			// The library closes its reader while it still reads, and the race
			// detector would say so on the screen.
			command := fmt.Sprintf("GORACE=log_path=/dev/null %s=%s %s; stty -a | grep -q -- '-icanon' && echo it is raw || echo it is cooked; exec cat", asFailing, where, self)
			tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", command)
			defer os.Remove(socket)
			defer tmux("kill-server")
			await := func(text string) string {
				t.Helper()
				deadline := time.After(30 * time.Second)
				tick := time.NewTicker(50 * time.Millisecond)
				defer tick.Stop()
				for {
					s := tmux("capture-pane", "-p")
					if strings.Contains(s, text) {
						return s
					}
					select {
					case <-tick.C:
					case <-deadline:
						t.Fatalf("the screen never showed %q:\n%s", text, s)
					}
				}
			}
			await("here")
			tmux("send-keys", "x")
			s := await("it is cooked")
			if !strings.Contains(s, "told: the screen failed: "+where) || strings.Contains(s, "goroutine") {
				t.Errorf("the shell's screen is\n%s", s)
			}
			if got := strings.TrimSpace(tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}")); got != "0 1 0" {
				t.Errorf("alternate screen, cursor, mouse are %s, want 0 1 0", got)
			}
		})
	}
}
