package scenarios_test

import (
	"slices"
	"strings"
	"testing"

	"brownout/scenarios"
)

func TestWithout(t *testing.T) {
	open := func(t *testing.T, name string) *scenarios.Scenario {
		t.Helper()
		s, err := scenarios.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("a fallback", func(t *testing.T) {
		whole := open(t, "provider-outage")
		s, err := whole.Without("anthropic")
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Resolve(scenarios.ResolveOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, there := p.Provider("anthropic"); there || len(p.Providers) == 0 || slices.Contains(p.Router.Order, "anthropic") {
			t.Errorf("providers %v, order %v", p.Providers, p.Router.Order)
		}
		if q, err := whole.Resolve(scenarios.ResolveOptions{}); err != nil || len(q.Providers) != len(p.Providers)+1 {
			t.Errorf("the scenario itself was changed: %v, %v", q, err)
		}
	})
	t.Run("one of several victims", func(t *testing.T) {
		s, err := open(t, "everybody-rate-limited").Without("anthropic")
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Resolve(scenarios.ResolveOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range p.Faults {
			if len(f.On) == 0 || slices.Contains(f.On, "anthropic") {
				t.Errorf("fault %s is on %v", f.Name, f.On)
			}
		}
	})
	for name, tt := range map[string]struct{ without, want string }{
		"nobody of the name": {"anthropi", `did you mean "anthropic"`},
		"the only victim":    {"openai", `fault "outage" would meet nobody`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, "provider-outage").Without(tt.without)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
	t.Run("any one of any scenario", func(t *testing.T) {
		for _, name := range scenarios.Builtin() {
			whole := open(t, name)
			for _, provider := range whole.Info().Providers {
				s, err := whole.Without(provider)
				if err != nil {
					continue // and says why
				}
				if p, err := s.Resolve(scenarios.ResolveOptions{}); err != nil {
					t.Errorf("%s without %s: %v", name, provider, err)
				} else if _, there := p.Provider(provider); there {
					t.Errorf("%s still has %s", name, provider)
				}
			}
		}
	})
}
