package router

import (
	"sync"
	"time"

	"brownout/mocks/wire"
)

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

// steady tells whether a model is known to be well: its breaker is closed, and
// nobody has to find out anything of it or of the whole backend. changes is how
// often its breaker has changed so far.
func (g *gate) steady(model string) (changes uint64, steady bool) {
	g.mu.Lock()
	defer g.unlock()
	c := g.circuit(model)
	return c.epoch, g.doubt.until.IsZero() && g.holds[""] == nil && g.holds[model] == nil && (c.breaker == nil || c.breaker.IsClosed())
}
