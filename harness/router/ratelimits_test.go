package router_test

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// limited is a backend with a limit of 60 requests a minute, of which ten may
// be used at once, and that says so in its dialect's headers.
func limited(name, dialect string, takes time.Duration) (f *fake, refused func() int) {
	const size, perSecond = 10., 1.
	var mu sync.Mutex
	level, at, no := size, time.Time{}, 0
	f = backend(name, always(func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		mu.Lock()
		now := time.Now()
		if at.IsZero() {
			at = now
		}
		level, at = min(size, level+perSecond*now.Sub(at).Seconds()), now
		over := level < 1
		if over {
			no++
		} else {
			level--
		}
		f.dialect.WriteHeaders(w.Header(), "id", wire.Budgets{Requests: &wire.Budget{
			Limit: 60, Remaining: int(level), Reset: time.Duration((size - level) / perSecond * float64(time.Second)),
		}}, now)
		mu.Unlock()
		if over {
			fails(wire.FailRateLimit, 0)(f, w, r, req)
			return
		}
		answers("from "+f.Name, takes)(f, w, r, req)
	}))
	f.Dialect = dialect
	return f, func() int { mu.Lock(); defer mu.Unlock(); return no }
}

// Each dialect's headers are heeded: what is over a limit goes elsewhere before
// it was refused, and comes back when there is room.
func TestTrafficMovesBeforeTheLimit(t *testing.T) {
	for _, dialect := range []string{"openai", "azure", "groq", "xai", "mistral", "anthropic"} {
		for _, stream := range []bool{false, true} {
			a, refused := limited("a", dialect, 0)
			run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
				w.want(w.send(ask{stream: stream}), "a", 1, -1) // it tells of its limit
				crowds := func(least int) {
					t.Helper()
					by := map[string]int{}
					for range 20 {
						by[w.send(ask{stream: stream}).by()]++
					}
					if by["a"] < least || by["b"] == 0 || by["a"]+by["b"] != 20 || refused() > 0 {
						t.Errorf("%s, stream %v: answered by %v, and a refused %d; want at least %d by a, the others by b, and no refusal", dialect, stream, by, refused(), least)
					}
				}
				crowds(6)
				w.pass(5 * time.Second)
				crowds(3)
			})
		}
	}
}

// Calls under way count, too: those that were not answered yet say nothing.
func TestTrafficMovesBeforeTheLimitAtOnce(t *testing.T) {
	for off, want := range map[string]int{"": 0, "rate_limits": 11} {
		a, refused := limited("a", "openai", 100*time.Millisecond)
		set := plan.Router{}
		if off != "" {
			set.Off = []string{off}
		}
		run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
			w.want(w.send(ask{}), "a", 1, 100*time.Millisecond)
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() { w.send(ask{}) })
				w.pass(time.Millisecond) // so that they arrive in the order in which they were sent
			}
			if all.Wait(); refused() != want {
				t.Errorf("without %q a refused %d calls, want %d", off, refused(), want)
			}
		})
	}
}

// every sends a request each 100 ms for so long, and tells when a backend was
// asked.
func (w *world) every(lasts time.Duration, f *fake) []time.Duration {
	w.t.Helper()
	before := f.count()
	for end := time.Now().Add(lasts); time.Now().Before(end); w.pass(100 * time.Millisecond) {
		if g := w.send(ask{}); g.status != http.StatusOK {
			w.t.Errorf("status %d, %v", g.status, g.fail)
		}
	}
	return f.times()[before:]
}

