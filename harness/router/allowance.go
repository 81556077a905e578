package router

import (
	"sync"
	"time"
)

// allowance bounds extra calls (retries, failovers, hedges) to a share of
// traffic, so that an outage cannot multiply the load. Each request pays in a
// share of a call, which is good for one window; each extra call takes one
// out. Beside that a small floor per second is free, so that low traffic may
// retry too; unused it adds up to one second's worth.
//
// So in any stretch of time, extra calls number at most share times the
// requests in it and in the window before it, plus floor for each second of it
// and one floor more. Source of the scheme: Twitter Finagle's RetryBudget.
// Failsafe-go's budget is not used: it bounds the share of retries among calls
// in flight, which failures that come at once never reach.
//
// An allowance is safe for concurrent use. A nil one allows everything.
type allowance struct {
	share int64         // of a call paid in with each request, in parts
	floor int64         // free calls per second, in parts
	slice time.Duration // what is paid in expires by the slice

	mu     sync.Mutex
	paid   [allowanceSlices]int64 // parts left of what each slice paid in; a ring
	now    int                    // the current slice in it
	turned time.Time              // when that began
	free   int64                  // parts of the floor that are there
	filled time.Time              // when free was last filled up
}

const (
	allowanceSlices = 20
	wholeCall       = int64(time.Second) // parts in a call: a floor per second is then parts per nanosecond
)

// newAllowance makes an allowance of a share of traffic (0.1 is one extra call
// for ten requests) within a window, and a floor of calls per second.
func newAllowance(share float64, floorPerSecond int, window time.Duration) *allowance {
	now := time.Now()
	return &allowance{
		share: int64(share * float64(wholeCall)), floor: int64(floorPerSecond),
		slice:  max(window/allowanceSlices, time.Millisecond),
		turned: now, filled: now,
		free: int64(floorPerSecond) * wholeCall,
	}
}

// request pays in for one request.
func (a *allowance) request() {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(time.Now())
	a.paid[a.now] += a.share
}

// take asks for one extra call.
func (a *allowance) take() bool {
	if a == nil {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(time.Now())
	if a.sum() < wholeCall {
		return false
	}
	price := wholeCall
	for k := 1; k <= allowanceSlices && price > 0; k++ { // what expires first goes first
		v := &a.paid[(a.now+k)%allowanceSlices]
		n := min(*v, price)
		*v, price = *v-n, price-n
	}
	a.free -= price
	return true
}

// back undoes a take of a moment ago: the call was not made after all. What it
// gives back fills up the floor, and lives no longer than the oldest that was
// paid in beyond that, so that it can never add up to more than was there.
func (a *allowance) back() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(time.Now())
	n := min(wholeCall, a.floor*wholeCall-a.free)
	a.free += n
	a.paid[(a.now+1)%allowanceSlices] += wholeCall - n
}

// left is how many extra calls are allowed now.
func (a *allowance) left() float64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn(time.Now())
	return float64(a.sum()) / float64(wholeCall)
}

func (a *allowance) sum() int64 {
	sum := a.free
	for _, v := range a.paid {
		sum += v
	}
	return sum
}

// turn lets expire what was paid in too long ago, and fills up the floor.
func (a *allowance) turn(now time.Time) {
	if n := int(now.Sub(a.turned) / a.slice); n > 0 {
		a.turned = a.turned.Add(time.Duration(n) * a.slice)
		for range min(n, allowanceSlices) {
			a.now = (a.now + 1) % allowanceSlices
			a.paid[a.now] = 0
		}
	}
	if d := now.Sub(a.filled); d > 0 {
		a.filled = now
		a.free = min(a.floor*wholeCall, a.free+a.floor*int64(min(d, time.Second)))
	}
}
