package router

import (
	"context"
	"errors"
	"sync"
	"time"
)

// hedging decides when a second provider is asked because the first is slow.
type hedging struct {
	percentile float64       // of the times seen of that provider and model, 0..1
	minDelay   time.Duration // never earlier
	minSamples int64         // times seen before the first hedge
	billedOnce bool          // never hedge: no request may be billed twice
}

// after tells how long to wait for the first before a hedge; false where there
// is to be none: too little is known of it, or the request (once) or the
// settings allow no second bill. What is to come of the request within left
// must still be worth it.
func (h *hedging) after(m *meter, stream, once bool, left time.Duration) (time.Duration, bool) {
	if h.billedOnce || once {
		return 0, false
	}
	d, n := m.quantile(stream, h.percentile)
	d = max(d, h.minDelay)
	if n < max(1, h.minSamples) || d >= left {
		return 0, false
	}
	return d, true
}

// errHedgeLost is the cause with which the attempt that came second ends.
var errHedgeLost = errors.New("another provider answered first")

// contest is the outcome of a race between a first attempt (0) and a hedge (1).
type contest[T any] struct {
	winner int      // whose value counts; -1: nobody's
	value  T        // the winner's
	errs   [2]error // why the others failed; the loser's only after end. nil: it won, or was never made
	hedged bool     // there was a hedge

	cancel [2]context.CancelCauseFunc
	wg     sync.WaitGroup // of the hedge's goroutine
}

// end gives the winner's context back, when its answer has been used up, and
// waits until the loser is gone too. It must be called once.
func (c *contest[T]) end() {
	for _, cancel := range c.cancel {
		if cancel != nil {
			cancel(nil)
		}
	}
	c.wg.Wait()
}

// compete makes an attempt in the caller's goroutine and, if it has shown nothing
// after delay and permit then says yes, a hedge beside it. The first that
// succeeds wins, and the context of the other ends with errHedgeLost. A first
// attempt that fails before delay is not replaced, as that is failover and not
// a hedge; one that fails later waits for the hedge.
//
// attempt must return soon after its context ends. If it succeeds after it has
// lost, discard is called with what it brought, from the same goroutine. The
// winner's context goes on until end.
func compete[T any](ctx context.Context, delay time.Duration, permit func() bool,
	attempt func(ctx context.Context, hedge bool) (T, error), discard func(T),
) *contest[T] {
	r := &running[T]{discard: discard}
	r.winner = -1
	first, cancel := context.WithCancelCause(ctx)
	r.cancel[0] = cancel
	r.wg.Add(1) // for the timer's goroutine, if it comes to run
	timer := time.AfterFunc(delay, func() {
		defer r.wg.Done()
		second, ok := r.begin(ctx, permit)
		if !ok {
			return
		}
		defer close(r.done)
		v, err := attempt(second, true)
		r.finish(1, v, err)
	})
	v, err := attempt(first, false)
	if timer.Stop() {
		r.wg.Done()
	}
	if r.finish(0, v, err) {
		<-r.done // the hedge is under way, and the last hope
	}
	return &r.contest
}

// running is a race under way.
type running[T any] struct {
	contest[T]
	discard func(T)
	done    chan struct{} // closed when the hedge has ended; nil: there is none

	mu    sync.Mutex
	alone bool // the first has ended: no hedge may begin any more
}

// begin starts the hedge, if it may.
func (r *running[T]) begin(ctx context.Context, permit func() bool) (context.Context, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alone || ctx.Err() != nil || !permit() {
		return nil, false
	}
	ctx, r.cancel[1] = context.WithCancelCause(ctx)
	r.hedged, r.done = true, make(chan struct{})
	return ctx, true
}

// finish takes in the outcome of an attempt. It tells whether the other is
// still to be waited for.
func (r *running[T]) finish(i int, v T, err error) (wait bool) {
	r.mu.Lock()
	r.alone = r.alone || i == 0
	lost := r.winner >= 0
	switch {
	case err != nil:
		r.errs[i] = err
	case lost:
		r.errs[i] = errHedgeLost
	default:
		r.winner, r.value = i, v
	}
	other := r.cancel[1-i]
	wait = r.hedged && r.winner < 0
	r.mu.Unlock()
	switch {
	case err == nil && lost:
		r.discard(v)
	case err == nil && other != nil:
		other(errHedgeLost)
	}
	return wait
}
