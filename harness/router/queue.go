package router

import (
	"container/list"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"brownout/plan"
)

// queue is where requests wait for a place among the calls in progress at one
// of the backends that they may ask: those of high priority before those of
// low, each in the order in which they came. Who could not be answered in time
// is refused at once, and not after having waited for it. A full queue gives up
// its youngest request of the lowest priority for one of higher.
//
// It is safe for concurrent use.
type queue struct {
	set plan.Admission

	mu        sync.Mutex
	bulkheads map[string]*bulkhead
	lanes     [priorities]list.List // of *waiter
}

// bulkhead is a backend's: how many calls may be in progress there.
type bulkhead struct {
	name   string
	limit  *concurrency
	wanted int // waiters that would take a place
	drain  drainRate
}

// waiter is a request in the queue.
type waiter struct {
	level     urgency
	bulkheads []*bulkhead
	latest    time.Time // when it must be let in to be answered in time; zero: any time
	place     *list.Element
	got       *bulkhead // who has a place for it, which is taken
	shed      *shed
	decided   chan struct{} // closed once got or shed is set
}

// shed is a refusal of the queue.
type shed struct {
	why        string
	retryAfter time.Duration
}

func newQueue(set plan.Admission) *queue { return &queue{set: set, bulkheads: map[string]*bulkhead{}} }

// bulkhead is a backend's, by its name.
func (q *queue) bulkhead(name string) *bulkhead {
	q.mu.Lock()
	defer q.mu.Unlock()
	d := q.bulkheads[name]
	if d == nil {
		d = &bulkhead{name: name, limit: newConcurrency(concurrencySettings{Min: q.set.Min, Initial: q.set.Initial, Max: q.set.Max})}
		q.bulkheads[name] = d
	}
	return d
}

// full tells whether a request that comes now has to wait for a place, and how
// many places there are.
func (q *queue) full(d *bulkhead) (bool, int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	places, busy := d.limit.state()
	return busy >= places || d.wanted > 0, places
}

// take takes a place; with force also one that there is not. Nobody overtakes
// those who wait.
func (q *queue) take(d *bulkhead, force bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if force {
		d.limit.force()
		return true
	}
	return d.wanted == 0 && d.limit.take()
}

// leave gives a place back.
func (q *queue) leave(d *bulkhead) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	d.limit.release()
	d.drain.left(now, d.wanted > 0)
	q.next(d, now)
}

// grew lets in who may come in now that there are more places.
func (q *queue) grew(d *bulkhead) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next(d, time.Now())
}

// next gives places to the first in the queue while there are any. Who could
// not be answered in time any more is refused.
func (q *queue) next(d *bulkhead, now time.Time) {
	for d.wanted > 0 && d.limit.take() {
		w := q.first(d)
		q.remove(w)
		if !w.latest.IsZero() && now.After(w.latest) {
			d.limit.release()
			w.shed = q.shed("its turn came too late for its deadline", w.bulkheads, now)
		} else {
			w.got = d
		}
		close(w.decided)
	}
}

// first is who is next at a bulkhead. There is somebody.
func (q *queue) first(d *bulkhead) *waiter {
	for i := range q.lanes {
		for e := q.lanes[i].Front(); e != nil; e = e.Next() {
			if w := e.Value.(*waiter); w.wants(d) {
				return w
			}
		}
	}
	return nil
}

func (w *waiter) wants(d *bulkhead) bool {
	return slices.Contains(w.bulkheads, d)
}

func (q *queue) add(w *waiter) {
	w.place = q.lanes[w.level].PushBack(w)
	for _, d := range w.bulkheads {
		d.wanted++
	}
}

func (q *queue) remove(w *waiter) {
	q.lanes[w.level].Remove(w.place)
	for _, d := range w.bulkheads {
		d.wanted--
	}
}

