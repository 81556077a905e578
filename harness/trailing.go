package harness

import (
	"context"
	"math"
	"sync"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// lookEvery is how often a fault that waits for a condition looks at it, and
// the width of what the figures are counted in.
const lookEvery = 100 * time.Millisecond

// spans is how many of those a trigger's figures look back over.
const spans = int(plan.TriggerSpan / lookEvery)

// trailing keeps the figures of the last plan.TriggerSpan that faults wait
// for. It sees what the recorder sees.
type trailing struct {
	mu    sync.Mutex
	load  plan.Load
	ring  [spans]span
	names map[string]int // provider -> index
}

// span is what ended in a tenth of a second.
type span struct {
	number   int // of the tenth, since run start
	requests float64
	value    float64
	calls    []struct{ all, good, failed float64 } // by provider
}

// newTrailing is nil where no fault of the plan waits for anything, so that
// others do not pay for it.
func newTrailing(p *plan.Plan) *trailing {
	t := &trailing{load: p.Load, names: map[string]int{}}
	waits := false
	for i, v := range p.Providers {
		t.names[v.Name] = i
	}
	for _, f := range p.Faults {
		waits = waits || f.When != nil
	}
	if !waits {
		return nil
	}
	for i := range t.ring {
		t.ring[i].calls = make([]struct{ all, good, failed float64 }, len(p.Providers))
	}
	return t
}

// follow goes by another load from now on.
func (t *trailing) follow(l plan.Load) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.load = l
}

// see counts an event of the run, recorded now.
func (t *trailing) see(e journal.Event, now time.Duration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.at(int(now / lookEvery))
	switch e := e.(type) {
	case *journal.Sample:
		s.requests++
		s.value += e.Value
	case *journal.Call:
		i, ok := t.names[e.Provider]
		if !ok {
			return
		}
		c := &s.calls[i]
		c.all++
		switch {
		case e.Aborted:
		case e.Failure == "" && e.Status/100 == 2:
			c.good++
		default:
			c.failed++
		}
	}
}

// at is the span of a tenth, emptied if it was another's. The caller holds mu.
func (t *trailing) at(number int) *span {
	s := &t.ring[number%spans]
	if s.number != number {
		calls := s.calls
		clear(calls)
		*s = span{number: number, calls: calls}
	}
	return s
}

// figure is the value of what a trigger compares, NaN where nothing is known of
// it: less than a whole span of the run has passed, or nothing was asked.
func (t *trailing) figure(w plan.Trigger, now time.Duration) float64 {
	if now < plan.TriggerSpan {
		return math.NaN()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	last := int(now / lookEvery)
	var requests, value, good, all, failed, own float64
	for i := range t.ring {
		s := &t.ring[i]
		if s.number <= last-spans || s.number > last {
			continue
		}
		requests += s.requests
		value += s.value
		for p, c := range s.calls {
			good += c.good
			if w.Arg != "" && p == t.names[w.Arg] {
				own, all, failed = own+c.good, all+c.all, failed+c.failed
			}
		}
	}
	switch w.Metric {
	case "share":
		return own / good // NaN where there was none
	case "errors":
		return failed / all
	case "availability":
		return value / requests
	case "rate":
		// The load is open: what is sent is what the profile says, exactly.
		return (t.load.Rate(now-plan.TriggerSpan) + 2*t.load.Rate(now-plan.TriggerSpan/2) + t.load.Rate(now)) / 4
	}
	return math.NaN()
}

// await returns once a fault's condition holds; false where the run's load, or
// ctx, ended first.
func (c *conductor) await(ctx context.Context, f *plan.Fault) (held bool) {
	if f.When == nil {
		return true
	}
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	defer func() {
		if !held && time.Since(c.start) >= c.plan.Load.Duration {
			c.note("warn", "fault "+f.Name+" was never injected: "+f.When.String()+" never held")
		}
	}()
	for {
		now := time.Since(c.start)
		if now >= c.plan.Load.Duration {
			return false
		}
		if f.When.Holds(c.trailing.figure(*f.When, now)) {
			c.note("info", "fault "+f.Name+" is injected because "+f.When.String())
			return true
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return false
		}
	}
}
