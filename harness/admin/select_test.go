package admin_test

import (
	"slices"
	"strings"
	"testing"

	"brownout/harness/admin"
	"brownout/mocks/presets"
)

// A selector means every provider of a class or a region, when a fault is put
// in effect and when it is cleared.
func TestSelectors(t *testing.T) {
	d := start(t, func(o *admin.Options) {
		for _, name := range []string{"vllm", "ollama"} {
			p, _ := presets.Get(name)
			o.Providers = append(o.Providers, p)
		}
	})
	c := admin.Client{Addr: d.URL}
	openAI, _ := presets.Get("openai")
	of := func(made []admin.Fault) (names []string) {
		for _, f := range made {
			names = append(names, f.Name)
		}
		return names
	}
	made, err := c.Inject(t.Context(), admin.Order{Provider: "class:gpu", Kind: "latency_spike"})
	if got := of(made); err != nil || !slices.Equal(got, []string{"vllm:latency_spike"}) {
		t.Errorf("class:gpu: %v, %v", got, err)
	}
	made, err = c.Inject(t.Context(), admin.Order{Provider: "region:" + openAI.Region, Kind: "rate_limit", Params: map[string]any{"concurrency": 9}})
	if got := of(made); err != nil || !slices.Contains(got, "openai:rate_limit") || slices.Contains(got, "ollama:rate_limit") {
		t.Errorf("region of openai: %v, %v", got, err)
	}
	gone, err := c.Clear(t.Context(), "class:gpu")
	if err != nil || !slices.Contains(gone, "vllm:latency_spike") || slices.Contains(gone, "openai:rate_limit") {
		t.Errorf("cleared %v, %v", gone, err)
	}
	if _, err := c.Inject(t.Context(), admin.Order{Provider: "class:gpus", Kind: "outage"}); err == nil || !strings.Contains(err.Error(), `no provider is of class:gpus; did you mean "class:gpu"?`) {
		t.Errorf("%v", err)
	}
}
