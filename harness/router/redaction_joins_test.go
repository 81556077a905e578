package router_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// A stream that breaks goes on elsewhere, whoever saw placeholders and whoever
// did not, by splice and by prefill, and nobody is handed half a value.
func TestRedactionAcrossJoins(t *testing.T) {
	half := len("Dear <mira.solb") // the value is cut
	late := strings.Index(miraAnswer, "nobody")
	for _, tt := range []struct {
		name      string
		first     func(*fake) *fake
		second    string // dialect
		after     int    // bytes
		prefilled bool
	}{
		{"cloud to cloud by splice", nil, "openai", late, false},
		{"cloud to cloud by prefill", nil, "vllm", late, true},
		{"premises to cloud by splice", onPremises, "openai", late, false},
		{"premises to cloud by prefill", onPremises, "vllm", late, true},
		{"premises to cloud within the value", onPremises, "vllm", half + 15, false},
		{"premises to cloud within the last value", onPremises, "vllm", len(miraAnswer) - 3, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := backend("a", always(addresses(1, tt.after, cuts)))
			if tt.first != nil {
				tt.first(a)
			}
			b := backend("b", always(addresses(3, 0, nil)))
			b.Dialect = tt.second
			run(t, redacting(), []*fake{a, b}, func(w *world) {
				g := w.send(ask{stream: true, more: letter("m1")})
				if g.err != nil || g.fail != nil || g.text != miraAnswer || !g.done || g.last() != "b" {
					t.Fatalf("%q by %s, failure %v, %v", g.text, g.last(), g.fail, g.err)
				}
				hidFrom(t, b, mira, miraTel, mira[:8])
				if got := b.calls[0].req.Prefill() != ""; got != tt.prefilled {
					t.Errorf("handed over %v: %q", got, b.calls[0].req.Prefill())
				}
			})
		})
	}
}

// writesTo calls the function it is offered, to whom it is told to write.
func writesTo(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
	_, to, _ := strings.Cut(req.LastUser(), "Write to: ")
	to, _, _ = strings.Cut(to, " of ")
	call := wire.ToolCall{Name: "send", Arguments: `{"note":"now","to":"` + to + `"}`}
	if t, ok := f.dialect.(wire.ToolCaller); ok {
		call.ID = t.NewToolCallID(7)
	}
	a := &wire.Answer{ID: "id", Model: req.Model, Finish: wire.FinishToolCalls, Usage: usage, ToolCalls: []wire.ToolCall{call}}
	if !req.Stream {
		_ = f.dialect.WriteAnswer(w, req, a)
		return
	}
	s, err := f.dialect.StartStream(w, req, a)
	if err != nil {
		return
	}
	if t, ok := s.(wire.ToolStreamWriter); ok {
		_ = t.ToolCall(wire.ToolCallDelta{ID: call.ID, Name: call.Name})
		for _, bit := range inBits(call.Arguments, 2) {
			_ = t.ToolCall(wire.ToolCallDelta{Arguments: bit})
		}
	}
	_ = s.End(wire.FinishToolCalls, usage)
}

// An answer is kept with its values, for the very question alone: not for one
// about somebody else, however alike, and in no case for another key.
func TestRedactionAndCaches(t *testing.T) {
	set := redacting()
	set.On = append(set.On, "semantic_cache")
	set.SemanticCache.Threshold = 0.5
	ask1 := func(who, key string) ask {
		h := marked("Authorization", key)
		return ask{header: h, more: map[string]any{"messages": []map[string]string{{
			"role": "user", "content": "Please be so kind and tell me at length about the weather there. Write to: " + who + " of somebody",
		}}}}
	}
	a := backend("a", always(addresses(4, 0, nil)))
	run(t, set, []*fake{a}, func(w *world) {
		for i, tt := range []struct {
			who, key string
			calls    int
			how      string
		}{
			{mira, "k1", 1, ""},
			{mira, "k1", 1, "hit"},
			{"mira.solberg@example.net", "k1", 2, ""},
			{mira, "k2", 3, ""},
			{"mira.solberg@example.net", "k1", 3, "hit"},
		} {
			g := w.send(ask1(tt.who, tt.key))
			if !strings.HasPrefix(g.text, "Dear <"+tt.who+">") || a.count() != tt.calls || cached(g) != tt.how {
				t.Errorf("question %d: %q, %d calls, %q", i, g.text, a.count(), cached(g))
			}
		}
		hidFrom(t, a, "mira.solberg")
	})
}

// Who joins a call in flight hears the values too.
func TestRedactionInSharedCalls(t *testing.T) {
	a := backend("a", always(after(time.Second, addresses(3, 0, nil))))
	run(t, redacting(), []*fake{a}, func(w *world) {
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				if g := w.send(ask{stream: i > 0, header: marked(), more: letter("m1")}); g.text != miraAnswer {
					t.Errorf("client %d: %q, failure %v", i, g.text, g.fail)
				}
			})
		}
		all.Wait()
		if a.count() != 1 {
			t.Errorf("%d calls", a.count())
		}
	})
}

// Whoever wins of a slow cloud and a second provider, the client gets its own
// words.
func TestRedactionAndHedges(t *testing.T) {
	for _, class := range []string{plan.ClassCloud, plan.ClassGPU} {
		a := usually("a", after(3*time.Second, addresses(4, 0, nil)))
		b := backend("b", always(addresses(4, 0, nil)))
		b.Class = class
		set := hedged()
		set.On = append(set.On, "redaction")
		run(t, set, []*fake{a, b}, func(w *world) {
			w.learn(false)
			g := w.send(ask{more: letter("m1")})
			if g.text != miraAnswer || g.by() != "b" {
				t.Errorf("%q by %s, failure %v", g.text, g.by(), g.fail)
			}
			hidFrom(t, a, mira)
		})
	}
}
