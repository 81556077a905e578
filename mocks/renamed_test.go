package mocks_test

import (
	"slices"
	"testing"

	"brownout/mocks"
)

// A renamed model is gone under its old id, and answers under its new one and
// its aliases.
func TestRenamedModel(t *testing.T) {
	s := spec(t, "mistral", nil)
	old, alias := s.Models[0].ID, s.Models[0].Aliases[0]
	calls := newCalls()
	p := provider(t, s, calls.observe)
	ask := func(model string) mocks.Observation {
		r := request(s, "m", "In 2 words.", false)
		r.Model = model
		play(t, t.Context(), p, r)
		seen := calls.take(t, 1)
		return seen[len(seen)-1]
	}
	restore := p.SetLifecycle("sunset", old, mocks.Lifecycle{Renamed: "next"})
	if o := ask(old); o.Failure != "model_not_found" || !slices.Equal(o.Faults, []string{"sunset"}) {
		t.Errorf("the old id: %+v", o)
	}
	for _, name := range []string{"next", alias} {
		if o := ask(name); o.Status != 200 || o.Model != "next" || len(o.Faults) != 0 || o.CostUSD == 0 {
			t.Errorf("%s: %+v", name, o)
		}
	}
	if o := ask("another"); o.Failure != "model_not_found" || len(o.Faults) != 0 {
		t.Errorf("an unknown id: %+v", o)
	}
	restore()
	if o := ask(old); o.Status != 200 || o.Model != old {
		t.Errorf("restored: %+v", o)
	}
	if o := ask("next"); o.Failure != "model_not_found" {
		t.Errorf("the new id, restored: %+v", o)
	}
}
