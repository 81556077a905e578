// Package harness runs a plan: it builds the rig (mocks, links, target), drives
// the load, walks the timeline of faults, records everything in a journal and
// tears all down again, whatever happens.
//
// A plan flows in, and while the run is on what a person does to it; a journal
// on disk and a stream of immutable snapshots flow out. The package knows nothing
// of scenario files, screens or reports.
package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"brownout/chance"
	"brownout/harness/chaos"
	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/harness/score"
	"brownout/harness/target"
	"brownout/plan"
)

// Options is what a run needs beside its plan.
type Options struct {
	OutDir        string            // runs are kept in OutDir/ID; empty: none is kept
	VegetaResults string            // file for the samples in vegeta's own encoding; empty: none
	PortFrom      int               // first port of the links; 0: chaos.FirstPort
	Toxiproxy     string            // URL of a toxiproxy server that the user runs; "": one is started
	Versions      map[string]string // of the parts, for the journal's header
	// System is what is under test; nil: the bundled router, in the way that the
	// plan's Target names.
	System *plan.Target
	Cache  string       // directory below which targets are installed; empty: target.DefaultCache
	Say    func(string) // told what a person who waits for the start should read; nil: nobody waits
	// Tap is told of each record, in order, by one goroutine, which it must not
	// hold up; nil: nobody listens.
	Tap func(journal.Record)
	// Target starts what is under test in place of System; nil: System is
	// started.
	Target func(context.Context, target.Options) (*target.Target, error)
}

// JournalName is the journal's file name in a run's directory.
const JournalName = "journal.jsonl.zst"

// Session is one run under way. Its methods may be called from any goroutine.
type Session struct {
	ID  string
	Dir string // where the run is kept; empty: it is not

	conductor *conductor // what is done by hand goes to it
	snapshot  atomic.Pointer[score.Snapshot]
	stop      context.CancelFunc
	done      chan struct{}
	err       error // of the run, once done is closed
}

// Snapshot is the latest state of the run. It is never nil.
func (s *Session) Snapshot() *score.Snapshot { return s.snapshot.Load() }

// Done is closed when the run has ended and everything is down again.
func (s *Session) Done() <-chan struct{} { return s.done }

// Stop asks the run to end now. Done follows once all is cleared and flushed.
func (s *Session) Stop() { s.stop() }

// Wait blocks until the run has ended and returns its final state. The error
// is ErrInterrupted after Stop or the end of the context, an *EnvironmentError
// where the machine failed the run.
func (s *Session) Wait() (*score.Snapshot, error) {
	<-s.done
	return s.Snapshot(), s.err
}

// Run is Start and Wait.
func Run(ctx context.Context, p *plan.Plan, o Options) (*score.Snapshot, error) {
	s, err := Start(ctx, p, o)
	if err != nil {
		return nil, err
	}
	return s.Wait()
}

// Start brings up the rig and begins the run. It returns once requests flow.
func Start(ctx context.Context, p *plan.Plan, o Options) (*Session, error) {
	now := time.Now()
	s := &Session{ID: runID(p, now), done: make(chan struct{})}
	r := &run{plan: p, session: s, options: o}
	if err := r.open(now); err != nil {
		return nil, err
	}
	ctx, s.stop = context.WithCancel(ctx)
	if err := r.begin(ctx); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(ErrInterrupted, err)
		}
		s.stop()
		return nil, errors.Join(err, r.discard())
	}
	go func() {
		defer close(s.done)
		defer s.stop()
		s.err = r.finish(ctx)
	}()
	return s, nil
}

// runID names a run: when, what, and a few letters so that runs started in the
// same second do not meet.
func runID(p *plan.Plan, now time.Time) string {
	k := chance.Key{Seed: uint64(now.UnixNano()), Provider: p.Scenario, Purpose: "run-id", Attempt: os.Getpid()}
	return fmt.Sprintf("%s-%s-%04x", now.UTC().Format("20060102-150405"), p.Scenario, k.Bits()&0xffff)
}

// run is the inside of a session.
type run struct {
	plan    *plan.Plan
	session *Session
	options Options

	writer    *journal.Writer
	vegeta    *os.File
	recorder  *journal.Recorder
	rig       *testbed
	load      *load.Runner
	trailing  *trailing
	conductor *conductor
	epoch     time.Time   // zero of the mocks' clocks
	start     time.Time   // zero of the run's clock
	started   atomic.Bool // events before the start are of no run
	fdLimit   uint64
	findings  findings
	printed   lazyFile // what the target prints
}

// open makes the files of a run.
func (r *run) open(now time.Time) error {
	r.epoch = now
	if r.options.OutDir != "" {
		err := r.claimDir()
		if err == nil {
			r.writer, err = journal.Create(filepath.Join(r.session.Dir, JournalName))
		}
		if err != nil {
			err = fmt.Errorf("cannot keep the run: %w; name a writable directory with --out, or use --no-journal", err)
			return errors.Join(&EnvironmentError{Err: err}, r.discard())
		}
	}
	if r.options.VegetaResults != "" {
		f, err := os.Create(r.options.VegetaResults)
		if err != nil {
			return errors.Join(&EnvironmentError{Err: fmt.Errorf("--vegeta-results: %w", err)}, r.discard())
		}
		r.vegeta = f
	}
	return nil
}

