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

// told are the details of decisions of one sort.
func (w *world) told(what string) (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.decisions {
		if d.What == what {
			list = append(list, d.Detail)
		}
	}
	return list
}

// showing answers for the model list with what now says.
func (f *fake) showing(now func() []wire.ModelInfo) {
	f.list = func(w http.ResponseWriter, r *http.Request) { f.dialect.WriteModels(w, r, now()) }
}

// gone refuses a model and answers for the others.
func gone(model string, fail wire.Failure) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		if req.Model == model {
			fail.Kind, fail.Model, fail.Retired = wire.FailModelNotFound, model, true
			f.dialect.WriteFailure(w, &fail)
			return
		}
		answers("from "+f.Name, 0)(f, w, r, req)
	}
}

// A model that is refused as gone is asked for once; then, and in the same
// request, its successor is, as far as one is known from the catalogue, the
// provider's words or an equivalence class, and nothing forbids it.
func TestSuccessors(t *testing.T) {
	route := []plan.Route{{Model: "old", To: []string{"a/old", "b"}}}
	for _, tt := range []struct {
		name, dialect string
		catalogue     []router.Model
		fail          wire.Failure
		set           plan.Router
		want          string
	}{
		{"by the catalogue", "openai", []router.Model{{ID: "old", ReplacedBy: "new"}}, wire.Failure{}, plan.Router{}, "a/new"},
		{"by the provider's words", "gemini", nil, wire.Failure{Successor: "new"}, plan.Router{}, "a/new"},
		{"by words that name nobody here", "gemini", nil, wire.Failure{Successor: "newest"}, plan.Router{}, "b/b-model"},
		{"by a class", "openai", nil, wire.Failure{}, plan.Router{ModelMap: plan.ModelMap{Class: []plan.ModelClass{{Name: "c", Members: []string{"old", "new"}}}}}, "a/new"},
		{"unknown", "openai", nil, wire.Failure{}, plan.Router{}, "b/b-model"},
		{"pinned", "openai", []router.Model{{ID: "old", ReplacedBy: "new"}}, wire.Failure{}, plan.Router{ModelMap: plan.ModelMap{Pin: []string{"old"}}}, "model_not_found"},
		{"named by a route", "openai", []router.Model{{ID: "old", ReplacedBy: "new"}}, wire.Failure{}, plan.Router{Route: route}, "b/b-model"},
		{"off", "openai", []router.Model{{ID: "old", ReplacedBy: "new"}}, wire.Failure{}, plan.Router{Off: []string{"deprecation_watch"}}, "b/b-model"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := backend("a", always(gone("old", tt.fail))).with("old", "new")
			a.Dialect, a.Catalogue = tt.dialect, tt.catalogue
			run(t, tt.set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
				for i := range 3 {
					if got := w.asks("old"); got != tt.want && !strings.HasPrefix(got, tt.want) {
						t.Errorf("request %d was answered by %s, want %s", i, got, tt.want)
					}
				}
				old := 0
				for _, c := range a.calls {
					if c.req.Model == "old" {
						old++
					}
				}
				if old != 1 {
					t.Errorf("the model that is gone was asked %d times", old)
				}
				if n := len(w.told(router.Deprecated)); (n == 1) != (tt.name != "off") {
					t.Errorf("told %q", w.told(router.Deprecated))
				}
			})
		})
	}
}

