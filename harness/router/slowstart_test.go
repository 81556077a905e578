package router_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// atOnce switches off what gives a provider that is back only some of its
// traffic, where a test is about whether it is back.
var atOnce = []string{"slow_start"}

// between does one thing from a moment to another, and else answers.
func between(from, to time.Duration, bad act) func(int) act {
	return func(int) act {
		if t := time.Since(epoch()); t >= from && t < to {
			return bad
		}
		return answers("whole answer", 0)
	}
}

// ramped are settings under which the way back takes ten seconds.
func ramped() plan.Router {
	return plan.Router{
		Off:       []string{"deprecation_watch", "outlier_ejection"},
		Breaker:   plan.Breaker{OpenFor: time.Second},
		SlowStart: plan.SlowStart{Over: 10 * time.Second, From: 0.1},
	}
}

// Whatever policy chooses a provider, its share grows when its breaker has
// closed; without slow start it has all of it at once.
func TestSlowStartUnderEachPolicy(t *testing.T) {
	for _, policy := range plan.RouterPolicies {
		for _, on := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s %v", policy, on), func(t *testing.T) {
				a, b := backend("a", between(2*time.Second, 4*time.Second, drops)), backend("b", always(answers("whole answer", 0)))
				a.Region, b.Region = "home-1", "away-1"
				a.Catalogue = []router.Model{{ID: a.Model, PriceIn: 1}}
				b.Catalogue = []router.Model{{ID: b.Model, PriceIn: 2}}
				set := ramped()
				set.Policy, set.Home = policy, "home-1"
				if policy == plan.PolicyHybrid {
					set.Rule = []plan.Rule{{Prefer: []string{"a"}}}
				}
				if !on {
					set.Off = append(set.Off, "slow_start")
				}
				run(t, set, []*fake{a, b}, func(w *world) {
					w.steadily(18*time.Second, false)
					// Open until 3 s and as nobody is back then until 4 s at the
					// earliest; two probes close it, and the way back begins.
					share := func(from time.Duration) float64 { return float64(a.callsIn(from, from+2*time.Second)) / 40 }
					before, early, middle, late := share(0), share(5500*ms), share(10*time.Second), share(16*time.Second)
					switch {
					case before < 0.3 || late < 0.3 || late < before-0.3:
						t.Errorf("its share was %v before and %v at last", before, late)
					case on && (early > 0.6*before || middle < early || middle > 0.95*before):
						t.Errorf("of a share of %v it had %v at first, and %v in the middle", before, early, middle)
					case !on && early < 0.7*before:
						t.Errorf("switched off, its share was %v at first, of %v", early, before)
					}
				})
			})
		}
	}
}

// Each way to come back is a slow one: for the whole provider, or for the model
// that was away.
func TestSlowStartAfter(t *testing.T) {
	const back = 4 * time.Second
	for _, tt := range []struct {
		name string
		bad  act
		set  func(*plan.Router)
		fake func(*fake)
		by   string // what takes it back
	}{
		{name: "the breaker", bad: drops, by: router.BreakerClosed},
		{name: "a model's hold", bad: fails(wire.FailModelNotFound, 0), by: router.BreakerClosed},
		{name: "a hold of all", bad: fails(wire.FailQuota, 0), by: router.BreakerClosed},
		{
			name: "an ejection", bad: fails(wire.FailOverload, 0), by: router.Returned,
			set: func(s *plan.Router) {
				s.Off = []string{"deprecation_watch", "breaker", "health_checks"}
				s.Policy = plan.PolicyLeastOutstanding
				s.OutlierEjection = plan.OutlierEjection{Window: 1990 * ms, EjectFor: 2 * time.Second}
			},
		},
		{
			name: "a health probe", by: router.Healthy,
			set: func(s *plan.Router) { s.HealthChecks = plan.HealthChecks{Interval: 400 * ms, Timeout: 100 * ms} },
			// It answers no calls, so that it is probed, and no probes, until then.
			fake: func(f *fake) {
				f.list = func(w http.ResponseWriter, r *http.Request) {
					if time.Since(epoch()) < back {
						mutes(w, r)
						return
					}
					f.dialect.WriteModels(w, r, nil)
				}
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := backend("a", between(0, back, tt.bad)), backend("b", always(answers("whole answer", 0)))
			set := ramped()
			if tt.set != nil {
				tt.set(&set)
			}
			if tt.fake != nil {
				tt.fake(a)
				a.script = between(0, 0, nil)
				set.Order = []string{"a", "b"}
			}
			run(t, set, []*fake{a, b}, func(w *world) {
				if tt.fake != nil {
					w.when("unhealthy a", 0)
				}
				for end := 20 * time.Second; len(w.decided(tt.by)) == 0; {
					if w.steadily(50*ms, false); w.since() > end {
						t.Fatalf("it never came back: %q", w.did())
					}
				}
				from := w.since()
				w.steadily(2*time.Second, false)
				first := a.callsIn(from, from+2*time.Second)
				w.steadily(10*time.Second, false)
				last := a.callsIn(from+10*time.Second, from+12*time.Second)
				if first > 20 || first > last*6/10 || last < 12 {
					t.Errorf("of 40 requests it had %d at first and %d at last", first, last)
				}
			})
		})
	}
}

