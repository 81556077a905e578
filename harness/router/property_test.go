package router_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
	"brownout/plan"
)

// moods are what a backend may do with a call; the property test draws them.
var moods = []string{
	"answer", "answer", "answer", "slow", "limit", "limit-long", "quota", "overload", "error", "auth", "retired",
	"context", "silent", "drop", "html", "cut", "reset", "stall", "stream-error", "empty", "version", "header",
}

// mood makes a backend's act of a word. limited hears of each retry-after.
func mood(word string, limited func(time.Duration)) act {
	part := strings.SplitAfter(wholeText, " ")
	limit := func(after time.Duration) act {
		return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
			// A hedge that is cancelled in the very moment of its refusal never
			// hears it. At this odd time nothing else happens.
			select {
			case <-r.Context().Done():
				return
			case <-time.After(173 * time.Microsecond):
			}
			fails(wire.FailRateLimit, after)(f, w, r, req)
			if w.Header().Get("Retry-After") != "" { // not every dialect states it
				limited(after)
			}
		}
	}
	switch word {
	case "slow":
		return unless(700 * time.Millisecond)
	case "limit":
		return limit(time.Second)
	case "limit-long":
		return limit(20 * time.Second)
	case "quota":
		return fails(wire.FailQuota, 0)
	case "overload":
		return fails(wire.FailOverload, 0)
	case "error":
		return fails(wire.FailServer, 0)
	case "auth":
		return fails(wire.FailAuth, 0)
	case "retired":
		return fails(wire.FailModelNotFound, 0)
	case "context":
		return fails(wire.FailContextLength, 0)
	case "silent":
		return hangs
	case "drop":
		return drops
	case "html":
		return writes(http.StatusOK, "text/html", "<html></html>")
	case "cut":
		return unlessUnary(resumes(part[:3], cuts))
	case "reset":
		return unlessUnary(resumes(part[:3], resets))
	case "stall":
		return unlessUnary(resumes(part[:3], stalls))
	case "stream-error":
		return unlessUnary(resumes(part[:3], failsInStream(wire.FailOverload)))
	case "empty":
		return answers("", 0)
	case "version":
		return insists(func(*http.Request) bool { return false }, wire.Failure{Message: "This version of the API is no longer supported."}, nil)(0)
	case "header":
		return insists(func(r *http.Request) bool { return r.Header.Get("X-Api-Revision") == "2" }, wire.Failure{
			Message: "x-api-revision: header is required. Please try again by setting the header 'x-api-revision: 2'.",
		}, unless(10*time.Millisecond))(0)
	}
	return unless(50 * time.Millisecond)
}

// wholeText is what every provider answers: long enough for a prefill.
const wholeText = "it is one answer, and nobody adds or drops a word of it"

// unless answers with what a prefill leaves to be said.
func unless(after time.Duration) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		answers(rest(wholeText, req), after)(f, w, r, req)
	}
}

// rest is what a request's partial answer leaves of a text.
func rest(text string, req *wire.Request) string { return strings.TrimPrefix(text, req.Prefill()) }

// resumes streams some words, or as many from where a partial answer ends, and
// leaves the end to then.
func resumes(words []string, then func(*fake, wire.StreamWriter, http.ResponseWriter, *http.Request)) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		some := strings.SplitAfter(rest(wholeText, req), " ")
		begins(0, some[:min(len(words), len(some))], then)(f, w, r, req)
	}
}

// unlessUnary drops unary calls: what happens in a stream cannot happen there.
func unlessUnary(a act) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		if !req.Stream {
			drops(f, w, r, req)
			return
		}
		a(f, w, r, req)
	}
}

