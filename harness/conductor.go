package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"brownout/harness/chaos"
	"brownout/harness/journal"
	"brownout/plan"
)

// clearTime bounds how long clearing a fault may take, also after an interrupt.
const clearTime = 5 * time.Second

// conductor walks a plan's timeline: it injects and clears faults and says
// which phase the run is in.
type conductor struct {
	plan    *plan.Plan
	start   time.Time
	victims map[string]chaos.Victim
	record  func(journal.Event)
	// trailing are the figures that faults with a condition wait for; nil where
	// there are none.
	trailing *trailing
	hand     hand

	mu     sync.Mutex
	active int     // faults in effect
	phase  string  // last one recorded
	held   []error // of faults that could not be cleared
}

// run walks the timeline until ctx ends. When it returns, no fault is in
// effect.
func (c *conductor) run(ctx context.Context) {
	c.enter(journal.PhaseSteady)
	var wg sync.WaitGroup
	for i := range c.plan.Faults {
		wg.Go(func() {
			if f := &c.plan.Faults[i]; c.sleepUntil(ctx, f.At) && c.await(ctx, f) {
				c.play(ctx, f, nil)
			}
		})
	}
	for _, change := range c.plan.Changes {
		wg.Go(func() { c.changeAt(ctx, change) })
	}
	c.attend(ctx, &wg)
	c.drainAt(ctx, c.plan.Load.Duration)
	wg.Wait()
}

// drainAt begins the last phase when the load's time is up.
func (c *conductor) drainAt(ctx context.Context, over time.Duration) {
	if c.sleepUntil(ctx, over) {
		c.enter(journal.PhaseDrain)
	}
}

// play takes one fault from its injection to its clearance. Of one that a
// person made, made is told what came of the injection; of the plan's it is nil.
func (c *conductor) play(ctx context.Context, f *plan.Fault, made chan<- error) {
	injected := f.At
	if f.When != nil {
		injected = time.Since(c.start)
	}
	ends, err := c.inject(ctx, f)
	on := &journal.FaultOn{Name: f.Name, Fault: f.Kind, On: f.On, Confirmed: err == nil}
	if err != nil {
		on.Detail = err.Error()
		c.note("error", fmt.Sprintf("fault %s could not be injected: %v", f.Name, err))
	}
	if made != nil && err != nil {
		made <- err
		return // it never was
	}
	if made != nil {
		on.Made = f
	}
	c.record(on)
	if err != nil {
		return
	}
	l := c.hand.lasts(f, made != nil)
	c.count(+1)
	if made != nil {
		made <- nil
	}
	off := &journal.FaultOff{Name: f.Name, Fault: f.Kind, On: f.On, Confirmed: true}
	if c.sleepOr(ctx, injected+f.For, l.early) {
		off.Lasted = max(time.Since(c.start)-injected, time.Millisecond).Truncate(time.Millisecond)
	}
	// Faults always end: an interrupted run still clears them.
	clearing, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearTime)
	defer cancel()
	if err := endAll(clearing, ends); err != nil {
		off.Confirmed, off.Detail = false, err.Error()
		c.hold(fmt.Errorf("fault %s could not be cleared: %w", f.Name, err))
	}
	c.record(off)
	c.count(-1)
	c.hand.ended(l, off)
}

// inject puts a fault in effect on all its providers at once; where one fails,
// those that succeeded are ended again.
func (c *conductor) inject(ctx context.Context, f *plan.Fault) ([]func(context.Context) error, error) {
	fault, _, err := chaos.Bind(f.Kind, f.Params)
	if err != nil {
		return nil, err
	}
	env := chaos.Env{
		Name: f.Name, Share: f.Share, Ramp: f.Ramp, For: f.For, Model: f.Model, Seed: c.plan.Seed,
		Note: func(text string) { c.note("info", text) },
	}
	ends := make([]func(context.Context) error, len(f.On))
	errs := make([]error, len(f.On))
	var wg sync.WaitGroup
	for i, name := range f.On {
		wg.Go(func() { ends[i], errs[i] = fault.Inject(ctx, c.victims[name], env) })
	}
	wg.Wait()
	if err := joined(errs); err != nil {
		clearing, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearTime)
		defer cancel()
		if e := endAll(clearing, ends); e != nil {
			c.hold(fmt.Errorf("fault %s, half injected, could not be cleared: %w", f.Name, e))
		}
		return nil, err
	}
	return ends, nil
}

// endAll ends a fault on all its providers at once. Functions that are nil
// belong to providers that it never took effect on.
func endAll(ctx context.Context, ends []func(context.Context) error) error {
	errs := make([]error, len(ends))
	var wg sync.WaitGroup
	for i, end := range ends {
		if end != nil {
			wg.Go(func() { errs[i] = end(ctx) })
		}
	}
	wg.Wait()
	return joined(errs)
}

// joined makes one error of several, on one line, since it goes into a log.
func joined(errs []error) error {
	if err := errors.Join(errs...); err != nil {
		return errors.New(oneLine(err))
	}
	return nil
}

// oneLine is the text of an error in one line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// hold keeps the error of a fault that outlived its end.
func (c *conductor) hold(err error) {
	c.note("error", err.Error())
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = append(c.held, err)
}

// stuck tells of the faults that could not be cleared. What was measured after
// one of them is the harness's doing and not the target's.
func (c *conductor) stuck() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.held...)
}

// count keeps the number of faults in effect and the phase that follows.
func (c *conductor) count(by int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active += by
	switch {
	case c.phase == journal.PhaseDrain:
	case c.active > 0:
		c.to(journal.PhaseFault)
	default:
		c.to(journal.PhaseRecovery)
	}
}

// enter begins a phase.
func (c *conductor) enter(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to(name)
}

// to records a phase where it is another than the last. It is called with the
// lock held, so that phases are recorded in the order in which they began.
func (c *conductor) to(name string) {
	if c.phase == name {
		return
	}
	c.phase = name
	c.record(&journal.Phase{Name: name})
}

func (c *conductor) note(level, text string) {
	c.record(&journal.Note{Level: level, Text: text})
}

// sleepOr waits for a moment of the run; true where early was closed first.
func (c *conductor) sleepOr(ctx context.Context, at time.Duration, early <-chan struct{}) bool {
	t := time.NewTimer(time.Until(c.start.Add(at)))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-early:
		return true
	}
	return false
}

// sleepUntil waits for a moment of the run; false where ctx ended first.
func (c *conductor) sleepUntil(ctx context.Context, at time.Duration) bool {
	t := time.NewTimer(time.Until(c.start.Add(at)))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
