package load_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/harness/load"
	"brownout/plan"
)

func TestScheduleTimes(t *testing.T) {
	sec := func(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }
	for _, c := range []struct {
		name     string
		profile  []plan.Point
		duration time.Duration
		total    uint64
		at       map[uint64]time.Duration
	}{
		{
			name:     "constant",
			profile:  []plan.Point{{Rate: 20}},
			duration: sec(5), total: 100,
			at: map[uint64]time.Duration{0: 0, 1: sec(.05), 99: sec(4.95), 100: sec(5)},
		},
		{
			name:     "ramp from nothing: requests n = 5t²",
			profile:  []plan.Point{{Rate: 0}, {At: sec(10), Rate: 100}},
			duration: sec(10), total: 500,
			at: map[uint64]time.Duration{0: 0, 5: sec(1), 20: sec(2), 125: sec(5), 405: sec(9)},
		},
		{
			name:     "ramp to nothing: n = 100t - 5t²",
			profile:  []plan.Point{{Rate: 100}, {At: sec(10), Rate: 0}},
			duration: sec(20), total: 500,
			at: map[uint64]time.Duration{95: sec(1), 375: sec(5), 495: sec(9)},
		},
		{
			name:     "flat before the first point and after the last",
			profile:  []plan.Point{{At: sec(2), Rate: 10}, {At: sec(4), Rate: 30}},
			duration: sec(6), total: 120,
			at: map[uint64]time.Duration{10: sec(1), 20: sec(2), 60: sec(4), 90: sec(5)},
		},
		{
			name:     "silence in the middle",
			profile:  []plan.Point{{Rate: 10}, {At: sec(1), Rate: 10}, {At: sec(1), Rate: 0}, {At: sec(3), Rate: 0}, {At: sec(3), Rate: 10}},
			duration: sec(4), total: 20,
			at: map[uint64]time.Duration{9: sec(.9), 10: sec(3), 19: sec(3.9)},
		},
		{
			name:     "profile longer than the load",
			profile:  []plan.Point{{Rate: 0}, {At: sec(10), Rate: 100}},
			duration: sec(2), total: 20,
			at: map[uint64]time.Duration{5: sec(1), 20: sec(2)},
		},
		{
			name:     "an integral that rounds up: .07 * 100 > 7",
			profile:  []plan.Point{{Rate: 100}},
			duration: sec(.07), total: 7,
			at: map[uint64]time.Duration{6: sec(.06), 7: sec(.07)},
		},
		{name: "nothing asked", profile: []plan.Point{{Rate: 0}}, duration: sec(5), at: map[uint64]time.Duration{0: sec(5)}},
		{name: "no profile", duration: sec(5), at: map[uint64]time.Duration{0: sec(5)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := load.NewSchedule(plan.Load{Profile: c.profile, Duration: c.duration})
			if got := s.Total(); got != c.total {
				t.Errorf("%d requests in all, want %d", got, c.total)
			}
			for n, want := range c.at {
				if got := s.At(n); (got - want).Abs() > time.Microsecond {
					t.Errorf("request %d is due at %v, want %v", n, got, want)
				}
			}
		})
	}
}

// The integral is computed anew here, by the trapezium rule over the plan's
// own rate, which is exact where no step falls between two samples.
func TestScheduleFollowsTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := plan.Load{Duration: time.Duration(rapid.IntRange(1, 60_000).Draw(t, "duration")) * time.Millisecond}
		at := time.Duration(0)
		for range rapid.IntRange(1, 8).Draw(t, "points") {
			l.Profile = append(l.Profile, plan.Point{At: at, Rate: float64(rapid.IntRange(0, 500).Draw(t, "rate"))})
			at += time.Duration(rapid.IntRange(1, 20_000).Draw(t, "gap")) * time.Millisecond
		}
		s := load.NewSchedule(l)

		integral := 0.0
		for i, from := 0, time.Duration(0); from < l.Duration; i++ {
			until := l.Duration
			if i < len(l.Profile) {
				until = min(until, l.Profile[i].At)
			}
			integral += (l.Rate(from) + l.Rate(until)) / 2 * (until - from).Seconds()
			from = until
		}
		if d := math.Abs(float64(s.Total()) - integral); d > 1 {
			t.Fatalf("%d requests in all, the rate asks for %f", s.Total(), integral)
		}
		if got := s.Hits(l.Duration); math.Abs(got-integral) > 1e-6*max(1, integral) {
			t.Fatalf("the integral is %f, want %f", got, integral)
		}

		before := time.Duration(-1)
		for n := range s.Total() {
			due := s.At(n)
			switch {
			case due < before:
				t.Fatalf("request %d is due at %v, before the one before it at %v", n, due, before)
			case due < 0 || due >= l.Duration:
				t.Fatalf("request %d is due at %v, outside the load of %v", n, due, l.Duration)
			}
			if got := s.Hits(due); math.Abs(got-float64(n)) > 1e-3 {
				t.Fatalf("request %d is due at %v, when the rate asks for %f", n, due, got)
			}
			before = due
		}
	})
}
