package router

import (
	"sync/atomic"
	"time"

	"brownout/chance"
)

// ramp gives a provider that returns (its breaker has closed, its ejection has
// ended) its traffic back step by step, so that the recovery is no stampede:
// from a share at first, growing evenly to all after a while. A request is in
// or out by its marker: who was in stays in as the share grows. Source of the
// idea: Envoy's slow start, with an aggression of 1.
//
// The zero ramp is at full share. It is safe for concurrent use.
type ramp struct {
	from  float64       // share at first, 0 to 1
	over  time.Duration // until the share is 1; 0: at once
	began atomic.Int64  // in Unix nanoseconds; 0: never
}

// start begins the ramp anew.
func (r *ramp) start() { r.began.Store(time.Now().UnixNano()) }

// share is the part of its traffic that the provider may have now.
func (r *ramp) share() float64 {
	began := r.began.Load()
	if began == 0 || r.over <= 0 {
		return 1
	}
	since := time.Duration(time.Now().UnixNano() - began)
	if since >= r.over {
		return 1
	}
	return r.from + (1-r.from)*max(0, float64(since)/float64(r.over))
}

// admits tells whether the request with this marker may go to the provider.
func (r *ramp) admits(seed uint64, provider, marker string) bool {
	share := r.share()
	return share >= 1 || chance.Key{Seed: seed, Provider: provider, Marker: marker, Purpose: "slow start"}.Hit(share)
}
