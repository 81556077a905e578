package router

import (
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// hedging is the mitigation: a provider that has been silent for longer than
// it nearly ever is gets a rival, and whoever answers first wins; the other is
// told to stop. Of a stream the first token decides.
//
// An allowance bounds it to a share of the requests, so that a provider that
// has become slow as a whole is not doubled: that is the time-out's business.
func hedging(r *engine) *stage {
	set := r.set.Hedging
	extra := keep(r, "hedging", []any{set.Share}, func() *allowance { return newAllowance(set.Share, 0, hedgeWindow) })
	return &stage{
		admit: func(*call) (func(*ending), *wire.Failure) {
			extra.request()
			return nil, nil
		},
		hedge: &hedge{
			after: func(c *call, cand *candidate) time.Duration {
				if c.billedOnce(set.BilledOnce) {
					return 0
				}
				d, n := cand.stats.quantile(set.Percentile, c.req.Stream)
				if d = max(d, set.MinDelay); n < set.MinSamples || d >= c.left()-leastBudget {
					return 0
				}
				return d
			},
			take: func(*call) bool { return extra.take() },
		},
	}
}

// hedgeWindow is for how long a request's share of a hedge may be spent.
const hedgeWindow = 10 * time.Second

// billedOnce tells whether the request is one of those that must not be billed
// twice.
func (c *call) billedOnce(which []string) bool {
	for _, w := range which {
		switch {
		case w == plan.BilledAll,
			w == plan.BilledBudget && c.terms.budgeted,
			w == plan.BilledTools && len(c.req.Tools) > 0,
			w == plan.BilledWorkflow && c.terms.workflow != "":
			return true
		}
	}
	return false
}
