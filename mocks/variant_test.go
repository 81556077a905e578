package mocks_test

import (
	"strconv"
	"testing"

	"brownout/mocks"
	"brownout/plan"
)

// Of a model in two versions each gets its share, and a marker always the
// same; the bill is that of the version.
func TestVariantsShareTheCalls(t *testing.T) {
	r := start(t, spec(t, "openai", func(p *plan.Provider) {
		p.Models = []plan.Model{
			{ID: "chat", Context: 8192, MaxOutput: 1024, PriceOut: 1},
			{ID: "chat-v2", Context: 8192, MaxOutput: 1024, PriceOut: 5},
		}
		p.Variants = []plan.Variant{{Model: "chat", ID: "chat-v1", Weight: 3}, {Model: "chat", ID: "chat-v2", Weight: 1}}
	}))
	seen := map[string]int{}
	const calls = 400
	for i := range calls {
		marker := "v" + strconv.Itoa(i)
		res := r.ask(t, "key", request(r.Spec(), marker, "in 3 words", false))
		seen[res.model]++
		if again := r.ask(t, "key", request(r.Spec(), marker, "in 3 words", true)); again.model != res.model {
			t.Errorf("%s was answered by %s and then by %s", marker, res.model, again.model)
		}
	}
	if n := seen["chat-v2"]; n < calls/4-40 || n > calls/4+40 || seen["chat-v1"]+n != calls {
		t.Errorf("versions %v", seen)
	}
	for _, o := range r.calls.take(t, 2*calls) {
		price := map[string]float64{"chat-v1": 1, "chat-v2": 5}[o.Model]
		if want := price * float64(o.Completion) / 1e6; o.CostUSD != want {
			t.Errorf("%s cost %v, want %v", o.Model, o.CostUSD, want)
		}
	}
}

func TestVariantsMustMakeSense(t *testing.T) {
	for name, v := range map[string]plan.Variant{
		"no weight":     {Model: "gpt-5.4", ID: "a"},
		"no id":         {Model: "gpt-5.4", Weight: 1},
		"unknown model": {Model: "gpt-2", ID: "a", Weight: 1},
	} {
		s := spec(t, "openai", func(p *plan.Provider) { p.Variants = []plan.Variant{v} })
		if _, err := mocks.NewFleet(mocks.Config{Providers: []plan.Provider{s}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
