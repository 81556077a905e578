package score

import (
	"math"
	"slices"

	"brownout/harness/journal"
	"brownout/plan"
)

// scope gathers the figures of one expectation that no other figure of the
// board holds: those of a window, and of one latency of a request. There is one
// for each fault that the expectation may mean.
type scope struct {
	expect  int // index in the plan
	request string
	figure  string       // of plan.Figures, or ""
	window  *window      // nil: of steady state where span is set, of the whole run where it is not
	span    string       // of the plan, or ""
	out     RequestStats // requests under way when the fault struck included
	good    uint64       // answers that a client could use, without those
	latency latencies
	spend   spend
	models  map[string]uint64 // good calls by the model that answered
}

// scopesOf are the scopes that the plan's expectations need.
func (b *Board) scopesOf(expects []plan.Expectation) []*scope {
	var out []*scope
	for i, e := range expects {
		m, ok := plan.MetricOf(e.Metric)
		if !ok || e.Span == "" && e.Figure == "" {
			continue
		}
		add := func(w *window) {
			out = append(out, &scope{
				expect: i, request: requestOf(m, e), figure: e.Figure, window: w, span: e.Span,
				spend: spend{served: make([]uint64, len(b.lanes))}, models: map[string]uint64{},
			})
		}
		found := false
		for _, w := range b.windows {
			if e.Span != "" && (e.Window == plan.AnyFault || e.Window == w.fault.Name) {
				add(w)
				found = true
			}
		}
		if !found && (e.Span == "" || e.Window == plan.SteadyWindow) {
			add(nil)
		}
	}
	return out
}

// requestOf is the request kind that an expectation is about, or "".
func requestOf(m plan.Metric, e plan.Expectation) string {
	if slices.Contains(m.Arg, plan.ArgRequest) {
		return e.Arg
	}
	return ""
}

// sample counts a judged request; seen is what it added to the figures of its
// kind.
func (s *scope) sample(w waiting, o observed, k *kind, seen RequestStats) {
	if s.request != "" && s.request != w.sample.Request {
		return
	}
	due, caught := true, false
	switch {
	case s.window != nil:
		stretch, _ := s.window.at(o.at)
		due = stretch != nil && stretch == s.window.stretch(s.span)
		caught = s.span == plan.SpanIn && s.window.catches(o, w.sample)
	case s.span != "":
		due = w.steady && o.at >= Warmup
	}
	if due || caught {
		s.out.Tally.add(o)
		s.out.plus(seen)
	}
	if due {
		s.time(w.sample, o, k)
		if o.outcome == journal.OK || o.outcome == journal.Degraded {
			s.good++
		}
	}
}

// time notes the latency that the expectation is about. As in the rest of the
// report, requests that were under way when a fault struck count in its
// outcomes, not in its latencies.
func (s *scope) time(e *journal.Sample, o observed, k *kind) {
	if !o.answered {
		return
	}
	streams := k != nil && k.stream
	switch s.figure {
	case plan.FigureTTFT:
		if streams {
			s.latency.add(o.figure)
		}
	case plan.FigureGap:
		if streams && e.Gaps > 0 {
			s.latency.add(e.MaxGap)
		}
	case plan.FigureTotal:
		if o.outcome == journal.Hung {
			s.latency.add(o.figure)
		} else {
			s.latency.add(e.Total)
		}
	default:
		s.latency.add(o.figure)
	}
}

// call counts an attempt by its arrival.
func (s *scope) call(c seen, model string, steady *steadyState) {
	switch {
	case s.window != nil:
		if stretch, _ := s.window.at(c.arrived); stretch == nil || stretch != s.window.stretch(s.span) {
			return
		}
	case c.arrived < Warmup || !steady.holds(c.ended):
		return
	}
	s.spend.add(c)
	if c.good && c.provider >= 0 {
		s.models[model]++
	}
}

// stretch is the part of the window that a span names.
func (w *window) stretch(span string) *stretch {
	if span == plan.SpanAfter {
		return &w.after
	}
	return &w.during
}

// scoped measures an expectation by its scopes. Of several faults the one counts
// that is furthest from what is expected.
func (b *Board) scoped(e plan.Expectation, index int, s *Snapshot) value {
	out := value{unknown: "unknown: fault " + e.Window + " was not injected"}
	if e.Window == plan.AnyFault {
		out.unknown = "unknown: no fault was injected"
	}
	for _, sc := range b.scopes {
		if sc.expect != index || sc.window != nil && !sc.window.on {
			continue
		}
		v := b.ofScope(e, sc, s)
		switch {
		case v.unknown != "":
			return v
		case out.unknown != "":
			out = v
		default:
			out.v = furthest(e, out.v, v.v)
		}
	}
	return out
}

