package score

import (
	"cmp"
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
	shares bool                     // several of its requests may have one marker
	best   int                      // rank of the best class it may reach, in plan.Classes
	asked  string                   // the model that it asks for
	tuned  map[string]bool          // ids of the fine-tuned model that it asks for; nil: it asks for none
	fresh  map[string]time.Duration // of kind faq: when a question was last answered by a provider
	out    RequestStats             // counters; the derived figures are filled in by snapshot
	ttft   latencies
	total  latencies
	gap    latencies
	steady latencies // the figure that latency is judged by, in steady state
	p95    time.Duration
}

// newKind finds the reference class of a request kind: that of the first
// provider of the router's order (or of the plan) which the kind may reach. An
// answer from a class further down is degraded, and so is one of any other
// model than the fine-tuned one that the kind asks for by name: those models
// can stand in for each other, but not for it.
func newKind(p *plan.Plan, m plan.Mix) kind {
	k := kind{
		mix: m, stream: m.Streams(), best: len(plan.Classes),
		shares: m.Kind == plan.KindFAQ || m.Kind == plan.KindTools || m.Twice,
		out:    RequestStats{Request: m.Kind, Deadline: m.Deadline},
		asked:  cmp.Or(m.Model, p.FirstModel()),
	}
	if m.Kind == plan.KindEmbed {
		k.asked = cmp.Or(m.Model, p.FirstEmbedding())
	}
	if m.Kind == plan.KindFAQ {
		k.fresh = map[string]time.Duration{}
	}
	for _, v := range p.Preferred() {
		if m.Reaches(v.Class, v.Region) {
			k.best = rank(v.Class)
			break
		}
	}
	for _, v := range p.Providers {
		asked, ok := v.Model(m.Model)
		if m.Model == "" || !ok || asked.Base == "" {
			continue
		}
		if k.tuned == nil {
			k.tuned = map[string]bool{}
		}
		for _, id := range v.Names(asked) {
			k.tuned[id] = true
		}
	}
	return k
}

// rank is a class's place from the most to the least capable.
func rank(class string) int {
	if i := slices.Index(plan.Classes, class); i >= 0 {
		return i
	}
	return len(plan.Classes)
}

// callsOf are those behind a sample: all of its marker, or, where several
// requests share one, the call that answered it.
func (b *Board) callsOf(s *journal.Sample, k *kind) []*joined {
	if k == nil || !k.shares {
		return b.joins.of(s.Marker)
	}
	if c := b.joins.shared(s); c != nil {
		return []*joined{c}
	}
	return nil
}

// behindAll are all calls that can stand behind an answer, so that what none of
// them explains is wrong for certain.
func (b *Board) behindAll(s *journal.Sample, k *kind, calls []*joined) []*joined {
	if k.shares {
		return b.joins.rivals(s)
	}
	return calls
}

// cacheable tells whether a cache can hold the answer to a request: that to a
// question, or to what was asked before word for word.
func (k *kind) cacheable(s *journal.Sample) bool {
	return k.mix.Kind == plan.KindFAQ || k.mix.Twice && s.Step > 1
}

// judge gives a sample its outcome and worth. The load knows only what the
// client saw; whether an answer came from a lesser class or model, from another
// model than was asked for, or of a cache, is seen by the calls behind it, for
// any gateway alike. A refusal that is right stays so, whoever refused.
//
// A cacheable request with no call behind it was served from a cache. Any other
// has a marker nobody asked before, so that no cache can hold the answer that
// was verified: its call was told late or lost, and it stays ok.
func (b *Board) judge(s *journal.Sample, k *kind, calls []*joined) (journal.Outcome, float64) {
	if s.Outcome != journal.OK || s.Reason != "" || k == nil {
		return s.Outcome, s.Value
	}
	by := behind(calls)
	cached := by == nil && k.cacheable(s)
	model, lesser := s.Model, cached
	if by != nil {
		model, lesser = by.event.Model, rank(b.lanes[by.provider].out.Class) > k.best
		if swapped(s, k.asked, b.plan.Providers[by.provider], b.behindAll(s, k, calls)) {
			k.out.Swapped++
			return journal.Corrupt, 0
		}
	}
	lesser = lesser || k.tuned != nil && !k.tuned[model] || s.Trimmed
	if cached {
		k.out.Cached++
	} else if misbilled(s, b.behindAll(s, k, calls)) {
		k.out.Misbilled++
	}
	if age := k.age(s, cached); age > 0 {
		k.out.Oldest = max(k.out.Oldest, age)
		if k.mix.MaxAge > 0 && age > k.mix.MaxAge {
			k.out.Stale++
			return journal.Failed, 0
		}
	}
	switch {
	case !lesser:
		return s.Outcome, s.Value
	case k.mix.Strict:
		k.out.Lesser++
		return journal.Failed, 0
	default:
		k.out.Lesser++
		return journal.Degraded, k.mix.Degraded
	}
}

