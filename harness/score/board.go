package score

import (
	"strings"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// Board is the fold: it takes the records of a run, in order, and knows at any
// moment all that a Snapshot says. The same records give the same snapshots.
// Its memory grows with the length of a run, never with the number of its
// requests. A Board belongs to one goroutine; the snapshots it gives are free.
type Board struct {
	run     *journal.RunStarted // nil until it was folded
	plan    *plan.Plan          // as it stands: what is done by hand replaces it, and never changes it
	acts    []Act               // only appended to, so that snapshots can share it
	promise plan.Promise
	weights [7]float64
	longest time.Duration // the longest deadline of the mix
	limit   time.Duration // no record's time is taken to be later

	seq       uint64
	now       time.Duration
	phase     string
	finished  *journal.RunFinished
	skipped   uint64
	total     Tally
	kinds     []kind
	figure    latencies // of all kinds: time to first token for streams, total otherwise
	lanes     []lane
	good      uint64            // calls answered whole
	models    map[string]uint64 // of these, by the model that answered
	calls     uint64
	costUSD   float64
	windows   []*window
	scopes    []*scope
	steady    steadyState
	seconds   []second
	sealed    int      // seconds before this one cannot change any more
	scored    int      // seconds before this one have their score
	active    []string // names of the active faults; replaced, never changed
	waiting   queue[waiting]
	joins     joins
	workflows workflows
	traces    traces
	breaches  breaches
	machine   machine
	target    target
	log       eventLog
	interval  [2]float64 // bootstrap interval of the total, once finished
	bootstrap bool
}

// NewBoard returns a board that has seen nothing.
func NewBoard() *Board { return &Board{} }

// Fold takes the next record.
func (b *Board) Fold(r journal.Record) {
	if r.Seq > b.seq {
		b.seq = r.Seq
	}
	if e, ok := r.Event.(*journal.RunStarted); ok {
		b.start(e)
	}
	if b.run == nil {
		b.skipped++ // a journal begins with its plan; without one nothing has a meaning
		return
	}
	b.advance(min(r.T, b.limit))
	switch e := r.Event.(type) {
	case *journal.RunStarted:
	case *journal.Sample:
		b.waiting.push(waiting{sample: e, due: b.now + Hold, steady: b.steady.holds(e.Scheduled + e.Total)})
	case *journal.Call:
		b.call(e)
	case *journal.Workflow:
		b.workflows.ended(e)
	case *journal.FaultOn:
		b.faultOn(e)
	case *journal.FaultOff:
		b.faultOff(e)
	case *journal.LoadChanged:
		b.loadChanged(e)
	case *journal.RouterChanged:
		b.routerChanged(e)
	case *journal.Gauge:
		b.gauge(e)
	case *journal.Instrument:
		b.machine.fold(e)
	case *journal.Target:
		b.target.fold(e)
	case *journal.Finding:
		b.target.found(*e)
		b.log.add(b.now, "error", withDetail("target: "+strings.ReplaceAll(e.What, "_", " "), e.Detail))
	case *journal.Phase:
		b.phase = e.Name
		b.log.add(b.now, "info", phaseText(e.Name))
	case *journal.Decision:
		b.decision(e)
	case *journal.Violation:
		b.breach(*e)
	case *journal.Note:
		b.log.add(b.now, e.Level, e.Text)
	case *journal.RunFinished:
		b.finish(e)
	default:
		b.skipped++
	}
}

// Bounds of a record's time, so that a damaged journal cannot ask for more
// seconds than there is memory.
const (
	maxLoad = 7 * 24 * time.Hour
	maxTail = 10 * time.Minute // beyond the load and the longest deadline
)

func (b *Board) start(e *journal.RunStarted) {
	if b.run != nil {
		b.skipped++
		return
	}
	b.run = e
	b.plan = &e.Plan
	b.promise = promiseOf(e.Plan.Promise)
	b.weights = weightsOf(e.Plan.Weights)
	for _, m := range e.Plan.Load.Mix {
		b.longest = max(b.longest, m.Deadline)
		if b.kindOf(m.Kind) == nil {
			b.kinds = append(b.kinds, newKind(b.plan, m))
		}
	}
	for _, p := range e.Plan.Providers {
		b.lanes = append(b.lanes, newLane(p))
	}
	for i := range e.Plan.Faults {
		b.windows = append(b.windows, newWindow(&e.Plan.Faults[i], len(b.lanes), e.Plan.Load.Duration))
	}
	b.scopes = b.scopesOf(e.Plan.Expect)
	b.limit = min(e.Plan.Load.Duration, maxLoad) + min(b.longest, maxLoad) + maxTail
	b.steady.until = b.limit
	for _, f := range e.Plan.Faults {
		b.steady.until = min(b.steady.until, f.At)
	}
	b.models = map[string]uint64{}
	b.steady.calls.served = make([]uint64, len(b.lanes))
}

// advance moves time on: samples whose hold has passed are counted, and each
// second that ends gets the score as it was known then.
func (b *Board) advance(t time.Duration) {
	if t < b.now {
		return
	}
	for end := b.secondEnd(b.scored); end <= t; end = b.secondEnd(b.scored) {
		b.release(end)
		b.now = end
		b.second(b.scored).scored(b.score())
		b.scored++
	}
	b.release(t)
	b.now = t
	b.joins.expire(t - b.longest - 2*time.Second)
	b.workflows.expire(t - b.longest - 2*time.Second)
	b.seal()
}

func (b *Board) secondEnd(i int) time.Duration { return time.Duration(i+1) * time.Second }

// release counts the samples that have waited long enough for their calls.
func (b *Board) release(t time.Duration) {
	for b.waiting.len() > 0 && b.waiting.oldest().due <= t {
		w := *b.waiting.oldest()
		b.waiting.pop()
		b.count(w)
	}
}

func (b *Board) finish(e *journal.RunFinished) {
	b.release(b.limit + Hold)
	b.steady.freeze(b)
	b.finished = e
	b.machine.dropped = max(b.machine.dropped, e.Dropped)
	b.log.finished(b.now, e)
	b.resample()
}

// kindOf returns the request kind of that name, or nil.
func (b *Board) kindOf(name string) *kind {
	for i := range b.kinds {
		if b.kinds[i].mix.Kind == name {
			return &b.kinds[i]
		}
	}
	return nil
}

// laneOf returns the index of a provider in the plan, or -1.
func (b *Board) laneOf(name string) int {
	for i := range b.lanes {
		if b.lanes[i].out.Name == name {
			return i
		}
	}
	return -1
}
