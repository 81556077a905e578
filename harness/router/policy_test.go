package router_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

const ms = time.Millisecond

// The words of plan.Router.Policy are the router's policies.
func TestPolicies(t *testing.T) {
	var names []string
	for _, p := range router.Policies() {
		names = append(names, p.Name)
		if p.Summary == "" {
			t.Errorf("%s says nothing of itself", p.Name)
		}
	}
	if !slices.Equal(names, plan.RouterPolicies) {
		t.Errorf("the router has %q\nplan names %q", names, plan.RouterPolicies)
	}
}

// fast are backends that answer after 100 ms, in JSON, which is right whatever
// was asked for.
func fast(names ...string) []*fake {
	var list []*fake
	for _, name := range names {
		list = append(list, backend(name, always(answers(`{"by":"`+name+`"}`, 100*ms))))
	}
	return list
}

// body is a chat request with more in it: field after field.
func body(t *testing.T, prompt string, more map[string]any) string {
	t.Helper()
	m := map[string]any{"model": "any", "messages": []map[string]string{{"role": "user", "content": prompt}}}
	for k, v := range more {
		m[k] = v
	}
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// asked sends a chat request and tells who answered.
func (w *world) asked(body string, header http.Header) string {
	w.t.Helper()
	res, text := w.post("/v1/chat/completions", body, header)
	if res.StatusCode != http.StatusOK {
		w.t.Fatalf("status %d: %s", res.StatusCode, text)
	}
	return res.Header.Get(wire.HeaderProvider)
}

// Weights are shares of requests; the same request always goes to the same
// backend, and finds another where that one is down.
func TestWeighted(t *testing.T) {
	set := plan.Router{Policy: plan.PolicyWeighted, Weights: map[string]float64{"a": 3, "c": 0}} // b: 1
	fakes := fast("a", "b", "c")
	broken := false
	fakes[0].down = func(int) bool { return broken }
	run(t, set, fakes, func(w *world) {
		const n = 400
		first := map[string]string{}
		for i := range n {
			marker := fmt.Sprint("m", i)
			first[marker] = w.send(ask{marker: marker}).by()
		}
		if a, b, c := w.fakes["a"].count(), w.fakes["b"].count(), w.fakes["c"].count(); a+b != n || a < n*70/100 || a > n*80/100 || c > 0 {
			t.Errorf("a %d, b %d, c %d of %d; want shares of 3 to 1 and none for c", a, b, c, n)
		}
		for marker, by := range first {
			if again := w.send(ask{marker: marker}).by(); again != by {
				t.Fatalf("%s went to %s and then to %s", marker, by, again)
			}
		}
		w.client.CloseIdleConnections()
		broken = true
		w.pass(time.Minute) // the pooled connections are dropped
		for marker, by := range first {
			if g := w.send(ask{marker: marker}); by == "b" && g.by() != "b" || g.by() == "c" {
				t.Fatalf("without a, %s went to %s, from %s", marker, g.by(), by)
			}
		}
	})
}

// Whoever has the fewest calls in progress for its weight is asked.
func TestLeastOutstanding(t *testing.T) {
	set := plan.Router{Policy: plan.PolicyLeastOutstanding, Weights: map[string]float64{"a": 2}}
	fakes := []*fake{backend("a", always(answers("from a", time.Second))), backend("b", always(answers("from b", time.Second)))}
	run(t, set, fakes, func(w *world) {
		for range 2 { // the second time shows that the calls that ended are not counted
			var all sync.WaitGroup
			for i := range 9 {
				all.Go(func() { w.send(ask{marker: fmt.Sprint("m", i), stream: i%2 == 0}) })
				w.pass(10 * ms)
			}
			all.Wait()
		}
		if a, b := w.fakes["a"].count(), w.fakes["b"].count(); a != 12 || b != 6 {
			t.Errorf("a has %d, b %d; want 12 and 6", a, b)
		}
	})
}

// A call that failed, and one whose client left, are in progress no more.
func TestOutstandingEnds(t *testing.T) {
	set := plan.Router{Policy: plan.PolicyLeastOutstanding, Off: []string{"breaker", "retries"}}
	fakes := []*fake{backend("a", inTurn(fails(wire.FailServer, 0), hangs, answers("from a", 0))), backend("b", always(answers("from b", time.Second)))}
	run(t, set, fakes, func(w *world) {
		// Nobody else is busy, so that ties decide; each is sent until a had it.
		for i := 0; w.fakes["a"].count() < 2; i++ {
			w.send(ask{marker: fmt.Sprint("m", i), deadline: 300 * ms})
			w.pass(2 * time.Second)
		}
		var all sync.WaitGroup
		n, b := w.fakes["a"].count(), w.fakes["b"].count()
		for i := range 4 {
			all.Go(func() { w.send(ask{marker: fmt.Sprint("held", i)}) })
			w.pass(10 * ms)
		}
		all.Wait()
		if a, b := w.fakes["a"].count()-n, w.fakes["b"].count()-b; b != 1 || a != 3 {
			t.Errorf("a was asked %d and b %d times; want 3 and 1: a is idle each time", a, b)
		}
	})
}

// The quicker of two is asked; a slow answer counts at once, calls in progress
// count, and who was slow is tried again in time.
func TestLatency(t *testing.T) {
	slow := false
	a := backend("a", func(int) act {
		if slow {
			return answers("from a", 800*ms)
		}
		return answers("from a", 100*ms)
	})
	b := backend("b", always(answers("from b", 390*ms)))
	run(t, plan.Router{Policy: plan.PolicyLatency}, []*fake{b, a}, func(w *world) {
		n := 0
		send := func() string { n++; return w.send(ask{marker: fmt.Sprint("m", n)}).by() }
		send() // one is seen, then the other
		send()
		if w.fakes["a"].count() != 1 || w.fakes["b"].count() != 1 {
			t.Fatalf("a %d, b %d calls: who was never seen is asked", w.fakes["a"].count(), w.fakes["b"].count())
		}
		for range 10 {
			if by := send(); by != "a" {
				t.Fatalf("request %d went to %s", n, by)
			}
		}
		// What was seen of b has faded to 280 ms meanwhile. Two calls in progress
		// make a wait of 300 ms at a, which b beats; with one, b has 560.
		var got [4]string
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() { got[i] = w.send(ask{marker: fmt.Sprint("busy", i)}).by() })
			w.pass(ms)
		}
		all.Wait()
		if want := [4]string{"a", "a", "b", "a"}; got != want {
			t.Errorf("at once: %q, want %q", got, want)
		}
		slow = true
		if by := send(); by != "a" {
			t.Fatalf("it went to %s", by)
		}
		slow = false
		for range 3 {
			if by := send(); by != "b" {
				t.Fatalf("after one slow answer of a, request %d went to %s", n, by)
			}
		}
		w.pass(30 * time.Second) // what is known of both has faded, and is found out anew
		for range 2 {
			send()
		}
		for range 5 {
			if by := send(); by != "a" {
				t.Errorf("a is quick again and not asked, but %s", by)
			}
		}
	})
}

