package router

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"brownout/plan"
)

// foyer is where requests wait for a place among the calls in progress at one
// of the backends that they may ask: those of high priority before those of
// low, each in the order in which they came. Who could not be answered in time
// is refused at once, and not after having waited for it. A full queue gives up
// its youngest request of the lowest priority for one of higher.
//
// It is safe for concurrent use.
type foyer struct {
	set plan.Admission

	mu    sync.Mutex
	desks map[string]*desk
	lanes [priorities]list.List // of *waiter
}

// desk is a backend's: how many calls may be in progress there.
type desk struct {
	name   string
	limit  *concurrency
	wanted int // waiters that would take a place
	drain  drainRate
}

// waiter is a request in the queue.
type waiter struct {
	level   urgency
	desks   []*desk
	latest  time.Time // when it must be let in to be answered in time; zero: any time
	place   *list.Element
	got     *desk // who has a place for it, which is taken
	shed    *shed
	decided chan struct{} // closed once got or shed is set
}

// shed is a refusal of the queue.
type shed struct {
	why        string
	retryAfter time.Duration
}

func newFoyer(set plan.Admission) *foyer { return &foyer{set: set, desks: map[string]*desk{}} }

// desk is a backend's, by its name.
func (f *foyer) desk(name string) *desk {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.desks[name]
	if d == nil {
		d = &desk{name: name, limit: newConcurrency(concurrencySettings{Min: f.set.Min, Initial: f.set.Initial, Max: f.set.Max})}
		f.desks[name] = d
	}
	return d
}

// full tells whether a request that comes now has to wait for a place, and how
// many places there are.
func (f *foyer) full(d *desk) (bool, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	places, busy := d.limit.state()
	return busy >= places || d.wanted > 0, places
}

// take takes a place; with force also one that there is not. Nobody overtakes
// those who wait.
func (f *foyer) take(d *desk, force bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if force {
		d.limit.force()
		return true
	}
	return d.wanted == 0 && d.limit.take()
}

// leave gives a place back.
func (f *foyer) leave(d *desk) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	d.limit.release()
	d.drain.left(now, d.wanted > 0)
	f.next(d, now)
}

// grew lets in who may come in now that there are more places.
func (f *foyer) grew(d *desk) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next(d, time.Now())
}

// next gives places to the first in the queue while there are any. Who could
// not be answered in time any more is refused.
func (f *foyer) next(d *desk, now time.Time) {
	for d.wanted > 0 && d.limit.take() {
		w := f.first(d)
		f.remove(w)
		if !w.latest.IsZero() && now.After(w.latest) {
			d.limit.release()
			w.shed = f.shed("its turn came too late for its deadline", w.desks, now)
		} else {
			w.got = d
		}
		close(w.decided)
	}
}

// first is who is next at a desk. There is somebody.
func (f *foyer) first(d *desk) *waiter {
	for i := range f.lanes {
		for e := f.lanes[i].Front(); e != nil; e = e.Next() {
			if w := e.Value.(*waiter); w.wants(d) {
				return w
			}
		}
	}
	return nil
}

func (w *waiter) wants(d *desk) bool {
	for _, v := range w.desks {
		if v == d {
			return true
		}
	}
	return false
}

func (f *foyer) add(w *waiter) {
	w.place = f.lanes[w.level].PushBack(w)
	for _, d := range w.desks {
		d.wanted++
	}
}

func (f *foyer) remove(w *waiter) {
	f.lanes[w.level].Remove(w.place)
	for _, d := range w.desks {
		d.wanted--
	}
}

// wait waits for a place at one of the desks. Of its results one is set: where
// it got one; why it is refused; or the cause for which its context ended.
func (f *foyer) wait(ctx context.Context, w *waiter) (*desk, *shed, error) {
	now := time.Now()
	w.decided = make(chan struct{})
	f.mu.Lock()
	if s := f.refuses(w, now); s != nil {
		f.mu.Unlock()
		return nil, s, nil
	}
	f.add(w)
	for _, d := range w.desks { // there may be a place by now
		if w.got == nil && w.shed == nil {
			f.next(d, now)
		}
	}
	f.mu.Unlock()
	patience := f.set.MaxWait
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
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case w.got != nil: // even if the context has just ended: who holds it knows what to do
		return w.got, nil, nil
	case w.shed != nil:
		return nil, w.shed, nil
	}
	f.remove(w)
	if ctx.Err() != nil {
		return nil, nil, context.Cause(ctx)
	}
	return nil, f.shed(fmt.Sprintf("it waited %v for its turn", time.Since(now)), w.desks, time.Now()), nil
}

// refuses tells why a request may not wait; nil: it may. Where it takes the
// place of another in a full queue, that one is refused.
func (f *foyer) refuses(w *waiter, now time.Time) *shed {
	n := f.waiting()
	if !w.latest.IsZero() && now.Add(f.estimate(w.desks, f.ahead(w)+1, now)).After(w.latest) {
		return f.shed(fmt.Sprintf("%d requests wait, and its deadline would pass before its turn", n), w.desks, now)
	}
	if w.level == priorityLow && float64(n) >= f.set.Low*float64(f.set.Queue) {
		return f.shed(fmt.Sprintf("%d requests wait, too many for one of low priority", n), w.desks, now)
	}
	if n < f.set.Queue {
		return nil
	}
	for level := priorityLow; level > w.level; level-- {
		if last := f.lanes[level].Back(); last != nil {
			v := last.Value.(*waiter)
			f.remove(v)
			v.shed = f.shed("it gave its place in a full queue to a request of higher priority", v.desks, now)
			close(v.decided)
			return nil
		}
	}
	return f.shed(fmt.Sprintf("the queue is full: %d requests wait", n), w.desks, now)
}

// shed makes a refusal. What the client is told is when those who wait now
// will have had their turn, in whole seconds.
func (f *foyer) shed(why string, desks []*desk, now time.Time) *shed {
	wait := max(f.set.RetryAfter, f.estimate(desks, f.waiting(), now), 1)
	return &shed{why: why, retryAfter: (wait + time.Second - 1).Truncate(time.Second)}
}

// waiting is how many do.
func (f *foyer) waiting() (n int) {
	for i := range f.lanes {
		n += f.lanes[i].Len()
	}
	return n
}

// ahead is how many come before a request at one of its desks.
func (f *foyer) ahead(w *waiter) (n int) {
	for i := range w.level + 1 {
		for e := f.lanes[i].Front(); e != nil; e = e.Next() {
			for _, d := range w.desks {
				if e.Value.(*waiter).wants(d) {
					n++
					break
				}
			}
		}
	}
	return n
}

// estimate is how long it takes until n have got a place at one of the desks;
// 0 where it is not known of all of them.
func (f *foyer) estimate(desks []*desk, n int, now time.Time) time.Duration {
	perSecond := 0.
	for _, d := range desks {
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
