package router

import (
	"fmt"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"brownout/mocks/wire"
)

// holdFactor times Breaker.OpenFor is how long a backend, or one model of it,
// is left alone after a failure that does not pass by itself (a retired model,
// an exhausted quota, a revoked key).
const holdFactor = 5

// streakFactor times Breaker.MinCalls failures in a row open the breaker even
// where successes from before still weigh down the failure ratio of the
// window: at a steady rate the ratio alone needs half a window to notice an
// outage.
const streakFactor = 2

// gate decides whether a backend may be asked now. It joins three things that
// may keep a call away: a retry-after that the backend stated, a hold after a
// lasting failure, and the circuit breaker.
//
// The breaker is failsafe-go's. The gate adds what that one lacks: a result is
// counted only in the breaker state in which its call began, so that calls
// stuck since before an outage cannot be taken for probes.
type gate struct {
	name string
	set  settings
	tell func(Decision)
	seen *backendMetrics

	mu         sync.Mutex
	breaker    circuitbreaker.CircuitBreaker[any] // nil: switched off
	epoch      uint64                             // state changes of the breaker so far
	streak     int                                // failures in a row
	probes     int                                // calls in progress that began in this half-open state
	lastResort int                                // calls let through an open breaker, in progress
	notBefore  time.Time                          // the retry-after last stated
	limited    *wire.Failure                      // what was said with it
	holds      map[string]*hold                   // by model; "": the whole backend
	last       *wire.Failure                      // the latest failure that counted
	untold     []Decision                         // gathered under mu, told after it
}

// hold keeps calls from a backend or a model until a probe has succeeded.
type hold struct {
	until   time.Time
	probing bool // one call is finding out
	why     *wire.Failure
}

// pass is the permission to make one call.
type pass struct {
	epoch      uint64
	probes     *hold // the hold that this call may lift; nil: none
	lastResort bool
}

// refusal says why a gate is shut.
type refusal struct {
	wait    time.Duration // until it may open; 0: not known
	limited bool          // by a stated retry-after
	open    bool          // by the breaker
	cause   *wire.Failure // what shut it; may be nil
}

func newGate(name string, s settings, tell func(Decision), seen *backendMetrics) *gate {
	g := &gate{name: name, set: s, tell: tell, seen: seen, holds: map[string]*hold{}}
	if b := s.Breaker; !b.Disabled {
		g.breaker = circuitbreaker.NewBuilder[any]().
			WithFailureRateThreshold(b.FailureRatio, uint(b.MinCalls), b.Window).
			WithSuccessThreshold(uint(b.Probes)).
			WithDelay(b.OpenFor).
			OnStateChanged(g.changed).
			Build()
	}
	return g
}

// changed is called by the breaker, within a method of g that holds mu.
func (g *gate) changed(e circuitbreaker.StateChangedEvent) {
	g.epoch++
	g.streak, g.probes = 0, 0
	d := Decision{Provider: g.name}
	switch e.NewState {
	case circuitbreaker.OpenState:
		d.What, d.Wait = BreakerOpen, g.set.Breaker.OpenFor
		if g.last != nil {
			d.Detail = g.last.Error()
		}
	case circuitbreaker.HalfOpenState:
		d.What = BreakerHalfOpen
	case circuitbreaker.ClosedState:
		d.What = BreakerClosed
	}
	g.seen.breaker.Set(float64(e.NewState))
	g.untold = append(g.untold, d)
}

// unlock ends a critical section and tells what was decided in it.
func (g *gate) unlock() {
	untold := g.untold
	g.untold = nil
	g.mu.Unlock()
	for _, d := range untold {
		g.tell(d)
	}
}

// admit asks for permission to call the backend for a model. A pass must be
// settled.
func (g *gate) admit(model string) (pass, *refusal) {
	g.mu.Lock()
	defer g.unlock()
	if r := g.shut(model, time.Now()); r != nil {
		return pass{}, r
	}
	if g.breaker != nil && !g.breaker.TryAcquirePermit() {
		return pass{}, &refusal{open: true, wait: g.breaker.RemainingDelay(), cause: g.last}
	}
	if g.breaker != nil && g.breaker.IsHalfOpen() {
		g.probes++
	}
	p := pass{epoch: g.epoch}
	for _, key := range [...]string{"", model} {
		if h := g.holds[key]; h != nil {
			h.probing = true
			p.probes = h
			break
		}
	}
	return p, nil
}

