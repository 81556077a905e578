package scenarios

import (
	"strings"

	"brownout/plan"
)

// ResolveOptions are what a command line may say beside the scenario.
type ResolveOptions struct {
	Seed   *uint64  // nil: the scenario's, or plan.DefaultSeed
	Target string   // empty: the scenario's, or DefaultTarget
	Set    []string // overrides, key=value; see Scenario.With
}

// Resolve makes the plan of one run: a pure function of the scenario and the
// options. The caller owns the plan. The error is of type Errors.
func (s *Scenario) Resolve(o ResolveOptions) (*plan.Plan, error) {
	s, err := s.With(o.Set...)
	if err != nil {
		return nil, err
	}
	p := read(s.file, s.name, s.root).plan
	if o.Seed != nil {
		p.Seed = *o.Seed
	}
	if o.Target != "" {
		p.Target = o.Target
	}
	for _, change := range s.over {
		p.Override(withoutKeys(change, p.Providers))
	}
	return &p, nil
}

// withoutKeys is a text in which no provider's key is told: plans are kept.
func withoutKeys(text string, providers []plan.Provider) string {
	for _, v := range providers {
		if v.Key != "" {
			text = strings.ReplaceAll(text, v.Key, "…")
		}
	}
	return text
}