// One model's way back is no other's.
func TestSlowStartIsTheModels(t *testing.T) {
	var down atomic.Bool
	a := backend("a", nil)
	a.Models = []string{"m1", "m2"}
	a.script = func(int) act {
		return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
			if req.Model == "m1" && down.Load() {
				drops(f, w, r, req)
				return
			}
			answers("whole answer", 0)(f, w, r, req)
		}
	}
	run(t, ramped(), []*fake{a, backend("b", always(answers("whole answer", 0)))}, func(w *world) {
		down.Store(true)
		for i := range 20 {
			w.send(ask{model: "m1", marker: fmt.Sprint("m", i)})
		}
		down.Store(false)
		for i := 0; len(w.decided(router.BreakerClosed)) == 0; i++ {
			w.pass(100 * ms)
			w.send(ask{model: "m1", marker: fmt.Sprint("p", i)})
		}
		by := map[string]int{}
		for i := range 40 {
			by["m1 "+w.send(ask{model: "m1", marker: fmt.Sprint("n", i)}).by()]++
			by["m2 "+w.send(ask{model: "m2", marker: fmt.Sprint("n", i)}).by()]++
		}
		if by["m2 a"] != 40 || by["m1 a"] > 12 {
			t.Errorf("answered by %v; want all of m2 and few of m1 from a", by)
		}
	})
}

// Models beyond those that are told apart share one breaker; its way back is no
// other model's.
func TestSlowStartOfManyModels(t *testing.T) {
	var down atomic.Bool
	a := backend("a", nil)
	a.Model = ""
	a.script = func(int) act {
		return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
			if down.Load() && req.Model != "n0" {
				drops(f, w, r, req)
				return
			}
			answers("whole answer", 0)(f, w, r, req)
		}
	}
	run(t, ramped(), []*fake{a, backend("b", always(answers("whole answer", 0)))}, func(w *world) {
		for i := range 256 {
			w.send(ask{model: fmt.Sprint("n", i)})
		}
		down.Store(true)
		for i := range 20 {
			w.send(ask{model: fmt.Sprint("more", i)})
		}
		down.Store(false)
		for i := 0; len(w.decided(router.BreakerClosed)) == 0; i++ {
			w.pass(100 * ms)
			w.send(ask{model: "more", marker: fmt.Sprint("p", i)})
		}
		by := map[string]int{}
		for i := range 40 {
			by["one "+w.send(ask{model: "n0", marker: fmt.Sprint("n", i)}).by()]++
			by["more "+w.send(ask{model: "another", marker: fmt.Sprint("n", i)}).by()]++
		}
		if by["one a"] != 40 || by["more a"] > 12 {
			t.Errorf("answered by %v; want all of a known model and few of the others from a", by)
		}
	})
}

// Where nobody else does better, whoever is back gets all at once.
func TestSlowStartIsNoRefusal(t *testing.T) {
	a := backend("a", between(0, 2*time.Second, drops))
	b := backend("b", between(2*time.Second, time.Hour, drops))
	run(t, ramped(), []*fake{a, b}, func(w *world) {
		w.steadily(10*time.Second, false)
		if n := a.callsIn(8*time.Second, 10*time.Second); n != 40 {
			t.Errorf("it had %d of 40 requests", n)
		}
	})
}

// Who breaks on its way back is probed as soon as ever.
func TestSlowStartEndsWhereItBreaks(t *testing.T) {
	var down atomic.Bool
	a := backend("a", func(int) act {
		if down.Load() {
			return drops
		}
		return answers("whole answer", 0)
	})
	set := ramped()
	set.SlowStart = plan.SlowStart{Over: time.Hour, From: 0.2}
	run(t, set, []*fake{a, backend("b", always(answers("whole answer", 0)))}, func(w *world) {
		for range 2 {
			down.Store(true)
			for opened := len(w.decided(router.BreakerOpen)); len(w.decided(router.BreakerOpen)) == opened; {
				w.steadily(time.Second, false)
			}
			down.Store(false)
			w.pass(1500 * ms)
			closed := len(w.decided(router.BreakerClosed))
			for i := range 2 {
				w.send(ask{marker: fmt.Sprint("probe", i)})
			}
			if len(w.decided(router.BreakerClosed)) == closed {
				t.Fatalf("two requests did not find out that it is back: %q", slices.Compact(w.did()))
			}
		}
	})
}
