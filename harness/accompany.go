package harness

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/harness/rig"
	"brownout/mocks"
	"brownout/plan"
)

// AccompanyOptions is what goes with somebody else's requests, beside a plan.
type AccompanyOptions struct {
	OutDir    string            // the journal is kept in OutDir/ID; empty: it is not
	PortFrom  int               // first port of the links; 0: free ones are found
	Toxiproxy string            // URL of a toxiproxy server that the user runs; "": one is started
	Keys      []string          // accepted by every provider beside its own; empty: as each provider says
	Versions  map[string]string // of the parts, for the journal's header

	// Private are texts that mark a prompt as one that may reach only the
	// classes and regions of Reach.
	Private []string
	Reach   plan.Mix

	Tap func(journal.Record) // told of each record, in order, by one goroutine; nil: nobody listens
}

// Accompany brings up a plan's providers and walks its faults while do makes
// its own requests, in place of the plan's load. Do is given each provider's
// address, and is called when the faults that the timeline begins with are in
// effect; when it returns the faults are cleared and all is taken down. The
// directory in which the journal is kept is returned, "" where it is not; the
// error is that of do, and an *EnvironmentError where the machine was to blame.
func Accompany(ctx context.Context, p *plan.Plan, o AccompanyOptions, do func(context.Context, map[string]string) error) (dir string, err error) {
	now := time.Now()
	a := &accompanied{run: run{plan: p, options: Options{OutDir: o.OutDir}, session: &Session{ID: runID(p, now)}}, with: o}
	if err := a.open(now); err != nil {
		return "", err
	}
	if err := a.begin(ctx); err != nil {
		return "", errors.Join(err, a.discard())
	}
	conducting, stop := context.WithCancel(ctx)
	record, atOnce := a.awaited()
	c := &conductor{plan: p, start: a.start, victims: a.up.Victims, record: record, trailing: a.trailing}
	c.hand = newHand(p, nil, nil) // nobody acts by hand
	var wg sync.WaitGroup
	wg.Go(func() { c.run(conducting) })
	select {
	case <-atOnce:
	case <-ctx.Done():
	}
	urls := make(map[string]string, len(p.Providers))
	for _, v := range p.Providers {
		urls[v.Name] = a.up.URL(v.Name)
	}
	err = do(ctx, urls)
	stop()
	wg.Wait()
	broken := errors.Join(c.stuck(), a.up.Close(context.WithoutCancel(ctx)))
	end := &journal.RunFinished{Interrupted: ctx.Err() != nil, Dropped: a.recorder.Dropped()}
	if broken != nil {
		end.Error = oneLine(broken)
	}
	a.recorder.Record(end)
	if e := a.recorder.Close(); e != nil {
		broken = errors.Join(broken, fmt.Errorf("journal: %w", e))
	}
	if broken != nil {
		err = errors.Join(err, &EnvironmentError{Err: broken})
	}
	return a.session.Dir, err
}

// accompanied is a run without a load of its own.
type accompanied struct {
	run
	with AccompanyOptions
	up   *rig.Rig

	mu      sync.Mutex
	private map[string]bool // markers of prompts that have a private text
	told    map[string]bool // violations, by marker and provider
	begun   atomic.Bool
}

// begin brings up the rig and starts the clock.
func (a *accompanied) begin(ctx context.Context) error {
	limit, err := load.RaiseFDLimit()
	if err != nil {
		return &EnvironmentError{Err: fmt.Errorf("file descriptor limit: %w", err)}
	}
	a.private, a.told = map[string]bool{}, map[string]bool{}
	a.up, err = rig.Up(ctx, rig.Options{
		Providers: a.plan.Providers, Seed: a.plan.Seed, Epoch: a.epoch, PortFrom: a.with.PortFrom,
		Toxiproxy: a.with.Toxiproxy, Keys: a.with.Keys, Observe: a.see,
	})
	if err != nil {
		return err
	}
	if len(a.with.Private) > 0 {
		for _, m := range a.up.Fleet.Providers() {
			m.Inject("private prompts", a)
		}
	}
	a.trailing = newTrailing(a.plan)
	a.start = time.Now()
	fold := a.with.Tap
	if fold == nil {
		fold = func(journal.Record) {}
	}
	a.recorder = journal.NewRecorder(journal.RecorderOptions{Start: a.start, Writer: a.writer, Fold: fold})
	a.recorder.Record(&journal.RunStarted{
		Schema: journal.Schema, RunID: a.session.ID, Started: a.start, Plan: *a.plan, Versions: a.with.Versions,
		Host: journal.Host{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), FDLimit: limit},
	})
	a.begun.Store(true)
	return nil
}

// awaited records events, and tells by a channel that is closed when all faults
// that have no time to wait for are in effect, or could not be had.
func (a *accompanied) awaited() (record func(journal.Event), all <-chan struct{}) {
	waiting := map[string]bool{}
	for _, f := range a.plan.Faults {
		if f.At == 0 && f.When == nil {
			waiting[f.Name] = true
		}
	}
	done := make(chan struct{})
	if len(waiting) == 0 {
		close(done)
	}
	var mu sync.Mutex
	return func(e journal.Event) {
		a.recorder.Record(e)
		on, ok := e.(*journal.FaultOn)
		if !ok {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if waiting[on.Name] {
			if delete(waiting, on.Name); len(waiting) == 0 {
				close(done)
			}
		}
	}, done
}

// Meet implements mocks.Fault. It changes nothing: it takes note of the calls
// whose prompts are private.
func (a *accompanied) Meet(c *mocks.Call) mocks.Effect {
	for _, m := range c.Request.Messages {
		for _, text := range a.with.Private {
			if strings.Contains(m.Text, text) {
				a.mu.Lock()
				a.private[c.Marker] = true
				a.mu.Unlock()
				return mocks.Effect{}
			}
		}
	}
	return mocks.Effect{}
}

// see records what a mock saw of one call, and a breach where it must not have
// seen it.
func (a *accompanied) see(o mocks.Observation) {
	if !a.begun.Load() {
		return
	}
	c := a.callOf(o)
	a.record(c)
	a.mu.Lock()
	defer a.mu.Unlock()
	if key := c.Marker + "\x00" + c.Provider; a.private[c.Marker] && !a.with.Reach.Reaches(c.Class, c.Region) && !a.told[key] {
		a.told[key] = true
		a.recorder.Record(&journal.Violation{
			What: "privacy", Marker: c.Marker, Provider: c.Provider,
			Detail: fmt.Sprintf("a private prompt may only reach %s; %s is %s in %s", reach(a.with.Reach), c.Provider, c.Class, c.Region),
		})
	}
}

// reach says whom requests may reach.
func reach(m plan.Mix) string {
	var parts []string
	if len(m.Allow) > 0 {
		parts = append(parts, "classes "+strings.Join(m.Allow, ", "))
	}
	if len(m.Regions) > 0 {
		parts = append(parts, "regions "+strings.Join(m.Regions, ", "))
	}
	return strings.Join(parts, " in ")
}
