package load

import (
	"math"
	"sort"
	"time"

	"brownout/plan"
)

// Schedule is when each request of a load is due. Request n (0, 1, 2 …) is due
// at the moment the integral of the rate reaches n, so that n alone tells its
// time, however late it is sent.
type Schedule struct {
	segments []segment
	duration time.Duration
	total    uint64
}

// segment is a stretch of the profile with a linear rate.
type segment struct {
	from  float64 // seconds since run start
	until float64 // seconds since run start
	rate  float64 // requests per second at from
	slope float64 // requests per second, per second
	base  float64 // requests due before from
}

// NewSchedule makes the schedule of a load. The rate is linear between the
// points of the profile, flat before the first and after the last.
func NewSchedule(l plan.Load) *Schedule {
	s := &Schedule{duration: l.Duration}
	end := l.Duration.Seconds()
	at, rate, base := 0.0, l.Rate(0), 0.0
	add := func(until, rateUntil float64) {
		if until > end {
			rateUntil = rate + (rateUntil-rate)*(end-at)/(until-at)
			until = end
		}
		if until <= at {
			rate = rateUntil // two points at one time are a step
			return
		}
		g := segment{from: at, until: until, rate: rate, slope: (rateUntil - rate) / (until - at), base: base}
		s.segments = append(s.segments, g)
		base = g.hits(until)
		at, rate = until, rateUntil
	}
	for _, p := range l.Profile {
		if at < end {
			add(p.At.Seconds(), p.Rate)
		}
	}
	if at < end {
		add(end, rate)
	}
	s.total = s.count(base)
	return s
}

// hits is the integral of the rate from run start to t, for t in the segment.
func (g segment) hits(t float64) float64 {
	x := t - g.from
	return g.base + x*(g.rate+g.slope*x/2)
}

// when is the inverse of hits. It solves slope/2·x² + rate·x = k in the form
// that neither divides by a slope of zero nor subtracts nearly equal numbers.
func (g segment) when(hits float64) float64 {
	k := hits - g.base
	if k <= 0 {
		return g.from
	}
	d := g.rate + math.Sqrt(max(0, g.rate*g.rate+2*g.slope*k))
	if d <= 0 {
		return g.until
	}
	return min(g.until, g.from+2*k/d)
}

// count is how many requests are due before the load ends, given the integral
// over the whole load: those whose time, in whole nanoseconds, is before it.
func (s *Schedule) count(integral float64) uint64 {
	n := uint64(math.Ceil(integral))
	for n > 0 && s.At(n-1) >= s.duration {
		n--
	}
	return n
}

// Total is the number of requests of the whole load.
func (s *Schedule) Total() uint64 { return s.total }

// At is when request n is due, since run start; the load's end for requests
// that never are.
func (s *Schedule) At(n uint64) time.Duration {
	hits := float64(n)
	i := sort.Search(len(s.segments), func(i int) bool {
		g := s.segments[i]
		return g.hits(g.until) > hits
	})
	if i == len(s.segments) {
		return s.duration
	}
	return time.Duration(math.Round(s.segments[i].when(hits) * float64(time.Second)))
}

// Hits is the integral of the rate from run start to t: how many requests the
// profile asks for by then, as a real number.
func (s *Schedule) Hits(t time.Duration) float64 {
	x := t.Seconds()
	i := sort.Search(len(s.segments), func(i int) bool { return s.segments[i].until >= x })
	switch {
	case len(s.segments) == 0 || t <= 0:
		return 0
	case i == len(s.segments):
		i--
		x = s.segments[i].until
	}
	return s.segments[i].hits(x)
}
