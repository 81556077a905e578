package router

import "brownout/mocks/wire"

// loopLimit stops workflows that call without end.
func loopLimit(r *engine) *stage {
	set := r.set.LoopLimit
	all := keep(r, "loop_limit", set, func() *loops {
		return newLoops(loopLimits{calls: set.Calls, repeats: set.Repeats, window: set.Window})
	})
	return &stage{admit: func(c *call) (func(*ending), *wire.Failure) {
		t := &c.terms
		var is digest
		if t.workflow != "" {
			is = digestOf(c.req, c.model, asker{key: t.key})
		}
		fail := all.step(t.account(), t.workflow, c.req, is)
		if fail != nil {
			c.r.tell(Decision{What: LoopStopped, Marker: c.marker, Detail: fail.Message})
		}
		return nil, fail
	}}
}
