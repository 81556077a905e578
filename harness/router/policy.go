package router

import (
	"slices"

	"brownout/plan"
)

// policy puts the candidates of a request in the order in which to ask them.
// It is called once for each request; the slice is the request's own, in the
// configured order, and is sorted in place. Who may be asked at all is settled
// before: no policy can bring back who was left out.
//
// A policy keeps no state: the same request and the same figures give the same
// order.
type policy func(c *call, cands []candidate)

// Policy is one way to choose whom to ask first.
type Policy struct {
	Name    string // what plan.Router.Policy says
	Summary string // one line
	order   policy
}

// policyTable is the one table of them.
func policyTable() []Policy {
	return []Policy{
		{plan.PolicyPriority, "the first usable backend of order", priority},
		{plan.PolicyWeighted, "by the shares of weights, the same backend for the same request", weighted},
		{plan.PolicyLeastOutstanding, "whoever has the fewest calls in progress for its weight", leastOutstanding},
		{plan.PolicyLatency, "of two backends by chance the one with the lower peak EWMA of latency times load", quickest},
		{plan.PolicyCost, "the cheapest for this request by the catalogues' prices, or what its provider bills where it says; of equals the quickest", cheapest},
		{plan.PolicyRegion, "those in the region of home, then those of its part of the world", nearestFirst},
		{plan.PolicyHybrid, "by the first rule that holds for the request: sensitivity, latency need, complexity", hybrid},
	}
}

// Policies lists the ways to choose whom to ask first.
func Policies() []Policy { return policyTable() }

// policyOf is the policy of that name; nil: there is none.
func policyOf(name string) policy {
	table := policyTable()
	if i := slices.IndexFunc(table, func(p Policy) bool { return p.Name == name }); i >= 0 {
		return table[i].order
	}
	return nil
}

// priority keeps the configured order: the first usable one answers.
func priority(*call, []candidate) {}

// sortBy sorts by a figure, lowest first, and keeps the order of equals. Lists
// are short, so insertion does; each figure is computed once.
func sortBy(cands []candidate, figure func(*candidate) float64) {
	var room [16]float64
	of := append(room[:0], make([]float64, len(cands))...)
	for i := range cands {
		of[i] = figure(&cands[i])
		for k := i; k > 0 && of[k] < of[k-1]; k-- {
			of[k], of[k-1] = of[k-1], of[k]
			cands[k], cands[k-1] = cands[k-1], cands[k]
		}
	}
}
