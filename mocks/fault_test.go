package mocks_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chance"
	"brownout/mocks"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

// faultFunc is a fault made of a function.
type faultFunc func(*mocks.Call) mocks.Effect

func (f faultFunc) Meet(c *mocks.Call) mocks.Effect { return f(c) }

func always(e mocks.Effect) mocks.Fault {
	return faultFunc(func(*mocks.Call) mocks.Effect { return e })
}

func TestFaultsAddUp(t *testing.T) {
	overload := &wire.Failure{Kind: wire.FailOverload, Message: "first"}
	for _, c := range []struct {
		name   string
		faults map[string]mocks.Effect // injected in the order of their names
		status int
		first  time.Duration // of 100 ms
		second time.Duration // of 110 ms
		names  []string
	}{
		{"none", nil, 200, 100 * time.Millisecond, 110 * time.Millisecond, nil},
		{
			"no effect",
			map[string]mocks.Effect{"a": {}},
			200, 100 * time.Millisecond, 110 * time.Millisecond, nil,
		},
		{
			"sums and products",
			map[string]mocks.Effect{
				"a": {Touched: true, FirstTokenAdd: 30 * time.Millisecond, FirstTokenMult: 2},
				"b": {Touched: true, FirstTokenAdd: 20 * time.Millisecond, FirstTokenMult: 1.5, PerTokenMult: 3},
				"c": {Touched: true, PerTokenMult: 2},
			},
			200, 350 * time.Millisecond, 410 * time.Millisecond,
			[]string{"a", "b", "c"},
		},
		{
			"the first failure wins",
			map[string]mocks.Effect{
				"a": {Touched: true, FirstTokenAdd: time.Hour},
				"b": {Touched: true, Fail: overload},
				"c": {Touched: true, Fail: &wire.Failure{Kind: wire.FailServer, Message: "second"}},
			},
			503, 0, 0,
			[]string{"a", "b", "c"},
		},
		{
			"never before the start",
			map[string]mocks.Effect{"a": {Touched: true, FirstTokenAdd: -time.Hour}},
			200, 0, 10 * time.Millisecond,
			[]string{"a"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var o mocks.Observation
				p := provider(t, spec(t, "openai", exact), func(got mocks.Observation) { o = got })
				for _, name := range slices.Sorted(keys(c.faults)) {
					p.Inject(name, always(c.faults[name]))
				}
				out := play(t, t.Context(), p, request(p.Spec(), "m", "In 2 words.", true))
				if o.Status != c.status || out.status != c.status || !slices.Equal(o.Faults, c.names) {
					t.Errorf("status %d (observed %d), faults %q; want %d and %q", out.status, o.Status, o.Faults, c.status, c.names)
				}
				if o.Failure != "" {
					if c.status == 200 || o.Failure != wire.FailOverload || o.Ended != 0 || o.CostUSD != 0 {
						t.Errorf("a failure is answered at once and not billed: %+v", o)
					}
					return
				}
				if o.FirstToken != c.first || !slices.Contains(out.writes, c.second) {
					t.Errorf("first token at %v, writes at %v; want %v and one at %v", o.FirstToken, out.writes, c.first, c.second)
				}
			})
		})
	}
	if overload.RequestID != "" {
		t.Error("the fault's own failure was written to")
	}
}

func keys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// A fault meets the calls between injection and clearance, and may be cleared
// twice; another of the same name is another fault.
func TestInjectAndClear(t *testing.T) {
	calls := newCalls()
	p := provider(t, spec(t, "vllm", nil), calls.observe)
	ask := func() { play(t, t.Context(), p, request(p.Spec(), "m", "In 2 words.", false)) }
	touch := always(mocks.Effect{Touched: true})
	ask()
	one := p.Inject("x", touch)
	two := p.Inject("x", touch)
	ask()
	one()
	one()
	ask()
	two()
	ask()
	for i, o := range calls.take(t, 4) {
		if want := []int{0, 2, 1, 0}[i]; len(o.Faults) != want {
			t.Errorf("call %d met %q, want %d faults", i+1, o.Faults, want)
		}
	}
}

// What a fault is told of a call.
func TestFaultsKnowTheCall(t *testing.T) {
	var met []mocks.Call
	p := provider(t, spec(t, "anthropic", nil), nil)
	p.Inject("look", faultFunc(func(c *mocks.Call) mocks.Effect {
		met = append(met, *c)
		return mocks.Effect{}
	}))
	for range 2 {
		play(t, t.Context(), p, request(p.Spec(), "m", "In 2 words.", true))
	}
	for i, c := range met {
		if c.Seed != 1 || c.Provider != "anthropic" || c.Marker != "m" || c.Attempt != i+1 || !c.Request.Stream || c.At < 0 {
			t.Errorf("call %d: %+v", i+1, c)
		}
	}
	if len(met) != 2 {
		t.Errorf("met %d calls, want 2", len(met))
	}
}

