package router

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"brownout/plan"
)

// ejectMost bounds how many times eject_for an ejection lasts. Envoy's bound
// is as high: 300 s where the first lasts 30 s.
const ejectMost = 10

// bearable is the share of first attempts that ejections may always move: those
// who are left get at most two and a half times as many as they have just had.
// It is above a half, so that either of two that share evenly may be ejected
// whichever of them chance has favoured.
const bearable = 0.6

// outlierEjection is the mitigation: of several that serve the same traffic,
// one that fails or lags far more than the others do is left alone for a while,
// longer each time, and then comes back by itself. Nobody is held against an
// absolute bound: where all fail or slow down alike there is no outlier.
//
// It shares the work with the breaker. The breaker knows only its own
// provider, opens within a few calls where most of them fail, and is shut for
// everybody. What it cannot see is left to the comparison: a quarter of calls
// that fail, which retries hide and pay for, and answers that come late. What
// the breaker has dealt with since the last look is not judged again, nor is
// anybody compared with it; who is away for the breaker or by its health counts
// as ejected, so that both together leave enough; and an ejection is advice:
// where nobody is left who does better, the ejected one is asked.
//
// Whoever is asked first by far more requests than all its peers together stays:
// an ejection moves first attempts, which no retry budget holds back, and would
// put more on the others than they have shown to bear.
//
// Source: Envoy's outlier detection. Its standard deviations across hosts say
// nothing of two to five providers, so that two are compared here as two
// proportions are, and latency by each one's own habit.
func outlierEjection(r *engine) *stage {
	if len(r.backends) < 2 { // there is nobody to compare it with
		return nil
	}
	o := &outliers{set: r.set.OutlierEjection, tell: r.tell, groups: map[string][]*group{}}
	follow := trial{
		began: func(a *attempt) {
			s := &a.cand.stats.standing
			switch {
			case a.lost || a.says == neutral || a.says == condemned: // lasting failures are the breaker's
				return
			case a.says == unhealthy:
				s.failed.Add(1)
			}
			s.calls.Add(1)
			if a.number == 1 {
				s.firsts.Add(1)
			}
		},
		ended: func(a *attempt) {
			if a.broke {
				a.cand.stats.standing.failed.Add(1)
			}
		},
	}
	return &stage{
		choose: func(c *call, cands []candidate) []candidate {
			o.meet(c.model, cands)
			return cands
		},
		bars: func(_ *call, cand *candidate) *refusal {
			until := cand.stats.standing.until.Load()
			if until == 0 {
				return nil
			}
			wait := time.Until(time.Unix(0, until))
			if wait <= 0 {
				o.takeBack(peer{cand.backend, cand.model, cand.stats}, until)
				return nil // slow start has its say after this
			}
			return &refusal{asked: ifInferior, wait: wait, why: "ejected, as it did worse than its peers"}
		},
		attempt: func(*call, *attempt) trial { return follow },
		run:     o.watch,
	}
}

// outliers compares those that serve the same traffic.
type outliers struct {
	set  plan.OutlierEjection
	tell func(Decision)

	mu     sync.RWMutex
	groups map[string][]*group // by the model that was meant
	count  int                 // of groups
}

// watch looks at them once in each window, until ctx ends.
func (o *outliers) watch(ctx context.Context) {
	t := time.NewTicker(o.set.Window)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			o.look(time.Now())
		}
	}
}

// finding is that somebody is an outlier.
type finding struct {
	*figures
	why   string
	worse float64 // than others that were found: those go first
}

// look judges all that were met since the last time.
func (o *outliers) look(now time.Time) {
	groups, seen := o.gather(now)
	for _, f := range seen {
		if until := f.stats.standing.until.Load(); until > 0 && until <= now.UnixNano() {
			o.takeBack(f.peer, until)
		}
	}
	found := map[*stats]finding{}
	for _, group := range groups {
		o.compare(group, found)
	}
	worst := slices.SortedFunc(maps.Values(found), func(a, b finding) int {
		return cmp.Or(cmp.Compare(b.worse, a.worse), cmp.Compare(a.Name, b.Name), cmp.Compare(a.model, b.model))
	})
	for _, f := range worst {
		if o.spares(f.figures, groups) {
			o.eject(f, now)
		}
	}
	for s, f := range seen {
		_, outlier := found[s]
		switch {
		case !f.fit:
		case outlier:
			f.learn(acceptShare)
		default:
			f.learn(habitShare)
			if f.calls >= float64(o.set.MinCalls) {
				s.standing.times = max(0, s.standing.times-1)
			}
		}
	}
}

// compare finds the outliers of a group.
func (o *outliers) compare(group []*figures, found map[*stats]finding) {
	fit := slices.DeleteFunc(slices.Clone(group), func(f *figures) bool { return !f.fit })
	for i, f := range fit {
		if _, known := found[f.stats]; known {
			continue
		}
		others := slices.Concat(fit[:i], fit[i+1:])
		if why := f.fails(others, o.set.Factor, o.set.MinCalls); why != "" {
			found[f.stats] = finding{f, why, 1 + f.failed/f.calls} // before all that are only slow
		} else if why := f.lags(others, o.set.Factor); why != "" {
			found[f.stats] = finding{f, why, 1 - 1/f.slow}
		}
	}
}

// spares tells whether all that a peer shares its traffic with can do without
// it.
func (o *outliers) spares(f *figures, groups [][]*figures) bool {
	for _, g := range groups {
		if !slices.Contains(g, f) {
			continue
		}
		out, moved, all := 1, f.firsts, 0.0
		for _, v := range g {
			all += v.firsts
			if v.out {
				out++
				moved += v.firsts // who was away all the time had none
			}
		}
		if most := max(1, int(o.set.MaxShare*float64(len(g)))); out > most || out >= len(g) {
			return false
		}
		if moved > max(bearable, o.set.MaxShare)*all {
			return false
		}
	}
	return true
}

// eject has a peer left alone.
func (o *outliers) eject(f finding, now time.Time) {
	s := &f.stats.standing
	s.times = min(s.times+1, ejectMost)
	wait := time.Duration(s.times) * o.set.EjectFor
	s.until.Store(now.Add(wait).UnixNano())
	f.out = true
	o.tell(Decision{What: Ejected, Provider: f.Name, Detail: "model \"" + f.model + "\": " + f.why, Wait: wait})
}

// takeBack ends an ejection.
func (o *outliers) takeBack(p peer, until int64) {
	if p.stats.standing.until.CompareAndSwap(until, 0) {
		p.stats.ramp.start()
		o.tell(Decision{What: Returned, Provider: p.Name, Detail: "model \"" + p.model + "\": its ejection is over"})
	}
}
