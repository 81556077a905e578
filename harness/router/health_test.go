package router_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// probed are settings of health checks whose times are easy to follow.
var probed = plan.HealthChecks{Interval: 10 * time.Second, Timeout: time.Second, UnhealthyAfter: 2, HealthyAfter: 2}

// mutes takes requests for the model list and stays silent.
func mutes(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// alone switches off the other one that asks for model lists.
func alone(set plan.Router) plan.Router {
	set.Off = append(slices.Clone(set.Off), "deprecation_watch")
	return set
}

// listsSeen is how often the model list was asked for.
func (f *fake) listsSeen() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lists
}

// status answers for the model list.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// when is the moment of the first decision of that sort after a moment; 0:
// there was none.
func (w *world) when(what string, after time.Duration) time.Duration {
	w.t.Helper()
	for end := w.since() + time.Minute; w.since() < end; w.pass(10 * time.Millisecond) {
		if slices.Contains(w.did(), what) {
			return w.since() - after
		}
	}
	return 0
}

// A provider that went silent while nobody called it is noticed, and costs no
// request a time-out; switched off, the first ones wait for it.
func TestSilentStandbyIsNoticed(t *testing.T) {
	try := func(set plan.Router, body func(w *world)) {
		a := backend("a", always(fails(wire.FailQuota, 0)))
		b := backend("b", always(hangs))
		b.list = mutes
		run(t, alone(set), []*fake{a, b, backend("c", always(answers("from c", 0)))}, body)
	}
	try(plan.Router{HealthChecks: probed}, func(w *world) {
		noticed := w.when("unhealthy b", 0)
		// The second probe begins 9 to 11 s after the first, which comes within 10 s.
		if noticed < 10*time.Second || noticed > 22*time.Second+20*time.Millisecond {
			t.Errorf("noticed after %v", noticed)
		}
		w.want(w.send(ask{}), "c", 2, 0)
		if n := w.fakes["b"].count(); n != 0 {
			t.Errorf("b, known to be silent, was asked %d times", n)
		}
	})
	try(plan.Router{HealthChecks: probed, Off: []string{"health_checks"}}, func(w *world) {
		w.pass(time.Minute)
		w.want(w.send(ask{stream: true}), "c", 3, 1500*ms+10*ms)
		if n := w.fakes["b"].listsSeen(); n != 0 {
			t.Errorf("switched off, it probed %d times", n)
		}
	})
}

// Who is back is asked again, after as many good probes as are asked for, and
// no request was risked on it.
func TestHealthReturns(t *testing.T) {
	a, b := backend("a", always(answers("from a", 0))), backend("b", always(answers("from b", 0)))
	var well atomic.Bool
	a.list = func(w http.ResponseWriter, r *http.Request) {
		if !well.Load() {
			mutes(w, r)
		}
	}
	set := plan.Router{HealthChecks: probed, Off: atOnce}
	set.HealthChecks.HealthyAfter = 3
	run(t, alone(set), []*fake{a, b}, func(w *world) {
		w.when("unhealthy a", 0)
		w.want(w.send(ask{}), "b", 1, 0)
		well.Store(true)
		began := w.since()
		back := w.when("healthy a", began)
		if back < 18*time.Second || back > 33*time.Second {
			t.Errorf("back after %v, want three probes", back)
		}
		if n := a.count(); n != 0 {
			t.Errorf("%d requests were risked on it", n)
		}
		w.want(w.send(ask{}), "a", 1, 0)
	})
}

// Where every provider is thought unhealthy they are asked all the same: a
// probe may be wrong.
func TestUnhealthyIsBetterThanNobody(t *testing.T) {
	fakes := []*fake{backend("a", always(answers("from a", 0))), backend("b", always(answers("from b", 0)))}
	for _, f := range fakes {
		f.list = mutes
	}
	run(t, alone(plan.Router{HealthChecks: probed}), fakes, func(w *world) {
		w.when("unhealthy a", 0)
		w.when("unhealthy b", 0)
		w.want(w.send(ask{}), "a", 1, 0)
		// That it answered proves it healthy, which the next look takes in.
		w.send(ask{})
		w.pass(12 * time.Second)
		w.send(ask{})
		w.pass(12 * time.Second)
		if !slices.Contains(w.did(), "healthy a") {
			t.Errorf("it answers, and is thought unhealthy: %q", w.did())
		}
	})
}

