package router_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// marked are headers by which a client lets its request be answered from
// memory, and more of them as pairs.
func marked(more ...string) http.Header {
	h := http.Header{wire.HeaderCache: {"on"}}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

// wantKept fails the test unless the answer came from memory, in that way and
// of that age.
func (w *world) wantKept(g got, how, text, age string) {
	w.t.Helper()
	if g.err != nil || g.fail != nil || g.status != http.StatusOK || g.text != text || g.finish != wire.FinishStop {
		w.t.Fatalf("status %d, err %v, failure %v, text %q finish %q", g.status, g.err, g.fail, g.text, g.finish)
	}
	if g.header.Get(wire.HeaderCache) != how || g.header.Get("Age") != age || g.by() != "" || g.header.Get(wire.HeaderAttempts) == "" {
		w.t.Errorf("headers %v, want %s of age %s", g.header, how, age)
	}
}

func cached(g got) string { return g.header.Get(wire.HeaderCache) }

// The same question is answered from memory, to the end of its time and not
// beyond, unary and streamed alike.
func TestCache(t *testing.T) {
	a := backend("a", always(answers("from a", time.Second)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		w.want(w.send(ask{header: marked()}), "a", 1, time.Second)
		w.pass(1500 * time.Millisecond)
		g := w.send(ask{header: marked()})
		w.wantKept(g, "hit", "from a", "1")
		if g.took != 0 || g.model != "a-model" || g.usage != usage {
			t.Errorf("took %v, model %q, usage %+v", g.took, g.model, g.usage)
		}
		s := w.send(ask{header: marked(), stream: true, usage: true})
		w.wantKept(s, "hit", "from a", "1")
		if !s.done || s.usage != usage || s.model != "a-model" {
			t.Errorf("done %v, usage %+v, model %q", s.done, s.usage, s.model)
		}
		w.pass(time.Minute - 1500*time.Millisecond - 1)
		w.wantKept(w.send(ask{header: marked()}), "hit", "from a", "59")
		w.pass(1)
		w.want(w.send(ask{header: marked()}), "a", 1, time.Second)
		if a.count() != 2 {
			t.Errorf("%d calls, want one a minute", a.count())
		}
	})
}

// A streamed answer is kept when it is whole, and answers as both.
func TestCacheKeepsStreams(t *testing.T) {
	a := backend("a", inTurn(begins(0, []string{"from ", "a"}, cuts), says(0, "from ", "a")))
	off := plan.Router{Off: []string{"retries", "continuation"}}
	run(t, off, []*fake{a}, func(w *world) {
		if g := w.send(ask{header: marked(), stream: true}); g.fail == nil {
			t.Fatalf("a torn stream looks whole: %q", g.text)
		}
		if g := w.send(ask{header: marked(), stream: true}); cached(g) != "" || g.text != "from a" {
			t.Fatalf("a torn stream was kept: %q %v", g.text, g.header)
		}
		w.wantKept(w.send(ask{header: marked(), stream: true}), "hit", "from a", "0")
		w.wantKept(w.send(ask{header: marked()}), "hit", "from a", "0")
	})
}

// Nothing is kept of, or given to, who did not ask for it, and what is kept
// stays with its key, its classes and regions, and its words.
func TestCacheCrossesNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		set     plan.Router
		asks    ask
		want    string
		askedOf int
	}{
		"the same":           {asks: ask{header: marked()}, want: "hit", askedOf: 1},
		"unmarked":           {asks: ask{}, askedOf: 2},
		"forbidden":          {asks: ask{header: http.Header{wire.HeaderCache: {"off"}}}, set: plan.Router{Cache: plan.Cache{Scope: plan.CacheAll}}, askedOf: 2},
		"no-cache":           {asks: ask{header: marked("Cache-Control", "no-cache")}, askedOf: 2},
		"other key":          {asks: ask{header: marked("Authorization", "Bearer other")}, askedOf: 2},
		"other tenant":       {asks: ask{header: marked(router.HeaderAgent, "team-b")}, askedOf: 2},
		"classes":            {asks: ask{header: marked(wire.HeaderAllow, "cloud")}, askedOf: 2},
		"regions":            {asks: ask{header: marked(wire.HeaderRegions, "r1")}, askedOf: 2},
		"other words":        {asks: ask{header: marked(), marker: "m2"}, askedOf: 2},
		"other model":        {asks: ask{header: marked(), model: "other"}, askedOf: 2},
		"switched off":       {asks: ask{header: marked()}, set: plan.Router{Off: []string{"cache"}}, askedOf: 2},
		"everything":         {asks: ask{}, set: plan.Router{Cache: plan.Cache{Scope: plan.CacheAll}}, askedOf: 2}, // of another scope than the first
		"by its own control": {asks: ask{header: http.Header{"Cache-Control": {"max-age=5"}}}, want: "hit", askedOf: 1},
	} {
		t.Run(name, func(t *testing.T) {
			a := backend("a", always(answers("from a", 0)))
			run(t, tt.set, []*fake{a}, func(w *world) {
				first := ask{header: marked()}
				if name == "everything" {
					first.header = marked(router.HeaderAgent, "team-a")
				}
				w.want(w.send(first), "a", 1, 0)
				g := w.send(tt.asks)
				if cached(g) != tt.want || g.text != "from a" || a.count() != tt.askedOf {
					t.Errorf("answered %q from %q after %d calls, want %q after %d", g.text, cached(g), a.count(), tt.want, tt.askedOf)
				}
			})
		})
	}
}