// wait waits for a place at one of the bulkheads. Of its results one is set: where
// it got one; why it is refused; or the cause for which its context ended.
func (q *queue) wait(ctx context.Context, w *waiter) (*bulkhead, *shed, error) {
	now := time.Now()
	w.decided = make(chan struct{})
	q.mu.Lock()
	if s := q.refuses(w, now); s != nil {
		q.mu.Unlock()
		return nil, s, nil
	}
	q.add(w)
	for _, d := range w.bulkheads { // there may be a place by now
		if w.got == nil && w.shed == nil {
			q.next(d, now)
		}
	}
	q.mu.Unlock()
	patience := q.set.MaxWait
	if !w.latest.IsZero() {
		patience = min(patience, w.latest.Sub(now))
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.decided:
	case <-ctx.Done():
	case <-timer.C:
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case w.got != nil: // even if the context has just ended: who holds it knows what to do
		return w.got, nil, nil
	case w.shed != nil:
		return nil, w.shed, nil
	}
	q.remove(w)
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	return nil, q.shed(fmt.Sprintf("it waited %v for its turn", time.Since(now)), w.bulkheads, time.Now()), nil
}

// refuses tells why a request may not wait; nil: it may. Where it takes the
// place of another in a full queue, that one is refused.
func (q *queue) refuses(w *waiter, now time.Time) *shed {
	n := q.waiting()
	if !w.latest.IsZero() && now.Add(q.estimate(w.bulkheads, q.ahead(w)+1, now)).After(w.latest) {
		return q.shed(fmt.Sprintf("%d requests wait, and its deadline would pass before its turn", n), w.bulkheads, now)
	}
	if w.level == priorityLow && float64(n) >= q.set.Low*float64(q.set.Queue) {
		return q.shed(fmt.Sprintf("%d requests wait, too many for one of low priority", n), w.bulkheads, now)
	}
	if n < q.set.Queue {
		return nil
	}
	for level := priorityLow; level > w.level; level-- {
		if last := q.lanes[level].Back(); last != nil {
			v := last.Value.(*waiter)
			q.remove(v)
			v.shed = q.shed("it gave its place in a full queue to a request of higher priority", v.bulkheads, now)
			close(v.decided)
			return nil
		}
	}
	return q.shed(fmt.Sprintf("the queue is full: %d requests wait", n), w.bulkheads, now)
}

// shed makes a refusal. What the client is told is when those who wait now
// will have had their turn, in whole seconds.
func (q *queue) shed(why string, bulkheads []*bulkhead, now time.Time) *shed {
	wait := max(q.set.RetryAfter, q.estimate(bulkheads, q.waiting(), now), 1)
	return &shed{why: why, retryAfter: (wait + time.Second - 1).Truncate(time.Second)}
}

// waiting is how many do.
func (q *queue) waiting() (n int) {
	for i := range q.lanes {
		n += q.lanes[i].Len()
	}
	return n
}

// ahead is how many come before a request at one of its bulkheads.
func (q *queue) ahead(w *waiter) (n int) {
	for i := range w.level + 1 {
		for e := q.lanes[i].Front(); e != nil; e = e.Next() {
			for _, d := range w.bulkheads {
				if e.Value.(*waiter).wants(d) {
					n++
					break
				}
			}
		}
	}
	return n
}

// estimate is how long it takes until n have got a place at one of the bulkheads;
// 0 where it is not known of all of them.
func (q *queue) estimate(bulkheads []*bulkhead, n int, now time.Time) time.Duration {
	perSecond := 0.
	for _, d := range bulkheads {
		gap := d.drain.estimate(now)
		if gap <= 0 {
			return 0
		}
		perSecond += 1 / gap.Seconds()
	}
	return time.Duration(float64(n) / perSecond * float64(time.Second))
}

// drainRate learns how fast calls end while others wait for their places: an
// average of the gaps between them.
type drainRate struct {
	gap  time.Duration // 0: not known
	last time.Time     // when one left; zero: nobody was waiting
}

// drainShare is the weight of the latest gap.
const drainShare = 0.2

// left notes that a call ended, and whether others were waiting for it.
func (d *drainRate) left(now time.Time, awaited bool) {
	if !awaited {
		d.last = time.Time{}
		return
	}
	if gap := now.Sub(d.last); !d.last.IsZero() {
		if d.gap == 0 {
			d.gap = gap
		} else {
			d.gap += time.Duration(drainShare * float64(gap-d.gap))
		}
	}
	d.last = now
}

// estimate is the gap between two; 0 where nothing is known. One that lasts
// longer than usual already counts as long as it lasts.
func (d *drainRate) estimate(now time.Time) time.Duration {
	if d.gap > 0 && !d.last.IsZero() {
		return max(d.gap, now.Sub(d.last))
	}
	return d.gap
}
