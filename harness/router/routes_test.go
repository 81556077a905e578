package router_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// A route decides who answers for a model, and as which model; what none
// matches goes by the order.
func TestRoutes(t *testing.T) {
	set := plan.Router{Route: []plan.Route{
		{Model: "exact", To: []string{"b/other"}},
		{Model: "meta/llama-*", To: []string{"c/{model}-fast", "b"}},
		{Model: "gpt-?", To: []string{"b/{model}"}},
	}}
	for model, want := range map[string]string{
		"exact": "b other", "meta/llama-3": "c meta/llama-3-fast", "gpt-5": "b gpt-5", "gpt-55": "a a-model", "else": "a a-model",
	} {
		t.Run(model, func(t *testing.T) {
			fakes := []*fake{backend("a", always(answers("x", 0))), backend("b", always(answers("x", 0))), backend("c", always(answers("x", 0)))}
			run(t, set, fakes, func(w *world) {
				g := w.send(ask{model: model})
				if got := g.by() + " " + g.model; got != want || g.header.Get(router.HeaderModel) != g.model {
					t.Errorf("answered by %s, want %s; header %q", got, want, g.header.Get(router.HeaderModel))
				}
			})
		})
	}
	// The second hop is the failover of the first, and nobody else is.
	fakes := []*fake{backend("a", always(answers("x", 0))), backend("b", always(fails(wire.FailOverload, 0))), backend("c", always(fails(wire.FailOverload, 0)))}
	run(t, set, fakes, func(w *world) {
		if g := w.send(ask{model: "meta/llama-3"}); g.status != http.StatusServiceUnavailable || fakes[0].count() != 0 {
			t.Errorf("status %d, a asked %d times", g.status, fakes[0].count())
		}
	})
}

// A breaker is of one model of a provider: another model of it goes on.
func TestBreakersAreOfModels(t *testing.T) {
	a := backend("a", nil)
	a.Models = []string{"bad", "good"}
	a.script = func(int) act {
		return func(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
			if req.Model == "bad" {
				drops(f, w, r, req)
			}
			answers("from a", 0)(f, w, r, req)
		}
	}
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 20 {
			w.send(ask{model: "bad"})
		}
		n := a.count()
		if g := w.send(ask{model: "bad"}); g.by() != "b" || a.count() != n {
			t.Errorf("the failing model was asked again")
		}
		if g := w.send(ask{model: "good"}); g.by() != "a" || g.header.Get(wire.HeaderAttempts) != "1" {
			t.Errorf("the good model was answered by %q", g.by())
		}
	})
}

// A prompt that is too long goes to a longer context, never to one of the same
// size, and where there is none the client is told why.
func TestLongerContext(t *testing.T) {
	long := always(fails(wire.FailContextLength, 0))
	sized := func(f *fake, sizes ...int) *fake {
		for i, n := range sizes {
			id := f.Model
			if i > 0 {
				id += "-long"
			}
			f.Catalogue = append(f.Catalogue, router.Model{ID: id, Context: n})
		}
		return f
	}
	t.Run("another provider", func(t *testing.T) {
		a, b, c := sized(backend("a", long), 1000), sized(backend("b", long), 1000), sized(backend("c", always(answers("from c", 0))), 2000)
		run(t, plan.Router{}, []*fake{a, b, c}, func(w *world) {
			w.want(w.send(ask{}), "c", 2, 0)
			if b.count() != 0 {
				t.Error("a context of the same size was asked")
			}
		})
	})
	t.Run("another model of the same", func(t *testing.T) {
		a := sized(backend("a", inTurn(fails(wire.FailContextLength, 0), answers("x", 0))), 1000, 4000)
		run(t, plan.Router{}, []*fake{a}, func(w *world) {
			if g := w.send(ask{}); g.status != http.StatusOK || g.model != "a-model-long" {
				t.Errorf("status %d, model %q", g.status, g.model)
			}
		})
	})
	t.Run("switched off", func(t *testing.T) {
		a, b := sized(backend("a", long), 1000), sized(backend("b", always(answers("from b", 0))), 2000)
		run(t, plan.Router{Off: []string{"context_fallback"}}, []*fake{a, b}, func(w *world) {
			if g := w.send(ask{}); g.fail == nil || g.fail.Kind != wire.FailContextLength || b.count() != 0 {
				t.Errorf("failure %v", g.fail)
			}
		})
	})
	t.Run("nobody is longer", func(t *testing.T) {
		a, b := sized(backend("a", long), 2000), sized(backend("b", long), 1000)
		run(t, plan.Router{}, []*fake{a, b}, func(w *world) {
			if g := w.send(ask{}); g.fail == nil || g.fail.Kind != wire.FailContextLength || b.count() != 0 {
				t.Errorf("failure %v, b asked %d times", g.fail, b.count())
			}
		})
	})
}