// Probes cost what they must: none of a provider that answers calls, one in an
// interval of one that is idle, and none before a stated retry-after.
func TestHealthProbesAreFew(t *testing.T) {
	a, b := backend("a", always(answers("from a", 0))), backend("b", always(answers("from b", 0)))
	run(t, alone(plan.Router{HealthChecks: probed}), []*fake{a, b}, func(w *world) {
		for range 200 {
			w.send(ask{})
			w.pass(time.Second)
		}
		busy, idle := a.listsSeen(), b.listsSeen()
		if busy > 1 || idle < 18 || idle > 22 { // a may be looked at before its first answer
			t.Errorf("in 200 s the busy one was probed %d times and the idle one %d times", busy, idle)
		}
		res, text := w.get("/metrics")
		for _, want := range []string{
			fmt.Sprintf(`brownout_router_probes_total{provider="b",result="ok"} %d`, idle),
			`brownout_router_attempts_total{provider="a",result="ok"} 200`,
		} {
			if res.StatusCode != http.StatusOK || !strings.Contains(text, want) {
				t.Errorf("the metrics lack %s", want)
			}
		}
	})
	a = backend("a", always(fails(wire.FailRateLimit, 50*time.Second)))
	run(t, alone(plan.Router{HealthChecks: probed}), []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.want(w.send(ask{}), "b", 2, 0)
		n := a.listsSeen()
		w.pass(49 * time.Second)
		if a.listsSeen() != n {
			t.Errorf("probed %d times before its retry-after", a.listsSeen()-n)
		}
		w.pass(12 * time.Second)
		if a.listsSeen() == n {
			t.Error("not probed after its retry-after")
		}
	})
}

// get asks the router for one of its own pages.
func (w *world) get(path string) (*http.Response, string) {
	w.t.Helper()
	res, err := w.client.Get("http://router" + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(raw)
}

// What a probe is answered: anything that is no failure of the server or of
// the key is a sign of life; and those prove something only where the probe
// has worked before, as a key may not be allowed to list models.
func TestWhatProbesProve(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		worked bool // it answered well at first
		sick   bool
	}{
		{"vllm: its health page needs no key", status(http.StatusUnauthorized), true, false},
		{"vllm: its health page says no", status(http.StatusServiceUnavailable), true, true},
		{"unknown path", status(http.StatusNotFound), true, false},
		{"rate limit", status(http.StatusTooManyRequests), true, false},
		{"key revoked", status(http.StatusUnauthorized), true, true},
		{"key not allowed", status(http.StatusForbidden), false, false},
		{"server error", status(http.StatusServiceUnavailable), true, true},
		{"server error from the first", status(http.StatusServiceUnavailable), false, false},
		{"silence from the first", mutes, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := backend("a", always(answers("from a", 0)))
			if dialect, _, ok := strings.Cut(tt.name, ":"); ok {
				a.Dialect = dialect
			}
			var well atomic.Bool
			well.Store(tt.worked)
			a.list = func(w http.ResponseWriter, r *http.Request) {
				if !well.Load() {
					tt.answer(w, r)
				}
			}
			run(t, alone(plan.Router{HealthChecks: probed}), []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
				w.pass(15 * time.Second)
				well.Store(false)
				w.pass(35 * time.Second)
				if sick := slices.Contains(w.did(), "unhealthy a"); sick != tt.sick {
					t.Errorf("decisions %q", w.did())
				}
			})
		})
	}
}

// A connection that is refused is a sign too.
func TestRefusedProbe(t *testing.T) {
	a := backend("a", nil)
	a.down = func(int) bool { return true }
	run(t, alone(plan.Router{HealthChecks: probed}), []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.when("unhealthy a", 0)
		w.want(w.send(ask{}), "b", 1, 0)
	})
}

// Each dialect is probed in a way that a healthy provider answers, without a
// prompt.
func TestProbesOfEachDialect(t *testing.T) {
	for _, name := range wire.Names() {
		t.Run(name, func(t *testing.T) {
			a := backend("a", nil)
			a.Dialect = name
			run(t, alone(plan.Router{HealthChecks: probed}), []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
				w.pass(time.Minute)
				w.wantDid()
				if n := a.count(); n != 0 {
					t.Errorf("%d calls were made", n)
				}
				_, text := w.get("/metrics")
				if !strings.Contains(text, `brownout_router_probes_total{provider="a",result="ok"} `) {
					t.Error("no probe was answered")
				}
			})
		})
	}
}

// Reload and close end the probes under way.
func TestProbesEnd(t *testing.T) {
	a, b := backend("a", nil), backend("b", nil)
	a.list, b.list = mutes, mutes
	set := plan.Router{HealthChecks: probed}
	set.HealthChecks.Timeout = time.Hour
	run(t, alone(set), []*fake{a, b}, func(w *world) {
		w.pass(15 * time.Second) // both are being waited for
		w.config.Settings.Off = []string{"health_checks", "deprecation_watch"}
		if err := w.router.Reload(w.config); err != nil {
			t.Fatal(err)
		}
		if w.since() != 15*time.Second {
			t.Errorf("the reload took %v", w.since()-15*time.Second)
		}
		n := a.listsSeen()
		w.pass(time.Minute)
		if a.listsSeen() != n {
			t.Error("it probes on")
		}
	})
}
