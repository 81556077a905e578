package router_test

import (
	"context"
	"fmt"
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

// seenFirst are the answers by which a test's router learns what is usual.
const seenFirst = 20

// usually is a backend that takes 100 ms, until its latencies are known; then
// it does as told.
func usually(name string, then act) *fake {
	return backend(name, func(n int) act {
		if n < seenFirst {
			return answers("from "+name, 100*time.Millisecond)
		}
		return then
	})
}

// learn makes the router see enough latencies of its first backend.
func (w *world) learn(stream bool) {
	for range seenFirst {
		w.want(w.send(ask{stream: stream}), "a", 1, -1)
	}
}

// hedged are settings with hedging on.
func hedged() plan.Router {
	set := instant
	set.On = []string{"hedging"}
	return set
}

// after lets an act begin late.
func after(d time.Duration, then act) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		if pause(r, d) {
			then(f, w, r, req)
		}
	}
}

// Whoever answers first wins, at the time at which it answers, and the other
// one is told to stop.
func TestHedge(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name     string
		a        act // from when on it is slow
		b        act
		by       string
		attempts int
		took     time.Duration // of a unary answer; a stream's second word comes 10 ms later
		gone     []int         // calls of a and b that were told to stop
		did      []string
	}{
		{"the first is as fast as ever", answers("from a", 90*ms), hangs, "a", 1, 90 * ms, []int{0, 0}, nil},
		{"the hedge is faster", hangs, answers("from b", 30*ms), "b", 2, 130 * ms, []int{1, 0}, []string{"hedge b", "hedge_won b"}},
		{"the first wins after all", answers("from a", 150*ms), hangs, "a", 2, 150 * ms, []int{0, 1}, []string{"hedge b"}},
		{"the hedge fails", answers("from a", 250*ms), fails(wire.FailServer, 0), "a", 2, 250 * ms, []int{0, 0}, []string{"hedge b"}},
		{"the first fails later", after(120*ms, fails(wire.FailOverload, 0)), answers("from b", 80*ms), "b", 2, 180 * ms, []int{0, 0}, []string{"hedge b", "hedge_won b"}},
		{"the first fails sooner", after(50*ms, fails(wire.FailOverload, 0)), answers("from b", 80*ms), "b", 2, 130 * ms, []int{0, 0}, []string{"failover b"}},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/stream %v", tt.name, stream), func(t *testing.T) {
				a, b := usually("a", tt.a), backend("b", always(tt.b))
				run(t, hedged(), []*fake{a, b}, func(w *world) {
					w.learn(stream)
					took := tt.took
					if stream {
						took += 10 * ms
					}
					w.want(w.send(ask{stream: stream}), tt.by, tt.attempts, -1)
					if g := w.since() - seenFirst*(took-tt.took) - seenFirst*100*ms; g != took {
						t.Errorf("took %v, want %v", g, took)
					}
					synctest.Wait()
					if gone := []int{a.gone, b.gone}; !slices.Equal(gone, tt.gone) {
						t.Errorf("%v calls of a and b were told to stop, want %v", gone, tt.gone)
					}
					w.wantDid(tt.did...)
				})
			})
		}
	}
}

// Where both fail the request goes on to others, and its end names all.
func TestHedgeOfWhomBothFail(t *testing.T) {
	late := after(150*time.Millisecond, fails(wire.FailOverload, 0))
	a, b := usually("a", late), backend("b", always(late))
	c := backend("c", inTurn(answers("from c", 0), fails(wire.FailQuota, 0)))
	run(t, hedged(), []*fake{a, b, c}, func(w *world) {
		w.learn(false)
		w.want(w.send(ask{}), "c", 3, 250*time.Millisecond)
		g := w.send(ask{})
		for _, part := range []string{"a: overload", "b: overload", "c: quota"} {
			if g.fail == nil || !strings.Contains(g.fail.Message, part) {
				t.Errorf("%v does not name %q", g.fail, part)
			}
		}
	})
}

// hedges counts them.
func (w *world) hedges() (n int) {
	for _, d := range w.did() {
		if strings.HasPrefix(d, "hedge ") {
			n++
		}
	}
	return n
}

// Hedges are a share of the requests, however many are slow at once.
func TestHedgesAreBounded(t *testing.T) {
	set := hedged()
	set.Hedging.Share = 0.1
	set.Off = []string{"breaker"}
	a := usually("a", hangs)
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.learn(true)
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() { w.send(ask{stream: true}) })
		}
		all.Wait()
		if n := w.hedges(); n != (seenFirst+30)/10 {
			t.Errorf("%d hedges to %d requests, want one for ten", n, seenFirst+30)
		}
		w.pass(10 * time.Second)
		if w.send(ask{stream: true}); w.hedges() != 5 {
			t.Errorf("%d hedges, want none from what was paid long ago", w.hedges())
		}
	})
}

