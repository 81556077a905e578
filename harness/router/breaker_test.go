package router_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

const sec = time.Second

func TestBreakerLife(t *testing.T) {
	sick := true
	a := backend("a", nil)
	a.script = func(int) act {
		if sick {
			return fails(wire.FailOverload, 0)
		}
		return answers("from a", 0)
	}
	set := plan.Router{Off: atOnce, Breaker: plan.Breaker{MinCalls: 4, OpenFor: sec, Probes: 2, Window: 10 * sec}}
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for i := range 8 {
			attempts := 2
			if i >= 4 {
				attempts = 1 // open after four failures
			}
			w.want(w.send(ask{}), "b", attempts, 0)
		}
		w.pass(sec)
		w.want(w.send(ask{}), "b", 2, 0) // the probe fails
		w.want(w.send(ask{}), "b", 1, 0)
		w.pass(sec - 1)
		w.want(w.send(ask{}), "b", 1, 0)
		sick = false
		w.pass(1)
		w.want(w.send(ask{}), "a", 1, 0)
		w.want(w.send(ask{}), "a", 1, 0)
		w.want(w.send(ask{}), "a", 1, 0)
		if got := slices.DeleteFunc(w.did(), func(s string) bool { return s == "failover b" }); !slices.Equal(got, []string{
			"breaker_open a", "breaker_half_open a", "breaker_open a", "breaker_half_open a", "breaker_closed a",
		}) {
			t.Errorf("the breaker went %q", got)
		}
	})
}

// A limit is no illness: it may not open the breaker.
func TestRateLimitsDoNotOpenTheBreaker(t *testing.T) {
	a := backend("a", always(fails(wire.FailRateLimit, 0)))
	run(t, plan.Router{Off: []string{"rate_limits"}}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 30 {
			w.want(w.send(ask{}), "b", 2, 0)
		}
	})
}

// Successes from before an outage weigh in the window's ratio; a long streak
// of failures must not wait for them to leave it.
func TestStreakOpensTheBreaker(t *testing.T) {
	a := backend("a", nil)
	a.script = func(n int) act {
		if n >= 100 {
			return fails(wire.FailOverload, 0)
		}
		return answers("from a", 0)
	}
	set := plan.Router{Breaker: plan.Breaker{MinCalls: 5}}
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 200 {
			w.send(ask{})
		}
		if n := a.count(); n != 110 {
			t.Errorf("a was asked %d times, want 100 and ten more", n)
		}
	})
}

// Calls that were stuck since before the breaker opened are no probes: their
// late failures may not open it again.
func TestLateFailuresAreNoProbes(t *testing.T) {
	a := backend("a", nil)
	a.script = func(n int) act {
		switch {
		case n < 8:
			return hangs
		case n < 13:
			return fails(wire.FailOverload, 0)
		}
		return answers("from a", 0)
	}
	set := plan.Router{
		Off:               atOnce,
		FirstTokenTimeout: 1500 * time.Millisecond,
		Breaker:           plan.Breaker{OpenFor: sec, Probes: 1, MinCalls: 5},
	}
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		var stuck sync.WaitGroup
		for range 8 {
			stuck.Go(func() { w.send(ask{stream: true}) })
		}
		synctest.Wait()
		for range 10 {
			w.send(ask{})
		}
		w.pass(1200 * time.Millisecond)
		w.want(w.send(ask{}), "a", 1, 0) // closes it
		stuck.Wait()
		w.want(w.send(ask{}), "a", 1, 0)
	})
}

// Half-open, only Probes calls go through; the others go elsewhere.
func TestProbesAreFew(t *testing.T) {
	a := backend("a", nil)
	a.script = func(n int) act {
		if n < 5 {
			return fails(wire.FailOverload, 0)
		}
		return answers("from a", 100*time.Millisecond)
	}
	set := plan.Router{Off: atOnce, Breaker: plan.Breaker{Probes: 2}}
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 5 {
			w.send(ask{})
		}
		w.pass(sec)
		by := w.crowd(20)
		if by["a"] != 2 || by["b"] != 18 {
			t.Errorf("answered by %v, want 2 probes of a and the rest by b", by)
		}
		if by := w.crowd(20); by["a"] != 20 {
			t.Errorf("answered by %v once closed, want all by a", by)
		}
	})
}

// crowd sends n requests at once and counts who answered.
func (w *world) crowd(n int) map[string]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	by := map[string]int{}
	for range n {
		all.Go(func() {
			g := w.send(ask{})
			mu.Lock()
			defer mu.Unlock()
			by[g.by()]++
		})
	}
	all.Wait()
	return by
}

