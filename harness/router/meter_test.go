package router

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// near tells whether a sketch may say got of want: within its sixteenth.
func near(got, want time.Duration) bool {
	return math.Abs(float64(got-want)) <= float64(want)/16+float64(sketchUnit)
}

func TestSketchForgetsByTheSlice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, s := time.Now(), newSketch(6*time.Second)
		s.add(time.Now(), 100*ms)
		time.Sleep(time.Second)
		s.add(time.Now(), 900*ms)
		for _, step := range []struct {
			at   time.Duration
			n    int64
			high time.Duration
		}{
			{5*time.Second + 999*ms, 2, 900 * ms}, // the first slice is still there
			{6 * time.Second, 1, 900 * ms},
			{7*time.Second - 1, 1, 900 * ms},
			{7 * time.Second, 0, 0},
		} {
			time.Sleep(step.at - time.Since(began))
			if d, n := s.quantile(time.Now(), 1); n != step.n || !near(d, step.high) {
				t.Errorf("at %v: %v of %d, want %v of %d", step.at, d, n, step.high, step.n)
			}
		}
	})
}

func TestSketchQuantilesAreWithinASixteenth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var now time.Time
		s := newSketch(time.Minute)
		now = s.turned
		all := rapid.SliceOfN(rapid.Int64Range(int64(sketchUnit), int64(sketchMost)), 1, 200).Draw(t, "ns")
		for _, d := range all {
			s.add(now, time.Duration(d))
		}
		slices.Sort(all)
		q := rapid.Float64Range(0.01, 1).Draw(t, "q")
		got, n := s.quantile(now, q)
		if n != int64(len(all)) {
			t.Fatalf("%d samples, want %d", n, len(all))
		}
		// Rounding at a rank's edge may pick the neighbour.
		at := q * float64(len(all))
		low := all[max(0, min(len(all)-1, int(math.Round(at))-2))]
		high := all[max(0, min(len(all)-1, int(math.Round(at))))]
		if slack := time.Duration(high)/16 + sketchUnit; got < time.Duration(low)-slack || got > time.Duration(high)+slack {
			t.Fatalf("quantile %v is %v, want %v to %v", q, got, time.Duration(low), time.Duration(high))
		}
	})
}

func TestPeakRisesAtOnceAndSinksSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(time.Minute, 10*time.Second).of("a", "m")
		if d := m.latency(false); d != 0 {
			t.Errorf("nothing seen, yet %v", d)
		}
		m.answered(false, 100*ms)
		m.answered(false, 2*time.Second)
		if d := m.latency(false); d != 2*time.Second {
			t.Errorf("after a peak of 2s: %v", d)
		}
		time.Sleep(10 * time.Second)
		idle := time.Duration(math.Trunc(2e9 / math.E))
		if d := m.latency(false); (d - idle).Abs() > 1 {
			t.Errorf("10s later: %v, want %v", d, idle)
		}
		m.failed(false, ms) // it fails fast: no reason to like it better
		if d := m.latency(false); (d - idle).Abs() > 1 {
			t.Errorf("after a fast failure: %v, want %v", d, idle)
		}
		m.answered(false, 100*ms)
		want := time.Duration(math.Trunc(2e9/math.E + 1e8*(1-1/math.E)))
		if d := m.latency(false); (d - want).Abs() > 1 {
			t.Errorf("after a fast answer: %v, want %v", d, want)
		}
		m.failed(false, 5*time.Second)
		if d := m.latency(false); d != 5*time.Second {
			t.Errorf("after a slow failure: %v", d)
		}
		if d := m.latency(true); d != 0 {
			t.Errorf("streams were never seen, yet %v", d)
		}
	})
}

func TestMetersAreBounded(t *testing.T) {
	all := newMeters(time.Minute, time.Second)
	for i := range 3 * maxMeters {
		all.of("a", fmt.Sprintf("model-%d", i))
	}
	if n := len(all.seen); n > maxMeters+1 {
		t.Errorf("%d meters of one provider", n)
	}
	if all.of("a", "model-0") == all.of("a", "model-1") || all.of("b", "model-0") == all.of("a", "model-0") {
		t.Error("two models share a meter below the bound")
	}
	if all.of("a", "unheard of") != all.of("a", "another") {
		t.Error("models beyond the bound do not share a meter")
	}
}

func TestLearnedTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(time.Minute, time.Second).of("a", "m")
		rule := learnedTimeout{quantile: 0.95, factor: 3, floor: 200 * ms, samples: 20}
		for range 19 {
			m.answered(true, 320*ms)
		}
		want := func(why string, configured, want time.Duration) {
			t.Helper()
			if got := rule.limit(m, true, configured); got != want && !near(got, want) {
				t.Errorf("%s: %v, want %v", why, got, want)
			}
		}
		want("too few samples", 5*time.Second, 5*time.Second)
		m.answered(true, 320*ms)
		want("three times the p95", 5*time.Second, 960*ms)
		want("never more than configured", 500*ms, 500*ms)
		want("switched off stays off", off, off)
		if got := rule.limit(m, false, 5*time.Second); got != 5*time.Second {
			t.Errorf("unary calls were never seen, yet %v", got)
		}
		rule.floor = 2 * time.Second
		want("never less than the floor", 5*time.Second, 2*time.Second)
		rule.floor = 0
		// Silent calls count as long as they were waited for: the time-out grows.
		for range 40 {
			m.gaveUp(true, 960*ms)
		}
		want("grows with those given up on", 5*time.Second, 2880*ms)
		time.Sleep(2 * time.Minute)
		want("all forgotten", 5*time.Second, 5*time.Second)
	})
}

func TestMeterCountsUnderContention(t *testing.T) {
	m := newMeters(time.Hour, time.Second).of("a", "m")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				m.begin()
				m.answered(false, ms)
				m.quantile(false, 0.95)
				m.end()
			}
		})
	}
	wg.Wait()
	m.unary.times.fresh = 1 << 40 // merge anew
	if _, n := m.quantile(false, 0.5); n != 4000 || m.load() != 0 {
		t.Errorf("%d samples and %d outstanding, want 4000 and 0", n, m.load())
	}
}

func BenchmarkMeter(b *testing.B) {
	all := newMeters(30*time.Second, 10*time.Second)
	b.Run("answered", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			m := all.of("a", "m")
			m.begin()
			m.answered(true, time.Duration(200+i%100)*ms)
			m.end()
		}
	})
	b.Run("quantile", func(b *testing.B) {
		b.ReportAllocs()
		m := all.of("a", "m")
		for b.Loop() {
			m.quantile(true, 0.95)
		}
	})
	b.Run("both, parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			m := all.of("a", "m")
			for p.Next() {
				m.answered(true, 200*ms)
				m.quantile(true, 0.95)
			}
		})
	})
}
