package router_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// A retired model is not asked for with every request; one probe at a time
// finds out whether it is back.
func TestRetiredModelIsLeftAlone(t *testing.T) {
	a := backend("a", nil)
	a.Models = []string{"old", "new"}
	a.script = func(n int) act {
		return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
			if req.Model == "old" && time.Since(epoch()) < 7*sec {
				fails(wire.FailModelNotFound, 0)(f, w, r, req)
				return
			}
			answers("from a", 0)(f, w, r, req)
		}
	}
	run(t, plan.Router{Off: atOnce}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		old := func(by string, attempts int) {
			t.Helper()
			g := w.send(ask{model: "old"})
			if g.by() != by || g.header.Get(wire.HeaderAttempts) != string(rune('0'+attempts)) {
				t.Errorf("at %v by %q after %s attempts, want %q after %d", w.since(), g.by(), g.header.Get(wire.HeaderAttempts), by, attempts)
			}
		}
		old("b", 2)
		old("b", 1)
		if g := w.send(ask{model: "new"}); g.by() != "a" {
			t.Errorf("the other model was answered by %q, want a", g.by())
		}
		w.pass(5 * sec)
		old("b", 2) // the probe
		old("b", 1)
		w.pass(5 * sec)
		old("a", 1)
		old("a", 1)
		if got := slices.DeleteFunc(w.did(), func(s string) bool { return s == "failover b" }); !slices.Equal(got, []string{"breaker_open a", "deprecated a", "breaker_closed a"}) {
			t.Errorf("decisions %q", got)
		}
	})
}

// When a hold ends, one call finds out; the others do not wait for it.
func TestHoldIsProbedByOne(t *testing.T) {
	a := backend("a", always(func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		pause(r, 100*time.Millisecond)
		fails(wire.FailModelNotFound, 0)(f, w, r, req)
	}))
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.send(ask{})
		w.pass(5 * sec)
		if by := w.crowd(10); by["b"] != 10 || a.count() != 2 {
			t.Errorf("answered by %v with %d calls to a, want all by b and two", by, a.count())
		}
	})
}

// A held backend that nobody can stand in for is not asked; its own error is
// told at once.
func TestHeldAlone(t *testing.T) {
	a := backend("a", always(fails(wire.FailQuota, 0)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		for range 10 {
			if g := w.send(ask{}); g.status != 429 || g.fail.Kind != wire.FailQuota || g.took != 0 {
				t.Errorf("status %d failure %v after %v", g.status, g.fail, g.took)
			}
		}
		if a.count() != 1 {
			t.Errorf("a was asked %d times, want once", a.count())
		}
	})
}

// A probe that fails in a passing way keeps a held backend away a while longer.
func TestFailedProbeProlongsTheHold(t *testing.T) {
	a := backend("a", inTurn(fails(wire.FailAuth, 0), fails(wire.FailOverload, 0), answers("from a", 0)))
	run(t, plan.Router{Off: atOnce}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.want(w.send(ask{}), "b", 2, -1)
		w.pass(5 * sec)
		w.want(w.send(ask{}), "b", 2, -1) // the probe
		w.want(w.send(ask{}), "b", 1, 0)
		w.pass(sec)
		w.want(w.send(ask{}), "a", 1, 0)
	})
}
