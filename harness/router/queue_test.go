package router

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// visit is a request of a queue test and what became of it.
type visit struct {
	name     string
	low      bool
	deadline time.Duration // since the start; 0: none
	takes    time.Duration
}

// world of a queue: visits run side by side and are noted as they end.
type waitingRoom struct {
	t     *testing.T
	q     *queue
	began time.Time
	wg    sync.WaitGroup
	mu    sync.Mutex
	log   []string
}

func (r *waitingRoom) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, fmt.Sprintf(format, args...)+" at "+time.Since(r.began).String())
}

// come brings a request; it has taken its place when come returns.
func (r *waitingRoom) come(ctx context.Context, v visit) {
	r.wg.Go(func() {
		var deadline time.Time
		if v.deadline > 0 {
			deadline = r.began.Add(v.deadline)
		}
		leave, refused, err := r.q.enter(ctx, v.low, deadline, v.takes)
		switch {
		case err != nil:
			r.note("%s gone", v.name)
		case refused != nil:
			r.note("%s shed (%v)", v.name, refused.retryAfter)
		default:
			r.note("%s in", v.name)
			time.Sleep(v.takes)
			leave()
		}
	})
	synctest.Wait()
}

func (r *waitingRoom) want(want ...string) {
	r.t.Helper()
	r.wg.Wait()
	if !slices.Equal(r.log, want) {
		r.t.Errorf("it went\n%s\nwant\n%s", strings.Join(r.log, "\n"), strings.Join(want, "\n"))
	}
}

func withQueue(t *testing.T, set queueSettings, slots int, f func(r *waitingRoom)) {
	synctest.Test(t, func(t *testing.T) {
		f(&waitingRoom{t: t, q: newQueue(set, func() int { return slots }), began: time.Now()})
	})
}

const second = time.Second

func TestQueueOrder(t *testing.T) {
	withQueue(t, queueSettings{Length: 10}, 1, func(r *waitingRoom) {
		ctx := r.t.Context()
		r.come(ctx, visit{name: "first", takes: second})
		r.come(ctx, visit{name: "low-1", low: true, takes: second})
		r.come(ctx, visit{name: "high-1", takes: second})
		r.come(ctx, visit{name: "low-2", low: true, takes: second})
		r.come(ctx, visit{name: "high-2", takes: second})
		r.want("first in at 0s", "high-1 in at 1s", "high-2 in at 2s", "low-1 in at 3s", "low-2 in at 4s")
	})
}

func TestQueueFull(t *testing.T) {
	withQueue(t, queueSettings{Length: 2, RetryAfter: second}, 1, func(r *waitingRoom) {
		ctx := r.t.Context()
		r.come(ctx, visit{name: "first", takes: second})
		r.come(ctx, visit{name: "low-1", low: true, takes: second})
		r.come(ctx, visit{name: "low-2", low: true, takes: second})
		r.come(ctx, visit{name: "low-3", low: true, takes: second}) // full
		r.come(ctx, visit{name: "high-1", takes: second})           // takes the place of the youngest low one
		r.come(ctx, visit{name: "high-2", takes: second})
		r.come(ctx, visit{name: "high-3", takes: second}) // full of its like
		r.want("first in at 0s", "low-3 shed (1s) at 0s", "low-2 shed (1s) at 0s", "low-1 shed (1s) at 0s",
			"high-3 shed (1s) at 0s", "high-1 in at 1s", "high-2 in at 2s")
	})
}

func TestQueueShedsLowPriorityFirst(t *testing.T) {
	withQueue(t, queueSettings{Length: 4, Low: 0.5}, 1, func(r *waitingRoom) {
		ctx := r.t.Context()
		for _, name := range []string{"first", "a", "b"} {
			r.come(ctx, visit{name: name, takes: second})
		}
		r.come(ctx, visit{name: "low", low: true, takes: second})
		r.come(ctx, visit{name: "c", takes: second})
		r.want("first in at 0s", "low shed (1s) at 0s", "a in at 1s", "b in at 2s", "c in at 3s")
	})
}

// Once it is known how fast the queue moves, a request that would wait in vain
// is refused at once, and told when to come back.
func TestQueueRefusesWhatWouldBeLate(t *testing.T) {
	withQueue(t, queueSettings{Length: 100}, 1, func(r *waitingRoom) {
		ctx := r.t.Context()
		for i := range 6 {
			r.come(ctx, visit{name: fmt.Sprint("v", i), takes: second})
		}
		time.Sleep(2*second + 500*ms)                                                // v2 is in; v3, v4 and v5 wait
		r.come(ctx, visit{name: "late", deadline: 7*second + 499*ms, takes: second}) // four gaps of a second, and its own
		r.come(ctx, visit{name: "just", deadline: 7*second + 500*ms, takes: second})
		r.want("v0 in at 0s", "v1 in at 1s", "v2 in at 2s", "late shed (3s) at 2.5s", "v3 in at 3s", "v4 in at 4s", "v5 in at 5s", "just in at 6s")
	})
}

