package router

import (
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"brownout/plan"
)

// checker gathers what is wrong with settings, each under its key.
type checker struct{ errs []error }

func (c *checker) bad(key, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s: "+format, append([]any{key}, args...)...))
}

// mitigations checks the names of the switch.
func (c *checker) mitigations(off, on []string) {
	names := mitigationNames()
	for key, list := range map[string][]string{"off": off, "on": on} {
		for _, name := range list {
			if name != every && !slices.Contains(names, name) {
				c.bad(key, "no mitigation is called %q; %s", name, nearest(name, names))
			}
		}
	}
	for _, name := range off {
		if slices.Contains(on, name) {
			c.bad("off", "%q is also in on; keep one", name)
		}
	}
}

func (c *checker) oneOf(key, word string, known []string) {
	if !slices.Contains(known, word) {
		c.bad(key, "unknown %s %q; use one of: %s", key[strings.LastIndex(key, ".")+1:], word, strings.Join(known, ", "))
	}
}

func (c *checker) allOf(key string, words, known []string) {
	for _, w := range words {
		if !slices.Contains(known, w) {
			c.bad(key, "unknown word %q; use some of: %s", w, strings.Join(known, ", "))
		}
	}
}

func (c *checker) patterns(key string, list []string) {
	for _, p := range list {
		if _, err := regexp.Compile(p); err != nil {
			c.bad(key, "%q is no regular expression: %v", p, err)
		}
	}
}

// shareKeys are the numbers that must lie above 0 and up to 1.
var shareKeys = []string{
	"retry_budget.share", "breaker.failure_ratio", "outlier_ejection.min_errors", "outlier_ejection.max_share",
	"slow_start.from", "rate_limit_awareness.reserve", "load_shedding.low", "hedging.percentile", "hedging.share",
	"semantic_cache.threshold", "tracing.share",
}

// bounds checks every number and duration. Those that may be switched off by
// themselves may be negative.
func (c *checker) bounds(s *plan.Router) {
	for _, k := range keys {
		v := k.value(s)
		share := slices.Contains(shareKeys, k.name)
		switch {
		case v.Type() == durationType:
			if d := time.Duration(v.Int()); d < 0 && !k.mayBeOff() {
				c.bad(k.name, "%v is negative; give a duration above zero", d)
			}
		case v.Kind() == reflect.Int:
			if v.Int() < 0 && !k.mayBeOff() {
				c.bad(k.name, "%d is negative; give at least 1", v.Int())
			}
		case v.Kind() == reflect.Float64:
			if x := v.Float(); share && (x <= 0 || x > 1) {
				c.bad(k.name, "%v is no share; give a number above 0 and up to 1", x)
			} else if x < 0 {
				c.bad(k.name, "%v is negative; give a number above zero", x)
			}
		}
	}
	for name, w := range s.Weights {
		if w < 0 {
			c.bad("weights", "the weight %v of %q is negative; give 0 or more", w, name)
		}
	}
	if a := s.AdaptiveConcurrency; a.Min > a.Initial || a.Initial > a.Max {
		c.bad("adaptive_concurrency.initial", "%d is not between min %d and max %d", a.Initial, a.Min, a.Max)
	}
}

func (c *checker) routes(list []plan.Route) {
	for _, r := range list {
		if r.Model == "" || len(r.To) == 0 {
			c.bad("route", "a route has no model or no to; give both, as in model = \"gpt-*\", to = [\"openai\"]")
		}
		if _, err := path.Match(r.Model, ""); err != nil {
			c.bad("route", "%q is no pattern: %v", r.Model, err)
		}
	}
}

func (c *checker) rules(list []plan.Rule) {
	for _, r := range list {
		if r.Policy != "" {
			c.oneOf("rule", r.Policy, plan.RouterPolicies)
		}
		if r.Policy == plan.PolicyHybrid {
			c.bad("rule", "the policy of a rule cannot be %q; use another", r.Policy)
		}
		if r.PromptMax > 0 && r.PromptMax < r.PromptMin {
			c.bad("rule", "prompt_max %d is below prompt_min %d", r.PromptMax, r.PromptMin)
		}
	}
}

func (c *checker) models(m plan.ModelMap) {
	for _, a := range m.Alias {
		if a.Name == "" || a.Model == "" {
			c.bad("model_map.alias", "an alias has no name or no model; give both")
		}
	}
	for _, v := range m.Class {
		if v.Name == "" || len(v.Members) == 0 {
			c.bad("model_map.class", "a class has no name or no members; give both")
		}
	}
}

func (c *checker) migrations(list []plan.Migration) {
	for _, m := range list {
		switch {
		case m.From == "" || m.To == "":
			c.bad("migration", "a migration has no from or no to; give both")
		case m.Share <= 0 || m.Share > 1:
			c.bad("migration", "the share %v from %q is none; give a number above 0 and up to 1", m.Share, m.From)
		case m.RollbackAt < 0 || m.RollbackAt > 1:
			c.bad("migration", "rollback_error_rate %v is no share; give a number from 0 to 1", m.RollbackAt)
		}
	}
}
