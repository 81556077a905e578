package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"brownout/harness"
	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/reports"
)

// The main job, whole: the router survives what the naive control does not,
// and everything that was asked for is on disk.
func TestRunHeadless(t *testing.T) {
	t.Parallel()
	t.Run("bundled passes", func(t *testing.T) {
		t.Parallel()
		c, r := conclusive(t, "run", abs(t, "testdata/short.toml"), "--headless",
			"--report", "json=report.json,junit=junit.xml,md=summary.md", "--vegeta-results", "results.gob")
		if r.code != exitPassed {
			t.Fatalf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
		report := readReport(t, filepath.Join(c.Dir, "report.json"))
		if report.Verdict != score.Pass || report.Requests.Total < 500 || report.Requests.Corrupt != 0 {
			t.Errorf("verdict %s, requests %+v", report.Verdict, report.Requests)
		}
		w := report.Windows[0]
		if !w.Confirmed || w.Score == nil || w.TimeToFailoverS == nil {
			t.Errorf("window %+v", w)
		}
		for _, want := range []string{"score", "PASS", "Fault windows", "steady", "fault", "recovery"} {
			if !strings.Contains(r.out, want) {
				t.Errorf("the output lacks %q:\n%s", want, r.out)
			}
		}
		for _, name := range []string{"junit.xml", "summary.md"} {
			if fi, err := os.Stat(filepath.Join(c.Dir, name)); err != nil || fi.Size() == 0 {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := countVegeta(t, filepath.Join(c.Dir, "results.gob")); n != report.Requests.Total {
			t.Errorf("vegeta reads %d results of %d requests", n, report.Requests.Total)
		}
		checkReplay(t, c.Dir, report)
	})
	t.Run("direct fails", func(t *testing.T) {
		t.Parallel()
		_, r := conclusive(t, "run", abs(t, "testdata/short.toml"), "--headless", "--target", "direct", "--no-journal")
		if r.code != exitFailed || !strings.Contains(r.out, "FAIL") {
			t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
	})
	t.Run("a run too short to tell is inconclusive", func(t *testing.T) {
		t.Parallel()
		c := program(t, "run", abs(t, "testdata/short.toml"), "--headless",
			"--set", "load.duration=2s", "--set", "fault.outage.at=1s", "--set", "fault.outage.for=500ms")
		r := finish(t, c)
		if r.code != exitInconclusive || !strings.Contains(r.out, "INCONCLUSIVE") {
			t.Errorf("exit code %d:\n%s%s", r.code, r.out, r.err)
		}
	})
}

// conclusive runs the program, again where the machine was too busy for the
// instrument to trust itself, three times at the most.
func conclusive(t *testing.T, args ...string) (c *exec.Cmd, r result) {
	t.Helper()
	for range 3 {
		c = program(t, args...)
		r = finish(t, c)
		if r.code != exitInconclusive || !strings.Contains(r.out, "the harness was the bottleneck") {
			break
		}
	}
	return c, r
}

func readReport(t *testing.T, path string) *reports.Report {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r reports.Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func countVegeta(t *testing.T, path string) uint64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var m vegeta.Metrics
	for decode := vegeta.NewDecoder(f); ; {
		var r vegeta.Result
		if decode.Decode(&r) != nil {
			break
		}
		m.Add(&r)
	}
	m.Close()
	return m.Requests
}

// journalOf is the one journal below a directory.
func journalOf(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, defaultOut, "[0-9]*", harness.JournalName)) // "latest" is one of them again
	if err != nil || len(found) != 1 {
		t.Fatalf("journals: %v (%v)", found, err)
	}
	return found[0]
}

// checkReplay folds the journal on disk again: the same score, to the bit.
func checkReplay(t *testing.T, dir string, want *reports.Report) {
	t.Helper()
	board := score.NewBoard()
	_, err := journal.ReadFile(journalOf(t, dir), func(r journal.Record) error {
		board.Fold(r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(reports.New(board.Snapshot()))
	if err != nil {
		t.Fatal(err)
	}
	first, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(again) {
		t.Errorf("folded again, the journal gives another report:\n%s\n%s", first, again)
	}
}

// A signal in any phase ends the run with 130, with a journal that can be read
// and nothing left listening.
func TestSignalsInEveryPhase(t *testing.T) {
	t.Parallel()
	phases := []struct {
		name  string
		after string // what the output shows when the signal is sent
	}{
		{"starting", "Short outage"},
		{"steady", " steady "},
		{"fault", " fault "},
		{"recovery", " recovery"},
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		for _, phase := range phases {
			t.Run(sig.String()+" while "+phase.name, func(t *testing.T) {
				t.Parallel()
				c := program(t, "run", abs(t, "testdata/short.toml"), "--headless")
				out := &watched{want: phase.after, seen: make(chan struct{})}
				c.Stdout, c.Stderr = out, out
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				select {
				case <-out.seen:
				case <-time.After(40 * time.Second):
					t.Errorf("%q never showed:\n%s", phase.after, out.text())
				}
				if err := c.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				_ = c.Wait()
				if code := c.ProcessState.ExitCode(); code != exitInterrupted {
					t.Errorf("exit code %d, want %d:\n%s", code, exitInterrupted, out.text())
				}
				interrupted := false
				cleared, injected := 0, 0
				stats, err := journal.ReadFile(journalOf(t, c.Dir), func(r journal.Record) error {
					switch e := r.Event.(type) {
					case *journal.FaultOn:
						injected++
					case *journal.FaultOff:
						cleared++
					case *journal.RunFinished:
						interrupted = e.Interrupted
					}
					return nil
				})
				if err != nil || !interrupted || stats.Truncated {
					t.Errorf("the journal does not end as an interrupted run: %+v %v", stats, err)
				}
				if injected != cleared {
					t.Errorf("%d faults injected, %d cleared", injected, cleared)
				}
			})
		}
	}
}

// The screen's colours end where the user says so, and a terminal that cannot
// draw gets lines.
func TestPlainOutput(t *testing.T) {
	t.Parallel()
	c := program(t, "list")
	c.Env = append(c.Env, "NO_COLOR=1", "TERM=dumb")
	if r := finish(t, c); strings.Contains(r.out, "\x1b") {
		t.Errorf("escape sequences in:\n%q", r.out)
	}
}

// A router that is told to stop drains and exits with 0.
func TestRouterServesAndStops(t *testing.T) {
	t.Parallel()
	c := program(t, "router", "--config", "router.toml", "--listen", "127.0.0.1:0")
	writeRouterConfig(t, c.Dir)
	out := &watched{want: "listening on http://127.0.0.1:", seen: make(chan struct{})}
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-out.seen:
	case <-time.After(30 * time.Second):
		t.Fatalf("the router never listened:\n%s", out.text())
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		var exit *exec.ExitError
		t.Errorf("%v (%T):\n%s", err, exit, out.text())
	}
}

// SIGHUP reads the configuration again, and one that cannot work is told and
// changes nothing.
func TestRouterReadsItsConfigurationAgain(t *testing.T) {
	t.Parallel()
	c := program(t, "router", "--config", "router.toml", "--listen", "127.0.0.1:0")
	writeRouterConfig(t, c.Dir)
	listening := &watched{want: "listening on http://127.0.0.1:", seen: make(chan struct{})}
	told := &watched{want: "the configuration stays as it was", seen: make(chan struct{})}
	again := &watched{want: "read the configuration again", seen: make(chan struct{})}
	c.Stdout, c.Stderr = io.MultiWriter(listening, again), told
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	await := func(w *watched) {
		t.Helper()
		select {
		case <-w.seen:
		case <-time.After(30 * time.Second):
			t.Errorf("never said %q:\n%s", w.want, told.text())
		}
	}
	await(listening)
	path := filepath.Join(c.Dir, "router.toml")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		text string
		says *watched
	}{{"off = ['nothing']\n" + string(good), told}, {"off = ['breaker']\n" + string(good), again}} {
		if err := os.WriteFile(path, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		await(step.says)
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("%v:\n%s", err, told.text())
	}
}
