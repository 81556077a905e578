package presets_test

import (
	"testing"

	"brownout/mocks/presets"
	"brownout/plan"
)

// A GPU server does not start with a context that its KV cache cannot hold.
func TestContextsFitTheCache(t *testing.T) {
	for _, name := range presets.Names() {
		p, _ := presets.Get(name)
		if p.Service.Model != plan.ServiceGPU {
			continue
		}
		for _, m := range p.Models {
			if room := p.Service.KVBlocks * p.Service.BlockTokens; m.Context > room {
				t.Errorf("%s: model %q has a context of %d tokens, and the cache room for %d", name, m.ID, m.Context, room)
			}
		}
	}
}