// age is how old the answer to a request is at least: as old as it says itself,
// and where it was not given by a provider, as the last time that one was asked
// the same. 0 where it is new, or nothing is known.
func (k *kind) age(s *journal.Sample, cached bool) time.Duration {
	age := s.Age
	if made, ok := k.fresh[s.Marker]; ok && cached {
		age = max(age, max(s.Sent, s.Scheduled)-made)
	}
	return age
}

// observed is one judged request, as everything below counts it.
type observed struct {
	at       time.Duration // scheduled
	outcome  journal.Outcome
	value    float64
	figure   time.Duration // time to first token for streams, total otherwise; the deadline where it hung
	answered bool          // the figure is that of an answer, or of a wait to the deadline
	relative float64       // figure over steady p95; 0: there is none to compare with
	wait     time.Duration // what a user waited: the same as relative compares, and no longer than the deadline
}

// Reasons of samples that have a metric of their own, as the load words them.
const (
	reasonPoisoned  = "poisoned"
	reasonSwapped   = "swapped"
	reasonDisagrees = "disagrees"
)

// count puts a sample into every figure it belongs to.
func (b *Board) count(w waiting) {
	s := w.sample
	k := b.kindOf(s.Request)
	o := observed{at: min(max(0, s.Scheduled), b.limit)}
	if b.steady.over && o.at >= b.steady.ended {
		b.steady.freeze(b)
	}
	calls := b.callsOf(s, k)
	var before RequestStats
	if k != nil {
		before = k.out
	}
	o.outcome, o.value = b.judge(s, k, calls)
	b.traces.add(s, k, o, calls)
	o.answered = o.outcome == journal.OK || o.outcome == journal.Degraded || o.outcome == journal.Hung
	o.figure = s.Total
	if k != nil {
		if o.outcome == journal.Hung {
			o.figure = max(s.Total, k.mix.Deadline)
		} else if k.stream && (o.answered || o.outcome == journal.Corrupt) && s.TTFT > 0 {
			o.figure = s.TTFT // of a spoilt stream, too, the user saw the first token then
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
	if len(b.scopes) > 0 {
		seen := k.out
		seen.minus(before)
		for _, sc := range b.scopes {
			sc.sample(w, o, k, seen)
		}
	}
	if w.steady {
		b.steady.sample(k, o)
		return
	}
	o.wait = felt(o, k)
	if k.mix.Deadline > 0 {
		o.wait = min(o.wait, k.mix.Deadline)
	}
	if k.p95 > 0 {
		o.relative = relative(o, k)
	}
	for _, w := range b.windows {
		w.sample(o)
		if w.catches(o, s) {
			w.caught.add(o)
			w.stale = true
		}
	}
}

func (k *kind) add(s *journal.Sample, o observed) {
	k.out.Tally.add(o)
	if o.outcome == journal.Hung || (k.mix.Deadline > 0 && s.Total > k.mix.Deadline) {
		k.out.Missed++
	}
	switch s.Reason {
	case reasonPoisoned:
		k.out.Poisoned++
	case reasonSwapped:
		k.out.Swapped++
	case reasonDisagrees:
		k.out.Disagreeing++
	}
	if o.outcome == journal.OK && s.Reason != "" {
		k.out.Refused++
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
