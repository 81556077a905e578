package mocks

import (
	"fmt"
	"slices"

	"brownout/mocks/wire"
	"brownout/plan"
)

// wordsOf are what a provider's errors say by their kind.
func wordsOf(spec plan.Provider) (map[wire.FailureKind]plan.Words, error) {
	words := make(map[wire.FailureKind]plan.Words, len(spec.Words))
	for _, w := range spec.Words {
		if !slices.Contains(plan.ErrorKinds, w.Kind) {
			return nil, fmt.Errorf("provider %q: unknown kind of error %q; known are %q", spec.Name, w.Kind, plan.ErrorKinds)
		}
		if w.Status != 0 && (w.Status < 400 || w.Status > 599) {
			return nil, fmt.Errorf("provider %q: the status of error %q must be between 400 and 599, not %d", spec.Name, w.Kind, w.Status)
		}
		words[wire.FailureKind(w.Kind)] = w
	}
	return words, nil
}

// worded gives a failure the provider's own words, where it has no other.
func (p *Provider) worded(f *wire.Failure) {
	w, ok := p.words[f.Kind]
	if !ok {
		return
	}
	if f.Status == 0 {
		f.Status = w.Status
	}
	for _, s := range []struct {
		to  *string
		own string
	}{{&f.Type, w.Type}, {&f.Code, w.Code}, {&f.Message, w.Message}} {
		if *s.to == "" {
			*s.to = s.own
		}
	}
}
