package router_test

import (
	"slices"
	"testing"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

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

func TestWaitsAreFew(t *testing.T) {
	a := backend("a", always(fails(wire.FailRateLimit, sec)))
	run(t, plan.Router{MaxAttempts: -1}, []*fake{a}, func(w *world) {
		if g := w.send(ask{deadline: time.Hour}); g.status != 429 || a.count() != 5 {
			t.Errorf("status %d after %d calls, want 429 after the first and four waits", g.status, a.count())
		}
	})
}

// Of two stated times the later one counts, whichever is told last.
func TestLaterRetryAfterCounts(t *testing.T) {
	a := backend("a", inTurn(
		after(50*time.Millisecond, fails(wire.FailRateLimit, 5*sec)),
		after(100*time.Millisecond, fails(wire.FailRateLimit, sec)),
		answers("from a", 0),
	))
	set := plan.Router{Off: append(slices.Clone(atOnce), "rate_limits")} // which has a pause of its own
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.crowd(2) // both are asked before either is told
		w.pass(2 * sec)
		w.want(w.send(ask{}), "b", 1, 0)
		w.pass(3 * sec)
		w.want(w.send(ask{}), "a", 1, 0)
	})
}
