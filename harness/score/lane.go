package score

import (
	"maps"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// seen is one call, as everything below counts it.
type seen struct {
	arrived  time.Duration
	ended    time.Duration
	provider int // index in the plan, -1: not of the plan
	good     bool
	early    bool
	costUSD  float64
}

// lane gathers what one provider saw.
type lane struct {
	out     Lane // counters and states; the derived figures are filled in by snapshot
	arrived [HistorySeconds]tick
	ended   [HistorySeconds]tick
	recent  [recentSeconds + 1]speeds
}

// recentSeconds is how many whole seconds "recent" looks back, beside the
// second that is under way.
const recentSeconds = 3

// tick counts the calls of one second; it is empty unless it is of the second
// that is asked for.
type tick struct {
	second                  int
	calls, good, errorCount uint32
}

// speeds are the latencies of one second's calls.
type speeds struct {
	second      int
	total, ttft sketch
}

func newLane(p plan.Provider) lane {
	l := lane{out: Lane{Name: p.Name, Class: p.Class, Region: p.Region, Dialect: p.Dialect, Errors: map[string]uint64{}}}
	for i := range l.ended {
		l.ended[i].second, l.arrived[i].second = -1, -1
	}
	for i := range l.recent {
		l.recent[i].second = -1
	}
	return l
}

// tickOf returns the tick of a second, emptied if it was another's.
func tickOf(ring *[HistorySeconds]tick, second int) *tick {
	t := &ring[second%HistorySeconds]
	if t.second < second {
		*t = tick{second: second}
	}
	return t
}

// call folds what a provider saw of one attempt.
func (b *Board) call(e *journal.Call) {
	c := seen{
		arrived: min(max(0, e.Arrived), b.limit), provider: b.laneOf(e.Provider), early: e.Early, costUSD: e.CostUSD,
		ended: e.Arrived + e.Total,
		good:  e.Failure == "" && !e.Aborted && e.Status/100 == 2,
	}
	b.calls++
	b.costUSD += c.costUSD
	b.traces.call(e)
	b.privacy(e)
	b.workflows.call(e, b.kindOf(kindName(e.Marker)), b.now)
	b.secondOf(c.arrived).call(c)
	b.steady.call(c)
	for _, w := range b.windows {
		w.call(c, e)
	}
	for _, sc := range b.scopes {
		sc.call(c, e.Model, &b.steady)
	}
	if c.provider < 0 {
		return
	}
	if c.good {
		b.good++
		b.models[e.Model]++
		if k := b.kindOf(kindName(e.Marker)); k != nil && k.mix.Kind == plan.KindFAQ {
			k.fresh[e.Marker] = max(k.fresh[e.Marker], c.ended)
		}
	}
	b.joins.add(joined{marker: e.Marker, recorded: b.now, arrived: e.Arrived, provider: c.provider, good: c.good, event: e})
	b.lanes[c.provider].call(e, c, b.now)
}

func (l *lane) call(e *journal.Call, c seen, now time.Duration) {
	l.out.Calls++
	l.out.Prompt += uint64(max(0, e.Prompt))
	l.out.Completion += uint64(max(0, e.Completion))
	l.out.CostUSD += e.CostUSD
	if e.Early {
		l.out.Early++
	}
	sec := int(now / time.Second)
	t := tickOf(&l.ended, sec)
	t.calls++
	if a := tickOf(&l.arrived, int(c.arrived/time.Second)); a.second == int(c.arrived/time.Second) {
		a.calls++
	}
	switch {
	case c.good:
		l.out.Good++
		t.good++
		r := &l.recent[sec%len(l.recent)]
		if r.second != sec {
			*r = speeds{second: sec}
		}
		r.total.add(micros(e.Total))
		if e.TTFT > 0 {
			r.ttft.add(micros(e.TTFT))
		}
	case e.Aborted:
		l.out.Aborted++
	default:
		l.out.ErrorTotal++
		l.out.Errors[failureName(e)]++
		t.errorCount++
	}
}

// failureName is the failure's kind, or a name for a status without one.
func failureName(e *journal.Call) string {
	if e.Failure != "" {
		return e.Failure
	}
	return "status"
}

// arrivedSince is how many calls arrived in the given time before now, counted
// in whole seconds.
func (l *lane) arrivedSince(now, back time.Duration) uint64 {
	var n uint64
	for s := int(max(0, now-back) / time.Second); s <= int(now/time.Second); s++ {
		if t := l.arrived[s%HistorySeconds]; t.second == s {
			n += uint64(t.calls)
		}
	}
	return n
}

// snapshot copies the lane with its recent figures. goodAll and recentAll are
// the good calls of all lanes, over the run and of late.
func (l *lane) snapshot(now time.Duration, goodAll, recentAll uint64) Lane {
	out := l.out
	out.Errors = maps.Clone(l.out.Errors)
	out.Share = share(out.Good, goodAll)
	recent := l.recently(now)
	out.RecentShare = share(uint64(recent.good), recentAll)
	out.RecentErrors = share(uint64(recent.errorCount), uint64(recent.calls))
	span := min(now, recentSeconds*time.Second+now%time.Second).Seconds()
	if span > 0 {
		out.RecentRate = float64(recent.calls) / span
	}
	sec := int(now / time.Second)
	var total, ttft sketch
	for i := range l.recent {
		if r := &l.recent[i]; r.second >= 0 && r.second >= sec-recentSeconds {
			total.plus(&r.total)
			ttft.plus(&r.ttft)
		}
	}
	out.P95 = time.Duration(total.quantile(.95)) * time.Microsecond
	out.TTFTP95 = time.Duration(ttft.quantile(.95)) * time.Microsecond
	out.History = make([]float64, 0, HistorySeconds)
	for s := max(0, sec-HistorySeconds); s < sec; s++ {
		var n float64
		if t := l.ended[s%HistorySeconds]; t.second == s {
			n = float64(t.calls)
		}
		out.History = append(out.History, n)
	}
	if out.Throttled <= now {
		out.Throttled = 0
	}
	return out
}

// recently sums the last seconds, the one under way included.
func (l *lane) recently(now time.Duration) tick {
	var sum tick
	sec := int(now / time.Second)
	for s := max(0, sec-recentSeconds); s <= sec; s++ {
		if t := l.ended[s%HistorySeconds]; t.second == s {
			sum.calls += t.calls
			sum.good += t.good
			sum.errorCount += t.errorCount
		}
	}
	return sum
}

func share(n, of uint64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// decision shows what the bundled router says of itself. It is never scored.
func (b *Board) decision(e *journal.Decision) {
	for i := range b.lanes {
		if b.lanes[i].out.Breaker == "" {
			b.lanes[i].out.Breaker = "closed" // a target that tells of decisions tells when this changes
		}
	}
	if i := b.laneOf(e.Provider); i >= 0 {
		l := &b.lanes[i].out
		switch e.What {
		case "breaker_open":
			l.Breaker = "open"
		case "breaker_half_open":
			l.Breaker = "half-open"
		case "breaker_closed":
			l.Breaker = "closed"
		case "wait_retry_after":
			l.Throttled = max(l.Throttled, b.now+e.Wait)
		}
	}
	b.log.decision(b.now, e)
}
