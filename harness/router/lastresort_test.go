package router_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// With every breaker open a few calls are let through: failing for certain is
// no better. The rest are told when to come back.
func TestLastResort(t *testing.T) {
	a := backend("a", nil)
	a.script = func(n int) act {
		if n < 5 {
			return fails(wire.FailOverload, 0)
		}
		return answers("from a", 100*time.Millisecond)
	}
	set := plan.Router{Retries: -1, Breaker: plan.Breaker{Probes: 2, OpenFor: 3 * sec}}
	run(t, set, []*fake{a}, func(w *world) {
		for range 5 {
			w.send(ask{})
		}
		by := w.crowd(20)
		if by["a"] != 2 || by[""] != 18 || a.count() != 7 {
			t.Errorf("answered by %v with %d calls, want 2 by a with 2 calls more", by, a.count())
		}
		w.want(w.send(ask{}), "a", 1, 100*time.Millisecond) // half-open by their success
		w.want(w.send(ask{}), "a", 1, 100*time.Millisecond) // closed by these
		if by := w.crowd(20); by["a"] != 20 {
			t.Errorf("answered by %v, want all by a, since it closed", by)
		}
	})
	t.Run("told when to come back", func(t *testing.T) {
		a := backend("a", nil)
		a.script = func(n int) act {
			if n < 5 {
				return fails(wire.FailOverload, 0)
			}
			return hangs
		}
		run(t, set, []*fake{a}, func(w *world) {
			for range 5 {
				w.send(ask{})
			}
			var stuck sync.WaitGroup
			for range 2 {
				stuck.Go(func() { w.send(ask{}) })
			}
			synctest.Wait()
			g := w.send(ask{})
			if g.status != 503 || g.took != 0 || g.fail.RetryAfter != 3*sec || !strings.Contains(g.fail.Message, "breaker open after overload") {
				t.Errorf("status %d after %v, failure %+v", g.status, g.took, g.fail)
			}
			stuck.Wait()
		})
	})
}

// The same holds half-open, once the probes are all under way.
func TestLastResortBesideProbes(t *testing.T) {
	a := backend("a", nil)
	a.script = func(n int) act {
		if n < 5 {
			return fails(wire.FailOverload, 0)
		}
		return answers("from a", 100*time.Millisecond)
	}
	run(t, plan.Router{Retries: -1, Breaker: plan.Breaker{Probes: 2}}, []*fake{a}, func(w *world) {
		for range 5 {
			w.send(ask{})
		}
		w.pass(sec)
		if by := w.crowd(20); by["a"] != 4 || by[""] != 16 {
			t.Errorf("answered by %v, want two probes and two last resorts by a", by)
		}
	})
}
