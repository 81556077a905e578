//go:build unix

package target_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/harness/target"
	"brownout/plan"
)

// fake is the test binary as a gateway.
func fake(t *testing.T, mode string) plan.Target {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	spec, process := plan.DefaultTarget, plan.DefaultTargetProcess
	spec.Name, spec.URL = "fake", "http://127.0.0.1:{{.Port}}"
	process.Command = []string{exe}
	process.Env = map[string]string{envMode: mode, envAddr: "127.0.0.1:{{.Port}}", "GREETING": "from {{(first .Providers).URL}}"}
	process.Ready.Path = "/"
	spec.Process = &process
	return spec
}

// notes gathers findings.
type notes struct {
	mu    sync.Mutex
	found []target.Finding
	came  chan struct{}
}

func (n *notes) take(f target.Finding) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.found = append(n.found, f)
	if n.came != nil {
		close(n.came)
		n.came = nil
	}
}

func (n *notes) words() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []string
	for _, f := range n.found {
		out = append(out, f.What)
	}
	return out
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// A process serves once it is started, with what its templates made, and is
// gone with its directory once it is stopped; what is wrong with it is found.
func TestProcess(t *testing.T) {
	for mode, want := range map[string][]string{
		"serves": nil,
		"hangs":  {target.Hung},
		"leaves": {target.LeftRunning},
		"prints": {target.Printed},
	} {
		if mode == "leaves" && runtime.GOOS != "linux" {
			continue // a process outside the group cannot be found there
		}
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			spec := fake(t, mode)
			if mode == "hangs" {
				spec.Process.Grace = 100 * time.Millisecond
			}
			spec.Process.Files = []plan.TargetFile{{Path: "etc/config", Text: "{{.Dir}}"}}
			spec.Process.Env["GREETING"] = "{{.Dir}}"
			var n notes
			o := options()
			o.Find = n.take
			var log strings.Builder
			o.Log = &log
			up, err := target.Start(t.Context(), spec, o)
			if err != nil {
				t.Fatal(err)
			}
			dir := get(t, up.URL)
			if text, err := os.ReadFile(filepath.Join(dir, "etc", "config")); err != nil || string(text) != dir {
				t.Errorf("its file holds %q, %v", text, err)
			}
			if err := up.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			gone(t, up.URL)
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Errorf("its directory is still there: %v", err)
			}
			if got := n.words(); !slices.Equal(got, want) {
				t.Errorf("found %v, want %v", n.found, want)
			}
			for _, f := range n.found {
				if strings.Contains(f.Detail, "sk-brownout-test-key") {
					t.Errorf("the finding tells the key: %s", f.Detail)
				}
			}
			if !strings.HasPrefix(log.String(), "starting as "+mode) || strings.Contains(log.String(), "sk-brownout-test-key") {
				t.Errorf("log %q", log.String())
			}
		})
	}
}

func TestProcessThatCrashes(t *testing.T) {
	n := notes{came: make(chan struct{})}
	came := n.came
	o := options()
	o.Find = n.take
	up, err := target.Start(t.Context(), fake(t, "serves"), o)
	if err != nil {
		t.Fatal(err)
	}
	// It may be gone before its answer is read.
	if res, err := http.Get(up.URL + "/crash"); err == nil {
		res.Body.Close()
	}
	<-came
	if err := up.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if len(n.found) != 1 || n.found[0].What != target.Crashed ||
		!strings.Contains(n.found[0].Detail, "exit status 3") || !strings.Contains(n.found[0].Detail, "panic: out of memory") {
		t.Errorf("found %v", n.found)
	}
}

// A process that does not come up is an error that says what it printed last,
// and nothing is left of it.
func TestProcessThatDoesNotStart(t *testing.T) {
	missing := fake(t, "serves")
	missing.Process.Command = []string{"brownout-no-such-gateway"}
	missing.Install = &plan.TargetInstall{Hint: "ask its makers"}
	needs := fake(t, "serves")
	needs.Install = &plan.TargetInstall{Needs: []string{"brownout-no-such-tool"}, Hint: "ask its makers"}
	silent := fake(t, "silent")
	silent.Process.Ready.Timeout = 200 * time.Millisecond
	for _, c := range []struct {
		spec plan.Target
		want []string
	}{
		{fake(t, "refuses"), []string{"exit status 7", "starting as refuses", "no such option; the key [redacted] is wrong"}},
		{silent, []string{"did not answer at port", "within 200ms"}},
		{missing, []string{"brownout-no-such-gateway", "ask its makers"}},
		{needs, []string{"it needs the program brownout-no-such-tool", "ask its makers"}},
	} {
		_, err := target.Start(t.Context(), c.spec, options())
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one about %q", err, want)
			}
		}
	}
}

// The environment of a process is its own: no variable of ours but those that
// are named.
func TestProcessEnvironment(t *testing.T) {
	t.Setenv("SECRET_OF_THE_SHELL", "x")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("WANTED", "yes")
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	spec := fake(t, "serves")
	spec.Process.Command = []string{sh, "-c", "env; exit 1"}
	spec.Process.Pass = []string{"WANTED"}
	var log strings.Builder
	o := options()
	o.Log = &log
	if _, err := target.Start(t.Context(), spec, o); err == nil {
		t.Fatal("it started")
	}
	if got := log.String(); !strings.Contains(got, "WANTED=yes") || strings.Contains(got, "SECRET_OF_THE_SHELL") || strings.Contains(got, "HTTP_PROXY") {
		t.Errorf("its environment: %s", got)
	}
}

// What Brownout starts is installed once, in a directory of its own for each
// version.
func TestInstall(t *testing.T) {
	spec := fake(t, "serves")
	spec.Install = &plan.TargetInstall{
		Needs: []string{"sh"}, Command: []string{"sh", "-c", "cat name >> made"},
		Files: []plan.TargetFile{{Path: "name", Text: "first"}},
	}
	cache := t.TempDir()
	if err := target.Installed(spec, cache); err == nil {
		t.Error("it is installed before it was")
	}
	var said []string
	for range 2 {
		home, err := target.Install(t.Context(), spec, cache, func(s string) { said = append(said, s) })
		if err != nil {
			t.Fatal(err)
		}
		if made, err := os.ReadFile(filepath.Join(home, "made")); err != nil || string(made) != "first" {
			t.Errorf("it made %q, %v", made, err)
		}
	}
	if len(said) != 1 {
		t.Errorf("said %q", said)
	}
	before, _ := target.Home(spec, cache)
	spec.Install.Files[0].Text = "second"
	if after, _ := target.Home(spec, cache); after == before {
		t.Error("another text is installed in the same place")
	}
	spec.Install.Command = []string{"sh", "-c", "echo no disk; exit 3"}
	if _, err := target.Install(context.Background(), spec, cache, nil); err == nil || !strings.Contains(err.Error(), "no disk") {
		t.Errorf("error %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "*.new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
