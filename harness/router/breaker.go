package router

import (
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"brownout/mocks/wire"
)

// streakFactor times Breaker.MinCalls failures in a row open the breaker even
// where successes from before still weigh down the failure ratio of the
// window: at a steady rate the ratio alone needs half a window to notice an
// outage.
const streakFactor = 2

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
