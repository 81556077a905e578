package router

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

func TestAllowanceInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAllowance(0.2, 0, 10*time.Second)
		takes := func(at string, want int) {
			t.Helper()
			n := 0
			for a.take() {
				n++
			}
			if n != want {
				t.Errorf("%s: %d extra calls, want %d", at, n, want)
			}
		}
		takes("no traffic", 0)
		for range 4 {
			a.request()
		}
		takes("four requests", 0)
		a.request()
		takes("five requests", 1)
		takes("and no more", 0)
		for range 50 {
			a.request()
		}
		time.Sleep(10*time.Second - 1)
		if left := a.left(); left != 10 {
			t.Errorf("just within the window %v are left, want 10", left)
		}
		time.Sleep(time.Nanosecond)
		takes("what was paid in has expired", 0)
	})
}

func TestAllowanceFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAllowance(0.1, 2, 10*time.Second)
		for _, step := range []struct {
			sleep time.Duration
			want  int
		}{{time.Second, 2}, {499 * ms, 0}, {ms, 1}, {10 * time.Second, 2}} {
			time.Sleep(step.sleep)
			n := 0
			for a.take() {
				n++
			}
			if n != step.want {
				t.Errorf("after %v more: %d extra calls, want %d", step.sleep, n, step.want)
			}
		}
	})
}

// Whatever the order of requests, extra calls and pauses: in every stretch of
// time there are no more extra calls than the share of the requests in it and
// in the window before, and the floor.
func TestAllowanceIsNeverOverdrawn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		share := rapid.SampledFrom([]float64{0, 0.05, 0.1, 0.2, 0.5, 1}).Draw(rt, "share")
		floor := rapid.IntRange(0, 3).Draw(rt, "floor")
		steps := rapid.SliceOfN(rapid.IntRange(0, 999), 1, 120).Draw(rt, "steps")
		const window = 2 * time.Second
		wrong := ""
		synctest.Test(t, func(t *testing.T) {
			a, began := newAllowance(share, floor, window), time.Now()
			var asked, extra []time.Duration
			for _, s := range steps {
				switch at := time.Since(began); {
				case s < 400:
					a.request()
					asked = append(asked, at)
				case s < 500:
					if a.take() {
						a.back() // it was not needed
					}
				case s < 900:
					if a.take() {
						extra = append(extra, at)
					}
				default:
					time.Sleep(time.Duration(s-899) * 13 * ms)
				}
			}
			for i := range extra {
				for j := i; j < len(extra); j++ {
					from, to, n := extra[i], extra[j], 0
					for _, at := range asked {
						if at > from-window && at <= to {
							n++
						}
					}
					most := share*float64(n) + float64(floor)*(1+(to-from).Seconds()) + 1e-6
					if got := float64(j - i + 1); got > most {
						wrong = fmt.Sprintf("%v extra calls from %v to %v, at most %v are allowed", got, from, to, most)
					}
				}
			}
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

func TestAllowanceUnderContention(t *testing.T) {
	a := newAllowance(0.5, 0, time.Hour)
	var wg sync.WaitGroup
	var extra atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				a.request()
				if a.take() {
					extra.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := extra.Load(); n != 4000 {
		t.Errorf("%d extra calls to 8000 requests, want half", n)
	}
	if none := (*allowance)(nil); !none.take() {
		t.Error("no allowance allows everything")
	}
}

func BenchmarkAllowance(b *testing.B) {
	a := newAllowance(0.1, 1, 10*time.Second)
	b.ReportAllocs()
	for b.Loop() {
		a.request()
		a.take()
	}
}

// What was paid in is good again after it was taken and not needed, beside a
// floor that is full.
func TestAllowanceGivesBackWhatWasPaidIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAllowance(1, 1, 2*time.Second)
		a.request()
		if !a.take() {
			t.Fatal("nothing is allowed")
		}
		a.back()
		<-time.After(ms)
		if n := a.left(); n != 2 {
			t.Errorf("%v extra calls are left, want what was paid in and the floor", n)
		}
	})
}
