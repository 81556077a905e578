//go:build unix

package target_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/harness/child"
	"brownout/harness/target"
	"brownout/plan"
)

// owner is a brownout that starts a gateway which leaves a process, says so and
// waits until it is killed.
func owner() int {
	spec := plan.DefaultTarget
	process := plan.DefaultTargetProcess
	spec.Name, spec.URL = "fake", "http://127.0.0.1:{{.Port}}"
	process.Command = []string{os.Args[0]}
	process.Env = map[string]string{envMode: "leaves", envAddr: "127.0.0.1:{{.Port}}"}
	process.Ready.Path = "/"
	spec.Process = &process
	up, err := target.Start(context.Background(), spec, target.Options{})
	fmt.Println(up.URL, err)
	select {}
}

// temporary makes a directory the place for temporary files, and lists what is
// in it.
func temporary(t *testing.T) func() []string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return func() []string {
		paths, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return paths
	}
}

// What a brownout that was killed had started ends with it, or when the next one
// starts something; what belongs to one that lives is left alone.
func TestOwnerKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a process whose starter was killed cannot be found here")
	}
	list := temporary(t)
	alive, err := target.Start(t.Context(), fake(t, "serves"), options())
	if err != nil {
		t.Fatal(err)
	}
	own := list()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), envMode+"=owner")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasSuffix(line, " <nil>\n") {
		t.Fatalf("it says %q, %v", line, err)
	}
	both := list()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	// The process itself dies with its owner.
	url := strings.TrimSuffix(line, " <nil>\n")
	for over := time.Now().Add(20 * time.Second); time.Now().Before(over); {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			break
		}
		conn.Close()
	}
	gone(t, url)
	left := slices.DeleteFunc(both, func(dir string) bool { return slices.Contains(own, dir) })
	if len(own) != 1 || len(left) != 1 {
		t.Fatalf("directories %q and %q", own, left)
	}
	tag := "BROWNOUT_TARGET=" + filepath.Base(left[0])
	if len(child.Members(0, tag)) == 0 {
		t.Fatal("it left no process, and the test proves nothing")
	}
	var said []string
	o := options()
	o.Say = func(text string) { said = append(said, text) }
	next, err := target.Start(t.Context(), fake(t, "serves"), o)
	if err != nil {
		t.Fatal(err)
	}
	if now := list(); len(now) != 2 || slices.Contains(now, left[0]) || !slices.Contains(now, own[0]) {
		t.Errorf("directories %q; %q was left, and %q is in use", now, left, own)
	}
	if pids := child.Members(0, tag); len(pids) > 0 {
		t.Errorf("processes %v are left", pids)
	}
	if len(said) != 1 || !strings.Contains(said[0], "that a killed brownout had left") {
		t.Errorf("said %q", said)
	}
	for _, up := range []*target.Target{alive, next} {
		get(t, up.URL)
		if err := up.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if now := list(); len(now) > 0 {
		t.Errorf("left behind: %q", now)
	}
}

// Whatever keeps a process from serving, nothing is left of it; and what only
// looks like such a directory is not touched.
func TestNothingIsLeftOfAFailedStart(t *testing.T) {
	list := temporary(t)
	elsewhere := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(elsewhere, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(os.TempDir(), "brownout-process-link")
	if err := os.Symlink(filepath.Dir(elsewhere), link); err != nil {
		t.Fatal(err)
	}
	badFile, badKey, badPath := fake(t, "serves"), fake(t, "serves"), fake(t, "serves")
	badFile.Process.Files = []plan.TargetFile{{Path: "f", Text: "{{.Nothing}}"}}
	badKey.Key = "{{.Nothing}}"
	badPath.Process.Files = []plan.TargetFile{{Path: "f"}, {Path: "f/g"}}
	for what, spec := range map[string]plan.Target{
		"exit status 7": fake(t, "refuses"), "file f": badFile, "key": badKey, "f": badPath,
	} {
		if _, err := target.Start(t.Context(), spec, options()); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("error %v, want one about %q", err, what)
		}
		if left := list(); !slices.Equal(left, []string{link}) {
			t.Errorf("%s: left behind: %q", what, left)
		}
	}
	if _, err := os.Stat(elsewhere); err != nil {
		t.Error(err)
	}
}

// Many that start and stop at once do not take each other's directory.
func TestManyAtOnce(t *testing.T) {
	list := temporary(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			spec := fake(t, "serves")
			spec.Process.Env["GREETING"] = "{{.Dir}}"
			spec.Process.Files = []plan.TargetFile{{Path: "f", Text: "{{.Dir}}"}}
			up, err := target.Start(t.Context(), spec, options())
			if err != nil {
				t.Error(err)
				return
			}
			if dir := get(t, up.URL); dir == "" {
				t.Error("it has no directory")
			} else if text, err := os.ReadFile(filepath.Join(dir, "f")); err != nil || string(text) != dir {
				t.Errorf("its file holds %q, %v", text, err)
			}
			if err := up.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if left := list(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
