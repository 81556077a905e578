package router

import (
	"math"
	"strings"

	"brownout/mocks/wire"
)

// cheapest asks first whoever this request costs the least. Of equals, as own
// hardware is, the quicker one; who has no price in its catalogue comes last.
func cheapest(c *call, cands []candidate) {
	sortBy(cands, c.expectedWait)
	u := c.expectedUsage()
	sortBy(cands, func(v *candidate) float64 {
		if v.info == unknownModel {
			return math.Inf(1)
		}
		return v.info.cost(u) * v.stats.price.offer(c.r.set.BilledPrices.Memory)
	})
}

// usualAnswer is how many tokens an answer is taken to have where the client
// names no limit.
const usualAnswer = 200

// expectedUsage is what the request is expected to be billed for.
func (c *call) expectedUsage() wire.Usage {
	u := wire.Usage{Prompt: promptSize(c.req) / bytesPerToken, Completion: c.req.MaxTokens}
	if u.Completion == 0 && c.embed == nil {
		u.Completion = usualAnswer
	}
	return u
}

// nearestFirst asks first those in the home region, then those of the same
// part of the world (the region's name up to its first dash, as in us-east-1
// and us-west-2), then the others, each in the order they had.
func nearestFirst(c *call, cands []candidate) {
	home := c.r.set.Home
	part, _, _ := strings.Cut(home, "-")
	sortBy(cands, func(v *candidate) float64 {
		at, _, _ := strings.Cut(v.Region, "-")
		switch {
		case v.Region == home:
			return 0
		case v.Region != "" && at == part:
			return 1
		}
		return 2
	})
}
