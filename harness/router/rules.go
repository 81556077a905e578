package router

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// What a rule may say of a request's latency need.
const (
	latencyInteractive = "interactive" // somebody waits for the answer
	latencyBatch       = "batch"       // nobody does
)

// rule is one line of the hybrid policy: which requests it is for, and whom
// those prefer. Conditions that are not set do not matter; a rule without any
// holds for every request.
type rule struct {
	sensitive   *bool         // whether the prompt may not go everywhere
	tools       *bool         // whether functions are offered
	latency     string        // latencyInteractive or latencyBatch; "": not set
	deadlineMax time.Duration // the time for the request is at most this; 0: not set
	promptMin   int           // words of the prompt, at least; 0: not set
	promptMax   int           // at most; 0: not set

	prefer []string // classes or names of providers, best first
	policy string   // orders those of equal preference; "": the configured order
}

// rules are tried in their order, and the first that holds decides.
type rules []rule

// holds tells whether the rule is for such a request.
func (r *rule) holds(n *need) bool {
	return (r.sensitive == nil || *r.sensitive == n.sensitive) &&
		(r.tools == nil || *r.tools == (n.abilities&canTools != 0)) &&
		(r.latency == "" || (r.latency == latencyBatch) == n.batch) &&
		(r.deadlineMax == 0 || n.budget > 0 && n.budget <= r.deadlineMax) &&
		(r.promptMin == 0 || n.words >= r.promptMin) &&
		(r.promptMax == 0 || n.words <= r.promptMax)
}

// rank is the hybrid policy: those whom the rule for the request prefers come
// first, in the order of its preferences, then the rest; within each, the
// rule's own policy decides. Where no rule holds the configured order stays.
// Rules only prefer; who may be asked at all is decided elsewhere.
func (rs rules) rank(n *need, list []standing) {
	i := slices.IndexFunc(rs, func(r rule) bool { return r.holds(n) })
	if i < 0 {
		return
	}
	r := &rs[i]
	if by := rankings[r.policy]; by != nil {
		by(n, list)
	}
	place := func(s *standing) int {
		for k, p := range r.prefer {
			if p == s.name || p == s.class {
				return k
			}
		}
		return len(r.prefer)
	}
	slices.SortStableFunc(list, func(a, b standing) int { return place(&a) - place(&b) })
}

// check says what is wrong with the rules; known are the classes and the names
// of the providers. The error names the rule by its place, from 1.
func (rs rules) check(known []string) error {
	for i := range rs {
		if err := rs[i].check(known); err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
		for k := range i {
			if rs[k].unconditional() {
				return fmt.Errorf("rule %d is never reached, because rule %d holds for every request; put that one last", i+1, k+1)
			}
		}
	}
	return nil
}

func (r *rule) unconditional() bool {
	return r.sensitive == nil && r.tools == nil && r.latency == "" && r.deadlineMax == 0 && r.promptMin == 0 && r.promptMax == 0
}

func (r *rule) check(known []string) error {
	switch {
	case len(r.prefer) == 0 && r.policy == "":
		return fmt.Errorf("it prefers nobody; give prefer, policy or both")
	case r.policy != "" && rankings[r.policy] == nil:
		return fmt.Errorf("policy: unknown policy %q; use one of: %s", r.policy, strings.Join(slices.Sorted(maps.Keys(rankings)), ", "))
	case r.latency != "" && r.latency != latencyInteractive && r.latency != latencyBatch:
		return fmt.Errorf("latency: %q is not known; use %q or %q", r.latency, latencyInteractive, latencyBatch)
	case r.deadlineMax < 0:
		return fmt.Errorf("deadline_max: %v is negative; give a duration above zero", r.deadlineMax)
	case r.promptMin < 0 || r.promptMax < 0:
		return fmt.Errorf("prompt_min and prompt_max: no prompt has fewer than no words; give numbers above zero")
	case r.promptMax > 0 && r.promptMin > r.promptMax:
		return fmt.Errorf("no prompt has at least %d words and at most %d; mend prompt_min or prompt_max", r.promptMin, r.promptMax)
	}
	for _, p := range r.prefer {
		if !slices.Contains(known, p) {
			return fmt.Errorf("prefer: %q is neither a class nor a provider; use one of: %s", p, strings.Join(known, ", "))
		}
	}
	return nil
}