// shut tells what but the breaker keeps calls away.
func (g *gate) shut(model string, now time.Time) *refusal {
	if wait := g.notBefore.Sub(now); wait > 0 {
		return &refusal{limited: true, wait: wait, cause: g.limited}
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

// refuses tells why admit would say no, without asking for permission; nil
// where it would say yes.
func (g *gate) refuses(model string) *refusal {
	g.mu.Lock()
	defer g.unlock()
	if r := g.shut(model, time.Now()); r != nil {
		return r
	}
	if g.breaker == nil {
		return nil
	}
	wait := g.breaker.RemainingDelay() // 0 unless open
	if wait > 0 || g.breaker.IsHalfOpen() && g.probes >= g.set.Breaker.Probes {
		return &refusal{open: true, wait: wait, cause: g.last}
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
	if g.breaker == nil || g.lastResort >= g.set.Breaker.Probes || g.shut(model, time.Now()) != nil {
		return pass{}, false
	}
	g.lastResort++
	g.untold = append(g.untold, Decision{What: LastResort, Provider: g.name, Detail: "every breaker is open"})
	return pass{epoch: g.epoch, lastResort: true}, true
}

// settle tells the gate what became of a call: what it says of the backend,
// and the failure where it was one.
func (g *gate) settle(p pass, says verdict, model string, f *wire.Failure) {
	g.mu.Lock()
	defer g.unlock()
	now := time.Now()
	if f != nil && (says == unhealthy || says == condemned) {
		g.last = f
	}
	if f != nil && f.RetryAfter > 0 && g.set.MaxRetryAfterWait >= 0 {
		if t := now.Add(f.RetryAfter); t.After(g.notBefore) {
			g.notBefore, g.limited = t, f
		}
	}
	g.settleHold(p, says, model, f, now)
	if p.lastResort {
		g.lastResort--
	}
	if g.breaker == nil || p.epoch != g.epoch {
		return
	}
	if p.lastResort {
		if says == healthy {
			g.breaker.HalfOpen()
		}
		return
	}
	g.count(says, f)
}

// count records a result with the breaker.
func (g *gate) count(says verdict, f *wire.Failure) {
	if g.breaker.IsHalfOpen() {
		g.probes--
		// Each permit must be given back with a result. A limit proves the
		// backend alive; a call that proved nothing is no success.
		if says == healthy || (f != nil && f.Kind == wire.FailRateLimit) {
			g.breaker.RecordSuccess()
		} else {
			g.breaker.RecordFailure()
		}
		return
	}
	switch says {
	case healthy:
		g.streak = 0
		g.breaker.RecordSuccess()
	case unhealthy:
		g.streak++
		g.breaker.RecordFailure()
		if g.streak >= streakFactor*g.set.Breaker.MinCalls {
			g.breaker.Open()
		}
	}
}

// broke counts a stream that broke after its first token, which was settled as
// healthy.
func (g *gate) broke(f *wire.Failure) {
	g.mu.Lock()
	defer g.unlock()
	if g.breaker != nil && g.breaker.IsClosed() {
		g.last = f
		g.breaker.RecordFailure()
	}
}

// settleHold starts, renews or lifts holds.
func (g *gate) settleHold(p pass, says verdict, model string, f *wire.Failure, now time.Time) {
	if p.probes != nil {
		p.probes.probing = false
		p.probes.until = now.Add(g.set.Breaker.OpenFor)
		if says == healthy {
			g.lift(p.probes)
		}
	}
	if says != condemned || g.set.Breaker.Disabled {
		return
	}
	key, what := "", ""
	if conductFor(f.Kind).model {
		key, what = model, fmt.Sprintf("model %q: ", model)
	}
	h := g.holds[key]
	if h == nil {
		h = &hold{}
		g.holds[key] = h
		g.untold = append(g.untold, Decision{
			What: BreakerOpen, Provider: g.name, Detail: what + f.Error(), Wait: holdFactor * g.set.Breaker.OpenFor,
		})
		if key == "" {
			g.seen.breaker.Set(float64(circuitbreaker.OpenState))
		}
	}
	h.why, h.until = f, now.Add(holdFactor*g.set.Breaker.OpenFor)
}

// lift ends a hold.
func (g *gate) lift(h *hold) {
	for key, v := range g.holds {
		if v != h {
			continue
		}
		delete(g.holds, key)
		d := Decision{What: BreakerClosed, Provider: g.name, Detail: "it answers again"}
		if key != "" {
			d.Detail = fmt.Sprintf("model %q answers again", key)
		} else if g.breaker != nil {
			g.seen.breaker.Set(float64(g.breaker.State()))
		}
		g.untold = append(g.untold, d)
	}
}
