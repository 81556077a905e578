package score

import (
	"strings"

	"brownout/harness/journal"
	"brownout/plan"
)

// What a person does while a run is on becomes part of its plan, so that
// whoever reads a snapshot sees what was played and not only what was planned.

// act notes what was changed now.
func (b *Board) act(text string, byHand bool) {
	b.acts = append(b.acts, Act{T: b.now, Text: text, ByHand: byHand})
}

// made opens a window for a fault that a person made. It is like any other.
func (b *Board) made(f plan.Fault) {
	b.act("injected "+f.Name+" on "+strings.Join(f.On, ", "), true)
	b.replan(b.plan.With(f))
	w := newWindow(&b.plan.Faults[len(b.plan.Faults)-1], len(b.lanes), b.plan.Load.Duration)
	w.byHand = true
	b.windows = append(b.windows, w)
	if b.steady.over || f.At >= b.steady.until {
		return
	}
	// Steady state was to last longer. What had not ended when the fault was
	// asked for may have met it: of requests those that still wait for their
	// calls, of calls the last ones.
	b.steady.forget(b.joins.after(f.At))
	b.steady.until = f.At
	for n := b.waiting.first; n < b.waiting.next; n++ {
		if w := b.waiting.at(n); w.sample.Scheduled+w.sample.Total > f.At {
			w.steady = false
		}
	}
}

// replan puts a plan in the place of the one so far. Its faults are the same,
// in the same order, but for what is different about them.
func (b *Board) replan(p *plan.Plan) {
	b.plan = p
	for i, w := range b.windows {
		if w.fault.Horizon != p.Faults[i].Horizon || w.fault.For != p.Faults[i].For {
			w.stale = true
		}
		w.fault = &p.Faults[i]
	}
}

func (b *Board) loadChanged(e *journal.LoadChanged) {
	b.act(e.Text, true)
	b.replan(b.plan.WithProfile(e.Profile))
	b.log.add(b.now, "info", "by hand: "+e.Text)
}

func (b *Board) routerChanged(e *journal.RouterChanged) {
	text, level := "router: "+e.Change.String(), "info"
	if e.ByHand {
		text = "by hand: " + text
	}
	switch {
	case e.Detail != "":
		text, level = text+", which could not be done", "warn"
	default:
		b.act("router: "+e.Change.String(), e.ByHand)
		if e.ByHand {
			b.replan(b.plan.WithChange(e.Change))
		}
		b.breakers(e.Change)
	}
	b.log.add(b.now, level, withDetail(text, e.Detail))
}

// breakers notes that breakers were switched: those switched on begin closed.
func (b *Board) breakers(c plan.Change) {
	var state string
	switch {
	case names(c.On, "breaker"):
		state = "closed"
	case names(c.Off, "breaker"):
		state = "off"
	default:
		return
	}
	for i := range b.lanes {
		b.lanes[i].out.Breaker = state
	}
}

// names tells whether a switch means a mitigation.
func names(list []string, name string) bool { return contains(list, name) || contains(list, "all") }

// gauge notes how busy a provider is.
func (b *Board) gauge(e *journal.Gauge) {
	if i := b.laneOf(e.Provider); i >= 0 {
		b.lanes[i].out.Gauge = e
	}
}
