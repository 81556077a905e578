package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// ErrOver says that nothing can be done by hand any more.
var ErrOver = errors.New("the load has ended, so that nothing can be done to it any more")

// hand is what a person does to a run while it is on. All of it is recorded
// and so becomes part of the run's plan, as a reader of the journal has it.
type hand struct {
	target func(plan.Router) error // puts settings in force; nil: the target has none
	load   func([]plan.Point)      // puts a profile in force
	orders chan func(context.Context)
	over   chan struct{} // closed when orders are not taken any more

	acting sync.Mutex // held by whoever does something, which may take a while

	mu      sync.Mutex
	plan    *plan.Plan // as it stands
	router  plan.Router
	lasting map[string]*lasting // faults in effect, by name
}

// lasting is a fault in effect.
type lasting struct {
	fault *plan.Fault
	once  sync.Once
	early chan struct{} // closed to clear it before its time
	gone  chan struct{} // closed when it has ended
	off   *journal.FaultOff
}

func newHand(p *plan.Plan, target func(plan.Router) error, load func([]plan.Point)) hand {
	return hand{
		target: target, load: load, plan: p, router: p.Router, lasting: map[string]*lasting{},
		orders: make(chan func(context.Context)), over: make(chan struct{}),
	}
}

// lasts notes that a fault is in effect.
func (h *hand) lasts(f *plan.Fault, made bool) *lasting {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := &lasting{fault: f, early: make(chan struct{}), gone: make(chan struct{})}
	h.lasting[f.Name] = l
	if made {
		h.plan = h.plan.With(*f)
	}
	return l
}

// ended notes that it has ended.
func (h *hand) ended(l *lasting, off *journal.FaultOff) {
	h.mu.Lock()
	delete(h.lasting, l.fault.Name)
	if off.Lasted > 0 {
		h.plan = h.plan.Shortened(off.Name, off.Lasted)
	}
	h.mu.Unlock()
	l.off = off
	close(l.gone)
}

// standing is the plan with all that was done by hand.
func (h *hand) standing() *plan.Plan {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.plan
}

