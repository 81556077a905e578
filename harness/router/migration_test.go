package router_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// byModel answers for each model in its own way.
func byModel(acts map[string]act) func(int) act {
	return always(func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		acts[req.Model](f, w, r, req)
	})
}

// split sends n requests for old and counts those that new has answered.
func (w *world) split(n int) (moved int) {
	w.t.Helper()
	for i := range n {
		g := w.send(ask{model: "old", marker: fmt.Sprintf("m%d-%d", w.since()/time.Millisecond, i)})
		if g.fail != nil || g.err != nil {
			w.t.Fatalf("request %d: %v %v", i, g.fail, g.err)
		}
		if g.model == "new" {
			moved++
		}
	}
	return moved
}

// A share of the calls moves, growing from none; where the new model is as good
// as the old one it stays.
func TestMigration(t *testing.T) {
	set := plan.Router{Migration: []plan.Migration{{From: "old", To: "new", Share: 0.5, Ramp: 100 * time.Second}}}
	good := map[string]act{"old": answers("old", 0), "new": answers("new", 0)}
	fleet := func() []*fake { return []*fake{backend("a", byModel(good)).with("old", "new")} }
	run(t, set, fleet(), func(w *world) {
		for _, tt := range []struct {
			at       time.Duration
			low, top int // of 200
		}{{0, 0, 0}, {50 * time.Second, 35, 65}, {100 * time.Second, 80, 120}, {time.Hour, 80, 120}} {
			w.pass(tt.at - w.since())
			if n := w.split(200); n < tt.low || n > tt.top {
				t.Errorf("at %v %d of 200 have moved, want %d to %d", tt.at, n, tt.low, tt.top)
			}
		}
		if len(w.did()) != 0 {
			t.Errorf("decisions %q", w.did())
		}
	})
	set.Off = []string{"migration"}
	run(t, set, fleet(), func(w *world) {
		w.pass(time.Hour)
		if n := w.split(50); n != 0 {
			t.Errorf("%d have moved", n)
		}
	})
}

// A new model that fails is taken back for good once that is certain, and until
// then every call that it fails is answered by the old one. What fails both is
// no reason.
func TestMigrationIsTakenBack(t *testing.T) {
	for _, tt := range []struct {
		name string
		bad  act
	}{
		{"errors", fails(wire.FailServer, 0)},
		{"bad answers", answers("", 0)},
		{"unknown model", fails(wire.FailModelNotFound, 0)},
	} {
		set := plan.Router{
			Migration: []plan.Migration{{From: "old", To: "new", Share: 1, MinCalls: 4}},
			Breaker:   plan.Breaker{Disabled: true}, Retries: -1,
		}
		a := backend("a", byModel(map[string]act{"old": answers("old", 0), "new": tt.bad})).with("old", "new")
		run(t, set, []*fake{a}, func(w *world) {
			if n := w.split(10); n != 0 {
				t.Errorf("%s: the new model has answered %d times", tt.name, n)
			}
			asked := 0
			for _, c := range a.calls {
				if c.req.Model == "new" {
					asked++
				}
			}
			if asked != 4 || !slices.Contains(w.did(), router.RolledBack+" a") {
				t.Errorf("%s: the new model was asked %d times, want 4; decisions %q", tt.name, asked, w.did())
			}
			w.pass(time.Hour)
			w.split(10)
			if a.count() != 4+20 {
				t.Errorf("%s: %d calls, want 24: it came back", tt.name, a.count())
			}
		})
	}
	set := plan.Router{Migration: []plan.Migration{{From: "old", To: "new", Share: 0.5, MinCalls: 4}}, Breaker: plan.Breaker{Disabled: true}, Retries: -1}
	sick := fails(wire.FailServer, 0)
	a := backend("a", byModel(map[string]act{"old": sick, "new": sick})).with("old", "new")
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for i := range 50 {
			w.send(ask{model: "old", marker: fmt.Sprint("m", i)})
		}
		if slices.Contains(w.did(), router.RolledBack+" a") {
			t.Errorf("taken back, though both fail: %q", w.did())
		}
	})
}

// The new model may be at another provider; the steps of one workflow stay
// together.
func TestMigrationToAnotherProvider(t *testing.T) {
	set := plan.Router{Migration: []plan.Migration{{From: "old", To: "new", Share: 0.5}}}
	fleet := []*fake{
		backend("a", byModel(map[string]act{"old": answers("old", 0)})).with("old"),
		backend("b", byModel(map[string]act{"new": answers("new", 0)})).with("new"),
	}
	run(t, set, fleet, func(w *world) {
		if n := w.split(200); n < 80 || n > 120 {
			t.Errorf("%d of 200 have moved", n)
		}
		both := map[string]bool{}
		for flow := range 20 {
			seen := map[string]bool{}
			for step := range 5 {
				g := w.send(ask{model: "old", marker: fmt.Sprintf("s%d-%d", flow, step), header: http.Header{wire.HeaderWorkflow: {fmt.Sprint("w", flow)}}})
				seen[g.model], both[g.model] = true, true
			}
			if len(seen) != 1 {
				t.Errorf("workflow %d was answered by %v", flow, seen)
			}
		}
		if len(both) != 2 {
			t.Errorf("all workflows were answered by %v", both)
		}
	})
}

func TestMigrationIsChecked(t *testing.T) {
	for want, m := range map[string][]plan.Migration{
		"migration: a migration has no from": {{From: "a", Share: 1}},
		"migration: the share 0 of":          {{From: "a", To: "b"}},
		"migration: rollback_error_rate 2":   {{From: "a", To: "b", Share: 1, RollbackAt: 2}},
		`migration: "a" is moved twice`:      {{From: "a", To: "b", Share: 1}, {From: "a", To: "c", Share: 1}},
	} {
		_, err := router.New(router.Config{Settings: plan.Router{Migration: m}, Backends: []router.Backend{{Name: "a", Dialect: "openai", BaseURL: "http://127.0.0.1:1"}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
