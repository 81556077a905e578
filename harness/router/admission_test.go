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

// narrow are settings under which one call may be in progress at a backend.
func narrow() plan.Router {
	set := instant
	set.On = []string{"admission"}
	set.Admission = plan.Admission{Min: 1, Initial: 1, Max: 1, Queue: 10, MaxWait: time.Minute}
	return set
}

// visitor is a request that comes to a router at its limit.
type visitor struct {
	name     string
	at       time.Duration
	priority string
	deadline time.Duration // from then on
	allow    string
	stream   bool
	leaves   time.Duration // from then on; 0: it stays
}

// visits sends them and tells how each ended, in that order.
func (w *world) visits(list []visitor) []string {
	var mu sync.Mutex
	var all sync.WaitGroup
	var log []string
	for _, v := range list {
		all.Go(func() {
			w.pass(v.at)
			a := ask{deadline: v.deadline, stream: v.stream, header: http.Header{}, marker: v.name}
			if v.priority != "" {
				a.header.Set("X-Brownout-Priority", v.priority)
			}
			if v.allow != "" {
				a.header.Set(wire.HeaderAllow, v.allow)
			}
			if v.leaves > 0 {
				ctx, cancel := context.WithTimeout(context.Background(), v.leaves)
				defer cancel()
				a.ctx = ctx
			}
			g := w.send(a)
			how := "by " + g.by()
			switch {
			case g.err != nil:
				how = "gone"
			case g.fail != nil && g.fail.Code == "load_shed":
				how = fmt.Sprintf("shed %d, back in %v", g.status, g.fail.RetryAfter)
			case g.fail != nil:
				how = string(g.fail.Kind)
			}
			mu.Lock()
			defer mu.Unlock()
			log = append(log, fmt.Sprintf("%s %s at %v", v.name, how, w.since()))
		})
	}
	all.Wait()
	return log
}

