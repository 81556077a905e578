package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"brownout/harness"
	"brownout/harness/batch"
	"brownout/harness/chaos"
	"brownout/harness/score"
	"brownout/reports"
)

// batchRun is one or more runs of one command.
type batchRun struct {
	app     *app
	flags   runFlags
	outputs []reports.Output

	mu    sync.Mutex // of what follows, and of the output
	runs  []reports.SuiteRun
	begun map[int]time.Time        // of the runs under way
	going map[int]*harness.Session // the same
	done  int
}

// Bounds of what a suite has at once where nobody says how much.
const (
	mostAtOnce   = 16
	machineShare = 0.5 // of the cores, by the estimates of package batch
)

// limits are how many runs may go side by side on so many cores.
func (f runFlags) limits(cores int) batch.Limits {
	if f.parallel > 0 {
		return batch.Limits{Runs: f.parallel}
	}
	return batch.Limits{Runs: mostAtOnce, Cores: machineShare * float64(cores)}
}

// oneByOne runs one after the other, each with its progress and its tables.
func (b *batchRun) oneByOne(ctx context.Context) error {
	live := !b.flags.headless && len(b.runs) == 1 && b.app.interactive()
	for i := range b.runs {
		if ctx.Err() != nil {
			break
		}
		if len(b.runs) > 1 {
			fmt.Fprintf(b.app.out, "\nrun %d of %d\n", i+1, len(b.runs))
		}
		start := time.Now()
		snap, dir, err := b.app.runOne(ctx, b.runs[i].Plan, b.flags, live)
		b.finish(i, snap, dir, err, time.Since(start))
		if errors.Is(err, harness.ErrInterrupted) {
			break
		}
	}
	if snaps := b.snapshots(); len(snaps) > 1 {
		reports.Repeats(b.app.out, snaps, b.app.style(b.flags.ascii))
	}
	return b.outcome(ctx)
}

// sideBySide runs several at once, with a line for each that ends and one table
// for all.
func (b *batchRun) sideBySide(ctx context.Context, limits batch.Limits) error {
	b.begun, b.going = map[int]time.Time{}, map[int]*harness.Session{}
	jobs, limits := jobsOf(b.runs, limits)
	start := time.Now()
	watching, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { b.watch(watching) })
	batch.Run(ctx, jobs, limits, func(ctx context.Context, job, slot int) { b.quietly(ctx, job, slot) })
	b.confirm(ctx, jobs, limits)
	stop()
	wg.Wait()
	reports.Suite(b.app.out, b.runs, time.Since(start), b.app.style(b.flags.ascii))
	return b.outcome(ctx)
}

// jobsOf are runs with what each costs, and the limits that their targets allow:
// where one of them bears no second of its kind, runs go one after the other.
func jobsOf(runs []reports.SuiteRun, limits batch.Limits) ([]batch.Job, batch.Limits) {
	jobs := make([]batch.Job, len(runs))
	for i, r := range runs {
		t, err := openTarget(r.Plan.Target)
		process := err == nil && t.Process != nil
		jobs[i] = batch.Cost(r.Plan, process)
		if process && t.Process.Alone {
			limits = batch.Limits{Runs: 1}
		}
	}
	return jobs, limits
}

// confirm runs again what did not pass, as often as the user wants to hear it
// before they believe it. A veto needs no second look: one leaked request is
// one too many.
func (b *batchRun) confirm(ctx context.Context, jobs []batch.Job, limits batch.Limits) {
	for range b.flags.confirm {
		var again []int
		var costs []batch.Job
		for i, r := range b.runs {
			s := r.Snapshot
			if r.Err == nil && s != nil && (s.Verdict == score.Fail || s.Verdict == score.Inconclusive) && s.ViolationCount == 0 {
				again, costs = append(again, i), append(costs, jobs[i])
			}
		}
		if len(again) == 0 || ctx.Err() != nil {
			return
		}
		b.mu.Lock()
		fmt.Fprintf(b.app.out, "%d of %d did not pass, and are asked again\n", len(again), len(b.runs))
		b.done -= len(again)
		b.mu.Unlock()
		batch.Run(ctx, costs, limits, func(ctx context.Context, job, slot int) { b.quietly(ctx, again[job], slot) })
	}
}

