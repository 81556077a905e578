package score

import (
	"strings"
	"time"

	"brownout/harness/journal"
)

// workflows gathers what became of workflows, and what they cost. It forgets a
// workflow some time after its last call, so it is bounded by rate × deadline.
type workflows struct {
	out  Workflows
	cost map[string]*spent // by the workflow's id
	last queue[spending]
}

type spent struct {
	usd   float64
	calls int // in the queue
}

// spending is one call of a workflow.
type spending struct {
	id string
	at time.Duration // when it was told
}

// ended counts a workflow.
func (w *workflows) ended(e *journal.Workflow) {
	w.out.Total++
	w.out.Steps += uint64(max(0, e.Done))
	if e.Outcome == journal.OK {
		w.out.Finished++
	}
}

// call adds what a call cost to its workflow's bill, if it is of one.
func (w *workflows) call(e *journal.Call, k *kind, now time.Duration) {
	if k == nil || !k.mix.Workflow() {
		return
	}
	i := strings.LastIndexByte(e.Marker, '-')
	if i < 0 {
		return
	}
	id := e.Marker[:i]
	s := w.cost[id]
	if s == nil {
		if w.cost == nil {
			w.cost = map[string]*spent{}
		}
		s = new(spent)
		w.cost[id] = s
	}
	s.usd += e.CostUSD
	s.calls++
	w.out.DearestUSD = max(w.out.DearestUSD, s.usd)
	w.last.push(spending{id, now})
}

// expire forgets workflows of which no call was told since t.
func (w *workflows) expire(t time.Duration) {
	for w.last.len() > 0 && w.last.oldest().at < t {
		id := w.last.oldest().id
		w.last.pop()
		if s := w.cost[id]; s != nil {
			if s.calls--; s.calls == 0 {
				delete(w.cost, id)
			}
		}
	}
}
