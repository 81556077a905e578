package router_test

import (
	"context"
	"fmt"
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

// atOnce sends requests at their times, and returns what each got.
func (w *world) atOnce(at []time.Duration, a func(i int) ask) []got {
	var all sync.WaitGroup
	out := make([]got, len(at))
	for i, d := range at {
		all.Go(func() {
			w.pass(d)
			out[i] = w.send(a(i))
		})
	}
	all.Wait()
	return out
}

// Identical requests that may share an answer share the call for it; others do
// not.
func TestSingleFlight(t *testing.T) {
	for name, tt := range map[string]struct {
		off   []string
		of    func(i int) ask
		calls int
	}{
		"the same":        {of: func(int) ask { return ask{header: marked()} }, calls: 1},
		"unmarked":        {of: func(int) ask { return ask{} }, calls: 4},
		"anew":            {of: func(int) ask { return ask{header: marked("Cache-Control", "no-cache")} }, calls: 4},
		"different":       {of: func(i int) ask { return ask{header: marked(), marker: fmt.Sprint("m", i)} }, calls: 4},
		"of several keys": {of: func(i int) ask { return ask{header: marked(router.HeaderAgent, fmt.Sprint(i%2))} }, calls: 2},
		"of two classes":  {of: func(i int) ask { return ask{header: marked(wire.HeaderAllow, []string{"cloud", "cloud,gpu"}[i%2])} }, calls: 2},
		"switched off":    {of: func(int) ask { return ask{header: marked()} }, off: []string{"single_flight"}, calls: 4},
		"without caches":  {of: func(int) ask { return ask{header: marked()} }, off: []string{"cache", "stale_if_error"}, calls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			a := backend("a", always(answers("from a", time.Second)))
			run(t, plan.Router{Off: tt.off}, []*fake{a}, func(w *world) {
				joined := 0
				for i, g := range w.atOnce([]time.Duration{0, 0, 300 * time.Millisecond, 900 * time.Millisecond}, tt.of) {
					if g.text != "from a" || g.model != "a-model" || g.usage != usage {
						t.Errorf("%d: %q of %q, %+v, failure %v", i, g.text, g.model, g.usage, g.fail)
					}
					if cached(g) == "joined" {
						joined++
					} else if g.by() != "a" || g.took != time.Second {
						t.Errorf("%d: by %q in %v", i, g.by(), g.took)
					}
				}
				if a.count() != tt.calls || joined != 4-tt.calls {
					t.Errorf("%d calls, %d joined, want %d calls", a.count(), joined, tt.calls)
				}
			})
		})
	}
}

// A stream that joins hears what was said before it came, then each word as it
// comes, whole answers and streams mixed.
func TestSingleFlightStreams(t *testing.T) {
	a := backend("a", always(says(time.Second, "one ", "two ", "three ", "four")))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		// Words at 1.00, 1.01, 1.02 and 1.03 s.
		at := []time.Duration{0, 500 * time.Millisecond, 1015 * time.Millisecond, 1015 * time.Millisecond}
		got := w.atOnce(at, func(i int) ask { return ask{header: marked(), stream: i < 3, usage: i < 3} })
		ids := map[string]bool{}
		for i, g := range got {
			if g.text != "one two three four" || g.model != "a-model" || g.usage != usage || i < 3 && !g.done {
				t.Errorf("%d: %q of %q, done %v, %+v, %v", i, g.text, g.model, g.done, g.usage, g.fail)
			}
			if want := 1030*time.Millisecond - at[i]; g.took != want {
				t.Errorf("%d: took %v, want %v", i, g.took, want)
			}
			_, id, _ := strings.Cut(g.body, `"id":"`)
			id, _, _ = strings.Cut(id, `"`)
			ids[id] = true
		}
		if got[1].first != 500*time.Millisecond || got[2].first > 5*time.Millisecond {
			t.Errorf("first tokens after %v and %v", got[1].first, got[2].first)
		}
		if a.count() != 1 || len(ids) != 4 {
			t.Errorf("%d calls, ids %v", a.count(), ids)
		}
	})
}

