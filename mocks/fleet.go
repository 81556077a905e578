package mocks

import (
	"fmt"
	"slices"
	"time"

	"brownout/plan"
)

// Config is what a fleet is made from.
type Config struct {
	Seed      uint64
	Providers []plan.Provider
	Epoch     time.Time         // zero of the times in observations; zero value: when NewFleet is called
	Keys      []string          // accepted by every provider beside its own; empty: as each provider says
	Observe   func(Observation) // told of each call once it has ended; must not block; nil: nobody listens
}

// Fleet is the set of providers of a run.
type Fleet struct{ providers []*Provider }

// NewFleet makes the providers. It fails on an unknown dialect or service
// model, or a name given twice.
func NewFleet(c Config) (*Fleet, error) {
	if c.Epoch.IsZero() {
		c.Epoch = time.Now()
	}
	f := &Fleet{}
	for _, spec := range c.Providers {
		if f.Provider(spec.Name) != nil {
			return nil, fmt.Errorf("provider %q is given twice", spec.Name)
		}
		p, err := newProvider(spec, c)
		if err != nil {
			return nil, err
		}
		f.providers = append(f.providers, p)
	}
	return f, nil
}

// Providers lists them in the order of the configuration.
func (f *Fleet) Providers() []*Provider { return slices.Clone(f.providers) }

// Provider returns the one of that name, or nil.
func (f *Fleet) Provider(name string) *Provider {
	for _, p := range f.providers {
		if p.spec.Name == name {
			return p
		}
	}
	return nil
}