// A field that no neutral form knows may change the answer.
func TestCacheSeesEveryField(t *testing.T) {
	a := backend("a", always(answers("from a", 0)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		for _, field := range []string{``, `,"logit_bias":{"50256":-100}`, `,"seed":1`, `,"top_p":0.5`, `,"user":"u1"`} {
			body := `{"model":"any","messages":[{"role":"user","content":"q"}]` + field + `}`
			before := a.count()
			for range 2 {
				if res, text := w.post("/v1/chat/completions", body, marked()); res.StatusCode != http.StatusOK {
					t.Fatalf("%s: %s", field, text)
				}
			}
			if a.count() != before+1 {
				t.Errorf("with %s: %d calls, want one", field, a.count()-before)
			}
		}
	})
}

// A sensitive question and an open one in the same words never share an
// answer, whoever came first.
func TestCacheNeverCrossesClasses(t *testing.T) {
	for _, order := range [][]string{{"", "gpu"}, {"gpu", ""}} {
		cloud, gpu := backend("cloud", always(answers("from cloud", 0))), backend("gpu", always(answers("from gpu", 0)))
		gpu.Class = plan.ClassGPU
		run(t, plan.Router{}, []*fake{cloud, gpu}, func(w *world) {
			for range 2 {
				for _, allow := range order {
					h, want := marked(), "from cloud"
					if allow != "" {
						h.Set(wire.HeaderAllow, allow)
						want = "from gpu"
					}
					if g := w.send(ask{header: h}); g.text != want {
						t.Errorf("allowed %q, it was answered %q", allow, g.text)
					}
				}
			}
			if cloud.count() != 1 || gpu.count() != 1 {
				t.Errorf("calls %d and %d", cloud.count(), gpu.count())
			}
		})
	}
}