// attend does what is ordered by hand until the load, or ctx, has ended. What
// it begins belongs to wg.
func (c *conductor) attend(ctx context.Context, wg *sync.WaitGroup) {
	defer close(c.hand.over)
	t := time.NewTimer(time.Until(c.start.Add(c.plan.Load.Duration)))
	defer t.Stop()
	for {
		select {
		case do := <-c.hand.orders:
			wg.Go(func() { do(ctx) })
		case <-t.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// now is a moment of the run as files have it.
func (c *conductor) now() time.Duration { return time.Since(c.start).Truncate(time.Millisecond) }

// Check tells what is wrong with an order for a fault as things are; the error
// is a *plan.OrderError.
func (s *Session) Check(o plan.Order) error {
	_, err := s.conductor.order(o)
	return err
}

// Inject makes a fault, now, and returns it once it was seen in effect. The
// error is a *plan.OrderError where the order is at fault, ErrOver, or what
// kept the fault from taking effect.
func (s *Session) Inject(o plan.Order) (plan.Fault, error) {
	c := s.conductor
	c.hand.acting.Lock()
	defer c.hand.acting.Unlock()
	f, err := c.order(o)
	if err != nil {
		return plan.Fault{}, err
	}
	made := make(chan error, 1)
	select {
	case c.hand.orders <- func(ctx context.Context) { c.play(ctx, &f, made) }:
	case <-c.hand.over:
		return plan.Fault{}, ErrOver
	}
	return f, <-made
}

// Clear ends a fault before its time, the plan's or one made by hand, and
// returns once it was seen gone.
func (s *Session) Clear(name string) error {
	h := &s.conductor.hand
	h.mu.Lock()
	l := h.lasting[name]
	h.mu.Unlock()
	if l == nil {
		return fmt.Errorf("no fault %q is in effect", name)
	}
	l.once.Do(func() { close(l.early) })
	<-l.gone
	if !l.off.Confirmed {
		return fmt.Errorf("fault %s could not be cleared: %s", name, l.off.Detail)
	}
	return nil
}

// MostRate bounds a rate that is asked for by hand, in requests per second.
const MostRate = 100_000

// lead is how far ahead of the order a change of the load begins, so that no
// request that is already due has its time changed.
const lead = 5 * time.Millisecond

// Scale multiplies the rate of the load from now on.
func (s *Session) Scale(factor float64) error {
	if !(factor >= 0 && factor <= 1000) {
		return &plan.OrderError{Field: "factor", Msg: "the factor must be between 0 and 1000", Hint: "0 stops the load, 1 leaves it"}
	}
	text := "load times " + strconv.FormatFloat(factor, 'g', 4, 64)
	return s.conductor.changeLoad(text, func(l plan.Load, at time.Duration) plan.Load { return l.Scaled(at, factor) })
}

// Hold keeps the load at one rate from now on, in requests per second.
func (s *Session) Hold(rate float64) error {
	if !(rate >= 0 && rate <= MostRate) {
		return &plan.OrderError{Field: "rate", Msg: fmt.Sprintf("the rate must be between 0 and %d requests per second", MostRate)}
	}
	text := "load held at " + strconv.FormatFloat(rate, 'f', -1, 64) + "/s"
	return s.conductor.changeLoad(text, func(l plan.Load, at time.Duration) plan.Load { return l.Held(at, rate) })
}

func (c *conductor) changeLoad(text string, change func(plan.Load, time.Duration) plan.Load) error {
	h := &c.hand
	h.acting.Lock()
	defer h.acting.Unlock()
	at := c.now() + lead
	if at+plan.Step >= c.plan.Load.Duration {
		return ErrOver
	}
	l := change(h.standing().Load, at)
	for _, p := range l.Profile {
		if p.At >= at && p.Rate > MostRate {
			return &plan.OrderError{Field: "factor", Msg: fmt.Sprintf("that would be %.0f requests per second, more than the %d that may be asked for", p.Rate, MostRate)}
		}
	}
	h.load(l.Profile)
	c.trailing.follow(l)
	h.mu.Lock()
	h.plan = h.plan.WithProfile(l.Profile)
	h.mu.Unlock()
	c.record(&journal.LoadChanged{Profile: l.Profile, Text: text})
	return nil
}

// Switch changes settings of the target's router from now on. The error is a
// *plan.OrderError where the change is at fault or the target has no such
// settings.
func (s *Session) Switch(change plan.Change) error {
	c := s.conductor
	c.hand.acting.Lock()
	defer c.hand.acting.Unlock()
	select {
	case <-c.hand.over:
		return ErrOver
	default:
	}
	change.At = c.now()
	if err := checkChange(change); err != nil {
		return err
	}
	if err := c.change(change); err != nil {
		return &plan.OrderError{Msg: err.Error()}
	}
	c.hand.mu.Lock()
	c.hand.plan = c.hand.plan.WithChange(change)
	c.hand.mu.Unlock()
	c.record(&journal.RouterChanged{Change: change, ByHand: true})
	return nil
}

// changeAt makes a change of the plan at its time.
func (c *conductor) changeAt(ctx context.Context, change plan.Change) {
	if !c.sleepUntil(ctx, change.At) {
		return
	}
	c.hand.acting.Lock()
	defer c.hand.acting.Unlock()
	e := &journal.RouterChanged{Change: change}
	if err := c.change(change); err != nil {
		e.Detail = err.Error()
	}
	c.record(e)
}

// change puts changed settings in force. The caller holds acting.
func (c *conductor) change(change plan.Change) error {
	if c.hand.target == nil {
		return fmt.Errorf("target %s has no policy or mitigation that could be switched while it runs; the bundled router has", c.plan.Target)
	}
	r := c.hand.router.Changed(change)
	if err := c.hand.target(r); err != nil {
		return errors.New(oneLine(err))
	}
	c.hand.router = r
	return nil
}

// checkChange sees that all words of a change are known.
func checkChange(change plan.Change) error {
	if change.Policy != "" && !slices.Contains(plan.RouterPolicies, change.Policy) {
		return &plan.OrderError{Field: "policy", Msg: fmt.Sprintf("unknown policy %q", change.Policy), Hint: "known are " + strings.Join(plan.RouterPolicies, ", ")}
	}
	for _, name := range slices.Concat(change.Off, change.On) {
		if name != "all" && !slices.Contains(plan.Mitigations, name) {
			return &plan.OrderError{Field: name, Msg: fmt.Sprintf("unknown mitigation %q", name), Hint: "known are " + strings.Join(plan.Mitigations, ", ")}
		}
	}
	if change.String() == "" {
		return &plan.OrderError{Msg: "nothing is to be switched"}
	}
	return nil
}