// A call outlives the client that began it, while others wait for its answer,
// and ends with the last of them.
func TestSingleFlightOutlivesItsFirstClient(t *testing.T) {
	for _, stream := range []bool{false, true} {
		a := backend("a", always(answers("one two three", time.Second)))
		run(t, plan.Router{}, []*fake{a}, func(w *world) {
			ctx, leave := context.WithCancel(context.Background())
			time.AfterFunc(1005*time.Millisecond, leave) // after the first word of a stream
			if !stream {
				time.AfterFunc(500*time.Millisecond, leave)
			}
			got := w.atOnce([]time.Duration{0, 100 * time.Millisecond}, func(i int) ask {
				v := ask{header: marked(), stream: stream}
				if i == 0 {
					v.ctx = ctx
				}
				return v
			})
			if got[0].err == nil || got[1].text != "one two three" || got[1].fail != nil || cached(got[1]) != "joined" || a.count() != 1 {
				t.Errorf("stream %v: first %v, second %q %v, %d calls", stream, got[0].err, got[1].text, got[1].fail, a.count())
			}
		})
	}
	a := backend("a", always(hangs))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		w.atOnce([]time.Duration{0, time.Millisecond}, func(i int) ask {
			ctx, leave := context.WithCancel(context.Background())
			time.AfterFunc(time.Duration(i+1)*time.Second, leave)
			return ask{header: marked(), ctx: ctx, deadline: time.Minute}
		})
		synctest.Wait()
		if a.count() != 1 || a.gone != 1 || w.since() != 2001*time.Millisecond {
			t.Errorf("%d calls, %d given up after %v", a.count(), a.gone, w.since())
		}
	})
}

// Where the first client's time is over before the answer is, who has more
// goes on: from the beginning, or without a lost or repeated word.
func TestSingleFlightGoesOnAfterADeadline(t *testing.T) {
	words := []string{"one ", "two ", "three ", "four ", "five"}
	for _, stream := range []bool{false, true} {
		slow := begins(400*time.Millisecond, words[:2], stalls)
		if !stream {
			slow = hangs
		}
		a := backend("a", inTurn(slow, answers(strings.Join(words, ""), 100*time.Millisecond)))
		run(t, plan.Router{StreamGapTimeout: time.Minute, FirstTokenTimeout: time.Minute}, []*fake{a}, func(w *world) {
			got := w.atOnce([]time.Duration{0, time.Millisecond, 300 * time.Millisecond}, func(i int) ask {
				v := ask{header: marked(), stream: stream, deadline: 4 * time.Second}
				if i == 0 {
					v.deadline = time.Second
				}
				return v
			})
			if g := got[0]; g.fail == nil || g.took != 950*time.Millisecond {
				t.Errorf("stream %v: the first ended after %v with %v", stream, g.took, g.fail)
			}
			for i, g := range got[1:] {
				if g.text != "one two three four five" || g.fail != nil || stream && !g.done {
					t.Errorf("stream %v, %d: %q, done %v, failure %v", stream, i, g.text, g.done, g.fail)
				}
			}
			if a.count() != 2 {
				t.Errorf("stream %v: %d calls, want one more", stream, a.count())
			}
		})
	}
}

// Where the call fails, one more is made and not one for each; what is wrong
// with the request itself is told to all at once.
func TestSingleFlightFails(t *testing.T) {
	for kind, calls := range map[wire.FailureKind]int{wire.FailServer: 2, wire.FailBadRequest: 1} {
		a := backend("a", always(func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
			pause(r, time.Second)
			fails(kind, 0)(f, w, r, req)
		}))
		run(t, plan.Router{Retries: -1}, []*fake{a}, func(w *world) {
			for i, g := range w.atOnce(make([]time.Duration, 6), func(i int) ask { return ask{header: marked(), stream: i%2 == 0} }) {
				if g.fail == nil || g.fail.Kind != kind {
					t.Errorf("%s, %d: %v", kind, i, g.fail)
				}
			}
			if a.count() != calls {
				t.Errorf("%s: %d calls for six, want %d", kind, a.count(), calls)
			}
		})
	}
}