// Those of low priority do not stand in the way of the others' deadlines; a
// queue that stands still counts as slow as it is.
func TestQueueEstimates(t *testing.T) {
	withQueue(t, queueSettings{Length: 100}, 1, func(r *waitingRoom) {
		ctx := r.t.Context()
		for i := range 4 {
			r.come(ctx, visit{name: fmt.Sprint("v", i), takes: second})
		}
		r.come(ctx, visit{name: "slow", takes: 10 * second})
		r.come(ctx, visit{name: "low-1", low: true, takes: second})
		r.come(ctx, visit{name: "low-2", low: true, takes: second})
		time.Sleep(3*second + 500*ms) // v3 is in
		r.come(ctx, visit{name: "low-late", low: true, deadline: 8 * second, takes: second})
		r.come(ctx, visit{name: "high", deadline: 7 * second, takes: second}) // behind slow alone
		time.Sleep(5 * second)                                                // slow is in for 4.5 seconds
		r.come(ctx, visit{name: "stalled", deadline: 13 * second, takes: second})
		r.want("v0 in at 0s", "v1 in at 1s", "v2 in at 2s", "v3 in at 3s", "low-late shed (3s) at 3.5s", "slow in at 4s",
			"high shed (4s) at 6s", "stalled shed (9s) at 8.5s", "low-1 in at 14s", "low-2 in at 15s")
	})
}

func TestQueueGivesUpInTime(t *testing.T) {
	withQueue(t, queueSettings{Length: 10, MaxWait: 3 * second}, 1, func(r *waitingRoom) {
		ctx, cancel := context.WithCancelCause(r.t.Context())
		gone := errors.New("gone")
		time.AfterFunc(500*ms, func() { cancel(gone) })
		r.come(r.t.Context(), visit{name: "first", takes: 10 * second})
		r.come(r.t.Context(), visit{name: "tight", deadline: 3 * second, takes: second}) // nothing is known yet: it may wait
		r.come(r.t.Context(), visit{name: "patient", takes: second})
		r.come(ctx, visit{name: "client", takes: second})
		if _, _, err := r.q.enter(ctx, false, time.Time{}, 0); !errors.Is(err, gone) {
			t.Errorf("%v, want %v", err, gone)
		}
		r.want("first in at 0s", "client gone at 500ms", "tight shed (1s) at 2s", "patient shed (1s) at 3s")
	})
}

func TestQueueTakesUpNewSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := 1
		r := &waitingRoom{t: t, q: newQueue(queueSettings{Length: 10}, func() int { return slots }), began: time.Now()}
		for _, name := range []string{"a", "b", "c"} {
			r.come(t.Context(), visit{name: name, takes: 10 * second})
		}
		time.Sleep(second)
		slots = 2
		r.q.wake()
		synctest.Wait()
		time.Sleep(second)
		slots = 3
		r.come(t.Context(), visit{name: "e", takes: second}) // finds a slot, but behind c
		time.Sleep(second)
		slots = 0 // no bound any more
		r.q.wake()
		r.want("a in at 0s", "b in at 1s", "c in at 2s", "e in at 3s")
	})
}

func TestQueueFailure(t *testing.T) {
	f := (&shed{why: "the queue is full: 2 requests wait", retryAfter: 3 * second}).failure()
	if f.Status != 429 || f.RetryAfter != 3*second || !strings.Contains(f.Message, "come back in 3s") {
		t.Errorf("%+v", f)
	}
}

// Whatever comes and goes: never more are in than there are slots nor more
// wait than may, everybody is let in, refused or gone by its deadline, and at
// the end nobody is left.
func TestQueueIsSound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		slots := rapid.IntRange(1, 3).Draw(rt, "slots")
		length := rapid.IntRange(0, 4).Draw(rt, "length")
		steps := rapid.SliceOfN(rapid.IntRange(0, 1<<16), 1, 40).Draw(rt, "steps")
		synctest.Test(t, func(t *testing.T) {
			now := slots
			q := newQueue(queueSettings{Length: length, MaxWait: 3 * second, Low: 0.75}, func() int { return now })
			var wg sync.WaitGroup
			var mu sync.Mutex
			in, ended := 0, 0
			for _, s := range steps {
				wg.Go(func() {
					takes := time.Duration(s%7) * 200 * ms
					limit := 3 * second
					var deadline time.Time
					if s%3 == 0 {
						deadline = time.Now().Add(2 * second)
						limit = max(0, 2*second-takes)
					}
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(s%11+1)*500*ms)
					defer cancel()
					came := time.Now()
					leave, refused, err := q.enter(ctx, s%2 == 0, deadline, takes)
					mu.Lock()
					ended++
					mu.Unlock()
					// Slots are free at once for those within their number,
					// whatever their deadline.
					if wait := time.Since(came); wait > limit {
						rt.Errorf("it took %v to decide, at most %v", wait, limit)
					}
					if n := btoi(leave != nil) + btoi(refused != nil) + btoi(err != nil); n != 1 {
						rt.Errorf("%d outcomes", n)
					}
					if leave == nil {
						return
					}
					mu.Lock()
					if in++; in > slots {
						rt.Errorf("%d are in, with %d slots", in, slots)
					}
					mu.Unlock()
					time.Sleep(takes)
					mu.Lock()
					in--
					mu.Unlock()
					leave()
				})
				synctest.Wait()
				q.mu.Lock()
				if n := q.waiting(); n > length {
					rt.Errorf("%d wait, at most %d may", n, length)
				}
				q.mu.Unlock()
				time.Sleep(time.Duration(s%5) * 100 * ms)
			}
			wg.Wait()
			if q.busy != 0 || q.waiting() != 0 || ended != len(steps) {
				rt.Errorf("at the end %d are in and %d wait, %d of %d have ended", q.busy, q.waiting(), ended, len(steps))
			}
		})
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func BenchmarkQueue(b *testing.B) {
	q := newQueue(queueSettings{Length: 10}, func() int { return 100 })
	b.ReportAllocs()
	for b.Loop() {
		leave, _, _ := q.enter(b.Context(), false, time.Time{}, 0)
		leave()
	}
}