// The cheapest for the request at hand is asked: that of the lower price in,
// or out, as the prompt or the answer is long.
func TestCost(t *testing.T) {
	priced := func(name string, in, out float64) *fake {
		f := backend(name, always(answers("from "+name, 0)))
		f.Catalogue = []router.Model{{ID: name + "-model", PriceIn: in, PriceOut: out}}
		return f
	}
	unknown := backend("unknown", always(answers("from unknown", 0)))
	run(t, plan.Router{Policy: plan.PolicyCost}, []*fake{unknown, priced("reads", 0.1, 10), priced("writes", 2, 3), priced("dear", 5, 25)}, func(w *world) {
		long := strings.Repeat("word ", 4000)
		for _, tt := range []struct {
			prompt string
			most   int
			want   string
		}{
			{long, 10, "reads"},
			{"hello", 500, "writes"},
			{"hello", 0, "writes"},
			{long[:2000], 100, "reads"},
			{long[:2000], 1000, "writes"},
		} {
			more := map[string]any{}
			if tt.most > 0 {
				more["max_tokens"] = tt.most
			}
			if by := w.asked(body(t, tt.prompt, more), nil); by != tt.want {
				t.Errorf("%.10q with %d tokens of answer went to %s, want %s", tt.prompt, tt.most, by, tt.want)
			}
		}
	})
	own := priced("own", 0, 0)
	own.Class = plan.ClassGPU
	run(t, plan.Router{Policy: plan.PolicyCost}, []*fake{priced("cloud", 1, 1), own}, func(w *world) {
		if by := w.send(ask{}).by(); by != "own" {
			t.Errorf("%s was asked, and the own GPU is free", by)
		}
	})
}