// furthest is the one of two figures that misses the bound by more, or keeps it
// by less.
func furthest(e plan.Expectation, a, b float64) float64 {
	switch e.Op {
	case ">=", ">":
		return math.Min(a, b)
	case "<=", "<":
		return math.Max(a, b)
	}
	if math.Abs(b-e.Bound) > math.Abs(a-e.Bound) {
		return b
	}
	return a
}

// when says what a scope is about.
func (s *scope) when() string {
	switch {
	case s.span == "":
		return "in the run"
	case s.window == nil:
		return "in steady state"
	case s.span == plan.SpanAfter:
		return "in the recovery horizon of " + s.window.fault.Name
	}
	return "in the time of " + s.window.fault.Name
}

// ofScope is an expectation's figure in one scope.
func (b *Board) ofScope(e plan.Expectation, sc *scope, s *Snapshot) value {
	t := sc.out.Tally
	nobody := value{unknown: "unknown: no request fell " + sc.when()}
	switch e.Metric {
	case "score":
		for i := range s.Windows {
			if w := &s.Windows[i]; w.Fault == sc.window.fault.Name && w.Scored {
				return value{v: w.Score}
			}
		}
		return value{unknown: "unknown: the window of " + sc.window.fault.Name + " has no score"}
	case "availability", "integrity":
		switch {
		case t.Total == 0:
			return nobody
		case e.Metric == "integrity":
			return value{v: t.Integrity()}
		}
		return value{v: t.Availability()}
	case "cost_per_good_answer":
		if sc.good == 0 {
			return value{unknown: "unknown: there was no good answer " + sc.when()}
		}
		return value{v: sc.spend.costUSD / float64(sc.good)}
	case "share":
		return b.sharedBy(e.Arg, sc.spend.served, sc.models, sc.when())
	}
	if p, ok := percentiles[e.Metric]; ok {
		if sc.latency.count() == 0 {
			return value{unknown: "unknown: there was no answer " + sc.when()}
		}
		return value{v: sc.latency.duration(p).Seconds()}
	}
	if of, ok := counts[e.Metric]; ok {
		return value{v: float64(of(&sc.out))}
	}
	if o := journal.Outcome(e.Metric); slices.Contains(journal.Outcomes, o) {
		return value{v: float64(t.Count(o))}
	}
	return value{unknown: "unknown"}
}

// percentiles are the metrics that are one of a latency.
var percentiles = map[string]float64{"p50": 50, "p95": 95, "p99": 99}

// plus adds the counters beside the tally; minus takes them away again.
func (r *RequestStats) plus(o RequestStats) {
	r.Missed += o.Missed
	r.Lesser += o.Lesser
	r.Cached += o.Cached
	r.Refused += o.Refused
	r.Stale += o.Stale
	r.Poisoned += o.Poisoned
	r.Swapped += o.Swapped
	r.Disagreeing += o.Disagreeing
	r.Misbilled += o.Misbilled
}

func (r *RequestStats) minus(o RequestStats) {
	r.Missed -= o.Missed
	r.Lesser -= o.Lesser
	r.Cached -= o.Cached
	r.Refused -= o.Refused
	r.Stale -= o.Stale
	r.Poisoned -= o.Poisoned
	r.Swapped -= o.Swapped
	r.Disagreeing -= o.Disagreeing
	r.Misbilled -= o.Misbilled
}

// catches tells whether the fault may have cut off a request that was under way
// when it was injected: one scheduled before the fault was recorded in effect,
// and ended after it was due.
func (w *window) catches(o observed, e *journal.Sample) bool {
	return o.at+e.Total > w.fault.At && o.at < w.fault.Clear() && (!w.on || o.at < w.injected)
}

// sharedBy is the share of good calls of a provider, a class or, where there is
// neither of that name, a model.
func (b *Board) sharedBy(name string, served []uint64, models map[string]uint64, when string) value {
	var all, n uint64
	lane := false
	for i := range b.lanes {
		all += served[i]
		if l := &b.lanes[i].out; l.Name == name || l.Class == name {
			lane = true
			n += served[i]
		}
	}
	if all == 0 {
		return value{unknown: "unknown: there was no good call " + when}
	}
	if !lane {
		n = models[name]
	}
	return value{v: share(n, all)}
}
