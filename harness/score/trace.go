package score

import (
	"cmp"
	"slices"

	"brownout/harness/journal"
)

// Trace is one request with the calls behind it, joined by its marker, so that
// any target can be traced without its help.
type Trace struct {
	Sample  *journal.Sample
	Outcome journal.Outcome // as judged: a lesser class makes "ok" "degraded"
	Value   float64
	// Calls are by arrival. Those told after the request was judged are there
	// only of failures, and not of questions that several requests share.
	Calls []*journal.Call
}

// Tracing is what the joined calls of a run tell.
type Tracing struct {
	Requests   uint64    // that were judged
	Attempts   [5]uint64 // of them, by the number of their calls: 0, 1, 2, 3, and 4 or more
	Hedged     uint64    // had two calls under way at one time
	Duplicated uint64    // were answered whole by more than one call
	Early      uint64    // calls before a retry-after that their provider had stated
	Foreign    uint64    // were answered with somebody else's answer
	CacheHits  uint64    // good answers of shared questions with no call behind them
	// Billed for calls other than those that completed a good answer.
	WastedTokens uint64
	WastedUSD    float64
}

// Bounds of what a board keeps of single requests.
const (
	RecentTraces  = 100
	failureTraces = 30
	tracesPerSort = 3
)

// traces is the fold behind Tracing and the kept Traces.
type traces struct {
	out       Tracing
	all, used billed // by every call, and by those that completed a good answer
	failures  []Trace
	sorts     map[string]int
	kept      map[string]int // marker -> place among the failures, of markers that one request has
	recent    []Trace        // a ring once it is full
	next      int
}

// billed is what calls were billed for.
type billed struct {
	usd    float64
	tokens uint64
}

func (b *billed) add(c *journal.Call) {
	if c.CostUSD > 0 {
		b.usd += c.CostUSD
		b.tokens += uint64(max(0, c.Prompt) + max(0, c.Completion))
	}
}

// call counts what a call cost, whoever it was for, and gives it to a failure
// that was kept before the call's end was told: a gateway may hold a provider's
// stalled stream longer than its client holds the gateway's.
func (t *traces) call(c *journal.Call) {
	if c.Early {
		t.out.Early++
	}
	t.all.add(c)
	i, ok := t.kept[c.Marker]
	if !ok || c.Arrived > t.failures[i].Sample.Scheduled+t.failures[i].Sample.Total {
		return
	}
	// What was shown before stays as it was shown.
	t.failures = slices.Clone(t.failures)
	f := &t.failures[i]
	f.Calls = append(slices.Clone(f.Calls), c)
	slices.SortStableFunc(f.Calls, func(a, b *journal.Call) int { return cmp.Compare(a.Arrived, b.Arrived) })
}

// add counts a judged request.
func (t *traces) add(s *journal.Sample, k *kind, o observed, calls []*joined) {
	t.out.Requests++
	t.out.Attempts[min(len(calls), len(t.out.Attempts)-1)]++
	good := o.outcome == journal.OK || o.outcome == journal.Degraded
	if s.Reason == "foreign" {
		t.out.Foreign++
	}
	tr := Trace{Sample: s, Outcome: o.outcome, Value: o.value, Calls: make([]*journal.Call, len(calls))}
	whole := 0
	hedged := false
	for i, c := range calls {
		tr.Calls[i] = c.event
		if c.good {
			whole++
		}
		hedged = hedged || i > 0 && c.arrived < calls[i-1].event.Arrived+calls[i-1].event.Total
	}
	if hedged {
		t.out.Hedged++
	}
	if whole > 1 {
		t.out.Duplicated++
	}
	switch by := behind(calls); {
	case good && by != nil:
		t.used.add(by.event)
	case good && s.Reason == "" && k != nil && k.cacheable(s):
		t.out.CacheHits++
	}
	t.keep(tr, good, k != nil && k.cacheable(s))
}

// keep remembers a request among the latest, and among the failures where it
// is one of the first of its sort.
func (t *traces) keep(tr Trace, good, shared bool) {
	if len(t.recent) < RecentTraces {
		t.recent = append(t.recent, tr)
	} else {
		t.recent[t.next] = tr
		t.next = (t.next + 1) % RecentTraces
	}
	if good {
		return
	}
	sort := string(tr.Outcome) + " " + tr.Sample.Request + " " + tr.Sample.Reason
	if len(t.failures) >= failureTraces || t.sorts[sort] >= tracesPerSort {
		return
	}
	if t.sorts == nil {
		t.sorts, t.kept = make(map[string]int), make(map[string]int)
	}
	t.sorts[sort]++
	if !shared {
		t.kept[tr.Sample.Marker] = len(t.failures)
	}
	t.failures = append(t.failures, tr)
}

func (t *traces) snapshot() (Tracing, []Trace, []Trace) {
	out := t.out
	out.WastedUSD = max(0, t.all.usd-t.used.usd)
	out.WastedTokens = t.all.tokens - min(t.all.tokens, t.used.tokens)
	recent := make([]Trace, 0, len(t.recent))
	recent = append(append(recent, t.recent[t.next:]...), t.recent[:t.next]...)
	return out, t.failures[:len(t.failures):len(t.failures)], recent
}

// Worst orders traces by how bad they are: corrupt, hung, failed; and by time.
func Worst(ts []Trace) []Trace {
	out := slices.Clone(ts)
	slices.SortStableFunc(out, func(a, b Trace) int {
		return cmp.Or(
			-cmp.Compare(slices.Index(journal.Outcomes, a.Outcome), slices.Index(journal.Outcomes, b.Outcome)),
			cmp.Compare(a.Sample.Scheduled, b.Sample.Scheduled),
		)
	})
	return out
}
