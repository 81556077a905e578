package router

import (
	"fmt"
	"slices"
	"strings"

	"brownout/plan"
)

// rule is one line of the hybrid policy, ready for use.
type rule struct {
	plan.Rule
	order policy // among those of equal preference
}

// addRules reads the configured rules.
func (r *engine) addRules() error {
	known := append(r.names(), plan.Classes...)
	for i, v := range r.set.Rule {
		for _, p := range v.Prefer {
			if !slices.Contains(known, p) {
				return fmt.Errorf("rule: rule %d prefers %q, which is neither a backend nor a class; use some of: %s", i+1, p, strings.Join(known, ", "))
			}
		}
		r.rules = append(r.rules, rule{v, policyOf(v.Policy)})
	}
	return nil
}

// hybrid lets the first rule that holds for the request decide: those whom it
// prefers come first, in the order of its preferences, then the rest; within
// each, its own policy decides. Where no rule holds the configured order
// stays. Rules only prefer; who may be asked at all is decided elsewhere.
func hybrid(c *call, cands []candidate) {
	i := slices.IndexFunc(c.r.rules, c.meets)
	if i < 0 {
		return
	}
	v := &c.r.rules[i]
	if v.order != nil {
		v.order(c, cands)
	}
	sortBy(cands, func(cand *candidate) float64 {
		k := slices.IndexFunc(v.Prefer, func(p string) bool { return p == cand.Name || p == cand.Class })
		if k < 0 {
			k = len(v.Prefer)
		}
		return float64(k)
	})
}

// meets tells whether the request is one that a rule is for.
func (c *call) meets(v rule) bool {
	is := func(want *bool, it bool) bool { return want == nil || *want == it }
	return is(v.Sensitive, c.terms.bound) &&
		is(v.Stream, c.req.Stream) &&
		is(v.Tools, len(c.req.Tools) > 0) &&
		is(v.JSON, c.req.JSON || len(c.req.Schema) > 0) &&
		(v.DeadlineMax == 0 || c.budget > 0 && c.budget <= v.DeadlineMax) &&
		(v.PromptMin == 0 || c.words() >= v.PromptMin) &&
		(v.PromptMax == 0 || c.words() <= v.PromptMax)
}

// rules checks the lines of the hybrid policy.
func (c *checker) rules(policy string, list []plan.Rule) {
	if policy == plan.PolicyHybrid && len(list) == 0 {
		c.bad("policy", "hybrid has no rule to go by; add a [[rule]] with whom it prefers")
	}
	for i, r := range list {
		if r.Policy != "" {
			c.oneOf("rule", r.Policy, plan.RulePolicies)
		}
		switch {
		case len(r.Prefer) == 0 && r.Policy == "":
			c.bad("rule", "rule %d prefers nobody; give prefer, policy or both", i+1)
		case r.PromptMax > 0 && r.PromptMax < r.PromptMin:
			c.bad("rule", "no prompt has at least %d words and at most %d; mend prompt_min or prompt_max of rule %d", r.PromptMin, r.PromptMax, i+1)
		case r.PromptMin < 0 || r.PromptMax < 0 || r.DeadlineMax < 0:
			c.bad("rule", "a bound of rule %d is negative; give numbers and durations above zero", i+1)
		case i+1 < len(list) && unconditional(r):
			c.bad("rule", "rule %d holds for every request, so that those after it are never reached; put it last", i+1)
		}
	}
}

func unconditional(r plan.Rule) bool {
	return r.Sensitive == nil && r.Stream == nil && r.Tools == nil && r.JSON == nil && r.DeadlineMax == 0 && r.PromptMin == 0 && r.PromptMax == 0
}