// Near ones are asked first: those of the region, then of its part of the
// world.
func TestRegion(t *testing.T) {
	fakes := fast("a", "b", "c", "d")
	for i, region := range []string{"us-east-1", "", "eu-west-1", "eu-central-1"} {
		fakes[i].Region = region
		fakes[i].script = always(fails(wire.FailOverload, 0))
	}
	run(t, plan.Router{Policy: plan.PolicyRegion, Home: "eu-central-1", Off: []string{"retries"}}, fakes, func(w *world) {
		w.send(ask{})
		w.wantDid("failover c", "failover a", "failover b", "exhausted")
		if n := w.fakes["d"].count(); n != 1 {
			t.Errorf("d, at home, was asked %d times", n)
		}
	})
}

// Each condition of a rule decides, the first rule that holds wins, and within
// its preferences its own policy does.
func TestHybrid(t *testing.T) {
	yes, no := true, false
	fakes := fast("cloud", "fallback", "gpu", "edge")
	fakes[2].Class, fakes[3].Class = plan.ClassGPU, plan.ClassEdge
	fakes[0].Catalogue = []router.Model{{ID: "cloud-model", PriceIn: 5, PriceOut: 5}}
	fakes[1].Catalogue = []router.Model{{ID: "fallback-model", PriceIn: 1, PriceOut: 1}}
	set := plan.Router{Policy: plan.PolicyHybrid, Rule: []plan.Rule{
		{Sensitive: &yes, Prefer: []string{plan.ClassGPU, plan.ClassEdge}},
		{Tools: &yes, Prefer: []string{"fallback"}},
		{JSON: &yes, Stream: &no, Prefer: []string{plan.ClassCloud}, Policy: plan.PolicyCost},
		{PromptMin: 100, PromptMax: 200, Prefer: []string{"gpu", "fallback"}},
		{DeadlineMax: time.Second, Prefer: []string{"edge"}},
	}}
	tool := []any{map[string]any{"type": "function", "function": map[string]any{"name": "f", "parameters": map[string]any{"type": "object"}}}}
	object := map[string]any{"type": "json_object"}
	run(t, set, fakes, func(w *world) {
		for _, tt := range []struct {
			why    string
			prompt string
			more   map[string]any
			header http.Header
			want   string
		}{
			{"no rule holds", "hello", nil, nil, "cloud"},
			{"sensitive", "hello", nil, http.Header{wire.HeaderAllow: {"edge,gpu"}}, "gpu"},
			{"sensitive outweighs tools, which come later", "hello", map[string]any{"tools": tool}, http.Header{wire.HeaderAllow: {"edge"}}, "edge"},
			{"tools", "hello", map[string]any{"tools": tool}, nil, "fallback"},
			{"JSON goes to the cheaper cloud", "hello json", map[string]any{"response_format": object}, nil, "fallback"},
			{"a long prompt", strings.Repeat("word ", 100), nil, nil, "gpu"},
			{"a longer one than that", strings.Repeat("word ", 201), nil, nil, "cloud"},
			{"little time", "hello", nil, http.Header{wire.HeaderDeadline: {"1000"}}, "edge"},
			{"more time", "hello", nil, http.Header{wire.HeaderDeadline: {"1001"}}, "cloud"},
			{"streams are not for the rule of JSON", "hello json", map[string]any{"response_format": object, "stream": true}, nil, "cloud"},
		} {
			if by := w.asked(body(t, tt.prompt, tt.more), tt.header); by != tt.want {
				t.Errorf("%s: %s answered, want %s", tt.why, by, tt.want)
			}
		}
	})
}

// Rules only prefer: a request reaches nobody that it does not allow, and finds
// those that the rule does not prefer where its favourites are down.
func TestHybridOnlyPrefers(t *testing.T) {
	fakes := fast("cloud", "gpu")
	fakes[1].Class = plan.ClassGPU
	set := plan.Router{Policy: plan.PolicyHybrid, Rule: []plan.Rule{{Prefer: []string{"cloud"}}}}
	run(t, set, fakes, func(w *world) {
		if by := w.send(ask{header: http.Header{wire.HeaderAllow: {"gpu"}}}).by(); by != "gpu" {
			t.Errorf("%s answered what only a GPU may", by)
		}
	})
	fakes = fast("cloud", "gpu")
	fakes[0].down = func(int) bool { return true }
	run(t, set, fakes, func(w *world) {
		if by := w.send(ask{}).by(); by != "gpu" {
			t.Errorf("%q answered, want gpu", by)
		}
	})
}

