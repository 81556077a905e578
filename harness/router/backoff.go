package router

import (
	"time"

	"brownout/chance"
)

// backoff is how long to wait before the nth retry (from 0): full jitter,
// uniform in 0..min(cap, base*2^n). Source: AWS Architecture Blog,
// "Exponential Backoff And Jitter". The draw is keyed, so that the same
// request waits the same time in every run; failsafe-go's own retry policy
// draws from global randomness, which is why it is not used here.
func (r *engine) backoff(provider, marker string, n int) time.Duration {
	limit := r.set.BackoffCap
	if n < 30 && r.set.BackoffBase<<n < limit {
		limit = r.set.BackoffBase << n
	}
	k := chance.Key{Seed: r.seed, Provider: provider, Marker: marker, Attempt: n, Purpose: "backoff"}
	return time.Duration(k.Uniform() * float64(limit))
}

// spread delays a wake-up at a stated retry-after by up to a quarter of the
// wait, so that those who were told the same moment do not come back at it.
func (r *engine) spread(provider, marker string, wait time.Duration) time.Duration {
	k := chance.Key{Seed: r.seed, Provider: provider, Marker: marker, Purpose: "retry-after"}
	return time.Duration(k.Uniform() * float64(max(wait/4, r.set.BackoffBase)))
}
