package router

import (
	"container/list"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"brownout/mocks/wire"
)

// queueSettings bound the waiting room.
type queueSettings struct {
	Length     int           // requests that may wait
	MaxWait    time.Duration // of one; 0: its deadline alone
	RetryAfter time.Duration // what a refused client is told at least
	Low        float64       // share of Length from which on requests of low priority are refused, 0..1; 0: never before it is full
}

// queue lets in as many requests at once as there are slots, and lets some
// more wait: those of high priority before those of low, each in the order in
// which they came. Who could not be answered in time is refused at once, and
// not after having waited for it. A full queue gives up its youngest request
// of low priority for one of high.
//
// It is safe for concurrent use.
type queue struct {
	set   queueSettings
	slots func() int // requests let in at once; below 1: any number

	mu    sync.Mutex
	busy  int
	lanes [2]list.List // of *waiter: high, low
	drain drainRate
	left  func() // q.leave, bound once
}

// waiter is a request in the queue.
type waiter struct {
	low     bool
	latest  time.Time // when it must be let in to be answered in time; zero: any time
	place   *list.Element
	let     bool
	shed    *shed
	decided chan struct{} // closed once let or shed is set
}

// shed is a refusal of the queue.
type shed struct {
	why        string
	retryAfter time.Duration
}

// failure is the answer to a request that was shed.
func (s *shed) failure() *wire.Failure {
	return &wire.Failure{
		Kind: wire.FailRateLimit, Status: http.StatusTooManyRequests, Type: "overloaded", Code: "load_shed",
		Message: s.why + "; come back in " + s.retryAfter.String(), RetryAfter: s.retryAfter,
	}
}

func newQueue(set queueSettings, slots func() int) *queue {
	q := &queue{set: set, slots: slots}
	q.left = q.leave
	return q
}

// enter waits until the request is let in. It must be answered by deadline
// (zero: any time), and being answered is expected to take it so long once it
// is let in. Of the three results one is set: leave, which must be called once
// when the request has ended; why it is refused; or the cause for which its
// context ended.
func (q *queue) enter(ctx context.Context, low bool, deadline time.Time, takes time.Duration) (leave func(), refused *shed, err error) {
	now := time.Now()
	var latest time.Time
	if !deadline.IsZero() {
		latest = deadline.Add(-takes)
	}
	q.mu.Lock()
	if q.free() && q.waiting() == 0 {
		q.busy++
		q.mu.Unlock()
		return q.left, nil, nil
	}
	if s := q.refuses(low, latest, now); s != nil {
		q.mu.Unlock()
		return nil, s, nil
	}
	w := &waiter{low: low, latest: latest, decided: make(chan struct{})}
	w.place = q.lane(low).PushBack(w)
	q.next(now) // slots may have grown since the last one left
	q.mu.Unlock()
	return q.wait(ctx, w, now)
}

// wait is the time of a request in the queue.
func (q *queue) wait(ctx context.Context, w *waiter, came time.Time) (func(), *shed, error) {
	patience := time.Duration(1<<63 - 1)
	if q.set.MaxWait > 0 {
		patience = q.set.MaxWait
	}
	if !w.latest.IsZero() {
		patience = min(patience, w.latest.Sub(came))
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
	case w.let: // even if the context has just ended: whoever leaves knows how
		return q.left, nil, nil
	case w.shed != nil:
		return nil, w.shed, nil
	}
	q.lane(w.low).Remove(w.place)
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	return nil, q.shed(fmt.Sprintf("it waited %v for its turn", time.Since(came)), time.Now()), nil
}

// leave ends a request that was let in.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.busy--
	q.drain.left(now, q.waiting() > 0)
	q.next(now)
}

// wake lets in who may come in now that there are more slots.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next(time.Now())
}

// next lets in the first in the queue while there are slots. Who could not be
// answered in time any more is refused.
func (q *queue) next(now time.Time) {
	for q.free() {
		lane := &q.lanes[0]
		if lane.Len() == 0 {
			lane = &q.lanes[1]
		}
		first := lane.Front()
		if first == nil {
			return
		}
		w := lane.Remove(first).(*waiter)
		if !w.latest.IsZero() && now.After(w.latest) {
			w.shed = q.shed("its turn came too late for its deadline", now)
		} else {
			w.let = true
			q.busy++
		}
		close(w.decided)
	}
}

// refuses tells why a request may not wait; nil: it may.
func (q *queue) refuses(low bool, latest, now time.Time) *shed {
	n := q.waiting()
	ahead := n
	if !low {
		ahead = q.lanes[0].Len()
	}
	if wait := q.drain.estimate(ahead+1, now); !latest.IsZero() && now.Add(wait).After(latest) {
		return q.shed(fmt.Sprintf("%d requests wait, and its deadline would pass before its turn", n), now)
	}
	if low && q.set.Low > 0 && float64(n) >= q.set.Low*float64(q.set.Length) {
		return q.shed(fmt.Sprintf("%d requests wait, too many for one of low priority", n), now)
	}
	if n < q.set.Length {
		return nil
	}
	if youngest := q.lanes[1].Back(); !low && youngest != nil && q.set.Length > 0 {
		w := q.lanes[1].Remove(youngest).(*waiter)
		w.shed = q.shed("it gave its place in a full queue to a request of higher priority", now)
		close(w.decided)
		return nil
	}
	return q.shed(fmt.Sprintf("the queue is full: %d requests wait", n), now)
}

// shed makes a refusal. What the client is told is when the queue of now will
// be empty, at the rate at which it drains, in whole seconds.
func (q *queue) shed(why string, now time.Time) *shed {
	wait := max(q.set.RetryAfter, q.drain.estimate(q.waiting(), now), 1)
	return &shed{why: why, retryAfter: (wait + time.Second - 1).Truncate(time.Second)}
}

func (q *queue) free() bool {
	n := q.slots()
	return n < 1 || q.busy < n
}

func (q *queue) waiting() int { return q.lanes[0].Len() + q.lanes[1].Len() }

func (q *queue) lane(low bool) *list.List {
	if low {
		return &q.lanes[1]
	}
	return &q.lanes[0]
}

// drainRate learns how fast requests leave while others wait for their slots:
// an average of the gaps between them.
type drainRate struct {
	gap  time.Duration // 0: not known
	last time.Time     // when one left; zero: nobody was waiting
}

// drainShare is the weight of the latest gap.
const drainShare = 0.2

// left notes that a request left, and whether others were waiting for it.
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

// estimate is how long it takes for n to leave; 0 where nothing is known. A
// gap that lasts longer than usual already counts as long as it lasts.
func (d *drainRate) estimate(n int, now time.Time) time.Duration {
	gap := d.gap
	if gap > 0 && !d.last.IsZero() {
		gap = max(gap, now.Sub(d.last))
	}
	return time.Duration(n) * gap
}
