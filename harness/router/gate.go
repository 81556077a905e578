package router

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"brownout/mocks/wire"
)

// streakFactor times Breaker.MinCalls failures in a row open the breaker even
// where successes from before still weigh down the failure ratio of the
// window: at a steady rate the ratio alone needs half a window to notice an
// outage.
const streakFactor = 2

// gate decides whether a backend may be asked now. It joins three things that
// may keep a call away: a retry-after that the backend stated, a hold after a
// lasting failure, and the circuit breaker of the model.
type gate struct {
	name  string
	set   settings
	seen  *backendMetrics
	stats *statsBook // has the models' ways back
	whole *ramp      // the whole backend's

	mu        sync.Mutex
	tell      func(Decision)      // whoever listens under the configuration in force
	circuits  map[string]*circuit // by model
	notBefore time.Time           // the retry-after last stated
	limited   *wire.Failure       // what was said with it
	doubt     doubt               // of what was said beyond notBefore
	holds     map[string]*hold    // by model; "": the whole backend
	untold    []Decision          // gathered under mu, told after it
	dirty     bool                // a breaker changed its state since the gauge was set
}

// maxCircuits bounds the models of one backend that have breakers of their
// own: clients may ask for any name. Further ones share one.
const maxCircuits = 256

// circuit is the breaker of one model. It is guarded by the gate's mu.
//
// The breaker is failsafe-go's. The circuit adds what that one lacks: a result
// is counted only in the breaker state in which its call began, so that calls
// stuck since before an outage cannot be taken for probes.
type circuit struct {
	breaker    circuitbreaker.CircuitBreaker[any] // nil: switched off
	epoch      uint64                             // state changes of the breaker so far
	streak     int                                // failures in a row
	probes     int                                // calls in progress that began in this half-open state
	lastResort int                                // calls let through an open breaker, in progress
	last       *wire.Failure                      // the latest failure that counted
}

// pass is the permission to make one call.
type pass struct {
	of         *circuit
	epoch      uint64
	probes     *hold // the hold that this call may lift; nil: none
	lastResort bool
	asks       bool // whether a retry-after in doubt still holds
}

func newGate(b *backend, s settings, tell func(Decision)) *gate {
	return &gate{
		name: b.Name, set: s, tell: tell, seen: b.seen, stats: b.stats, whole: &b.ramp,
		circuits: map[string]*circuit{}, holds: map[string]*hold{},
	}
}

// tellTo has g tell its decisions to somebody else: a backend outlives the
// configuration that it came with.
func (g *gate) tellTo(tell func(Decision)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tell = tell
}

// circuit is that of a model. The caller holds mu.
func (g *gate) circuit(model string) *circuit {
	if c := g.circuits[model]; c != nil {
		return c
	}
	if len(g.circuits) >= maxCircuits {
		if model = ""; g.circuits[model] != nil {
			return g.circuits[model]
		}
	}
	c := &circuit{}
	if b := g.set.Breaker; !b.Disabled {
		c.breaker = circuitbreaker.NewBuilder[any]().
			WithFailureRateThreshold(b.FailureRatio, uint(b.MinCalls), b.Window).
			WithSuccessThreshold(uint(b.Probes)).
			WithDelay(b.OpenFor).
			OnStateChanged(func(e circuitbreaker.StateChangedEvent) { g.changed(c, &g.stats.of(model).ramp, e) }).
			Build()
	}
	g.circuits[model] = c
	return c
}

// changed is called by a breaker, within a method of g that holds mu.
func (g *gate) changed(c *circuit, way *ramp, e circuitbreaker.StateChangedEvent) {
	c.epoch++
	c.streak, c.probes = 0, 0
	d := Decision{Provider: g.name}
	switch e.NewState {
	case circuitbreaker.OpenState:
		way.stop()
		d.What, d.Wait = BreakerOpen, g.set.Breaker.OpenFor
		if c.last != nil {
			d.Detail = c.last.Error()
		}
	case circuitbreaker.HalfOpenState:
		d.What = BreakerHalfOpen
	case circuitbreaker.ClosedState:
		way.start()
		d.What = BreakerClosed
	}
	g.dirty = true
	g.untold = append(g.untold, d)
}

// unlock ends a critical section and tells what was decided in it.
func (g *gate) unlock() {
	untold, tell := g.untold, g.tell
	g.untold = nil
	if g.dirty { // not within the breaker's own call-back, which holds its lock
		g.dirty = false
		g.seen.breaker.Set(float64(g.worst()))
	}
	g.mu.Unlock()
	for _, d := range untold {
		tell(d)
	}
}

// admit asks for permission to call the backend for a model. A pass must be
// settled.
func (g *gate) admit(model string) (pass, *refusal) {
	g.mu.Lock()
	defer g.unlock()
	now := time.Now()
	if r := g.shut(model, now); r != nil {
		return pass{}, r
	}
	c := g.circuit(model)
	if !c.permits(g.set.Breaker.Probes) {
		return pass{}, &refusal{open: true, wait: c.breaker.RemainingDelay(), cause: c.last}
	}
	p := pass{of: c, epoch: c.epoch, asks: g.asks(now)}
	for _, key := range [...]string{"", model} {
		if h := g.holds[key]; h != nil {
			h.probing = true
			p.probes = h
			break
		}
	}
	return p, nil
}

