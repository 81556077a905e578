package router

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestRamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &ramp{from: 0.1, over: 9 * time.Second}
		const n = 4000
		in := map[string]bool{}
		count := func() float64 {
			k := 0
			for i := range n {
				marker := fmt.Sprint("m-", i)
				ok := r.admits(1, "a", marker)
				if in[marker] && !ok {
					t.Fatalf("%s was in and is out again", marker)
				}
				if in[marker] = ok; ok {
					k++
				}
			}
			return float64(k) / n
		}
		if got := count(); got != 1 {
			t.Errorf("before it ever left: %v of its traffic", got)
		}
		clear(in)
		r.start()
		for _, step := range []struct {
			at    time.Duration
			share float64
		}{{0, 0.1}, {time.Second, 0.2}, {5 * time.Second, 0.6}, {9*time.Second - 1, 1}, {9 * time.Second, 1}, {time.Hour, 1}} {
			time.Sleep(step.at - time.Duration(time.Now().UnixNano()-r.began.Load()))
			if got := r.share(); math.Abs(got-step.share) > 1e-9 {
				t.Errorf("after %v: share %v, want %v", step.at, got, step.share)
			}
			if got := count(); math.Abs(got-step.share) > 0.025 {
				t.Errorf("after %v: %v of its traffic, want %v", step.at, got, step.share)
			}
		}
		clear(in)
		r.start() // it left and came back again
		if got := r.share(); got != 0.1 {
			t.Errorf("back again: share %v", got)
		}
		if r.admits(1, "a", "m-1") && r.admits(1, "a", "m-2") && r.admits(1, "a", "m-3") && r.admits(1, "a", "m-4") {
			t.Error("everybody is in at once")
		}
		r.over = 0
		if got := r.share(); got != 1 {
			t.Errorf("switched off: share %v", got)
		}
	})
}
