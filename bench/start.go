package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"brownout/harness/journal"
)

// starts is how many times the program is started.
const starts = 5

// start measures how long the program takes from its start to its first
// request: decoding, mocks, links, router and load.
func start(ctx context.Context, o *options) (string, error) {
	const title = "From the program's start to the first request"
	head := []string{"median", "at worst"}
	if _, err := os.Stat(o.program); err != nil {
		return markdown(title, head, [][]string{{fmt.Sprintf("not measured: %v; build it first, with make build", err), "-"}}), nil
	}
	return scratch(func(dir string) (string, error) {
		var took []float64
		worst := 0.
		for range starts {
			d, err := firstRequest(ctx, o.program, dir)
			if err != nil {
				return "", err
			}
			took = append(took, d.Seconds())
			worst = max(worst, d.Seconds())
		}
		o.figures.atMost("from the program's start to the first request, in ms (median)", 300, 1e3*median(took), "%.0f")
		return markdown(title, head, [][]string{{fmt.Sprintf("%.0f ms", 1e3*median(took)), fmt.Sprintf("%.0f ms", 1e3*worst)}}), nil
	})
}

// firstRequest starts the program with the flagship scenario, cut short, and
// tells when its first request left.
func firstRequest(ctx context.Context, program, dir string) (took time.Duration, err error) {
	out, err := os.MkdirTemp(dir, "start-")
	if err != nil {
		return 0, err
	}
	c := exec.CommandContext(ctx, program, "run", "provider-outage", "--headless", "--out", out)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	begun := time.Now()
	if err := c.Start(); err != nil {
		return 0, err
	}
	// Nobody needs more of it than its first second or two.
	stop := time.AfterFunc(2*time.Second, func() { _ = c.Process.Signal(os.Interrupt) })
	defer stop.Stop()
	var exit *exec.ExitError
	if err := c.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	found, err := filepath.Glob(filepath.Join(out, "*", journalName))
	if err != nil || len(found) == 0 {
		return 0, fmt.Errorf("%s kept no run in %s: %w", program, out, errors.Join(err, ctx.Err()))
	}
	var started time.Time
	first := time.Duration(-1)
	_, err = journal.ReadFile(found[0], func(r journal.Record) error {
		switch e := r.Event.(type) {
		case *journal.RunStarted:
			started = e.Started
		case *journal.Sample:
			if first < 0 || e.Sent < first {
				first = e.Sent
			}
		}
		return nil
	})
	if err == nil && first < 0 {
		err = fmt.Errorf("%s sent no request", program)
	}
	return started.Add(first).Sub(begun), err
}
