package mocks_test

import (
	"strings"
	"testing"

	"brownout/mocks"
	"brownout/plan"
)

func TestNewFleet(t *testing.T) {
	a := spec(t, "openai", nil)
	b := spec(t, "ollama", nil)
	f, err := mocks.NewFleet(mocks.Config{Providers: []plan.Provider{a, b}})
	if err != nil {
		t.Fatal(err)
	}
	if ps := f.Providers(); len(ps) != 2 || ps[0] != f.Provider("openai") || ps[1] != f.Provider("ollama") || f.Provider("none") != nil {
		t.Errorf("providers %v", ps)
	}
	if got := f.Provider("ollama").Spec(); got.Dialect != "ollama" || got.Class != plan.ClassEdge {
		t.Errorf("spec %+v", got)
	}

	for _, c := range []struct {
		says string
		edit func(*plan.Provider)
	}{
		{`"ollama" is given twice`, func(p *plan.Provider) { p.Name = "ollama" }},
		{`unknown dialect "morse"`, func(p *plan.Provider) { p.Dialect = "morse" }},
		{`unknown service model "abacus"`, func(p *plan.Provider) { p.Service.Model = "abacus" }},
	} {
		broken := a
		c.edit(&broken)
		if _, err := mocks.NewFleet(mocks.Config{Providers: []plan.Provider{b, broken}}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want one that says %s", err, c.says)
		}
	}
}
