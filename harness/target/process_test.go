//go:build unix

package target_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
		"serves":             nil,
		"hangs":              {target.Hung},
		"leaves":             {target.LeftRunning},
		"prints":             {target.Printed}, // once, however often
		"prints in two":      {target.Printed},
		"prints without end": {target.Printed},
		"prints far behind":  {target.Printed},
		"prints at its end":  {target.Printed},
		"closes":             nil,
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
				if strings.Contains(f.Detail, theKey) {
					t.Errorf("the finding tells the key: %s", f.Detail)
				}
			}
			if !strings.HasPrefix(log.String(), "starting as "+mode) || strings.Contains(log.String(), theKey) {
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
		{silent, []string{"did not serve at http://127.0.0.1:", "within 200ms", "[process.ready]"}},
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

// A process that does not serve any more has a finding, once; one that falters
// now and then has none.
func TestProcessThatStalls(t *testing.T) {
	for path, each := range map[string]time.Duration{"/stall": 50 * time.Millisecond, "/sicken": time.Minute} {
		n := notes{came: make(chan struct{})}
		came := n.came
		o := options()
		o.Find = n.take
		o.Hurry(time.Millisecond, each)
		up, err := target.Start(t.Context(), fake(t, "serves"), o)
		if err != nil {
			t.Fatal(err)
		}
		get(t, up.URL+path)
		<-came
		for range 200 { // it would be told again meanwhile
			get(t, up.URL+"/asked")
		}
		if err := up.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if len(n.found) != 1 || n.found[0].What != target.Hung || !strings.Contains(n.found[0].Detail, "it did not answer / any more, 3 times in a row with "+each.String()+" for each") {
			t.Errorf("%s: found %v", path, n.found)
		}
	}
}

// A process is up once its readiness path says so, not once it answers.
func TestProcessThatWarmsUp(t *testing.T) {
	o := options()
	o.Hurry(time.Minute, time.Minute)
	up, err := target.Start(t.Context(), fake(t, "warms up"), o)
	if err != nil {
		t.Fatal(err)
	}
	if asked := get(t, up.URL+"/asked"); asked != "3" {
		t.Errorf("it was up after it had been asked %s times", asked)
	}
	if err := up.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestProcessThatFalters(t *testing.T) {
	var n notes
	o := options()
	o.Find = n.take
	o.Hurry(time.Millisecond, time.Minute)
	up, err := target.Start(t.Context(), fake(t, "falters"), o)
	if err != nil {
		t.Fatal(err)
	}
	for {
		if asked, err := strconv.Atoi(get(t, up.URL+"/asked")); err != nil || asked > 12 {
			break
		}
	}
	if err := up.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if len(n.words()) > 0 {
		t.Errorf("found %v", n.found)
	}
}

// What uses are told is that of the process and all that it started.
func TestProcessIsMeasured(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes cannot be measured here")
	}
	states := make(chan target.State)
	done := make(chan struct{})
	o := options()
	o.Observe = func(s target.State) {
		select {
		case states <- s:
		case <-done:
		}
	}
	o.Hurry(time.Millisecond, time.Minute)
	up, err := target.Start(t.Context(), fake(t, "leaves"), o)
	if err != nil {
		t.Fatal(err)
	}
	for s := range states {
		if s.Processes == 2 && s.RSS > 1<<20 { // and the one that it leaves
			break
		}
	}
	close(done)
	if err := up.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// A process that ended before it served is told so at once, also where what it
// left holds its output open.
func TestProcessThatEndsAtOnce(t *testing.T) {
	var n notes
	o := options()
	o.Find = n.take
	_, err := target.Start(t.Context(), fake(t, "refuses and leaves"), o)
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.Contains(err.Error(), "starting as refuses and leaves") {
		t.Errorf("error %v", err)
	}
	if got := n.words(); !slices.Equal(got, []string{target.LeftRunning}) {
		t.Errorf("found %v", n.found)
	}
}

// A process whose port somebody else took meanwhile is given another one; but
// not for ever.
func TestPortTaken(t *testing.T) {
	for name, c := range map[string]struct {
		taken int
		fails string
	}{"twice": {2, ""}, "always": {99, "Address already in use"}} {
		var tries atomic.Int64
		var takers sync.Map
		taker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if int(tries.Add(1)) > c.taken {
				_, _ = io.WriteString(w, "free")
				return
			}
			l, err := net.Listen("tcp", r.URL.RawQuery)
			if err != nil {
				t.Error(err)
				return
			}
			srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusServiceUnavailable)
			})}
			takers.Store(l, srv)
			go func() { _ = srv.Serve(l) }()
		}))
		spec := fake(t, "serves")
		spec.Process.Env[envCall], spec.Process.Env[envExpect] = taker.URL, "free"
		spec.Process.Env["GREETING"] = "the gateway"
		up, err := target.Start(t.Context(), spec, options())
		switch {
		case c.fails != "":
			if err == nil || !strings.Contains(err.Error(), c.fails) || tries.Load() != 3 {
				t.Errorf("%s: after %d tries: %v", name, tries.Load(), err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			if text := get(t, up.URL); text != "the gateway" {
				t.Errorf("%s: %q answers", name, text)
			}
			if err := up.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
		takers.Range(func(_, srv any) bool { return srv.(*http.Server).Close() == nil })
		taker.Close()
	}
}

// The key that clients show is looked for as it is, not as its template; and so
// are those of providers that are told to a process only with its requests.
func TestKeysOfLater(t *testing.T) {
	spec := fake(t, "serves")
	spec.Key = "client-of-{{(first .Providers).Name}}"
	shared := fake(t, "serves")
	shared.Process.Env["GREETING"] = ""
	for name, c := range map[string]struct {
		spec   plan.Target
		start  target.Options
		attach bool
		say    string
	}{
		"of clients": {spec, options(), false, "client-of-openai"},
		"attached":   {shared, target.Options{}, true, theKey},
	} {
		var n notes
		c.start.Find = n.take
		up, err := target.Start(t.Context(), c.spec, c.start)
		if err != nil {
			t.Fatal(err)
		}
		if c.attach {
			one, err := target.Attach(c.spec, up, options())
			if err != nil || one.URL != up.URL {
				t.Fatalf("%+v, %v", one, err)
			}
			if err := one.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
		get(t, up.URL+"/say?"+c.say)
		if err := up.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if got := n.words(); !slices.Equal(got, []string{target.Printed}) || strings.Contains(n.found[0].Detail, c.say) {
			t.Errorf("%s: found %v", name, n.found)
		}
	}
}