// Lists tell of an end beforehand, of a model that took another's name, and of
// one that is back. Each is told once.
func TestModelListsAreWatched(t *testing.T) {
	a := backend("a", always(answers("from a", 0))).with("old", "other")
	a.Catalogue = []router.Model{{ID: "old", ReplacedBy: "other"}}
	first := []wire.ModelInfo{{ID: "old"}, {ID: "other"}}
	var list atomic.Pointer[[]wire.ModelInfo] // read by the provider, written by the test
	list.Store(&first)
	a.showing(func() []wire.ModelInfo { return *list.Load() })
	set := plan.Router{DeprecationWatch: plan.DeprecationWatch{Interval: 10 * time.Second}}
	run(t, set, []*fake{a}, func(w *world) {
		step := func(models []wire.ModelInfo, asked, told string) {
			t.Helper()
			list.Store(&models)
			w.pass(21 * time.Second)
			if got := w.asks("old"); got != asked {
				t.Errorf("answered by %s, want %s", got, asked)
			}
			got := w.told(router.Deprecated)
			if w.decisions = nil; len(got) > 1 || strings.Join(got, "") != told {
				t.Errorf("told %q, want %q", got, told)
			}
		}
		step(first, "a/old", "")
		ends := time.Date(2026, 12, 9, 0, 0, 0, 0, time.UTC)
		step([]wire.ModelInfo{{ID: "old", Shutdown: ends}, {ID: "other"}}, "a/old", `model "old": it ends on 2026-12-09, and "other" takes its place`)
		step([]wire.ModelInfo{{ID: "old-v2"}, {ID: "other"}}, "a/old-v2", `model "old" is gone, and "old-v2" takes its place in the list`)
		step([]wire.ModelInfo{{ID: "old"}, {ID: "other"}}, "a/old", `model "old" is back in the list`)
		if a.lists < 8 {
			t.Errorf("the list was asked for %d times", a.lists)
		}
	})
	a.lists = 0
	set.Off = []string{"deprecation_watch"}
	run(t, set, []*fake{a}, func(w *world) {
		if w.pass(time.Minute); a.lists != 0 {
			t.Errorf("the list was asked for %d times", a.lists)
		}
	})
}

// A model that is in the list again is asked without a probe. It has all of its
// traffic at once where its provider has served that under another name
// meanwhile, and else step by step.
func TestListedAgain(t *testing.T) {
	for _, tt := range []struct {
		name      string
		catalogue []router.Model
		meanwhile string
		least     int // of 20 requests, at the provider
		most      int
	}{
		{"served meanwhile", []router.Model{{ID: "old", ReplacedBy: "new"}}, "a/new", 20, 20},
		{"away meanwhile", nil, "b/b-model", 1, 12},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var away atomic.Bool
			a := backend("a", func(int) act {
				if away.Load() {
					return gone("old", wire.Failure{})
				}
				return answers("from a", 0)
			}).with("old", "new")
			a.Catalogue = tt.catalogue
			a.showing(func() []wire.ModelInfo {
				if away.Load() {
					return []wire.ModelInfo{{ID: "new"}}
				}
				return []wire.ModelInfo{{ID: "old"}, {ID: "new"}}
			})
			set := plan.Router{
				Order: []string{"a", "b"}, DeprecationWatch: plan.DeprecationWatch{Interval: 2 * time.Second},
				SlowStart: plan.SlowStart{Over: 10 * time.Second, From: 0.1},
			}
			run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
				w.pass(3 * time.Second)
				away.Store(true)
				if got := w.asks("old"); got != tt.meanwhile {
					t.Errorf("while it was away %s answered, want %s", got, tt.meanwhile)
				}
				w.pass(2 * time.Second)
				away.Store(false)
				w.pass(2 * time.Second)
				had := 0
				for i := range 20 {
					w.send(ask{model: "old", marker: fmt.Sprint("m", i)})
				}
				for _, c := range a.calls {
					if c.at >= 7*time.Second && c.req.Model == "old" {
						had++
					}
				}
				if had < tt.least || had > tt.most {
					t.Errorf("of 20 requests it had %d, want %d to %d: %q", had, tt.least, tt.most, w.did())
				}
			})
		})
	}
}

// Headers announce an end, too.
func TestSunsetHeaders(t *testing.T) {
	a := backend("a", always(func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		w.Header().Set("Sunset", "Wed, 09 Dec 2026 00:00:00 GMT")
		answers("from a", 0)(f, w, r, req)
	}))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		for range 3 {
			w.send(ask{})
		}
		want := []string{`model "a-model": its provider's headers say: Sunset Wed, 09 Dec 2026 00:00:00 GMT`}
		if got := w.told(router.Deprecated); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}
