package router_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
	"brownout/plan"
)

// bills answers as its class, in whole or in part, and counts what that costs:
// three dollars, but for an error.
func bills(class, word string, cost func()) act {
	text := "from " + class + " and nobody else"
	words := strings.SplitAfter(text, " ")
	paid := func(a act) act {
		return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
			cost()
			a(f, w, r, req)
		}
	}
	switch word {
	case "slow":
		return paid(answers(text, 600*time.Millisecond))
	case "error":
		return fails(wire.FailServer, 0)
	case "silent":
		return paid(hangs)
	case "drop":
		return paid(drops)
	case "cut":
		return paid(unlessUnary(begins(0, words[:2], cuts)))
	case "stall":
		return paid(unlessUnary(begins(0, words[:2], stalls)))
	}
	return paid(answers(text, 50*time.Millisecond))
}

// Whatever the providers do, and whatever is asked at once and again: no
// workflow costs more than its budget, nobody is answered by a class that he
// does not allow, from memory or by another's call, and each request gets one
// whole answer or is told a failure, by its deadline.
func TestMoneyAndMemoryAreSoundUnderRandomFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var mu sync.Mutex
		var wrong []string
		note := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
		spent := map[string]float64{} // by the question, which only one workflow asks
		var fakes []*fake
		for _, class := range []string{plan.ClassCloud, plan.ClassGPU, plan.ClassEdge} {
			script := rapid.SliceOfN(rapid.SampledFrom([]string{"answer", "answer", "slow", "error", "silent", "drop", "cut", "stall"}), 1, 6).Draw(rt, class)
			f := priced(class, nil)
			f.Class, f.Catalogue[0].MaxOutput = class, usage.Completion
			f.script = func(n int) act {
				return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
					q := req.LastUser()
					bills(class, script[n%len(script)], func() {
						mu.Lock()
						defer mu.Unlock()
						spent[q] += float64(usage.Completion)
					})(f, w, r, req)
				}
			}
			fakes = append(fakes, f)
		}
		budget := rapid.SampledFrom([]float64{3, 7, 12, 30}).Draw(rt, "budget")
		type order struct {
			at     time.Duration
			stream bool
			kept   bool
			allow  string
			flow   int
		}
		orders := make([]order, rapid.IntRange(1, 25).Draw(rt, "requests"))
		for i := range orders {
			orders[i] = order{
				at:     time.Duration(rapid.IntRange(0, 3000).Draw(rt, "at")) * time.Millisecond,
				stream: rapid.Bool().Draw(rt, "stream"),
				kept:   rapid.Bool().Draw(rt, "kept"),
				allow:  rapid.SampledFrom([]string{"", "gpu", "gpu,edge", "edge"}).Draw(rt, "allow"),
				flow:   rapid.IntRange(0, 2).Draw(rt, "workflow"),
			}
		}
		const limit = 3 * time.Second
		set := plan.Router{
			Cache: plan.Cache{TTL: time.Second}, StaleIfError: plan.StaleIfError{For: time.Second},
			On: rapid.SampledFrom([][]string{nil, {"semantic_cache"}}).Draw(rt, "on"),
		}
		run(t, set, fakes, func(w *world) {
			var all sync.WaitGroup
			for i, o := range orders {
				all.Go(func() {
					w.pass(o.at)
					flow := fmt.Sprint("flow", o.flow)
					h := spends(flow, "key", fmt.Sprint(budget))
					if o.kept {
						h.Set(wire.HeaderCache, "on")
					}
					if o.allow != "" {
						h.Set(wire.HeaderAllow, o.allow)
					}
					g := w.send(ask{stream: o.stream, header: h, deadline: limit, marker: flow})
					if g.took > limit {
						note("request %d took %v", i, g.took)
					}
					said := strings.TrimPrefix(g.text, "from ")
					class, rest, _ := strings.Cut(said, " ")
					if o.allow != "" && class != "" && !strings.Contains(o.allow, class) {
						note("request %d, allowed %s, was answered %q, cache %q", i, o.allow, g.text, cached(g))
					}
					switch whole := g.status == http.StatusOK && g.fail == nil && g.err == nil; {
					case whole && (rest != "and nobody else" || o.stream && !g.done):
						note("request %d got %q, done %v", i, g.text, g.done)
					case !whole && (g.fail == nil || g.done):
						note("request %d: status %d, failure %v, done %v, error %v", i, g.status, g.fail, g.done, g.err)
					}
				})
			}
			all.Wait()
			synctest.Wait()
			for q, usd := range spent {
				if usd > budget {
					note("%q cost $%v of $%v", q, usd, budget)
				}
			}
		})
		if len(wrong) > 0 {
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
}