// quietly runs one of several; its slot keeps its links off the ports of the
// others where the first port was named.
func (b *batchRun) quietly(ctx context.Context, i, slot int) {
	start := time.Now()
	b.mu.Lock()
	b.begun[i] = start
	b.mu.Unlock()
	f := b.flags
	if f.portFrom > 0 {
		f.portFrom += slot * chaos.BlockSize
	}
	session, err := b.app.start(ctx, b.runs[i].Plan, f)
	var snap *score.Snapshot
	var dir string
	if err == nil {
		b.mu.Lock()
		b.going[i] = session
		b.mu.Unlock()
		snap, err = session.Wait()
		dir = session.Dir
		err = errors.Join(err, keep(dir, snap))
	}
	b.finish(i, snap, dir, err, time.Since(start))
}

// finish keeps what came of run i, and writes the reports anew.
func (b *batchRun) finish(i int, snap *score.Snapshot, dir string, err error, took time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.begun, i)
	delete(b.going, i)
	b.done++
	r := &b.runs[i]
	if r.Snapshot != nil {
		r.Before = append(r.Before, r.Snapshot)
	}
	r.Snapshot, r.Dir, r.Err, r.Took = snap, dir, err, took
	if snap != nil {
		e := errors.Join(reports.WriteRun(b.outputs, i+1, snap, dir), reports.WriteAll(b.outputs, b.snapshots(), b.journals()))
		if e != nil {
			r.Err = errors.Join(r.Err, &harness.EnvironmentError{Err: e})
		}
	}
	if b.begun != nil {
		fmt.Fprintf(b.app.out, "[%d/%d] %s\n", b.done, len(b.runs), reports.SuiteLine(*r, b.app.style(b.flags.ascii)))
	}
}

// snapshots are those of the runs that have one.
func (b *batchRun) snapshots() []*score.Snapshot {
	var out []*score.Snapshot
	for _, r := range b.runs {
		if r.Snapshot != nil {
			out = append(out, r.Snapshot)
		}
	}
	return out
}

// journals are the paths of those that were kept.
func (b *batchRun) journals() []string {
	var out []string
	for _, r := range b.runs {
		if r.Snapshot != nil && r.Dir != "" {
			out = append(out, filepath.Join(r.Dir, reports.JournalFile))
		}
	}
	return out
}

// watchEvery is how often a batch says what is under way.
const watchEvery = 15 * time.Second

// watch prints what is under way.
func (b *batchRun) watch(ctx context.Context) {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			b.mu.Lock()
			var names []string
			for i, begun := range b.begun {
				names = append(names, fmt.Sprintf("%s (%.0f s)", b.runs[i].Name, now.Sub(begun).Seconds()))
			}
			slices.Sort(names)
			if len(names) > 0 {
				fmt.Fprintf(b.app.out, "under way: %s; waiting: %d\n", strings.Join(names, ", "), len(b.runs)-b.done-len(names))
			}
			b.mu.Unlock()
		}
	}
}

// severity orders exit codes of several runs, the worst first: an interrupt says
// nothing of the runs, a fault of the machine means that nobody knows, a failure
// is what the caller wants to hear of, and a doubt is less than that.
var severity = map[int]int{exitInterrupted: 0, exitEnvironment: 1, exitUsage: 2, exitFailed: 3, exitInconclusive: 4, exitPassed: 5}

// outcome is the error of the whole: the worst of its runs.
func (b *batchRun) outcome(ctx context.Context) error {
	var all []error
	for _, r := range b.runs {
		err := r.Err
		if err == nil && r.Snapshot != nil {
			err = verdictError(r.Snapshot)
		}
		if err != nil {
			all = append(all, err)
		}
	}
	if b.flags.github {
		if err := b.app.tellGitHub(b.snapshots()); err != nil {
			all = append(all, &harness.EnvironmentError{Err: err})
		}
	}
	if ctx.Err() != nil { // also where it came between two runs
		all = append(all, harness.ErrInterrupted)
	}
	if len(all) == 0 {
		return nil
	}
	worst := slices.MinFunc(all, func(a, b error) int {
		return cmp.Compare(severity[exitCode(a)], severity[exitCode(b)])
	})
	return worst
}

// verdictError is the exit code of one run.
func verdictError(s *score.Snapshot) error {
	switch s.Verdict {
	case score.Fail:
		return &exitError{code: exitFailed}
	case score.Inconclusive, score.Pending:
		return &exitError{code: exitInconclusive}
	}
	return nil
}
