package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"brownout/harness"
	"brownout/harness/score"
	"brownout/reports"
	"brownout/scenarios"
)

// childTask names the environment variable by which this program calls itself,
// so that each measurement of memory has a process of its own.
const childTask = "BROWNOUT_BENCH_TASK"

// Tasks of children.
const (
	taskRun    = "run"    // ARGS: directory to keep the run in, scenario file, overrides
	taskReport = "report" // ARGS: journal
	taskKeys   = "keys"   // ARGS: scenario file, overrides
)

// outcome is what a child tells of itself on its standard output.
type outcome struct {
	Dir      string
	Requests uint64
	OK       uint64
	Seconds  float64 // on the wall, from start to end
	Duration float64 // of the run
	CPU      float64 // seconds of processor time of the whole process
	Memory   int64   // bytes at most
	Bytes    int     // of the HTML report
	Lag      float64 // worst p99 of a second, in seconds

	Key, SlowestKey float64 // seconds from a key to what it paints: the median, and at worst
}

// inChild runs a task in a process of its own.
func inChild(ctx context.Context, task string, args ...string) (o outcome, err error) {
	self, err := os.Executable()
	if err != nil {
		return o, err
	}
	c := exec.CommandContext(ctx, self, args...)
	c.Env = append(os.Environ(), childTask+"="+task)
	c.Stderr = os.Stderr
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	out, err := c.Output()
	if err != nil {
		return o, err
	}
	return o, json.Unmarshal(out, &o)
}

// child does a task and tells what it cost.
func child(task string, args []string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// As the program itself does.
	debug.SetGCPercent(200)
	debug.SetMemoryLimit(2 << 30)
	begun := time.Now()
	var o outcome
	switch task {
	case taskRun:
		o, err = childRun(ctx, args[0], args[1], args[2:])
	case taskReport:
		o, err = childReport(args[0])
	case taskKeys:
		o, err = childKeys(ctx, args[0], args[1:])
	default:
		err = fmt.Errorf("unknown task %q", task)
	}
	if err != nil {
		return err
	}
	o.Seconds = time.Since(begun).Seconds()
	cpu, memory := usage()
	o.CPU, o.Memory = cpu.Seconds(), memory
	return json.NewEncoder(os.Stdout).Encode(o)
}

func childRun(ctx context.Context, dir, scenario string, set []string) (o outcome, err error) {
	sc, err := scenarios.Open(scenario)
	if err != nil {
		return o, err
	}
	p, err := sc.Resolve(scenarios.ResolveOptions{Set: set})
	if err != nil {
		return o, err
	}
	session, err := harness.Start(ctx, p, harness.Options{OutDir: dir})
	if err != nil {
		return o, err
	}
	snap, err := session.Wait()
	if err != nil {
		return o, err
	}
	return outcome{
		Dir: session.Dir, Requests: snap.Requests.Total, OK: snap.Requests.OK, Duration: snap.T.Seconds(),
		Lag: snap.Instrument.LagP99.Seconds(),
	}, nil
}

// counter counts what is written to it.
type counter int

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// childReport is brownout report RUN --format html.
func childReport(path string) (o outcome, err error) {
	snap, _, err := score.Read(path)
	if err != nil {
		return o, err
	}
	f, err := reports.LookupFormat("html")
	if err != nil {
		return o, err
	}
	var n counter
	if err := f.Write(io.Writer(&n), []*score.Snapshot{snap}); err != nil {
		return o, err
	}
	return outcome{Requests: snap.Requests.Total, OK: snap.Requests.OK, Bytes: int(n)}, nil
}

// scratch is a directory that is gone when the measurement is over.
func scratch(do func(dir string) (string, error)) (text string, err error) {
	dir, err := os.MkdirTemp("", "brownout-bench-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return do(dir)
}

// asset is the path of a scenario of this directory, from wherever the program
// is started within the repository.
func asset(name string) (string, error) {
	for _, dir := range []string{"bench", "."} {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not there: start the bench in the repository, with make bench", name)
}
