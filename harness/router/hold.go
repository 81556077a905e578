package router

import (
	"fmt"
	"maps"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"brownout/mocks/wire"
)

// holdFactor times Breaker.OpenFor is how long a backend, or one model of it,
// is left alone after a failure that does not pass by itself (a retired model,
// an exhausted quota, a revoked key).
const holdFactor = 5

// hold keeps calls from a backend or a model until a probe has succeeded.
type hold struct {
	until   time.Time
	probing bool // one call is finding out
	why     *wire.Failure
}

// settleHold starts, renews or lifts holds.
func (g *gate) settleHold(p pass, says verdict, model string, f *wire.Failure, now time.Time) {
	if p.probes != nil {
		p.probes.probing = false
		switch {
		case abandoned(says, f): // the next call probes
		case says == healthy:
			g.lift(p.probes, "answers again")
		default:
			p.probes.until = now.Add(g.set.Breaker.OpenFor)
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
		if !g.mayHold(now) {
			return
		}
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

// mayHold tells whether there is room for one more hold: clients may ask for any
// model, and each that nobody has would be held for good. Those whose time is
// over go first; where there are none, a further model is simply asked for.
func (g *gate) mayHold(now time.Time) bool {
	if len(g.holds) < maxCircuits {
		return true
	}
	maps.DeleteFunc(g.holds, func(key string, h *hold) bool { return key != "" && !h.probing && !now.Before(h.until) })
	return len(g.holds) < maxCircuits
}

// listed takes in that a model which was refused as gone is in its provider's
// list again: nobody has to find that out by a probe. Where the provider has
// served its traffic meanwhile under another name, it is warm, and has all of it
// at once.
func (g *gate) listed(model string, served bool) {
	g.mu.Lock()
	defer g.unlock()
	h := g.holds[model]
	if h == nil || h.why.Kind != wire.FailModelNotFound {
		return
	}
	g.lift(h, "is in the list again")
	if served {
		g.stats.of(model).ramp.stop()
	}
}

// lift ends a hold, for a reason that completes a sentence about what was held.
func (g *gate) lift(h *hold, why string) {
	for key, v := range g.holds {
		if v != h {
			continue
		}
		delete(g.holds, key)
		if key == "" {
			g.whole.start()
		} else {
			g.stats.of(key).ramp.start()
		}
		d := Decision{What: BreakerClosed, Provider: g.name, Detail: "it " + why}
		if key != "" {
			d.Detail = fmt.Sprintf("model %q %s", key, why)
		} else {
			g.seen.breaker.Set(float64(g.worst()))
		}
		g.untold = append(g.untold, d)
	}
}