// Where nobody answers, an older answer does, up to its age; where somebody
// does, or the request itself is refused, it does not.
func TestStaleIfError(t *testing.T) {
	const ttl, late = 10 * time.Second, 20 * time.Second
	set := plan.Router{Cache: plan.Cache{TTL: ttl}, StaleIfError: plan.StaleIfError{For: late}, Retries: -1}
	down := fails(wire.FailServer, 0)
	for name, tt := range map[string]struct {
		off    string
		age    time.Duration
		then   act
		header http.Header
		want   string // the age of the stale answer; "": none
	}{
		"fresh no more":      {age: 15 * time.Second, then: down, want: "15"},
		"at the end":         {age: ttl + late - 1, then: down, want: "29"},
		"too old":            {age: ttl + late, then: down},
		"silent":             {age: 15 * time.Second, then: hangs, want: "24"}, // and most of the deadline's 10 s
		"somebody answers":   {age: 15 * time.Second, then: answers("from a", 0)},
		"wrong request":      {age: 15 * time.Second, then: fails(wire.FailBadRequest, 0)},
		"filtered":           {age: 15 * time.Second, then: fails(wire.FailContentFilter, 0)},
		"unmarked":           {age: 15 * time.Second, then: down, header: http.Header{}},
		"anew":               {age: 15 * time.Second, then: down, header: marked("Cache-Control", "no-cache")},
		"bounded by client":  {age: 15 * time.Second, then: down, header: marked("Cache-Control", "max-age=12")},
		"within its bound":   {age: 15 * time.Second, then: down, header: marked("Cache-Control", "max-age=12, stale-if-error=5"), want: "15"},
		"beyond its bound":   {age: 18 * time.Second, then: down, header: marked("Cache-Control", "max-age=12, stale-if-error=5")},
		"switched off":       {age: 15 * time.Second, then: down, off: "stale_if_error"},
		"without the cache":  {age: 15 * time.Second, then: down, off: "cache", want: "15"},
		"without the ladder": {age: 15 * time.Second, then: down, off: "degradation_ladder", want: "15"},
	} {
		t.Run(name, func(t *testing.T) {
			a := backend("a", inTurn(answers("from a", 0), tt.then))
			set := set
			if tt.off != "" {
				set.Off = []string{tt.off}
			}
			run(t, set, []*fake{a}, func(w *world) {
				w.want(w.send(ask{header: marked()}), "a", 1, 0)
				w.pass(tt.age)
				h := tt.header
				if h == nil {
					h = marked()
				}
				g := w.send(ask{header: h})
				if tt.want == "" {
					if cached(g) != "" || tt.then != nil && g.fail == nil && g.by() != "a" {
						t.Errorf("answered %q from %q, failure %v", g.text, cached(g), g.fail)
					}
					return
				}
				w.wantKept(g, "stale", "from a", tt.want)
				step := plan.StepCache
				if tt.off == "degradation_ladder" {
					step = ""
				}
				if g.header.Get(router.HeaderStep) != step {
					t.Errorf("step %q, want %q", g.header.Get(router.HeaderStep), step)
				}
			})
		})
	}
}

// Each step down the ladder is taken only where the one above is lost, and
// says so.
func TestLadder(t *testing.T) {
	var lost sync.Map
	var fakes []*fake
	for _, v := range []struct{ name, class string }{{"a", "cloud"}, {"b", "gpu"}, {"c", "edge"}} {
		f := backend(v.name, always(answers("from "+v.name, 0)))
		f.Class = v.class
		f.down = func(int) bool { _, down := lost.Load(v.name); return down }
		fakes = append(fakes, f)
	}
	set := plan.Router{Off: []string{"breaker"}, Retries: -1, Cache: plan.Cache{TTL: time.Second}, Ladder: plan.Ladder{Static: "We are away. Please call."}}
	run(t, set, fakes, func(w *world) {
		lose := func(name string) {
			lost.Store(name, true)
			for _, f := range fakes { // idle connections outlive a refusal
				if f.Name == name {
					f.script = always(drops)
				}
			}
			w.pass(2 * time.Second)
		}
		steps := func(h http.Header) string {
			g := w.send(ask{header: h})
			return strings.Join([]string{g.text, g.by(), cached(g), g.header.Get(router.HeaderStep)}, "|")
		}
		for _, v := range []struct{ lose, want, unmarked string }{
			{"", "from a|a||", "from a|a||"},
			{"a", "from b|b||gpu", "from b|b||gpu"},
			{"b", "from c|c||edge", "from c|c||edge"},
			{"c", "from c||stale|cache", "We are away. Please call.|||static"},
		} {
			if v.lose != "" {
				lose(v.lose)
			}
			if got := steps(marked()); got != v.want {
				t.Errorf("without %q: %q, want %q", v.lose, got, v.want)
			}
			if got := steps(nil); got != v.unmarked {
				t.Errorf("without %q: %q, want %q", v.lose, got, v.unmarked)
			}
		}
		if g := w.send(ask{stream: true}); g.text != "We are away. Please call." || g.model != "static" || !g.done {
			t.Errorf("a stream ends on %q of %q, done %v", g.text, g.model, g.done)
		}
		res, text := w.post("/v1/chat/completions", `{"model":"m","messages":[{"role":"user","content":"json, please"}],"response_format":{"type":"json_object"}}`, nil)
		if res.StatusCode < 500 {
			t.Errorf("who was promised JSON got a sentence: %s", text)
		}
	})
}