func TestOverriddenLimitsCarryTheirName(t *testing.T) {
	calls := newCalls()
	p := provider(t, spec(t, "openai", func(p *plan.Provider) {
		p.Limits = plan.Limits{RequestsPerMinute: 6000, TokensPerMinute: 1_000_000}
	}), calls.observe)
	ask := func() { play(t, t.Context(), p, request(p.Spec(), "m", "In 2 words.", false)) }
	wide := p.OverrideLimits("wide", mocks.Limits{Limits: plan.Limits{TokensPerMinute: 2_000_000}})
	restore := p.OverrideLimits("storm", mocks.Limits{Limits: plan.Limits{RequestsPerMinute: 6}})
	ask() // lowered limits keep at least one
	ask()
	restore()
	restore()
	ask()
	wide()
	old := p.OverrideLimits("old", mocks.Limits{Limits: plan.Limits{RequestsPerMinute: 60}, Stated: new(time.Hour)})
	last := p.OverrideLimits("last", mocks.Limits{Limits: plan.Limits{RequestsPerMinute: 6}, Stated: new(time.Duration)})
	ask()
	ask()
	last()
	old()
	seen := calls.take(t, 5)
	if o := seen[4]; o.Status != 429 || !slices.Equal(o.Faults, []string{"last"}) || o.RetryAfter != 0 {
		t.Errorf("refused by the last of two: %+v", o)
	}
	if o := seen[1]; o.Status != 429 || !slices.Equal(o.Faults, []string{"storm"}) {
		t.Errorf("refused call: %+v", o)
	}
	for _, i := range []int{0, 2} {
		if o := seen[i]; o.Status != 200 || len(o.Faults) != 0 {
			t.Errorf("call %d: %+v", i+1, o)
		}
	}
}

// Same seed, same markers: the same answers, times and fault decisions in
// whatever order the calls arrive.
func TestOrderChangesNothing(t *testing.T) {
	const markers, attempts = 40, 3
	type key struct {
		marker  string
		attempt int
	}
	type decision struct {
		status, completion int
		took               time.Duration
		faults             int
		body               string
	}
	run := func(seed uint64, order func(i int) int) map[key]decision {
		got := map[key]decision{}
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			s := spec(t, "openai", nil)
			full, _ := presets.Get("openai")
			s.Service = full.Service
			var last sync.Map // marker -> observation
			f, err := mocks.NewFleet(mocks.Config{
				Seed: seed, Providers: []plan.Provider{s},
				Observe: func(o mocks.Observation) { last.Store(o.Marker, o) },
			})
			if err != nil {
				t.Fatal(err)
			}
			p := f.Provider("openai")
			p.Inject("half", faultFunc(func(c *mocks.Call) mocks.Effect {
				k := chance.Key{Seed: c.Seed, Provider: c.Provider, Marker: c.Marker, Attempt: c.Attempt, Purpose: "fail"}
				if k.Hit(0.5) {
					return mocks.Effect{Touched: true, Fail: &wire.Failure{Kind: wire.FailServer}}
				}
				return mocks.Effect{}
			}))
			var wg sync.WaitGroup
			for i := range markers {
				marker := "m" + strconv.Itoa(order(i))
				wg.Go(func() {
					time.Sleep(time.Duration(i%5) * time.Millisecond)
					for range attempts {
						out := play(t, t.Context(), p, request(s, marker, "In 10 words.", false))
						v, _ := last.Load(marker)
						o := v.(mocks.Observation)
						mu.Lock()
						// The time of creation is no decision; the text and ids are.
						got[key{marker, o.Attempt}] = decision{
							out.status, o.Completion, o.Ended - o.Arrived, len(o.Faults),
							out.header.Get("X-Request-Id") + textOf(t, p, out),
						}
						mu.Unlock()
					}
				})
			}
			wg.Wait()
		})
		return got
	}
	forward := run(7, func(i int) int { return i })
	backward := run(7, func(i int) int { return markers - 1 - i })
	other := run(8, func(i int) int { return i })
	differs := 0
	failed := 0
	for k, d := range forward {
		if backward[k] != d {
			t.Errorf("%+v: %+v, and in another order %+v", k, d, backward[k])
		}
		if other[k] != d {
			differs++
		}
		if d.status != 200 {
			failed++
		}
	}
	if len(forward) != markers*attempts || len(backward) != len(forward) {
		t.Fatalf("%d and %d decisions, want %d", len(forward), len(backward), markers*attempts)
	}
	if differs < len(forward)/2 {
		t.Errorf("another seed changed only %d of %d", differs, len(forward))
	}
	if failed < len(forward)/4 || failed > len(forward)*3/4 {
		t.Errorf("half of the calls should fail; %d of %d did", failed, len(forward))
	}
}

// textOf is the text of a unary answer on a tape, or "" of a failure.
func textOf(t *testing.T, p *mocks.Provider, out *tape) string {
	t.Helper()
	if out.status != 200 {
		return ""
	}
	d, _ := wire.Lookup(p.Spec().Dialect)
	a, err := d.DecodeAnswer(out.body.Bytes())
	if err != nil {
		t.Error(err)
		return ""
	}
	return a.Text
}
