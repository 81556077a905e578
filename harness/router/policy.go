package router

import "brownout/plan"

// policy puts the candidates of a request in the order in which to ask them.
// It is called once for each request; the slice is the request's own, in the
// configured order, and may be sorted in place.
type policy func(c *call, cands []candidate)

// policies by the name in plan.Router.Policy.
var policies = map[string]policy{
	plan.PolicyPriority: priority,
}

// priority keeps the configured order: the first usable one answers.
func priority(*call, []candidate) {}
