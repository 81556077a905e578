package router

// bill adds an attempt's cost to the request's.
func (c *call) bill(a *attempt) {
	cost := a.cand.info.cost(a.usage)
	c.costUSD += cost
	c.r.metrics.billed(a, cost)
}