// permits lets a call through, as a probe where the breaker is half-open. It
// counts the probes itself, because one that finds nothing out has to be given
// back without a result, which failsafe-go's permits cannot be.
func (c *circuit) permits(probes int) bool {
	if c.breaker == nil {
		return true
	}
	// An open breaker is asked, so that it becomes half-open when its time is over.
	if !c.breaker.IsHalfOpen() && !c.breaker.TryAcquirePermit() {
		return false
	}
	if c.breaker.IsHalfOpen() {
		if c.probes >= probes {
			return false
		}
		c.probes++
	}
	return true
}

// shut tells what but the breaker keeps calls away.
func (g *gate) shut(model string, now time.Time) *refusal {
	if wait := g.notBefore.Sub(now); wait > 0 {
		return &refusal{limited: true, wait: wait, cause: g.limited}
	}
	if g.doubt.asking && now.Before(g.doubt.until) {
		return &refusal{cause: g.limited}
	}
	if len(g.holds) == 0 {
		return nil
	}
	for _, key := range [...]string{"", model} {
		if h := g.holds[key]; h != nil && (h.probing || now.Before(h.until)) {
			return &refusal{wait: max(0, h.until.Sub(now)), cause: h.why}
		}
	}
	return nil
}

// awaits tells whether the backend has said to come back later than now.
func (g *gate) awaits(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return now.Before(g.notBefore)
}

// refuses tells why admit would say no, without asking for permission; nil
// where it would say yes.
func (g *gate) refuses(model string) *refusal {
	g.mu.Lock()
	defer g.unlock()
	if r := g.shut(model, time.Now()); r != nil {
		return r
	}
	c := g.circuit(model)
	if c.breaker == nil {
		return nil
	}
	wait := c.breaker.RemainingDelay() // 0 unless open
	if wait > 0 || c.breaker.IsHalfOpen() && c.probes >= g.set.Breaker.Probes {
		return &refusal{open: true, wait: wait, cause: c.last}
	}
	return nil
}

// admitLastResort lets a call through an open breaker where every other gate
// is shut too: failing for certain is no better than asking. At most
// Breaker.Probes such calls are in progress at once, so that it is no
// hammering.
func (g *gate) admitLastResort(model string) (pass, bool) {
	g.mu.Lock()
	defer g.unlock()
	c, now := g.circuit(model), time.Now()
	if c.breaker == nil || c.lastResort >= g.set.Breaker.Probes || g.shut(model, now) != nil {
		return pass{}, false
	}
	c.lastResort++
	g.untold = append(g.untold, Decision{What: LastResort, Provider: g.name, Detail: "every breaker is open"})
	return pass{of: c, epoch: c.epoch, lastResort: true, asks: g.asks(now)}, true
}

// settle tells the gate what became of a call: what it says of the backend,
// and the failure where it was one.
func (g *gate) settle(p pass, says verdict, model string, f *wire.Failure) {
	g.mu.Lock()
	defer g.unlock()
	now := time.Now()
	c := p.of
	if f != nil && (says == unhealthy || says == condemned) {
		c.last = f
	}
	g.settleDoubt(p, says, f, now)
	g.settleHold(p, says, model, f, now)
	if p.lastResort {
		c.lastResort--
	}
	if c.breaker == nil || p.epoch != c.epoch {
		return
	}
	if p.lastResort {
		if says == healthy {
			c.breaker.HalfOpen()
		}
		return
	}
	c.count(says, f, g.set.Breaker.MinCalls)
}

// count records a result with the breaker.
func (c *circuit) count(says verdict, f *wire.Failure, minCalls int) {
	if c.breaker.IsHalfOpen() {
		c.probes--
		switch {
		case abandoned(says, f): // the next call probes
		case says == healthy, f != nil && f.Kind == wire.FailRateLimit: // a limit proves it alive
			c.breaker.RecordSuccess()
		default: // silence until the deadline, too, is no success
			c.breaker.RecordFailure()
		}
		return
	}
	switch says {
	case healthy:
		c.streak = 0
		c.breaker.RecordSuccess()
	case unhealthy:
		c.streak++
		c.breaker.RecordFailure()
		if c.streak >= streakFactor*minCalls {
			c.breaker.Open()
		}
	}
}

// abandoned tells whether a call was given up before it could say anything of
// its backend: its client left, another was faster, or it was never made.
func abandoned(says verdict, f *wire.Failure) bool {
	return says == neutral && (f == nil || f.Kind == kindGone || f.Kind == kindOverBudget)
}

// steady tells whether a model is known to be well: its breaker is closed, and
// nobody has to find out anything of it or of the whole backend. changes is how
// often its breaker has changed so far.
func (g *gate) steady(model string) (changes uint64, steady bool) {
	g.mu.Lock()
	defer g.unlock()
	c := g.circuit(model)
	return c.epoch, g.doubt.until.IsZero() && g.holds[""] == nil && g.holds[model] == nil && (c.breaker == nil || c.breaker.IsClosed())
}

// broke counts a stream that broke after its first token, which was settled as
// healthy.
func (g *gate) broke(model string, f *wire.Failure) {
	g.mu.Lock()
	defer g.unlock()
	if c := g.circuit(model); c.breaker != nil && c.breaker.IsClosed() {
		c.last = f
		c.breaker.RecordFailure()
	}
}

// worst is the state of the worst of the breakers. The caller holds mu.
func (g *gate) worst() circuitbreaker.State {
	worst := circuitbreaker.ClosedState
	for _, c := range g.circuits {
		if c.breaker == nil || c.breaker.IsClosed() {
			continue
		}
		if worst = c.breaker.State(); worst == circuitbreaker.OpenState {
			break
		}
	}
	return worst
}
