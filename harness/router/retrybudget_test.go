package router_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// everybodyFails are two backends whose every call fails, and is worth a second
// try in place.
func everybodyFails() (a, b *fake) {
	return backend("a", always(fails(wire.FailServer, 0))), backend("b", always(fails(wire.FailServer, 0)))
}

// Attempts beyond the first of each request are a share of the requests and
// the floor, to the call; what was not spent in time is lost.
func TestRetryBudget(t *testing.T) {
	set := instant
	set.Off = []string{"breaker"}
	set.RetryBudget = plan.RetryBudget{Share: 0.5, Floor: 1, Window: 10 * time.Second}
	for _, stream := range []bool{false, true} {
		a, b := everybodyFails()
		run(t, set, []*fake{a, b}, func(w *world) {
			calls := func(requests int) int {
				before := a.count() + b.count()
				for range requests {
					g := w.send(ask{stream: stream})
					if g.status != http.StatusInternalServerError || !strings.HasSuffix(g.fail.Message, "no further attempt: the retry budget is spent") {
						t.Errorf("status %d, %v; want the provider's 500, and that the budget is spent", g.status, g.fail)
					}
				}
				return a.count() + b.count() - before
			}
			if n := calls(10); n != 10+1+5 {
				t.Errorf("10 requests made %d calls, want one each, one of the floor and a half for each", n)
			}
			if n := w.metric("brownout_router_retry_budget_attempts"); n < 0 || n > 0.01 {
				t.Errorf("the metrics tell of %v attempts, want none", n)
			}
			w.pass(10 * time.Second)
			if n := calls(1); n != 1+1 {
				t.Errorf("when all has expired a request made %d calls, want its own and one of the floor", n)
			}
			if !slices.Contains(w.did(), "budget_spent a") {
				t.Errorf("decisions %q, want one that tells of the budget", w.did())
			}
		})
	}
}

// Without it every request asks as often as its own bounds let it.
func TestWithoutRetryBudget(t *testing.T) {
	set := instant
	set.Off = []string{"breaker", "retry_budget"}
	set.RetryBudget = plan.RetryBudget{Share: 0.5, Floor: 1}
	a, b := everybodyFails()
	run(t, set, []*fake{a, b}, func(w *world) {
		for range 10 {
			w.send(ask{})
		}
		if a.count() != 20 || b.count() != 20 {
			t.Errorf("a was called %d and b %d times by 10 requests, want twice by each", a.count(), b.count())
		}
	})
}

// A request that finds nobody to ask takes nothing from the budget of others.
func TestRetryBudgetIsNotSpentInVain(t *testing.T) {
	set := instant
	set.Off, set.Retries = []string{"breaker"}, -1
	set.RetryBudget = plan.RetryBudget{Share: 0.1, Floor: 1, Window: time.Hour}
	a := backend("a", inTurn(fails(wire.FailOverload, 0), fails(wire.FailServer, 0)))
	b := backend("b", always(answers("from b", 0)))
	b.Class = plan.ClassGPU
	run(t, set, []*fake{a, b}, func(w *world) {
		cloud := http.Header{wire.HeaderAllow: {plan.ClassCloud}}
		for range 5 {
			if g := w.send(ask{header: cloud}); g.by() != "" || strings.Contains(g.fail.Message, "budget") {
				t.Errorf("%v by %q, want a's own error", g.fail, g.by())
			}
		}
		w.want(w.send(ask{}), "b", 2, 0)
	})
}

// What is left of the budget survives a reload that does not change it.
func TestRetryBudgetSurvivesReload(t *testing.T) {
	set := instant
	set.Off = []string{"breaker"}
	set.RetryBudget = plan.RetryBudget{Share: 0.1, Floor: 1, Window: time.Hour}
	a, b := everybodyFails()
	run(t, set, []*fake{a, b}, func(w *world) {
		w.send(ask{})
		w.config.Settings.Retries = 2
		if err := w.router.Reload(w.config); err != nil {
			t.Fatal(err)
		}
		if w.send(ask{}); a.count() != 3 || b.count() != 0 {
			t.Errorf("a was called %d and b %d times, want no attempt beyond the one of the floor", a.count(), b.count())
		}
		w.config.Settings.RetryBudget.Floor = 2
		if err := w.router.Reload(w.config); err != nil {
			t.Fatal(err)
		}
		if w.send(ask{}); a.count() != 6 {
			t.Errorf("a was called %d times, want two more attempts under a new budget", a.count())
		}
	})
}
