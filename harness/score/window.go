package score

import (
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// window gathers what happened while one fault lasted and in the recovery
// horizon after it.
type window struct {
	fault     *plan.Fault // of the plan as it stands
	byHand    bool        // a person made it
	injected  time.Duration
	cleared   time.Duration
	on, off   bool
	confirmed bool
	touched   []uint64 // calls that met the fault, by provider
	during    stretch
	after     stretch
	caught    Tally
	figure    latencies // while the fault lasted
	waits     latencies // likewise, with requests without an answer
	relative  latencies // the same over the steady p95 of each kind, in thousandths
	loadEnd   time.Duration

	stale  bool // something was counted since known was computed
	known  Window
	length time.Duration // of the stretch that known was computed from
}

// stretch is a part of a window in slices, from its origin on.
type stretch struct {
	tally  Tally
	spend  spend
	slices []slice
}

// slice is a quarter second of a stretch.
type slice struct {
	tally    Tally
	spend    spend
	relative *sketch // thousandths; nil: no request could be compared
}

func newWindow(f *plan.Fault, providers int, loadEnd time.Duration) *window {
	w := &window{fault: f, loadEnd: loadEnd, stale: true, touched: make([]uint64, providers)}
	w.during.spend.served = make([]uint64, providers)
	w.after.spend.served = make([]uint64, providers)
	return w
}

// end is the end of the recovery horizon, as planned until the fault cleared.
func (w *window) end() time.Duration {
	if !w.off {
		return w.fault.End()
	}
	return max(w.cleared, min(w.cleared+w.fault.Horizon, w.loadEnd))
}

// at returns the stretch that a time belongs to and the origin of its slices,
// or nil.
func (w *window) at(t time.Duration) (*stretch, time.Duration) {
	switch {
	case !w.on || t < w.injected:
		return nil, 0
	case !w.off || t < w.cleared:
		return &w.during, w.injected
	case t < w.end():
		return &w.after, w.cleared
	}
	return nil, 0
}

// sample counts a request by its scheduled time.
func (w *window) sample(o observed) {
	s, origin := w.at(o.at)
	if s == nil {
		return
	}
	w.stale = true
	s.tally.add(o)
	q := s.slice(o.at - origin)
	q.tally.add(o)
	if o.relative > 0 {
		if q.relative == nil {
			q.relative = new(sketch)
		}
		q.relative.add(uint64(o.relative * ratioScale))
	}
	if s == &w.during {
		w.waits.add(o.wait)
		if o.answered {
			w.figure.add(o.figure)
		}
		if o.relative > 0 {
			w.relative.record(int64(o.relative * ratioScale))
		}
	}
}

// call counts an attempt by its arrival.
func (w *window) call(c seen, raw *journal.Call) {
	if c.provider >= 0 && w.meets(raw) {
		w.touched[c.provider]++
		w.stale = true
	}
	s, origin := w.at(c.arrived)
	if s == nil {
		return
	}
	w.stale = true
	s.spend.add(c)
	s.slice(c.arrived - origin).spend.add(c)
}

// meets tells whether the fault touched this call. A network fault is not seen
// by a provider, so what counts is that the provider was in use just before.
func (w *window) meets(c *journal.Call) bool {
	if w.fault.LinkOnly {
		return w.on && c.Arrived < w.injected && c.Arrived >= w.injected-LinkLookback && contains(w.fault.On, c.Provider)
	}
	return contains(c.Faults, w.fault.Name)
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

func (s *stretch) slice(offset time.Duration) *slice {
	i := int(offset / SliceWidth)
	for len(s.slices) <= i {
		s.slices = append(s.slices, slice{spend: spend{served: make([]uint64, len(s.spend.served))}})
	}
	return &s.slices[i]
}

// faultOn opens the fault's window.
func (b *Board) faultOn(e *journal.FaultOn) {
	if e.Made != nil {
		b.made(*e.Made)
	}
	if !b.steady.over {
		b.steady.over, b.steady.ended = true, b.now
	}
	b.setActive(e.Name, e.On, true)
	b.log.faultOn(b.now, e)
	for _, w := range b.windows {
		if w.fault.Name != e.Name || w.on {
			continue
		}
		w.on, w.injected, w.confirmed, w.stale = true, b.now, e.Confirmed, true
		if w.fault.LinkOnly {
			for _, name := range w.fault.On {
				if i := b.laneOf(name); i >= 0 {
					w.touched[i] += b.lanes[i].arrivedSince(b.now, LinkLookback)
				}
			}
		}
	}
}

// faultOff closes it and begins the recovery horizon.
func (b *Board) faultOff(e *journal.FaultOff) {
	b.setActive(e.Name, e.On, false)
	b.log.faultOff(b.now, e)
	for _, w := range b.windows {
		if w.fault.Name == e.Name && w.on && !w.off {
			w.off, w.cleared, w.stale = true, b.now, true
		}
	}
	if e.Lasted > 0 {
		b.act("cleared "+e.Name, true)
		b.replan(b.plan.Shortened(e.Name, e.Lasted))
	}
}

// setActive notes that a fault is active, or no longer, in the names that
// seconds and lanes show. Lists are replaced: snapshots may hold the old ones.
func (b *Board) setActive(name string, on []string, active bool) {
	b.active = without(b.active, name)
	if active {
		b.active = append(b.active, name)
		s := b.secondOf(b.now)
		s.out.Faults = append(without(s.out.Faults, name), name)
	}
	for i := range b.lanes {
		if l := &b.lanes[i].out; contains(on, l.Name) {
			l.Faults = without(l.Faults, name)
			if active {
				l.Faults = append(l.Faults, name)
			}
		}
	}
}

// without is a new list that lacks one name.
func without(list []string, name string) []string {
	out := make([]string, 0, len(list)+1)
	for _, v := range list {
		if v != name {
			out = append(out, v)
		}
	}
	return out
}
