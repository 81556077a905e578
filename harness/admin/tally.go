package admin

import (
	"maps"
	"sync"

	"brownout/mocks"
	"brownout/plan"
)

// Calls counts what one provider was asked since it began.
type Calls struct {
	Total            uint64            `json:"total"`
	OK               uint64            `json:"ok"`
	Failed           map[string]uint64 `json:"failed"`  // by kind of failure
	Aborted          uint64            `json:"aborted"` // the client left before the end
	Touched          uint64            `json:"touched"` // by a fault
	Early            uint64            `json:"early"`   // before a stated retry-after had passed
	PromptTokens     uint64            `json:"prompt_tokens"`
	CompletionTokens uint64            `json:"completion_tokens"`
	CostUSD          float64           `json:"cost_usd"`
}

// tallies are the counts by provider.
type tallies struct {
	mu sync.Mutex
	of map[string]*Calls
}

func (t *tallies) init(providers []plan.Provider) {
	t.of = make(map[string]*Calls, len(providers))
	for _, p := range providers {
		t.of[p.Name] = &Calls{Failed: make(map[string]uint64)}
	}
}

// add counts a call that has ended.
func (t *tallies) add(o mocks.Observation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of[o.Provider]
	c.Total++
	switch {
	case o.Failure != "":
		c.Failed[string(o.Failure)]++
	case o.Aborted:
		c.Aborted++
	default:
		c.OK++
	}
	if len(o.Faults) > 0 {
		c.Touched++
	}
	if o.Early {
		c.Early++
	}
	c.PromptTokens += uint64(o.Prompt)
	c.CompletionTokens += uint64(o.Completion)
	c.CostUSD += o.CostUSD
}

// get is a copy of one provider's counts.
func (t *tallies) get(provider string) Calls {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := *t.of[provider]
	c.Failed = maps.Clone(c.Failed)
	return c
}