// A provider that refuses without naming a time, or again when the time it
// named is over, is left alone for longer each time; when it answers, all is
// as before.
func TestLeftAlone(t *testing.T) {
	for name, stated := range map[string]time.Duration{"no time named": 0, "a time that is not kept": time.Second} {
		t.Run(name, func(t *testing.T) {
			well := false
			a := backend("a", func(int) act {
				if well {
					return answers("from a", 0)
				}
				return fails(wire.FailRateLimit, stated)
			})
			set := plan.Router{RateLimits: plan.RateLimits{MaxHold: 5 * time.Second}}
			run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
				want := []time.Duration{0, 1 * time.Second, 3 * time.Second, 7 * time.Second, 12 * time.Second}
				if got := w.every(13*time.Second, a); !slices.Equal(got, want) {
					t.Errorf("asked at %v, want %v", got, want)
				}
				if !slices.Contains(w.did(), "left_alone a") {
					t.Errorf("decisions %q", w.did())
				}
				well = true
				if got := w.every(6*time.Second, a); len(got) != 20 || got[0] != 17*time.Second {
					t.Errorf("asked %d times from %v on, want all from 17s on", len(got), got[:min(1, len(got))])
				}
				well = false
				if got := w.every(3*time.Second, a); len(got) != 2 || got[1]-got[0] != time.Second {
					t.Errorf("asked at %v, want twice, with a second between: what was before is over", got)
				}
			})
		})
	}
}

// Where nobody else is usable, being left alone is no reason not to be asked.
func TestLeftAloneIsAdvice(t *testing.T) {
	a := backend("a", inTurn(fails(wire.FailRateLimit, 0), answers("from a", 0)))
	set := instant
	set.Retries = -1
	run(t, set, []*fake{a}, func(w *world) {
		if g := w.send(ask{}); g.status != http.StatusTooManyRequests {
			t.Errorf("status %d, want a's 429", g.status)
		}
		w.want(w.send(ask{}), "a", 1, 0)
	})
}

// A retry-after of an hour is believed for as long as the setting says. Then
// one call finds out, and nobody else waits for it.
func TestOverlongRetryAfter(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name string
		off  []string
		well time.Duration // from when on it answers
		want []time.Duration
	}{
		{"well again", nil, 2 * s, []time.Duration{0, 3 * s}},
		{"not yet", nil, 4 * s, []time.Duration{0, 3 * s, 6 * s}},
		{"believed to the end", []string{"rate_limits"}, 2 * s, []time.Duration{0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := backend("a", func(int) act {
				if time.Since(epoch()) >= tt.well {
					return answers("from a", 90*time.Millisecond)
				}
				return fails(wire.FailRateLimit, time.Hour)
			})
			set := plan.Router{Off: tt.off, RateLimits: plan.RateLimits{MaxHold: 3 * s}}
			run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
				last := tt.want[len(tt.want)-1]
				got := w.every(last, a) // it is left alone, but for who finds out
				by := w.crowd(20)
				if got = append(got, a.times()[len(got):]...); !reflect.DeepEqual(got, tt.want) && len(tt.want) > 1 {
					t.Errorf("asked at %v, want %v", got, tt.want)
				}
				if len(tt.want) == 1 {
					if got := w.every(time.Minute, a); by["a"] != 0 || len(got) != 0 {
						t.Errorf("asked %d times within a minute, want none", len(got))
					}
					return
				}
				if by["a"] != 1 || by["b"] != 19 {
					t.Errorf("answered by %v, want one that found out and 19 by b", by)
				}
				if by := w.crowd(20); by["a"] != 20 {
					t.Errorf("answered by %v once it is well, want all by a", by)
				}
			})
		})
	}
}

// Who finds out and leaves before the answer has found out nothing: the next
// one does.
func TestOverlongRetryAfterWhenTheFinderLeaves(t *testing.T) {
	a := backend("a", inTurn(fails(wire.FailRateLimit, time.Hour), hangs, answers("from a", 0)))
	set := plan.Router{RateLimits: plan.RateLimits{MaxHold: time.Second}}
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.want(w.send(ask{}), "b", 2, 0)
		w.pass(time.Second)
		ctx, leave := context.WithCancel(context.Background())
		go func() { w.pass(100 * time.Millisecond); leave() }()
		if g := w.send(ask{ctx: ctx}); g.err == nil {
			t.Errorf("answered by %q", g.by())
		}
		synctest.Wait()
		w.want(w.send(ask{}), "a", 1, 0)
	})
}