// What must not be billed twice is never hedged, and nothing is unless hedging
// is on.
func TestNeverHedged(t *testing.T) {
	budget := http.Header{wire.HeaderBudget: {"0.01"}}
	workflow := http.Header{"X-Brownout-Workflow": {"w1"}}
	for _, tt := range []struct {
		name   string
		once   []string
		header http.Header
		off    bool
		want   int
	}{
		{"anything may be billed twice", nil, budget, false, 1},
		{"budget", []string{plan.BilledBudget}, budget, false, 0},
		{"no budget", []string{plan.BilledBudget}, workflow, false, 1},
		{"workflow", []string{plan.BilledTools, plan.BilledWorkflow}, workflow, false, 0},
		{"no tools", []string{plan.BilledTools}, nil, false, 1},
		{"all", []string{plan.BilledAll}, nil, false, 0},
		{"not on", nil, nil, true, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := hedged()
			set.Hedging.BilledOnce = tt.once
			if tt.off {
				set.On = nil
			}
			run(t, set, []*fake{usually("a", hangs), backend("b", always(answers("from b", 0)))}, func(w *world) {
				w.learn(false)
				w.want(w.send(ask{header: tt.header}), "b", 2, -1)
				if n := w.hedges(); n != tt.want {
					t.Errorf("%d hedges, want %d", n, tt.want)
				}
			})
		})
	}
}

// A request that offers functions is hedged only where that may be billed
// twice.
func TestToolsAreHedgedOnlyWhereAllowed(t *testing.T) {
	const body = `{"model":"any","messages":[{"role":"user","content":"go"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}`
	for once, want := range map[string]int{"": 1, plan.BilledTools: 0} {
		set := hedged()
		if once != "" {
			set.Hedging.BilledOnce = []string{once}
		}
		run(t, set, []*fake{usually("a", hangs), backend("b", always(answers("from b", 0)))}, func(w *world) {
			w.learn(false)
			w.post("/v1/chat/completions", body, nil)
			if n := w.hedges(); n != want {
				t.Errorf("billed once %q: %d hedges, want %d", once, n, want)
			}
		})
	}
}

// Too few answers say nothing of what is usual, and a second attempt beyond
// the bound of attempts is none.
func TestHedgesNeedToKnow(t *testing.T) {
	for name, change := range map[string]func(*plan.Router){
		"few samples": func(s *plan.Router) { s.Hedging.MinSamples = seenFirst + 1 },
		"late":        func(s *plan.Router) { s.Hedging.MinDelay = time.Hour },
		"one attempt": func(s *plan.Router) { s.MaxAttempts = 1 },
	} {
		set := hedged()
		change(&set)
		run(t, set, []*fake{usually("a", hangs), backend("b", always(answers("from b", 0)))}, func(w *world) {
			w.learn(false)
			if w.send(ask{}); w.hedges() != 0 {
				t.Errorf("%s: %d hedges, want none", name, w.hedges())
			}
		})
	}
}

// A client that leaves takes both calls with it.
func TestClientLeavesAHedge(t *testing.T) {
	a, b := usually("a", hangs), backend("b", always(hangs))
	run(t, hedged(), []*fake{a, b}, func(w *world) {
		w.learn(true)
		ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
		defer cancel()
		if g := w.send(ask{stream: true, ctx: ctx}); g.err == nil {
			t.Error("the client got an answer it no longer waited for")
		}
		synctest.Wait()
		if a.gone != 1 || b.gone != 1 {
			t.Errorf("a left %d, b left %d; want both calls ended", a.gone, b.gone)
		}
		w.wantDid("hedge b")
	})
}

// A provider whose answers are outrun is known to be slow all the same: hedges
// come no sooner for it.
func TestOutrunAnswersAreSeen(t *testing.T) {
	set := hedged()
	set.Hedging.Share = 1
	a := usually("a", answers("from a", 300*time.Millisecond))
	run(t, set, []*fake{a, backend("b", always(answers("from b", 120*time.Millisecond)))}, func(w *world) {
		w.learn(false)
		first := w.send(ask{})
		w.want(first, "b", 2, 220*time.Millisecond)
		for range 20 {
			w.send(ask{})
		}
		if g := w.send(ask{}); g.took <= first.took {
			t.Errorf("took %v, as the first %v; want a later hedge, as a is known to be slower", g.took, first.took)
		}
	})
}

// A model that is left alone says nothing of the provider's other models: they
// are hedged and compared with their peers as ever.
func TestHedgeBesideARetiredModel(t *testing.T) {
	a := usually("a", hangs)
	a.Models = []string{"old"}
	script := a.script
	a.script = func(n int) act {
		if n == 0 {
			return fails(wire.FailModelNotFound, 0)
		}
		return script(n - 1)
	}
	run(t, hedged(), []*fake{a, backend("b", always(answers("from b", 30*time.Millisecond)))}, func(w *world) {
		w.want(w.send(ask{model: "old"}), "b", 2, -1)
		w.learn(false)
		w.want(w.send(ask{}), "b", 2, 130*time.Millisecond)
	})
}
