package router

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestWhenToHedge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(time.Minute, time.Second).of("a", "m")
		h := &hedging{percentile: 0.95, minDelay: 100 * ms, minSamples: 20}
		never := func(why string, stream, once bool, left time.Duration) {
			t.Helper()
			if d, ok := h.after(m, stream, once, left); ok {
				t.Errorf("%s: hedges after %v", why, d)
			}
		}
		for i := range 20 {
			never("too little is known", true, false, time.Hour)
			m.answered(true, time.Duration(i+1)*50*ms)
		}
		if d, ok := h.after(m, true, false, time.Hour); !ok || !near(d, 950*ms) {
			t.Errorf("after %v (%v), want the p95 of 950ms", d, ok)
		}
		never("unary calls were never seen", false, false, time.Hour)
		never("it may not be billed twice", true, true, time.Hour)
		never("it would come too late", true, false, 900*ms)
		h.minDelay = 2 * time.Second
		if d, ok := h.after(m, true, false, time.Hour); !ok || d != 2*time.Second {
			t.Errorf("after %v (%v), want the least of 2s", d, ok)
		}
		h.billedOnce = true
		never("nothing may be billed twice", true, false, time.Hour)
	})
}

// course is how an attempt of a race goes.
type course struct {
	takes time.Duration
	fails bool
	deaf  bool // does not notice that its context ends
}

func (r course) make(ctx context.Context, name string) (string, error) {
	t := time.NewTimer(r.takes)
	defer t.Stop()
	if r.deaf {
		<-t.C
		return name, nil
	}
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-t.C:
	}
	if r.fails {
		return "", errors.New(name + " failed")
	}
	return name, nil
}

func TestCompete(t *testing.T) {
	const never = time.Hour
	for _, c := range []struct {
		name          string
		first, hedge  course
		refuse        bool // the budget says no
		want          string
		at            time.Duration
		firstErr      string
		hedgeErr      string
		hedged        bool
		discarded     string
		joinedInWhole time.Duration // when the loser was gone
	}{
		{name: "the first is fast", first: course{takes: 500 * ms}, want: "first", at: 500 * ms, joinedInWhole: 500 * ms},
		{name: "the hedge overtakes", first: course{takes: never}, hedge: course{takes: 300 * ms}, hedged: true, want: "hedge", at: 1300 * ms, firstErr: errHedgeLost.Error(), joinedInWhole: 1300 * ms},
		{name: "the first still wins", first: course{takes: 1200 * ms}, hedge: course{takes: 300 * ms}, hedged: true, want: "first", at: 1200 * ms, hedgeErr: errHedgeLost.Error(), joinedInWhole: 1200 * ms},
		{name: "no budget", first: course{takes: 2 * time.Second}, hedge: course{}, refuse: true, want: "first", at: 2 * time.Second, joinedInWhole: 2 * time.Second},
		{name: "an early failure is not the hedge's business", first: course{takes: 100 * ms, fails: true}, hedge: course{}, at: 100 * ms, firstErr: "first failed", joinedInWhole: 100 * ms},
		{name: "a late failure waits for the hedge", first: course{takes: 1100 * ms, fails: true}, hedge: course{takes: time.Second}, hedged: true, want: "hedge", at: 2 * time.Second, firstErr: "first failed", joinedInWhole: 2 * time.Second},
		{name: "the hedge fails", first: course{takes: 2 * time.Second}, hedge: course{takes: 100 * ms, fails: true}, hedged: true, want: "first", at: 2 * time.Second, hedgeErr: "hedge failed", joinedInWhole: 2 * time.Second},
		{name: "both fail", first: course{takes: 1500 * ms, fails: true}, hedge: course{takes: time.Second, fails: true}, hedged: true, at: 2 * time.Second, firstErr: "first failed", hedgeErr: "hedge failed", joinedInWhole: 2 * time.Second},
		{name: "a loser that succeeds is discarded", first: course{takes: 1200 * ms}, hedge: course{takes: time.Second, deaf: true}, hedged: true, want: "first", at: 1200 * ms, hedgeErr: errHedgeLost.Error(), discarded: "hedge", joinedInWhole: 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var discarded string
				var held context.Context
				r := compete(t.Context(), time.Second, func() bool { return !c.refuse }, func(ctx context.Context, hedge bool) (string, error) {
					v, err := "", error(nil)
					if hedge {
						v, err = c.hedge.make(ctx, "hedge")
					} else {
						v, err = c.first.make(ctx, "first")
					}
					if err == nil && v == c.want {
						held = ctx
					}
					return v, err
				}, func(v string) { discarded = v })
				if at := time.Since(began); r.value != c.want || at != c.at {
					t.Errorf("%q after %v, want %q after %v", r.value, at, c.want, c.at)
				}
				if c.want != "" && held.Err() != nil {
					t.Error("the winner's context has ended before its time")
				}
				r.end()
				if at := time.Since(began); at != c.joinedInWhole {
					t.Errorf("all over after %v, want %v", at, c.joinedInWhole)
				}
				if c.want != "" && held.Err() == nil {
					t.Error("the winner's context outlives its end")
				}
				for i, want := range []string{c.firstErr, c.hedgeErr} {
					if got := r.errs[i]; fmt.Sprint(got) != want && (got != nil || want != "") {
						t.Errorf("attempt %d: %v, want %q", i, got, want)
					}
				}
				if r.hedged != c.hedged || discarded != c.discarded {
					t.Errorf("hedged %v, discarded %q; want %v and %q", r.hedged, discarded, c.hedged, c.discarded)
				}
			})
		})
	}
}

func TestCompeteEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, gone := time.Now(), errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(2*time.Second, func() { cancel(gone) })
		r := compete(ctx, time.Second, func() bool { return true }, func(ctx context.Context, _ bool) (int, error) {
			<-ctx.Done()
			return 0, context.Cause(ctx)
		}, func(int) {})
		r.end()
		if at := time.Since(began); r.winner != -1 || at != 2*time.Second || r.errs[0] != gone || r.errs[1] != gone {
			t.Errorf("winner %d after %v, %v", r.winner, at, r.errs)
		}
	})
}

// However the two go: one winner if any succeeds in time, every other success
// is discarded, nothing runs on after end, and hedges keep to their budget.
func TestCompeteIsSound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		runs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) course {
			return course{
				takes: time.Duration(rapid.IntRange(0, 20).Draw(t, "takes")) * 100 * ms,
				fails: rapid.Bool().Draw(t, "fails"), deaf: rapid.IntRange(0, 3).Draw(t, "deaf") == 0,
			}
		}), 2, 20).Draw(rt, "runs")
		synctest.Test(t, func(t *testing.T) {
			budget := newAllowance(0.5, 0, time.Hour)
			requests, hedges := 0, 0
			for i := 0; i+1 < len(runs); i += 2 {
				budget.request()
				requests++
				var mu sync.Mutex
				won, thrown, active := 0, 0, 0
				r := compete(t.Context(), time.Second, budget.take, func(ctx context.Context, hedge bool) (string, error) {
					mu.Lock()
					active++
					mu.Unlock()
					run, name := runs[i], "first"
					if hedge {
						run, name = runs[i+1], "hedge"
					}
					v, err := run.make(ctx, name)
					mu.Lock()
					if active--; err == nil {
						won++
					}
					mu.Unlock()
					return v, err
				}, func(string) { mu.Lock(); thrown++; mu.Unlock() })
				value := r.value
				r.end()
				if r.hedged {
					hedges++
				}
				if active != 0 {
					rt.Errorf("%d attempts go on after the end", active)
				}
				if has := r.winner >= 0; has != (value != "") || has != (won > 0) || won-thrown != btoi(has) {
					rt.Errorf("winner %d with %q: %d succeeded, %d were discarded", r.winner, value, won, thrown)
				}
			}
			if float64(hedges) > 0.5*float64(requests) {
				rt.Errorf("%d hedges for %d requests, at most half", hedges, requests)
			}
		})
	})
}

func BenchmarkCompete(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		r := compete(b.Context(), time.Hour, func() bool { return false }, func(context.Context, bool) (int, error) { return 1, nil }, func(int) {})
		r.end()
	}
}
