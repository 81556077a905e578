package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"brownout/reports"
	"brownout/scenarios"
	"brownout/tui"
)

// race is a comparison under way that a screen watches.
type race struct {
	batch  *batchRun
	title  string
	labels []string
	stop   context.CancelFunc
	done   chan struct{}
	err    error // of the whole, once done is closed
}

// begin starts runs side by side, without a word to the terminal: the screen
// tells of them.
func (a *app) beginRace(ctx context.Context, title string, labels []string, runs []reports.SuiteRun, f runFlags) *race {
	quiet := *a
	quiet.out = io.Discard
	r := &race{batch: &batchRun{app: &quiet, flags: f, runs: runs}, title: title, labels: labels, done: make(chan struct{})}
	ctx, r.stop = context.WithCancel(ctx)
	go func() {
		defer close(r.done)
		defer r.stop()
		r.err = r.batch.sideBySide(ctx, f.limits(runtime.NumCPU()))
	}()
	return r
}

func (r *race) Title() string { return r.title }

func (r *race) Done() <-chan struct{} { return r.done }

func (r *race) Stop() { r.stop() }

// Lanes are the runs as they stand.
func (r *race) Lanes() []tui.Lane {
	b := r.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]tui.Lane, len(b.runs))
	for i, run := range b.runs {
		out[i] = tui.Lane{Label: r.labels[i], Snap: run.Snapshot}
		if s := b.going[i]; s != nil {
			out[i].Snap = s.Snapshot()
		}
		if run.Snapshot == nil {
			out[i].Err = run.Err
		}
	}
	return out
}

// contest starts a comparison from a screen.
func (d *desk) contest(c tui.Contest) (tui.Race, error) {
	f := compareFlags{runFlags: d.flags}
	f.repeat, f.seed, f.seeded = 1, c.Seed, true
	switch c.Vary {
	case tui.VaryTargets:
		f.targets = c.Names
	case tui.VaryVictims:
		f.victims = c.Names
	case tui.VaryMitigations:
		f.mitigations = c.Names
	}
	if c.Vary != tui.VaryTargets {
		f.target = c.Target
	}
	variants, err := f.variants()
	if err != nil {
		return nil, err
	}
	sc, err := scenarios.Open(c.Scenario)
	if err != nil {
		return nil, err
	}
	if sc, err = sc.Without(c.Without...); err != nil {
		return nil, err
	}
	runs, labels, err := f.resolve([]scenarios.Entry{{Scenario: sc}}, variants)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(d.ctx)
	if err := d.claim(stop); err != nil {
		stop()
		return nil, err
	}
	r := d.app.beginRace(ctx, fmt.Sprintf("%s: %s", c.Scenario, c.Vary), labels, runs, f.runFlags)
	d.wait.Go(func() {
		defer stop()
		<-r.done
		d.release(slices.Clone(r.batch.runs)...)
	})
	return r, nil
}

// watchRace shows a comparison on the screen until the user leaves.
func (a *app) watchRace(ctx context.Context, title string, labels []string, runs []reports.SuiteRun, f compareFlags) (*batchRun, error) {
	r := a.beginRace(ctx, title, labels, runs, f.runFlags)
	err := tui.Compare(ctx, r, a.newDesk(ctx, f.runFlags).screens(), a.screen(f.ascii))
	switch {
	case errors.Is(err, tui.ErrInterrupted):
		r.stop()
	case err != nil:
		// The screen is gone, the runs are not: they go on without one.
		fmt.Fprintf(a.err, "brownout: the screen of the comparison failed: %v\n", err)
	}
	<-r.done
	return r.batch, r.err
}