// Who is known to lack what a request needs is asked last, and still asked
// where nobody else is left. One key switches it off.
func TestCapabilities(t *testing.T) {
	tool := map[string]any{"tools": []any{map[string]any{"type": "function", "function": map[string]any{"name": "f", "parameters": map[string]any{"type": "object"}}}}}
	long := strings.Repeat("a ", 300)
	for _, tt := range []struct {
		what   string
		known  router.Model
		prompt string
		more   map[string]any
		want   string
	}{
		{"no tools", router.Model{Lacks: []string{"tools"}}, "hello", tool, "b"},
		{"no tools are needed", router.Model{Lacks: []string{"tools"}}, "hello", nil, "a"},
		{"no JSON", router.Model{Lacks: []string{"json"}}, "hello json", map[string]any{"response_format": map[string]any{"type": "json_object"}}, "b"},
		{"no streams", router.Model{Lacks: []string{"streams"}}, "hello", map[string]any{"stream": true}, "b"},
		{"room for the prompt", router.Model{Context: 300}, long, nil, "a"},
		{"no room for the prompt", router.Model{Context: 299}, long, nil, "b"},
		{"no room for the answer", router.Model{Context: 400}, long, map[string]any{"max_tokens": 101}, "b"},
		{"room for both", router.Model{Context: 400}, long, map[string]any{"max_tokens": 100}, "a"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			fakes := fast("a", "b")
			tt.known.ID = "a-model"
			fakes[0].Catalogue = []router.Model{tt.known}
			run(t, plan.Router{}, fakes, func(w *world) {
				if by := w.asked(body(t, tt.prompt, tt.more), nil); by != tt.want {
					t.Errorf("%s answered, want %s", by, tt.want)
				}
			})
			run(t, plan.Router{Off: []string{"capabilities"}}, fakes, func(w *world) {
				if by := w.asked(body(t, tt.prompt, tt.more), nil); by != "a" {
					t.Errorf("%s answered, though nobody looks at what a can", by)
				}
			})
			run(t, plan.Router{}, fakes[:1], func(w *world) {
				if by := w.asked(body(t, tt.prompt, tt.more), nil); by != "a" {
					t.Errorf("%s answered", by)
				}
			})
		})
	}
}

// What a policy cannot go by is told by name.
func TestPolicySettingsAreChecked(t *testing.T) {
	for _, tt := range []struct {
		set  plan.Router
		want string
	}{
		{plan.Router{Policy: "fastest"}, `policy: unknown policy "fastest"; use one of: priority, weighted, least_outstanding, latency, cost, region, hybrid`},
		{plan.Router{Policy: plan.PolicyHybrid}, `policy: hybrid has no rule to go by`},
		{plan.Router{Policy: plan.PolicyRegion}, `home: the policy region has no region to stay near`},
		{plan.Router{Weights: map[string]float64{"b": 1}}, `weights: no backend is named "b"; the backends are a`},
		{plan.Router{Weights: map[string]float64{"a": -1}}, `weights: the weight -1 of "a" is negative`},
		{plan.Router{Rule: []plan.Rule{{PromptMin: 1}}}, `rule: rule 1 prefers nobody`},
		{plan.Router{Rule: []plan.Rule{{Prefer: []string{"b"}}}}, `rule: rule 1 prefers "b", which is neither a backend nor a class`},
		{plan.Router{Rule: []plan.Rule{{Policy: plan.PolicyHybrid}}}, `rule: unknown rule "hybrid"; use one of: priority`},
		{plan.Router{Rule: []plan.Rule{{Policy: "cost"}, {Policy: "cost"}}}, `rule: rule 1 holds for every request`},
		{plan.Router{Rule: []plan.Rule{{Policy: "cost", PromptMin: 9, PromptMax: 3}}}, `rule: no prompt has at least 9 words and at most 3`},
	} {
		_, err := router.New(router.Config{Settings: tt.set, Backends: []router.Backend{{Name: "a", Dialect: "openai", BaseURL: "http://127.0.0.1:1"}}})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}