// A client that leaves a probe proves nothing, and must not wedge the breaker.
func TestAbandonedProbeDoesNotWedge(t *testing.T) {
	a := backend("a", nil)
	a.script = func(n int) act {
		switch {
		case n < 5:
			return fails(wire.FailOverload, 0)
		case n == 5:
			return hangs
		}
		return answers("from a", 0)
	}
	set := plan.Router{Breaker: plan.Breaker{Probes: 1}}
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 5 {
			w.send(ask{})
		}
		w.pass(sec)
		ctx, cancel := contextWithTimeout(10 * time.Millisecond)
		defer cancel()
		w.send(ask{ctx: ctx})
		synctest.Wait()
		w.pass(sec)
		w.want(w.send(ask{}), "a", 1, 0)
	})
}

// Silence until the deadline counts against a lone provider, too short a
// deadline does not.
func TestDeadlineCountsAgainstTheSilent(t *testing.T) {
	for deadline, opens := range map[time.Duration]bool{4 * sec: true, sec: false} {
		run(t, plan.Router{}, []*fake{backend("a", always(hangs))}, func(w *world) {
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() { w.send(ask{deadline: deadline}) })
			}
			all.Wait()
			if slices.Contains(w.did(), "breaker_open a") != opens {
				t.Errorf("deadline %v: %q, want opened %v", deadline, w.did(), opens)
			}
		})
	}
}

// A probe that meets a limit has found the provider alive.
func TestLimitedProbeCloses(t *testing.T) {
	a := backend("a", nil)
	a.script = func(n int) act {
		if n < 5 {
			return fails(wire.FailOverload, 0)
		}
		return fails(wire.FailRateLimit, 0)
	}
	run(t, plan.Router{Breaker: plan.Breaker{Probes: 1}}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 5 {
			w.send(ask{})
		}
		w.pass(sec)
		w.send(ask{})
		if d := w.did(); !slices.Contains(d, "breaker_closed a") {
			t.Errorf("decisions %q, want it closed", d)
		}
	})
}

func TestBreakerDisabled(t *testing.T) {
	for _, kind := range []wire.FailureKind{wire.FailOverload, wire.FailModelNotFound} {
		a := backend("a", always(fails(kind, 0)))
		run(t, plan.Router{Breaker: plan.Breaker{Disabled: true}}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
			for range 30 {
				w.want(w.send(ask{}), "b", 2, 0)
			}
		})
	}
}

// A client that leaves a probe has proved nothing of the provider: the breaker
// stays half-open, and the next request probes at once.
func TestAbandonedProbeIsMadeAgainAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		fault wire.FailureKind
		opens int           // calls until the provider is left alone
		after time.Duration // until it is probed
	}{
		"half-open":   {wire.FailOverload, 5, sec},
		"a held key":  {wire.FailAuth, 1, 5 * sec},
		"a held name": {wire.FailModelNotFound, 1, 5 * sec},
	} {
		t.Run(name, func(t *testing.T) {
			a := backend("a", func(n int) act {
				switch {
				case n < tt.opens:
					return fails(tt.fault, 0)
				case n == tt.opens:
					return hangs
				}
				return answers("from a", 0)
			})
			set := plan.Router{Off: atOnce, Breaker: plan.Breaker{Probes: 1}}
			run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
				for range tt.opens {
					w.want(w.send(ask{}), "b", 2, 0)
				}
				w.pass(tt.after)
				ctx, cancel := contextWithTimeout(10 * time.Millisecond)
				defer cancel()
				w.send(ask{ctx: ctx})
				synctest.Wait()
				w.want(w.send(ask{}), "a", 1, 0)
			})
		})
	}
}

// Probes that were under way when another one failed are none of the next
// half-open state's: it has all of its own.
func TestProbesAreCountedAnew(t *testing.T) {
	a := backend("a", nil)
	a.script = func(n int) act {
		switch {
		case n < 5:
			return fails(wire.FailOverload, 0)
		case n < 7: // two probes at once, of which the second ends in an open state
			return after(time.Duration(n)*10*time.Millisecond, fails(wire.FailOverload, 0))
		}
		return answers("from a", 100*time.Millisecond)
	}
	set := plan.Router{Off: atOnce, Breaker: plan.Breaker{Probes: 2}}
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 5 {
			w.send(ask{})
		}
		w.pass(sec)
		if by := w.crowd(2); by["b"] != 2 || a.count() != 7 {
			t.Errorf("answered by %v after %d calls to a, want b after two probes", by, a.count())
		}
		w.pass(sec)
		if by := w.crowd(20); by["a"] != 2 {
			t.Errorf("answered by %v, want 2 probes of a", by)
		}
	})
}
