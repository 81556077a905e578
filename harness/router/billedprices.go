package router

import (
	"math"
	"sync"
	"time"

	"brownout/mocks/wire"
)

// What answers cost. A catalogue is what was true when somebody wrote it; some
// providers say in each answer what they billed for it (xAI, OpenRouter,
// Perplexity). Where one does, that is what counts, and what it bills over what
// its catalogue says is what its model is taken to cost from then on: for what
// is reserved, and for whom the policy cost asks first. Of the others the
// catalogue is all there is.

// billed is what the bills of one model say of its catalogue's prices.
type billed struct {
	mu    sync.Mutex
	times float64   // the last bill over the catalogue's price; 0: as the catalogue says
	ask   time.Time // when one request may go by the catalogue again, to see whether the bill is still so high
}

// slack is how far a bill may be off, by rounding, and still be the
// catalogue's price.
const slack = 0.01

// heard takes in a bill.
func (b *billed) heard(times float64, memory time.Duration) (changed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if math.Abs(times-1) < slack {
		times = 0
	}
	changed = math.Abs(times-b.times) > slack
	b.times, b.ask = times, time.Now().Add(memory)
	return changed
}

// factor is what the catalogue's prices are to be multiplied by.
func (b *billed) factor() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.times == 0 {
		return 1
	}
	return b.times
}

// offer is factor for whoever looks for the cheapest. A model that has become
// dear gets no calls, and so no bills: once in a while one request is told the
// catalogue's price, and finds out.
func (b *billed) offer(memory time.Duration) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); b.times > 1 && !now.Before(b.ask) {
		b.ask = now.Add(memory)
		return 1
	}
	if b.times == 0 {
		return 1
	}
	return b.times
}

// most is what so many tokens may cost at most: no less than the catalogue
// says, as bills are lower where a part of a prompt was cached.
func (v *candidate) most(u wire.Usage) float64 {
	return v.info.cost(u) * max(1, v.stats.price.factor())
}

// cost is what an attempt has cost: by its provider's own word where there is
// one, else by the catalogue and the last bill.
func (c *call) cost(a *attempt) float64 {
	if a.usage.BilledUSD > 0 && c.r.set.has("billed_prices") {
		return a.usage.BilledUSD
	}
	return a.cand.info.cost(a.usage) * a.cand.stats.price.factor()
}

// bill adds an attempt's cost to the request's, and takes in what its provider
// says of it.
func (c *call) bill(a *attempt) {
	if a.usage.BilledUSD > 0 && !a.guessed && c.r.set.has("billed_prices") {
		if listed := a.cand.info.cost(a.usage); listed > 0 {
			times := a.usage.BilledUSD / listed
			if a.cand.stats.price.heard(times, c.r.set.BilledPrices.Memory) {
				c.r.log.Info("a provider bills another price than its catalogue has",
					"provider", a.cand.Name, "model", a.cand.model, "times", math.Round(times*100)/100)
			}
		}
	}
	cost := c.cost(a)
	c.costUSD += cost
	c.r.metrics.billed(a, cost)
}
