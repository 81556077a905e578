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

// patterns are regular expressions; such as is one for the message.
func (c *checker) patterns(key string, list []string, such string) (all []*regexp.Regexp) {
	for _, p := range list {
		re, err := regexp.Compile(p)
		if err != nil {
			c.bad(key, "%q is no regular expression: %v; mend it, as in %q", p, err, such)
			continue
		}
		all = append(all, re)
	}
	return all
}

// shareKeys are the numbers that must lie above 0 and up to 1.
var shareKeys = []string{
	"breaker.failure_ratio", "outlier_ejection.max_share", "slow_start.from",
	"retry_budget.share", "rate_limits.reserve", "hedging.percentile", "admission.low", "hedging.share",

	"tracing.share",

	"semantic_cache.threshold",
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
	if f := s.OutlierEjection.Factor; f >= 0 && f <= 1 {
		c.bad("outlier_ejection.factor", "%v would make everybody an outlier who is not the best; give a number above 1, as in factor = 3", f)
	}
	if s.Policy == plan.PolicyRegion && s.Home == "" {
		c.bad("home", "the policy region has no region to stay near; give home, as in home = \"eu-central-1\"")
	}
}

// steps checks the ladder: what is below the classes comes after them.
func (c *checker) steps(l plan.Ladder) {
	const key = "degradation_ladder.steps"
	below := []string{plan.StepCache, plan.StepStatic}
	c.allOf(key, l.Steps, slices.Concat(plan.Classes, below))
	for i, name := range l.Steps {
		if slices.Contains(l.Steps[:i], name) {
			c.bad(key, "%q is named twice; name each step once", name)
		}
		if i > 0 && slices.Index(below, l.Steps[i-1]) > slices.Index(below, name) {
			c.bad(key, "%q stands before %q; classes come first, then cache, then static", l.Steps[i-1], name)
		}
	}
	if len(l.Steps) > 0 && !slices.ContainsFunc(l.Steps, func(s string) bool { return slices.Contains(plan.Classes, s) }) {
		c.bad(key, "no class is named, so that nobody would ever be asked; name one")
	}
}

// admission checks that the bounds of a limit are in their order.
func (c *checker) admission(a plan.Admission) {
	if a.Min > a.Initial || a.Initial > a.Max {
		c.bad("admission.initial", "%d is not between min %d and max %d", a.Initial, a.Min, a.Max)
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