// claimDir makes the run's own directory. Runs that begin at one moment, in one
// process or in several, may draw the same id; the later one draws again.
func (r *run) claimDir() error {
	err := os.MkdirAll(r.options.OutDir, 0o755)
	for try := 0; err == nil && try < 10; try++ {
		dir := filepath.Join(r.options.OutDir, r.session.ID)
		if err = os.Mkdir(dir, 0o755); err == nil {
			r.session.Dir = dir
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			err = nil
			r.session.ID = runID(r.plan, time.Now())
		}
	}
	if err == nil {
		err = fmt.Errorf("%s: every id that was drawn is taken", r.options.OutDir)
	}
	return err
}

// discard closes and removes what a run that never began has made.
func (r *run) discard() error {
	var err error
	if r.writer != nil {
		err = r.writer.Close()
	}
	if r.vegeta != nil {
		err = errors.Join(err, r.vegeta.Close())
	}
	err = errors.Join(err, r.printed.close())
	if r.session.Dir != "" {
		err = errors.Join(err, os.RemoveAll(r.session.Dir))
	}
	return err
}

// begin brings up the rig, and starts the clock once everything listens, so
// that building never counts as lateness.
func (r *run) begin(ctx context.Context) error {
	limit, err := load.RaiseFDLimit()
	if err != nil {
		return &EnvironmentError{Err: fmt.Errorf("file descriptor limit: %w", err)}
	}
	r.fdLimit = limit
	start := r.options.Target
	if start == nil {
		start = func(ctx context.Context, o target.Options) (*target.Target, error) {
			return target.Start(ctx, r.system(), o)
		}
	}
	r.rig, err = newTestbed(ctx, r.plan, testbedOptions{
		epoch: r.epoch, portFrom: r.options.PortFrom, toxiproxy: r.options.Toxiproxy, observe: r.observe, target: start, options: r.targetOptions(),
	})
	if err != nil {
		return err
	}
	r.watchPersonal()
	up := r.rig.target
	var results io.Writer
	if r.vegeta != nil {
		results = r.vegeta
	}
	r.start = time.Now()
	r.load, err = load.New(load.Config{
		Plan: r.plan, BaseURL: up.URL, Dialect: up.Dialect, Key: cmp.Or(up.Key, "sk-brownout-client"),
		Model: cmp.Or(up.Model, r.plan.FirstModel()), Embedding: r.plan.FirstEmbedding(), Extra: extra(up), Renamed: chaos.Renamed(r.plan),
		Start: r.start, Emit: r.record, VegetaResults: results, Open: true, FanOut: r.system().Router != "",
	})
	if err != nil {
		return errors.Join(err, r.rig.close(context.WithoutCancel(ctx)))
	}
	r.trailing = newTrailing(r.plan)
	board := score.NewBoard()
	r.recorder = journal.NewRecorder(journal.RecorderOptions{
		Start: r.start, Writer: r.writer, Fold: tapped(board.Fold, r.options.Tap),
		Publish: func() { r.session.snapshot.Store(board.Snapshot()) },
	})
	r.session.snapshot.Store(board.Snapshot())
	r.recorder.Record(&journal.RunStarted{
		Schema: journal.Schema, RunID: r.session.ID, Started: r.start, Plan: *r.plan, Versions: r.options.Versions,
		Host: journal.Host{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), FDLimit: limit},
	})
	r.conductor = &conductor{plan: r.plan, start: r.start, victims: r.rig.Victims, record: r.recorder.Record, trailing: r.trailing}
	r.conductor.hand = newHand(r.plan, r.rig.target.Change, r.load.Change)
	r.session.conductor = r.conductor
	r.started.Store(true)
	r.tellFindings()
	return nil
}

// record records what clients and providers saw.
func (r *run) record(e journal.Event) {
	r.trailing.see(e, time.Since(r.start))
	r.recorder.Record(e)
}

// finish drives the load and the faults to their end, and takes all down.
func (r *run) finish(ctx context.Context) error {
	conducting, stopConducting := context.WithCancel(ctx)
	var wg sync.WaitGroup
	c := r.conductor
	wg.Go(func() { c.run(conducting) })
	wg.Go(func() { r.watch(conducting) })

	err := r.load.Run(ctx)
	// The last answer may be in before the time is up, the more so where the
	// profile ends quietly. Faults and phases still take their course.
	c.drainAt(ctx, r.plan.Load.Duration)
	interrupted := ctx.Err() != nil
	if interrupted {
		err = nil // what the load says of its own cancellation
	}
	stopConducting()
	wg.Wait()

	err = errors.Join(err, c.stuck(), r.rig.close(context.WithoutCancel(ctx)), r.printed.close())
	end := &journal.RunFinished{Interrupted: interrupted, Dropped: r.recorder.Dropped()}
	if err != nil {
		end.Error = oneLine(err)
	}
	r.recorder.Record(end)
	if e := r.recorder.Close(); e != nil {
		err = errors.Join(err, fmt.Errorf("journal: %w", e))
	}
	if r.vegeta != nil {
		err = errors.Join(err, r.vegeta.Close())
	}
	if err != nil {
		// The input was good enough to begin with: what went wrong since is the
		// machine's.
		err = &EnvironmentError{Err: err}
	}
	if interrupted {
		return errors.Join(ErrInterrupted, err)
	}
	return err
}
