package router_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// fleet are backends that take turns, as many as there are scripts, named a, b
// and so on.
func fleet(scripts ...func(int) act) []*fake {
	var list []*fake
	for i, s := range scripts {
		list = append(list, backend(string(rune('a'+i)), s))
	}
	return list
}

// steadily sends twenty requests a second for so long, one after the other.
func (w *world) steadily(d time.Duration, stream bool) (list []got) {
	w.t.Helper()
	for end := w.since() + d; w.since() < end; {
		next := w.since() + 50*ms
		g := w.send(ask{marker: fmt.Sprint("at", w.since()), stream: stream})
		if g.fail != nil || g.err != nil {
			w.t.Errorf("at %v: failure %v, error %v", w.since(), g.fail, g.err)
		}
		list = append(list, g)
		w.pass(max(0, next-w.since()))
	}
	return list
}

// decided are the decisions of one sort.
func (w *world) decided(what string) (list []decision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.decisions {
		if d.What == what {
			list = append(list, d)
		}
	}
	return list
}

// callsIn is how many calls came in a stretch of time.
func (f *fake) callsIn(from, to time.Duration) int {
	n := 0
	for _, t := range f.times() {
		if t >= from && t < to {
			n++
		}
	}
	return n
}

// sometimes does one thing with every nth call, and else another.
func sometimes(n int, a, other act) func(int) act {
	return func(i int) act {
		if i%n == n-1 {
			return a
		}
		return other
	}
}

// compared are settings under which three backends share the traffic and are
// compared each 3.01 seconds (no request comes at that moment); what would hide who fails is off.
func compared() plan.Router {
	return plan.Router{
		Policy:          plan.PolicyLeastOutstanding,
		Off:             []string{"health_checks", "deprecation_watch", "slow_start"},
		OutlierEjection: plan.OutlierEjection{Window: 3010 * ms, EjectFor: 4 * time.Second, MinCalls: 10, Factor: 3, MaxShare: 0.5},
	}
}

// Of three, one whose every third call fails is left alone, though no breaker
// opens; for longer each time; and it comes back by itself.
func TestOutlierByErrors(t *testing.T) {
	for _, stream := range []bool{false, true} {
		ok := answers("whole answer", 0)
		bad := fails(wire.FailServer, 0)
		if stream {
			bad = begins(0, []string{"whole "}, cuts)
		}
		run(t, compared(), fleet(sometimes(3, bad, ok), always(ok), always(ok)), func(w *world) {
			w.steadily(25*time.Second, stream)
			out, back := w.decided(router.Ejected), w.decided(router.Returned)
			if len(out) != 3 || out[0].Wait != 4*time.Second || out[1].Wait != 8*time.Second || out[2].Wait != 12*time.Second || len(back) != 2 {
				t.Fatalf("ejections %+v, returns %+v; want 4, 8 and 12 s, and two returns", out, back)
			}
			for _, d := range out {
				if d.Provider != "a" || !strings.HasPrefix(d.Detail, `model "a-model": `) || !strings.HasSuffix(d.Detail, "% of its calls failed, of its peers' 0 %") {
					t.Errorf("ejected %s: %s", d.Provider, d.Detail)
				}
			}
			a := w.fakes["a"]
			if n := a.callsIn(3010*ms, 7010*ms); n != 0 {
				t.Errorf("it was called %d times while it was ejected", n)
			}
			if n := a.callsIn(7010*ms, 9*time.Second); n < 10 {
				t.Errorf("it was called %d times in the two seconds after it", n)
			}
			if len(w.decided(router.BreakerOpen)) > 0 {
				t.Error("the breaker opened: the test shows nothing of ejections")
			}
		})
	}
}

// Who does well for a while is not held what it did before.
func TestOutlierIsForgiven(t *testing.T) {
	ok, bad := answers("whole answer", 0), sometimes(3, fails(wire.FailServer, 0), answers("whole answer", 0))
	a := func(n int) act {
		if t := time.Since(epoch()); t < 3*time.Second || t > 15*time.Second {
			return bad(n)
		}
		return ok
	}
	run(t, compared(), fleet(a, always(ok), always(ok)), func(w *world) {
		w.steadily(20*time.Second, false)
		if out := w.decided(router.Ejected); len(out) != 2 || out[0].Wait != 4*time.Second || out[1].Wait != 4*time.Second {
			t.Errorf("ejections %+v, want two of four seconds", out)
		}
	})
}

// Switched off, it goes on failing.
func TestOutlierSwitchedOff(t *testing.T) {
	set := compared()
	set.Off = append(set.Off, "outlier_ejection")
	ok := answers("whole answer", 0)
	run(t, set, fleet(sometimes(3, fails(wire.FailServer, 0), ok), always(ok), always(ok)), func(w *world) {
		w.steadily(10*time.Second, false)
		if n := w.fakes["a"].callsIn(3*time.Second, 10*time.Second); n < 40 || len(w.decided(router.Ejected)) > 0 {
			t.Errorf("it was called %d times, and ejected %d times", n, len(w.decided(router.Ejected)))
		}
	})
}

