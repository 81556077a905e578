package router

import "brownout/mocks/wire"

// retryBudget is the mitigation: what a request asks beyond its first attempt,
// be it a retry, a failover or the continuation of a stream, is taken from an
// allowance that all requests pay into.
//
// It bounds what an outage of everybody, or one that no breaker sees, adds to
// the load; as long as the allowance lasts nothing changes.
func retryBudget(r *engine) *stage {
	set := r.set.RetryBudget
	extra := keep(r, "retry_budget", set, func() *allowance { return newAllowance(set.Share, set.Floor, set.Window) })
	r.metrics.retries.follow("", extra.left)
	back, spent := extra.back, &refusal{why: "the retry budget is spent"}
	return &stage{
		admit: func(*call) (func(*ending), *wire.Failure) {
			extra.request()
			return nil, nil
		},
		grant: func(c *call) (func(), *refusal) {
			if extra.take() {
				return back, nil
			}
			d := Decision{What: BudgetSpent, Marker: c.marker}
			if n := len(c.causes); n > 0 {
				d.Provider, d.Detail = c.causes[n-1].by.Name, c.causes[n-1].fail.Error()
			}
			r.tell(d)
			return nil, spent
		},
	}
}
