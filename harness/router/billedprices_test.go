package router_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// billsAt answers as a provider does that says what it billed: so many times the
// $3 that priced would have it be.
func billsAt(times *atomic.Int64) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		u := usage
		u.BilledUSD = 3 * float64(times.Load())
		if req.Stream {
			begins(0, []string{"from " + f.Name}, func(_ *fake, s wire.StreamWriter, _ http.ResponseWriter, _ *http.Request) {
				_ = s.End(wire.FinishStop, u)
			})(f, w, r, req)
			return
		}
		_ = f.dialect.WriteAnswer(w, req, &wire.Answer{
			ID: "id-" + f.Name, Model: req.Model, Text: "from " + f.Name, Finish: wire.FinishStop, Usage: u, Created: time.Now(),
		})
	}
}

// billing is priced, of a dialect that says what was billed.
func billing(name string, times *atomic.Int64) *fake {
	f := priced(name, always(billsAt(times)))
	f.Dialect = "xai"
	return f
}

// What a provider says that it billed is what is settled, and what the next
// call is expected to cost at most; by the catalogue without the mitigation.
func TestBudgetsGoByBills(t *testing.T) {
	for name, tt := range map[string]struct {
		set     plan.Router
		stream  bool
		granted int
		says    []string
	}{
		// The first reserves 10 and settles 15; the second would need 50 of the 45 that are left.
		"billed five times as much": {granted: 1, says: []string{"$15.00 is spent", "up to $50.00"}},
		"in a stream":               {stream: true, granted: 1, says: []string{"$15.00 is spent", "up to $50.00"}},
		// 17 times 3 is 51, of which 60 - 51 are less than 10.
		"switched off": {set: plan.Router{Off: []string{"billed_prices"}}, granted: 17, says: []string{"$51.00 is spent", "up to $10.00"}},
	} {
		t.Run(name, func(t *testing.T) {
			var times atomic.Int64
			times.Store(5)
			a := billing("a", &times)
			run(t, tt.set, []*fake{a}, func(w *world) {
				h := spends("w", "k", "60")
				for range tt.granted {
					if g := w.send(ask{header: h, stream: tt.stream}); g.text != "from a" {
						t.Fatalf("%d: %q", g.status, g.body)
					}
				}
				w.wantRefused(w.send(ask{header: h}), tt.says...)
			})
		})
	}
}

// The policy cost leaves a model whose bills have risen, has one request in a
// while find out whether they are still so high, and comes back.
func TestCostPolicyGoesByBills(t *testing.T) {
	var times atomic.Int64
	times.Store(1)
	a, b := billing("a", &times), priced("b", always(answers("from b", 0)))
	b.Catalogue = []router.Model{{ID: "b-model", MaxOutput: 10, PriceOut: 2e6}}
	run(t, plan.Router{Policy: plan.PolicyCost, BilledPrices: plan.BilledPrices{Memory: 10 * time.Second}}, []*fake{b, a}, func(w *world) {
		// ask asks so many times, and tells whom.
		ask := func(n int) (by string) {
			for range n {
				by += w.send(ask{}).by()
			}
			return by
		}
		want := func(what, got, want string) {
			if got != want {
				t.Errorf("%s: %q were asked, want %q", what, got, want)
			}
		}
		want("as the catalogues say", ask(3), "aaa")
		times.Store(5)
		want("the first dear bill", ask(4), "abbb")
		w.pass(9 * time.Second)
		want("within memory", ask(2), "bb")
		w.pass(time.Second)
		want("one finds out", ask(3), "abb")
		times.Store(1)
		w.pass(9 * time.Second)
		want("cheap again, and nobody knows", ask(2), "bb")
		w.pass(time.Second)
		want("until one finds out", ask(3), "aaa")
	})
	times.Store(5)
	a, b = billing("a", &times), priced("b", always(answers("from b", 0)))
	b.Catalogue = []router.Model{{ID: "b-model", MaxOutput: 10, PriceOut: 2e6}}
	run(t, plan.Router{Policy: plan.PolicyCost, Off: []string{"billed_prices"}}, []*fake{b, a}, func(w *world) {
		for range 3 {
			if by := w.send(ask{}).by(); by != "a" {
				t.Errorf("%q was asked by the catalogue", by)
			}
		}
	})
}