// Who turns slow alone is an outlier, however quick it still is beside one
// that is slow by nature; where all do, nobody is.
func TestOutlierByLatency(t *testing.T) {
	after := func(at time.Duration, before, then act) func(int) act {
		return func(int) act {
			if time.Since(epoch()) < at {
				return before
			}
			return then
		}
	}
	takes := func(d time.Duration) act { return answers("whole answer", d) }
	small := takes(700 * ms) // a small device
	set := compared()
	set.Policy, set.Weights = plan.PolicyWeighted, map[string]float64{"c": 2}
	set.Off = append(set.Off, "hedging")
	run(t, set, fleet(after(9*time.Second, takes(100*ms), takes(400*ms)), always(takes(90*ms)), always(small)), func(w *world) {
		concurrently(w, 18*time.Second)
		out := w.decided(router.Ejected)
		if len(out) == 0 || out[0].Provider != "a" || out[0].Detail != `model "a-model": its answers take 4.0 times as long to begin as usual, its peers' 1.0 times` {
			t.Errorf("ejections %+v, want a, for being slower than it was", out)
		}
	})
	run(t, set, fleet(after(9*time.Second, takes(100*ms), takes(400*ms)), after(9*time.Second, takes(90*ms), takes(270*ms)), after(9*time.Second, small, takes(1400*ms))), func(w *world) {
		concurrently(w, 18*time.Second)
		if out := w.decided(router.Ejected); len(out) > 0 {
			t.Errorf("ejections %+v, want none: all have become slow", out)
		}
	})
}

// concurrently sends twenty requests a second, whatever becomes of them.
func concurrently(w *world, d time.Duration) {
	done := make(chan struct{})
	n := 0
	for end := w.since() + d; w.since() < end; w.pass(50 * ms) {
		n++
		go func() { w.send(ask{marker: fmt.Sprint("at", w.since())}); done <- struct{}{} }()
	}
	for range n {
		<-done
	}
}

// Nobody is held against an absolute bound, and the last that is left stays.
func TestNoOutlier(t *testing.T) {
	ok, bad := answers("whole answer", 0), fails(wire.FailServer, 0)
	third, never := sometimes(3, bad, ok), always(ok)
	for _, tt := range []struct {
		name    string
		scripts []func(int) act
		set     func(*plan.Router)
		want    []string
	}{
		{name: "all fail alike", scripts: []func(int) act{third, third, third}},
		{name: "too few calls", scripts: []func(int) act{third, never, never}, set: func(s *plan.Router) { s.OutlierEjection.MinCalls = 100 }},
		{name: "one in thirty", scripts: []func(int) act{sometimes(30, bad, ok), never, never}},
		{
			name: "twice as often as another", scripts: []func(int) act{sometimes(3, ok, bad), third},
			set: func(s *plan.Router) { s.Off, s.OutlierEjection.Window = append(s.Off, "breaker"), 6010*ms },
		},
		{
			name: "the breaker has dealt with it", scripts: []func(int) act{between(0, 1700*ms, fails(wire.FailOverload, 0)), never, never},
			set: func(s *plan.Router) { s.Breaker.OpenFor, s.OutlierEjection.Window = 2*time.Second, 5010*ms },
		},
		{name: "limits are no illness", scripts: []func(int) act{sometimes(3, fails(wire.FailRateLimit, 0), ok), never, never}, set: func(s *plan.Router) { s.Off = append(s.Off, "rate_limits") }},
		{
			name: "one of two", scripts: []func(int) act{third, never}, want: []string{"ejected a"},
		},
		{
			name: "the worse of two, as one of three may be out", want: []string{"ejected b"},
			scripts: []func(int) act{sometimes(8, bad, ok), third, never, never, never, never, never}, set: func(s *plan.Router) { s.OutlierEjection.MaxShare = 0.2 },
		},
		{
			name: "the other's breaker is open", scripts: []func(int) act{third, always(fails(wire.FailOverload, 0)), never},
			set: func(s *plan.Router) { s.Breaker.OpenFor = time.Minute },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := compared()
			if tt.set != nil {
				tt.set(&set)
			}
			run(t, set, fleet(tt.scripts...), func(w *world) {
				concurrently(w, 6500*ms)
				var out []string
				for _, d := range w.decided(router.Ejected) {
					out = append(out, "ejected "+d.Provider)
				}
				if !slices.Equal(out, tt.want) {
					t.Errorf("%q, want %q", out, tt.want)
				}
			})
		})
	}
}