// A lesser class's answer says so when it comes from memory, too.
func TestCacheTellsTheStepOfItsAnswer(t *testing.T) {
	a, b := backend("a", always(fails(wire.FailServer, 0))), backend("b", always(answers("from b", 0)))
	b.Class = plan.ClassEdge
	run(t, plan.Router{}, []*fake{a, b}, func(w *world) {
		w.send(ask{header: marked()})
		g := w.send(ask{header: marked()})
		w.wantKept(g, "hit", "from b", "0")
		if g.header.Get(router.HeaderStep) != plan.ClassEdge {
			t.Errorf("step %q", g.header.Get(router.HeaderStep))
		}
	})
}

// Configured steps are the only ones, in their order.
func TestLadderSteps(t *testing.T) {
	for name, tt := range map[string]struct {
		steps []string
		want  []string
	}{
		"none":      {nil, []string{"cloud", "gpu", "edge"}},
		"turned":    {[]string{"edge", "gpu", "cloud", "cache"}, []string{"edge", "gpu", "cloud"}},
		"left out":  {[]string{"gpu", "cache"}, []string{"gpu"}},
		"no stale":  {[]string{"gpu", "edge"}, []string{"gpu", "edge"}},
		"in parts":  {[]string{"edge", "cloud", "static"}, []string{"edge", "cloud"}},
		"only best": {[]string{"cloud"}, []string{"cloud"}},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var asked []string
			var fakes []*fake
			broken := false
			for _, class := range []string{"cloud", "gpu", "edge"} {
				f := backend(class, func(int) act {
					mu.Lock()
					defer mu.Unlock()
					if broken {
						asked = append(asked, class)
						return fails(wire.FailOverload, 0)
					}
					return answers("from it", 0)
				})
				f.Class = class
				fakes = append(fakes, f)
			}
			set := plan.Router{Ladder: plan.Ladder{Steps: tt.steps}, Cache: plan.Cache{TTL: time.Second}, Off: []string{"breaker"}, Retries: -1}
			run(t, set, fakes, func(w *world) {
				w.send(ask{header: marked()})
				w.pass(2 * time.Second)
				broken = true
				g := w.send(ask{header: marked()})
				if got := strings.Join(asked, " "); got != strings.Join(tt.want, " ") {
					t.Errorf("asked %s, want %s", got, tt.want)
				}
				stale := tt.steps == nil || strings.Contains(strings.Join(tt.steps, " "), "cache")
				if (cached(g) == "stale") != stale {
					t.Errorf("from %q, stale %v", cached(g), stale)
				}
			})
		})
	}
}

// What is kept outlives a reload that leaves the cache as it is, and no other.
func TestCacheOutlivesReload(t *testing.T) {
	a := backend("a", always(answers("from a", 0)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		w.send(ask{header: marked()})
		reload := func(change func(*plan.Router)) {
			change(&w.config.Settings)
			if err := w.router.Reload(w.config); err != nil {
				t.Fatal(err)
			}
		}
		reload(func(s *plan.Router) { s.Deadline = 9 * time.Second })
		w.wantKept(w.send(ask{header: marked()}), "hit", "from a", "0")
		reload(func(s *plan.Router) { s.Cache.TTL = 2 * time.Minute })
		w.want(w.send(ask{header: marked()}), "a", 1, 0)
		synctest.Wait()
	})
}

// What was kept while nobody looked at classes is not given to who names some,
// once somebody does.
func TestCacheHeedsClassesOfNow(t *testing.T) {
	a, b := backend("a", always(answers("from a", 0))), backend("b", always(answers("from b", 0)))
	b.Class = plan.ClassGPU
	run(t, plan.Router{Off: []string{"privacy"}}, []*fake{a, b}, func(w *world) {
		ours := ask{header: marked(wire.HeaderAllow, "gpu")}
		w.want(w.send(ours), "a", 1, 0)
		w.config.Settings.Off = nil
		if err := w.router.Reload(w.config); err != nil {
			t.Fatal(err)
		}
		w.want(w.send(ours), "b", 1, 0)
		w.wantKept(w.send(ours), "hit", "from b", "0")
	})
}