// Whatever the providers do: each request ends by its deadline, with one whole
// answer without a lost or repeated word, or a failure that is told; a torn
// stream never looks whole; a restricted request never leaves its class,
// whatever the policy; nobody is called before the moment he stated; attempts
// stay within their bound, and those beyond the first of each request within
// the budget of retries.
func TestSoundUnderRandomFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var fakes []*fake
		var mu sync.Mutex
		var wrong []string
		note := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
		for i, name := range []string{"a", "b", "c"} {
			script := rapid.SliceOfN(rapid.SampledFrom(moods), 1, 8).Draw(rt, name)
			f := backend(name, nil)
			f.Dialect = rapid.SampledFrom(wire.Names()).Draw(rt, name+" dialect")
			f.Class = plan.Classes[i]
			var stated, until time.Duration // when it last said to stay away, and until when
			f.script = func(n int) act {
				now := time.Since(epoch())
				mu.Lock()
				early := now > stated && now < until
				mu.Unlock()
				if early {
					note("%s was called at %v, though it said at %v to stay away until %v", name, now, stated, until)
				}
				return mood(script[n%len(script)], func(after time.Duration) {
					mu.Lock()
					defer mu.Unlock()
					stated = time.Since(epoch())
					until = max(until, stated+after)
				})
			}
			fakes = append(fakes, f)
		}
		type order struct {
			at     time.Duration
			stream bool
			allow  string
			limit  time.Duration
		}
		orders := make([]order, rapid.IntRange(1, 25).Draw(rt, "requests"))
		for i := range orders {
			orders[i] = order{
				at:     time.Duration(rapid.IntRange(0, 4000).Draw(rt, "at")) * time.Millisecond,
				stream: rapid.Bool().Draw(rt, "stream"),
				allow:  rapid.SampledFrom([]string{"", "", "gpu", "managed,gpu"}).Draw(rt, "allow"),
				limit:  time.Duration(rapid.SampledFrom([]int{200, 1000, 4000}).Draw(rt, "deadline")) * time.Millisecond,
			}
		}
		set := plan.Router{
			MaxAttempts: rapid.IntRange(1, 6).Draw(rt, "attempts"), Retries: rapid.IntRange(-1, 2).Draw(rt, "retries"),
			Policy: rapid.SampledFrom(plan.RouterPolicies).Draw(rt, "policy"), Home: "r1",
			Weights: map[string]float64{"a": 3, "c": 0},
			// Preferences for those that the request may not reach must not help it there.
			Rule: []plan.Rule{{Prefer: []string{"b", plan.ClassCloud}, Policy: rapid.SampledFrom(plan.RulePolicies).Draw(rt, "rule")}},
		}
		set.RetryBudget = plan.RetryBudget{
			Share:  rapid.SampledFrom([]float64{0.1, 0.3, 1}).Draw(rt, "retry share"),
			Floor:  rapid.IntRange(1, 3).Draw(rt, "retry floor"),
			Window: 2 * time.Second,
		}
		if rapid.Bool().Draw(rt, "admission") {
			set.On = append(set.On, "admission")
			set.Admission = plan.Admission{Min: 1, Initial: 2, Max: 3, Queue: rapid.IntRange(1, 4).Draw(rt, "queue")}
		}
		if rapid.Bool().Draw(rt, "hedging") {
			set.On = append(set.On, "hedging")
			set.Hedging = plan.Hedging{MinSamples: 1, MinDelay: time.Millisecond, Percentile: 0.5, Share: rapid.SampledFrom([]float64{0.3, 1}).Draw(rt, "hedges")}
		}
		set.OutlierEjection = plan.OutlierEjection{
			Factor: 1.5, MinCalls: 2, Window: 313 * time.Millisecond, EjectFor: 701 * time.Millisecond,
			MaxShare: 1,
		}
		set.SlowStart = plan.SlowStart{
			Over: time.Duration(rapid.SampledFrom([]int{100, 1000, 5000}).Draw(rt, "way back")) * time.Millisecond, From: 0.01,
		}
		for _, name := range []string{"outlier_ejection", "slow_start"} {
			if rapid.IntRange(0, 3).Draw(rt, name) == 0 {
				set.Off = append(set.Off, name)
			}
		}
		run(t, set, fakes, func(w *world) {
			var all sync.WaitGroup
			for i, o := range orders {
				all.Go(func() {
					w.pass(o.at)
					a := ask{stream: o.stream, deadline: o.limit, marker: fmt.Sprint("m", i)}
					if o.allow != "" {
						a.header = http.Header{wire.HeaderAllow: {o.allow}}
					}
					g := w.send(a)
					if g.took > o.limit {
						note("request %d took %v of %v", i, g.took, o.limit)
					}
					if n := len(g.header.Get(wire.HeaderAttempts)); n != 1 || g.header.Get(wire.HeaderAttempts) > fmt.Sprint(set.MaxAttempts) {
						note("request %d made %q attempts, %d allowed", i, g.header.Get(wire.HeaderAttempts), set.MaxAttempts)
					}
					switch {
					case g.status == http.StatusOK && g.fail == nil && g.err == nil:
						if g.text != wholeText || !strings.HasPrefix(g.model, g.last()) || g.finish != wire.FinishStop || o.stream && !g.done {
							note("request %d got %q by %q, finish %q, done %v", i, g.text, g.by(), g.finish, g.done)
						}
					case g.fail == nil || g.done:
						note("request %d: status %d, failure %v, done %v, error %v", i, g.status, g.fail, g.done, g.err)
					case g.status == http.StatusOK && (g.text == "" || !strings.HasPrefix(wholeText, g.text)):
						note("request %d broke off after %q", i, g.text)
					}
				})
			}
			all.Wait()
			synctest.Wait()
			type visit struct {
				at      time.Duration
				request int
			}
			var visits []visit
			for _, f := range fakes {
				for _, c := range f.calls {
					var i int
					if _, err := fmt.Sscanf(c.req.LastUser(), "say it [[bo:m%d]]", &i); err != nil {
						note("the prompt came as %q", c.req.LastUser())
					} else if o := orders[i]; o.allow != "" && !strings.Contains(o.allow, f.Class) {
						note("request %d, allowed %s, reached %s", i, o.allow, f.Class)
					}
					visits = append(visits, visit{c.at, i})
				}
			}
			slices.SortStableFunc(visits, func(a, b visit) int { return cmp.Compare(a.at, b.at) })
			seen := map[int]bool{}
			var extra []time.Duration
			for _, v := range visits {
				if seen[v.request] {
					extra = append(extra, v.at)
				}
				seen[v.request] = true
			}
			for i, from := range extra {
				for j, to := range extra[i:] {
					most := float64(set.RetryBudget.Floor) * (1 + (to - from).Seconds())
					for _, o := range orders {
						at := w.began.Sub(epoch()) + o.at
						if at > from-set.RetryBudget.Window && at <= to {
							most += set.RetryBudget.Share
						}
						if at <= to {
							most += set.Hedging.Share
						}
					}
					if n := float64(j + 1); n > most+1e-6 {
						note("%v attempts beyond the first from %v to %v, at most %v are in the budget", n, from, to, most)
					}
				}
			}
		})
		if len(wrong) > 0 {
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
}
