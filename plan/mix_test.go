package plan_test

import (
	"strings"
	"testing"
	"time"

	"brownout/plan"
)

func TestEveryKindHasADefaultThatIsWell(t *testing.T) {
	for _, kind := range plan.Kinds {
		m, ok := plan.DefaultMix[kind]
		if err := m.Check(); !ok || m.Kind != kind || err != nil {
			t.Errorf("%s: %+v, %v", kind, m, err)
		}
	}
}

func TestMixCheck(t *testing.T) {
	for name, c := range map[string]struct {
		kind string
		edit func(*plan.Mix)
		says string
	}{
		"no tokens":                    {plan.KindChat, func(m *plan.Mix) { m.Tokens = 0 }, "tokens"},
		"no weight":                    {plan.KindChat, func(m *plan.Mix) { m.Weight = 0 }, "weight"},
		"no inputs":                    {plan.KindEmbed, func(m *plan.Mix) { m.Inputs = 0 }, "inputs"},
		"streamed embeddings":          {plan.KindEmbed, func(m *plan.Mix) { m.Stream = true }, "streamed"},
		"no steps":                     {plan.KindAgent, func(m *plan.Mix) { m.Steps = 0 }, "steps"},
		"a workflow twice":             {plan.KindAgent, func(m *plan.Mix) { m.Twice = true }, "twice is for chat, stream, sensitive, long"},
		"a shared question twice":      {plan.KindFAQ, func(m *plan.Mix) { m.Twice = true }, "twice"},
		"a refusal nobody knows":       {plan.KindLong, func(m *plan.Mix) { m.Refusal = "no" }, "known are context_length"},
		"an urgency nobody knows":      {plan.KindLong, func(m *plan.Mix) { m.Priority = "now" }, "known are interactive, batch"},
		"long, twice, refused rightly": {plan.KindLong, func(m *plan.Mix) { m.Twice, m.Refusal, m.Priority = true, "context_length", "batch" }, ""},
	} {
		m := plan.DefaultMix[c.kind]
		c.edit(&m)
		err := m.Check()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func TestTurnsAndLife(t *testing.T) {
	again := plan.DefaultMix[plan.KindChat]
	again.Twice = true
	for _, c := range []struct {
		mix   plan.Mix
		turns int
		life  time.Duration
	}{
		{plan.DefaultMix[plan.KindChat], 1, 4 * time.Second},
		{again, 2, 8 * time.Second},
		{plan.DefaultMix[plan.KindTools], 2, 12 * time.Second},
		{plan.DefaultMix[plan.KindAgent], 4, 15 * time.Second},
	} {
		if c.mix.Turns() != c.turns || c.mix.Life() != c.life {
			t.Errorf("%s: %d turns in %v, want %d in %v", c.mix.Kind, c.mix.Turns(), c.mix.Life(), c.turns, c.life)
		}
	}
}

func TestWhatIsAskedFor(t *testing.T) {
	chat, embedding := plan.Model{ID: "c"}, plan.Model{ID: "e", Embedding: 8}
	p := plan.Plan{Providers: []plan.Provider{
		{Name: "a", Models: []plan.Model{{ID: "a-c"}}},
		{Name: "b", Models: []plan.Model{embedding, chat}},
	}}
	for _, c := range []struct {
		order       []string
		chat, embed string
	}{{nil, "a-c", "e"}, {[]string{"b"}, "c", "e"}, {[]string{"a", "b"}, "a-c", "e"}, {[]string{"nobody"}, "a-c", "e"}} {
		p.Router.Order = c.order
		if p.FirstModel() != c.chat || p.FirstEmbedding() != c.embed {
			t.Errorf("in the order %v: %q and %q", c.order, p.FirstModel(), p.FirstEmbedding())
		}
	}
}