// A refusal by a content filter is passed on, and moves on only when told.
func TestFilterFailover(t *testing.T) {
	for _, told := range []bool{false, true} {
		a, b := backend("a", always(fails(wire.FailContentFilter, 0))), backend("b", always(answers("from b", 0)))
		run(t, plan.Router{FilterFailover: told}, []*fake{a, b}, func(w *world) {
			g := w.send(ask{})
			if told {
				w.want(g, "b", 2, -1)
			} else if g.fail == nil || g.fail.Kind != wire.FailContentFilter || b.count() != 0 {
				t.Errorf("failure %v", g.fail)
			}
			if a.count() != 1 {
				t.Errorf("the filter was asked %d times", a.count())
			}
		})
	}
}

// The step of the ladder that an answer stands on is in its headers.
func TestLadderStep(t *testing.T) {
	a, b := backend("a", inTurn(fails(wire.FailOverload, 0), answers("from a", 0))), backend("b", always(answers("from b", 0)))
	b.Class = plan.ClassEdge
	run(t, plan.Router{}, []*fake{a, b}, func(w *world) {
		if g := w.send(ask{}); g.header.Get(router.HeaderStep) != plan.ClassEdge {
			t.Errorf("step %q", g.header.Get(router.HeaderStep))
		}
		if g := w.send(ask{}); g.header.Get(router.HeaderStep) != "" {
			t.Errorf("step %q of the best class", g.header.Get(router.HeaderStep))
		}
	})
}

// A new configuration takes the place of the old one without a dropped
// request, and what did not change keeps its state.
func TestReload(t *testing.T) {
	a, b := backend("a", always(drops)), backend("b", always(answers("from b", 300*time.Millisecond)))
	run(t, plan.Router{Breaker: plan.Breaker{OpenFor: time.Minute}}, []*fake{a, b}, func(w *world) {
		for range 10 {
			w.send(ask{}) // opens a's breaker
		}
		n := a.count()
		early := make(chan got)
		go func() { early <- w.send(ask{}) }()
		w.pass(100 * time.Millisecond)
		c := w.config
		c.Settings.Order = []string{"b", "a"}
		if err := w.router.Reload(c); err != nil {
			t.Fatal(err)
		}
		w.want(w.send(ask{}), "b", 1, 300*time.Millisecond)
		w.want(<-early, "b", 1, 300*time.Millisecond)
		c.Settings.Order = []string{"a", "b"}
		if err := w.router.Reload(c); err != nil {
			t.Fatal(err)
		}
		if w.want(w.send(ask{}), "b", 1, -1); a.count() != n {
			t.Error("a's breaker was forgotten")
		}
		c.Settings.Order = []string{"nobody"}
		if err := w.router.Reload(c); err == nil {
			t.Error("a broken configuration was taken")
		}
		if got := w.router.Settings().Order; len(got) != 2 {
			t.Errorf("order %q after a broken configuration", got)
		}
		w.want(w.send(ask{}), "b", 1, -1)
	})
}

// After a reload the breaker of a backend that stayed tells whoever listens
// now.
func TestReloadedBreakerTellsTheNewListener(t *testing.T) {
	run(t, instant, []*fake{backend("a", always(fails(wire.FailOverload, 0)))}, func(w *world) {
		w.send(ask{})
		var mu sync.Mutex
		var told []string
		c := w.config
		c.OnDecision = func(d router.Decision) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, d.What)
		}
		if err := w.router.Reload(c); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			w.send(ask{})
		}
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(told, router.BreakerOpen) {
			t.Errorf("the new listener was told %q, want %q among it", told, router.BreakerOpen)
		}
		if slices.Contains(w.did(), "breaker_open a") {
			t.Error("the old listener was told of the breaker")
		}
	})
}