// Whoever bears most of the traffic is not ejected, as that would put more on
// the others than they have shown to bear, past the retry budget; nor are two
// that do so together, though each alone may be.
func TestEjectionsLeaveNoMoreThanIsBorne(t *testing.T) {
	ok, bad := answers("whole answer", 0), fails(wire.FailServer, 0)
	third, most, never := sometimes(3, bad, ok), sometimes(3, ok, bad), always(ok)
	for _, tt := range []struct {
		name    string
		scripts []func(int) act
		weights map[string]float64
		share   float64 // max_share
		want    int     // ejections
	}{
		{"four of five requests", []func(int) act{third, never}, map[string]float64{"a": 4}, 0.5, 0},
		{"four of five requests, as the settings have it", []func(int) act{third, never}, map[string]float64{"a": 4}, 0.9, 1},
		{"as many as its peer", []func(int) act{third, never}, nil, 0.5, 1},
		{"one of five requests", []func(int) act{third, never}, map[string]float64{"b": 4}, 0.5, 1},
		{"two of five with three of four requests", []func(int) act{most, most, never, never, never}, map[string]float64{"a": 4, "b": 4}, 0.5, 1},
		{"two of five with their share of the requests", []func(int) act{most, most, never, never, never}, nil, 0.5, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := compared()
			set.Policy, set.Weights, set.OutlierEjection.MaxShare = plan.PolicyWeighted, tt.weights, tt.share
			set.OutlierEjection.Factor, set.OutlierEjection.Window = 1.5, 6010*ms
			set.Off = append(set.Off, "breaker")
			run(t, set, fleet(tt.scripts...), func(w *world) {
				concurrently(w, 6500*ms)
				if out := w.decided(router.Ejected); len(out) != tt.want {
					t.Errorf("ejections %+v, want %d", out, tt.want)
				}
			})
		})
	}
}

// An ejection is advice: where the others fail, too, the ejected one is asked.
func TestEjectedIsBetterThanNobody(t *testing.T) {
	ok := answers("from a", 0)
	var down bool
	b := func(int) act {
		if down {
			return drops
		}
		return answers("from b", 0)
	}
	run(t, compared(), fleet(sometimes(3, fails(wire.FailServer, 0), ok), b), func(w *world) {
		w.steadily(3500*ms, false)
		if len(w.decided(router.Ejected)) != 1 {
			t.Fatalf("decisions %q, want an ejection", w.did())
		}
		down = true
		g := w.send(ask{marker: "while it is out"})
		if g.text != "from a" {
			t.Errorf("got %q, failure %v; want a's answer", g.text, g.fail)
		}
	})
}

// Where some requests may only reach two of three, those two are never both
// ejected, however much better the third does.
func TestEjectionsLeaveSomebodyForEach(t *testing.T) {
	ok := answers("whole answer", 0)
	most := sometimes(3, ok, fails(wire.FailServer, 0))
	set := compared()
	set.Off = append(set.Off, "breaker")
	set.OutlierEjection.Window = 7010 * ms
	set.OutlierEjection.MaxShare, set.OutlierEjection.Factor = 1, 1.5
	fakes := fleet(most, most, always(ok), always(ok))
	fakes[2].Class, fakes[3].Class = plan.ClassGPU, plan.ClassGPU
	run(t, set, fakes, func(w *world) {
		for i := range 200 {
			a := ask{marker: fmt.Sprint("m", i)}
			if i%4 == 0 {
				a.header = http.Header{wire.HeaderAllow: {plan.ClassCloud}}
			}
			w.send(a)
			w.pass(50 * ms)
		}
		if out := w.decided(router.Ejected); len(out) != 1 || out[0].Provider != "a" && out[0].Provider != "b" {
			t.Errorf("ejections %+v, want one of a and b", out)
		}
	})
}

// Whoever is asked for a hedge and is told to stop, as the first answers after
// all, has not answered that fast: what its answers usually take to begin is
// learnt from those that came.
func TestHedgesThatLoseTellNoHabit(t *testing.T) {
	set := hedged()
	set.Hedging.Share, set.Hedging.Percentile = 1, 0.5
	set.OutlierEjection = compared().OutlierEjection
	set.OutlierEjection.MinCalls = 6
	var late atomic.Pointer[act]
	put := func(a act) { late.Store(&a) }
	put(answers("from a", 150*ms))
	a := backend("a", func(i int) act {
		if i%3 != 2 {
			return answers("from a", 90*ms)
		}
		return *late.Load()
	})
	b := backend("b", always(answers("from b", 400*ms)))
	run(t, set, []*fake{a, b}, func(w *world) {
		for _, g := range w.steadily(10*time.Second, false) {
			if g.by() != "a" {
				t.Errorf("%s was faster, after all", g.by())
			}
		}
		if w.hedges() < 20 {
			t.Errorf("%d hedges: too few to learn from", w.hedges())
		}
		put(hangs)
		w.steadily(10*time.Second, false)
		if out := w.decided(router.Ejected); len(out) > 0 {
			t.Errorf("ejected: %+v", out)
		}
	})
}
