package router_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

const sec = time.Second

func TestRetryAfterIsHonoured(t *testing.T) {
	a := backend("a", inTurn(fails(wire.FailRateLimit, 2*sec), answers("from a", 0)))
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.want(w.send(ask{}), "b", 2, 0)
		for range 19 {
			w.pass(100 * time.Millisecond)
			w.want(w.send(ask{}), "b", 1, 0)
		}
		w.pass(100 * time.Millisecond)
		w.want(w.send(ask{}), "a", 1, 0)
		if ts := a.times(); !slices.Equal(ts, []time.Duration{0, 2 * sec}) {
			t.Errorf("a was asked at %v, want at 0 and 2s", ts)
		}
		w.wantDid("failover b")
	})
}

func TestRetryAfterIsWaitedForAlone(t *testing.T) {
	a := backend("a", inTurn(fails(wire.FailRateLimit, sec), answers("from a", 0)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		w.want(w.send(ask{deadline: 4 * sec}), "a", 2, -1)
		ts := a.times()
		if late := ts[1] - sec; late < 0 || late > sec/4 {
			t.Errorf("a was asked again %v after the stated moment, want 0 to a quarter of the wait", late)
		}
		w.wantDid("wait_retry_after a", "retry a")
	})
}

func TestRetryAfterTooLongIsNotWaitedFor(t *testing.T) {
	tests := []struct {
		name string
		wait time.Duration
		ask  ask
	}{
		{"longer than the setting", 3 * sec, ask{deadline: 10 * sec}},
		{"longer than the deadline", 2 * sec, ask{deadline: sec}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := backend("a", always(fails(wire.FailRateLimit, tt.wait)))
			run(t, plan.Router{}, []*fake{a}, func(w *world) {
				for range 3 {
					g := w.send(tt.ask)
					if g.status != 429 || g.took != 0 || g.fail.RetryAfter != tt.wait {
						t.Errorf("status %d after %v, retry-after %v; want 429 at once, %v", g.status, g.took, g.fail.RetryAfter, tt.wait)
					}
				}
				if a.count() != 1 {
					t.Errorf("a was asked %d times before its moment, want once", a.count())
				}
			})
		})
	}
}

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

func TestWaitsAreFew(t *testing.T) {
	a := backend("a", always(fails(wire.FailRateLimit, sec)))
	run(t, plan.Router{MaxAttempts: -1}, []*fake{a}, func(w *world) {
		if g := w.send(ask{deadline: time.Hour}); g.status != 429 || a.count() != 5 {
			t.Errorf("status %d after %d calls, want 429 after the first and four waits", g.status, a.count())
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

func TestMetrics(t *testing.T) {
	a := backend("a", always(fails(wire.FailOverload, 0)))
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 7 {
			w.send(ask{stream: true})
		}
		w.send(ask{header: http.Header{wire.HeaderAllow: {"edge"}}})
		synctest.Wait() // the router counts after the client has its end marker
		res, err := w.client.Get("http://router/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{
			`brownout_router_requests_total{outcome="ok"} 7`,
			`brownout_router_requests_total{outcome="permission"} 1`,
			`brownout_router_attempts_total{provider="a",result="overload"} 5`,
			`brownout_router_attempts_total{provider="b",result="ok"} 7`,
			`brownout_router_breaker_state{provider="a"} 1`,
			`brownout_router_breaker_state{provider="b"} 0`,
			`brownout_router_first_token_seconds_count{provider="b"} 7`,
			`brownout_router_decisions_total{what="failover"} 5`,
			`brownout_router_in_flight 0`,
		} {
			if !strings.Contains(string(raw), line+"\n") {
				t.Errorf("metrics lack %s", line)
			}
		}
	})
}