// Who waits for a place gets it by priority, then in the order of coming; a
// full queue, a deadline that cannot be kept and a lesser priority are refused
// with a moment to come back. Times are exact.
func TestAdmission(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, tt := range []struct {
		name string
		set  func(*plan.Router)
		list []visitor
		want []string
	}{
		{
			"order", nil,
			[]visitor{
				{name: "first"},
				{name: "low", at: 1 * ms, priority: "low"},
				{name: "normal", at: 2 * ms},
				{name: "high", at: 3 * ms, priority: "high"},
				{name: "normal-2", at: 4 * ms},
			},
			[]string{"first by a at 1s", "high by a at 2s", "normal by a at 3s", "normal-2 by a at 4s", "low by a at 5s"},
		},
		{
			"a full queue", func(r *plan.Router) { r.Admission.Queue, r.Admission.Low = 2, 1 },
			[]visitor{
				{name: "first"},
				{name: "low", at: 1 * ms, priority: "low"},
				{name: "normal", at: 2 * ms},
				{name: "normal-2", at: 3 * ms}, // takes the place of low
				{name: "normal-3", at: 4 * ms}, // finds nobody of lesser priority
			},
			[]string{"low shed 429, back in 1s at 3ms", "normal-3 shed 429, back in 1s at 4ms", "first by a at 1s", "normal by a at 2s", "normal-2 by a at 3s"},
		},
		{
			"low priority", func(r *plan.Router) { r.Admission.Queue, r.Admission.Low = 4, 0.5 },
			[]visitor{
				{name: "first"},
				{name: "one", at: 1 * ms},
				{name: "two", at: 2 * ms},
				{name: "low", at: 3 * ms, priority: "low"},
				{name: "three", at: 4 * ms},
			},
			[]string{"low shed 429, back in 1s at 3ms", "first by a at 1s", "one by a at 2s", "two by a at 3s", "three by a at 4s"},
		},
		{
			// The gap between two is known to be a second from 2s on: at 2.5s
			// one waits, so that a place is there in two gaps.
			"a deadline that cannot be kept", func(r *plan.Router) { r.Admission.RetryAfter = 5 * s },
			[]visitor{
				{name: "first"},
				{name: "one", at: 1 * ms},
				{name: "two", at: 2 * ms},
				{name: "three", at: 3 * ms},
				{name: "late", at: 2500 * ms, deadline: 1900 * ms},
				{name: "just", at: 2501 * ms, deadline: 4 * s},
			},
			[]string{"first by a at 1s", "one by a at 2s", "late shed 429, back in 5s at 2.5s", "two by a at 3s", "three by a at 4s", "just by a at 5s"},
		},
		{
			"longest wait", func(r *plan.Router) { r.Admission.MaxWait = 1500 * ms },
			[]visitor{
				{name: "first"},
				{name: "one", at: 1 * ms},
				{name: "two", at: 2 * ms},
			},
			[]string{"first by a at 1s", "two shed 429, back in 1s at 1.502s", "one by a at 2s"},
		},
		{
			"its own deadline while it waits", nil,
			[]visitor{
				{name: "first"},
				{name: "one", at: 1 * ms, deadline: 400 * ms},
			},
			[]string{"one shed 429, back in 1s at 379ms", "first by a at 1s"},
		},
		{
			"who leaves makes room", nil,
			[]visitor{
				{name: "first"},
				{name: "one", at: 1 * ms, leaves: 500 * ms},
				{name: "two", at: 2 * ms},
				{name: "three", at: 3 * ms, leaves: 1500 * ms}, // in the middle of nothing: it waits
			},
			[]string{"one gone at 501ms", "first by a at 1s", "three gone at 1.503s", "two by a at 2s"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set := narrow()
			if tt.set != nil {
				tt.set(&set)
			}
			run(t, set, []*fake{backend("a", always(answers("from a", s)))}, func(w *world) {
				if got := w.visits(tt.list); !slices.Equal(got, tt.want) {
					t.Errorf("it went\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
				}
				synctest.Wait()
				if n := w.metric("brownout_router_waiting"); n != 0 {
					t.Errorf("%v still wait", n)
				}
				w.want(w.send(ask{}), "a", 1, s) // nothing was lost
			})
		})
	}
}

// A request goes to whoever has a place, and waits for the first of those whom
// it may ask; what others may ask does not concern it. A stream holds its place
// to its end.
func TestAdmissionOverSeveral(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	a, b := backend("a", always(answers("from a", s))), backend("b", always(answers("from b", 600*ms)))
	b.Class = plan.ClassGPU
	run(t, narrow(), []*fake{a, b}, func(w *world) {
		got := w.visits([]visitor{
			{name: "one"},
			{name: "two", at: 1 * ms},
			{name: "stream", at: 2 * ms, stream: true},
			{name: "gpu", at: 3 * ms, allow: "gpu"},
			{name: "cloud", at: 4 * ms, allow: "cloud"},
		})
		want := []string{"two by b at 601ms", "one by a at 1s", "stream by b at 1.211s", "gpu by b at 1.811s", "cloud by a at 2s"}
		if !slices.Equal(got, want) {
			t.Errorf("it went\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// The limit is what was seen to be borne: an overload cuts it, at once.
func TestAdmissionLimitIsCut(t *testing.T) {
	set := narrow()
	set.Admission.Min, set.Admission.Initial, set.Admission.Max = 2, 20, 20
	set.Off = []string{"breaker"}
	a := backend("a", func(n int) act {
		if n < 20 {
			return after(time.Second, fails(wire.FailOverload, 0))
		}
		return answers("from a", time.Second)
	})
	b := backend("b", always(answers("from b", time.Second)))
	run(t, set, []*fake{a, b}, func(w *world) {
		limit := `brownout_router_concurrency_limit{provider="a"}`
		if n := w.metric(limit); n != 20 {
			t.Errorf("the limit is %v at first, want 20", n)
		}
		w.crowd(20)
		if n := w.metric(limit); n != 14 {
			t.Errorf("after an overload of 20 calls the limit is %v, want 14", n)
		}
		if by := w.crowd(20); by["a"] != 14 || by["b"] != 6 {
			t.Errorf("answered by %v, want 14 by a and the others by b", by)
		}
	})
}

// Clients are told in their own dialect, and a request that failed already
// keeps the reason.
func TestShedIsTold(t *testing.T) {
	set := narrow()
	set.Admission.Queue = 1
	run(t, set, []*fake{backend("a", always(answers("from a", time.Second)))}, func(w *world) {
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() { w.send(ask{}) })
			synctest.Wait()
		}
		res, body := w.post("/v1/messages", `{"model":"any","max_tokens":9,"messages":[{"role":"user","content":"go"}]}`, http.Header{"Anthropic-Version": {"2023-06-01"}})
		if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "1" ||
			!strings.Contains(body, `"rate_limit_error"`) || !strings.Contains(body, "the queue is full: 1 requests wait") {
			t.Errorf("status %d, retry-after %q, body %s", res.StatusCode, res.Header.Get("Retry-After"), body)
		}
		all.Wait()
		w.wantDid("shed")
	})
}

// Whatever comes: never more calls are in progress than may be, everybody is
// answered, refused or gone by its deadline, and nobody is left.
func TestAdmissionUnderPressure(t *testing.T) {
	set := narrow()
	set.Admission.Min, set.Admission.Initial, set.Admission.Max, set.Admission.Queue = 3, 3, 3, 5
	var mu sync.Mutex
	busy, most := 0, 0
	a := backend("a", func(n int) act {
		return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
			// Who was cancelled in this very moment is gone in the next one.
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Microsecond):
			}
			mu.Lock()
			busy++
			most = max(most, busy)
			mu.Unlock()
			defer func() {
				mu.Lock()
				busy--
				mu.Unlock()
			}()
			switch n % 7 {
			case 3:
				fails(wire.FailServer, 0)(f, w, r, req)
			case 5:
				drops(f, w, r, req)
			default:
				answers("from a", time.Duration(50+n%5*70)*time.Millisecond)(f, w, r, req)
			}
		}
	})
	run(t, set, []*fake{a}, func(w *world) {
		var list []visitor
		for i := range 120 {
			list = append(list, visitor{
				name: fmt.Sprint("v", i), at: time.Duration(i*i%2000) * time.Millisecond, stream: i%3 == 0,
				priority: []string{"", "low", "high"}[i%3], deadline: time.Duration(300+i%4*300) * time.Millisecond,
				leaves: time.Duration(i%5/4) * 200 * time.Millisecond,
			})
		}
		if got := w.visits(list); len(got) != len(list) {
			t.Errorf("%d of %d ended", len(got), len(list))
		}
		if w.since() > 3200*time.Millisecond {
			t.Errorf("the last ended at %v, later than its deadline", w.since())
		}
		synctest.Wait()
		if most != 3 || w.metric("brownout_router_waiting") != 0 {
			t.Errorf("%d were in progress at once, want 3; %v still wait", most, w.metric("brownout_router_waiting"))
		}
		if g := w.send(ask{}); g.err != nil {
			t.Error(g.err)
		}
	})
}
