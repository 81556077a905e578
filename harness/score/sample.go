package score

import (
	"slices"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// waiting is a sample that waits for the calls behind it.
type waiting struct {
	sample *journal.Sample
	due    time.Duration // record time from which it is counted
	steady bool          // it belongs to steady state
}

// kind is one request kind of the mix and its figures over the whole run.
type kind struct {
	mix    plan.Mix
	stream bool
	best   int // rank of the best class it may reach, in plan.Classes
	tally  Tally
	missed uint64
	lesser uint64
	cached uint64
	ttft   latencies
	total  latencies
	gap    latencies
	steady latencies // the figure that latency is judged by, in steady state
	p95    time.Duration
}

// newKind finds the reference class of a request kind: that of the first
// provider of the router's order (or of the plan) which the kind may reach. An
// answer from a class further down is degraded.
func newKind(p *plan.Plan, m plan.Mix) kind {
	k := kind{mix: m, stream: m.Kind == plan.KindStream, best: len(plan.Classes)}
	order := p.Router.Order
	if len(order) == 0 {
		for _, v := range p.Providers {
			order = append(order, v.Name)
		}
	}
	for _, name := range order {
		if v, ok := p.Provider(name); ok && reachable(m, v.Class, v.Region) {
			k.best = rank(v.Class)
			break
		}
	}
	return k
}

// reachable tells whether a request of the mix may be sent to such a provider.
func reachable(m plan.Mix, class, region string) bool {
	return (len(m.Allow) == 0 || slices.Contains(m.Allow, class)) &&
		(len(m.Regions) == 0 || slices.Contains(m.Regions, region))
}

// rank is a class's place from the most to the least capable.
func rank(class string) int {
	if i := slices.Index(plan.Classes, class); i >= 0 {
		return i
	}
	return len(plan.Classes)
}

// calls are those behind a sample: all of its marker, or, where several
// requests share one, the call that answered it.
func (b *Board) callsOf(s *journal.Sample, k *kind) []*joined {
	if k == nil || !k.shared() {
		return b.joins.of(s.Marker)
	}
	if c := b.joins.shared(s.Marker, max(s.Sent, s.Scheduled)); c != nil {
		return []*joined{c}
	}
	return nil
}

// judge gives a sample its outcome and worth. The load knows only what the
// client saw; whether an answer came from a lesser class, or of a cache, is
// seen by the calls behind it, for any gateway alike.
//
// A cacheable request with no call behind it was served from a cache. One that
// is not cacheable has a marker nobody asked before, so that no cache can hold
// the answer that was verified: its call was told late or lost, and it stays ok.
func (b *Board) judge(s *journal.Sample, k *kind, calls []*joined) (journal.Outcome, float64) {
	if s.Outcome != journal.OK || k == nil {
		return s.Outcome, s.Value
	}
	lesser := false
	if by := behind(calls); by != nil {
		lesser = rank(b.lanes[by.provider].out.Class) > k.best
	} else if k.shared() {
		k.cached++
		lesser = true
	}
	switch {
	case !lesser:
		return s.Outcome, s.Value
	case k.mix.Strict:
		k.lesser++
		return journal.Failed, 0
	default:
		k.lesser++
		return journal.Degraded, k.mix.Degraded
	}
}

// shared tells whether several requests of this kind share a marker.
func (k *kind) shared() bool { return k.mix.Kind == plan.KindFAQ }

// observed is one judged request, as everything below counts it.
type observed struct {
	at       time.Duration // scheduled
	outcome  journal.Outcome
	value    float64
	figure   time.Duration // time to first token for streams, total otherwise; the deadline where it hung
	answered bool          // the figure is that of an answer, or of a wait to the deadline
	relative float64       // figure over steady p95; 0: there is none to compare with
}

// count puts a sample into every figure it belongs to.
func (b *Board) count(w waiting) {
	s := w.sample
	k := b.kindOf(s.Request)
	o := observed{at: min(max(0, s.Scheduled), b.limit)}
	if b.steady.over && o.at >= b.steady.ended {
		b.steady.freeze(b)
	}
	calls := b.callsOf(s, k)
	o.outcome, o.value = b.judge(s, k, calls)
	b.traces.add(s, k, o, calls)
	o.answered = o.outcome == journal.OK || o.outcome == journal.Degraded || o.outcome == journal.Hung
	o.figure = s.Total
	if k != nil {
		if o.outcome == journal.Hung {
			o.figure = max(s.Total, k.mix.Deadline)
		} else if k.stream && o.answered && s.TTFT > 0 {
			o.figure = s.TTFT
		}
	}

	b.total.add(o)
	b.secondOf(o.at).sample(o, k)
	if k == nil {
		return
	}
	k.add(s, o)
	if o.answered {
		b.figure.add(o.figure)
	}
	if w.steady {
		b.steady.sample(k, o)
		return
	}
	if k.p95 > 0 {
		o.relative = relative(o, k)
	}
	for _, w := range b.windows {
		w.sample(o)
		if o.at+s.Total > w.fault.At && o.at < w.fault.Clear() && (!w.on || o.at < w.injected) {
			w.caught.add(o)
			w.stale = true
		}
	}
}

func (k *kind) add(s *journal.Sample, o observed) {
	k.tally.add(o)
	if o.outcome == journal.Hung || (k.mix.Deadline > 0 && s.Total > k.mix.Deadline) {
		k.missed++
	}
	if !o.answered {
		return
	}
	total := s.Total
	if o.outcome == journal.Hung {
		total = o.figure
	}
	k.total.add(total)
	if k.stream {
		k.ttft.add(o.figure)
		if s.Gaps > 0 {
			k.gap.add(s.MaxGap)
		}
	}
}

func (t *Tally) add(o observed) {
	t.Total++
	t.Value += o.value
	switch o.outcome {
	case journal.OK:
		t.OK++
	case journal.Degraded:
		t.Degraded++
	case journal.Failed:
		t.Failed++
	case journal.Hung:
		t.Hung++
	case journal.Corrupt:
		t.Corrupt++
	}
}

// good is the number of answers a client could use.
func (t Tally) good() uint64 { return t.OK + t.Degraded }
