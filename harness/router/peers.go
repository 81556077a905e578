package router

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// group are peers that serve the same traffic. It is kept for as long as it
// does, and as one of them is ejected.
type group struct {
	members []peer
	met     atomic.Bool // since the last look
}

// peer is one of those: a provider's model.
type peer struct {
	*backend
	model string
	stats *stats
}

// meet notes that these serve the same traffic.
func (o *outliers) meet(model string, cands []candidate) {
	if len(cands) < 2 || o.met(model, cands) {
		return
	}
	g := &group{members: make([]peer, len(cands))}
	for i := range cands {
		g.members[i] = peer{cands[i].backend, cands[i].model, cands[i].stats}
	}
	g.met.Store(true)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.count < maxCircuits { // two at once may note the same: it does no harm
		o.count++
		o.groups[model] = append(o.groups[model], g)
	}
}

// met tells whether there is nothing new in it.
func (o *outliers) met(model string, cands []candidate) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for _, g := range o.groups[model] {
		if g.is(cands) {
			if !g.met.Load() {
				g.met.Store(true)
			}
			return true
		}
	}
	return o.count >= maxCircuits
}

// is tells whether a group is made of these, in any order.
func (g *group) is(cands []candidate) bool {
	if len(g.members) != len(cands) {
		return false
	}
	for i := range cands {
		if !slices.ContainsFunc(g.members, func(p peer) bool { return p.stats == cands[i].stats }) {
			return false
		}
	}
	return true
}

// gather gives what was seen of all peers since the last time, by group, and
// forgets groups that are no more.
func (o *outliers) gather(now time.Time) (groups [][]*figures, seen map[*stats]*figures) {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen = map[*stats]*figures{}
	o.count = 0
	for _, model := range slices.Sorted(maps.Keys(o.groups)) {
		kept := o.groups[model][:0]
		for _, g := range o.groups[model] {
			list, out := g.take(now, (o.set.MinCalls+1)/2, seen)
			groups = append(groups, list)
			if met := g.met.Swap(false); met || out {
				kept = append(kept, g)
			}
		}
		if o.count += len(kept); len(kept) == 0 {
			delete(o.groups, model)
			continue
		}
		clear(o.groups[model][len(kept):])
		o.groups[model] = kept
	}
	return groups, seen
}

// take gives what was seen of the members, each of whom is asked but once, and
// tells whether one of them is ejected.
func (g *group) take(now time.Time, least int, seen map[*stats]*figures) (list []*figures, out bool) {
	for _, p := range g.members {
		f := seen[p.stats]
		if f == nil {
			f = p.take(now, least)
			seen[p.stats] = f
		}
		out = out || p.stats.standing.until.Load() > now.UnixNano()
		if !slices.Contains(list, f) {
			list = append(list, f)
		}
	}
	return list, out
}
