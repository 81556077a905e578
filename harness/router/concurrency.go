package router

import (
	"math"
	"sync"
	"time"
)

// concurrencySettings bound the calls in progress at one provider.
type concurrencySettings struct {
	Min     int // at least 1
	Initial int
	Max     int
}

// concurrency limits the calls in progress at one provider to what its latency
// says it can bear: while calls take about as long as usual the limit grows,
// by the square root of itself; when they take longer than tolerance times
// that, calls are queueing there and it shrinks in proportion. An overload that
// the provider tells (503, 529, a rate limit) cuts it at once.
//
// What is usual follows what is seen only while nothing speaks of a queue.
// Otherwise it is measured anew now and then, with half the calls: if they
// are faster, it was a queue; if not, the provider has become slower. Without
// that a queue would in time pass for usual and the limit rise without end.
//
// Sources: Netflix concurrency-limits, Gradient2Limit with the cut of its
// AIMDLimit; the measurement with fewer calls is BBR's ProbeRTT (Cardwell et
// al., "BBR: Congestion-Based Congestion Control", 2016). Failsafe-go's
// adaptive limiter is not used, because it takes the time for which a call is
// held for its latency, which for a stream is the length of the answer, and
// because it hears of no overload.
//
// Streams and unary calls are each compared with their own usual time. It is
// safe for concurrent use.
type concurrency struct {
	set concurrencySettings

	mu      sync.Mutex
	limit   float64
	busy    int
	peak    int // most in progress in this window
	usual   [2]usualTime
	ratios  float64 // sum of the samples of this window over the usual time
	samples int
	began   time.Time // of this window
	lastCut time.Time

	probing  bool      // measuring with half the calls
	before   float64   // how many times as long as usual calls took with all
	probed   time.Time // when the last measurement ended
	settled  time.Time // when no more than half were in progress; zero: not yet
	probeEnd time.Time // when a measurement is given up
}

// usualTime is how long calls of one sort take without a queue, in ns.
type usualTime struct {
	mean    float64 // 0: nothing known
	sum     float64 // of the samples of a measurement
	samples int
}

const (
	concurrencyTolerance = 1.5                    // Gradient2Limit's default
	concurrencySmoothing = 0.2                    // as well
	concurrencyHistory   = 600                    // samples in the long-run average, as well
	concurrencyWindow    = 250 * time.Millisecond // at least, between two changes
	concurrencySamples   = 10                     // at least, in a window or a measurement
	concurrencyCut       = 0.7                    // by an overload, at most once in a window
	concurrencyQueue     = 1.2                    // from this many times as long as usual on, calls may be queueing
	concurrencyRelief    = 0.75                   // below this share of the time with all calls, half of them are faster
	concurrencyProbe     = 30 * time.Second       // between two measurements; BBR has 10 s, but calls here last seconds
)

func newConcurrency(set concurrencySettings) *concurrency {
	set.Min = max(1, set.Min)
	set.Max = max(set.Min, set.Max)
	now := time.Now()
	return &concurrency{set: set, limit: float64(min(set.Max, max(set.Min, set.Initial))), began: now, probed: now}
}

// take asks for a place for one call. Whoever gets one gives it back with
// release.
func (c *concurrency) take() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy >= c.places() {
		return false
	}
	c.busy++
	c.peak = max(c.peak, c.busy)
	return true
}

// force takes a place that there may not be.
func (c *concurrency) force() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy++
	c.peak = max(c.peak, c.busy)
}

// places is how many calls may be in progress now.
func (c *concurrency) places() int {
	if c.probing {
		return max(c.set.Min, int(c.limit/2))
	}
	return int(c.limit)
}

// release ends a call.
func (c *concurrency) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	if c.probing && c.settled.IsZero() && c.busy <= c.places() {
		c.settled = time.Now()
	}
}

// state is how many calls may be in progress now and how many are.
func (c *concurrency) state() (places, busy int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.places(), c.busy
}

// answered notes how long an answer took to begin (stream) or to be there. It
// tells whether there is more room now.
func (c *concurrency) answered(stream bool, took time.Duration) (grew bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, now := c.places(), time.Now()
	usual := &c.usual[0]
	if stream {
		usual = &c.usual[1]
	}
	d := max(1, float64(took))
	if usual.mean == 0 {
		usual.mean = d
	}
	if c.probing {
		c.measure(usual, d, now)
		return c.places() > before
	}
	c.ratios += d / usual.mean
	c.samples++
	if d < concurrencyQueue*usual.mean {
		usual.mean += (d - usual.mean) / concurrencyHistory
	}
	if c.samples < concurrencySamples || now.Sub(c.began) < concurrencyWindow {
		return false
	}
	c.adjust(c.ratios/float64(c.samples), now)
	c.turn(now)
	return c.places() > before
}

// turn begins a new window.
func (c *concurrency) turn(now time.Time) {
	c.ratios, c.samples, c.peak, c.began = 0, 0, c.busy, now
}

// adjust ends a window in which calls took ratio times as long as usual.
func (c *concurrency) adjust(ratio float64, now time.Time) {
	if ratio >= concurrencyQueue && now.Sub(c.probed) >= concurrencyProbe {
		c.probing, c.before = true, ratio
		c.settled, c.probeEnd = time.Time{}, now.Add(concurrencyProbe)
		for i := range c.usual {
			c.usual[i].sum, c.usual[i].samples = 0, 0
		}
		if c.busy <= c.places() {
			c.settled = now
		}
	}
	gradient := max(0.5, min(1, concurrencyTolerance/ratio))
	if gradient == 1 && float64(c.peak) < c.limit/2 {
		return // it was not tried out, so nothing speaks for more
	}
	next := c.limit*gradient + math.Sqrt(c.limit)
	c.bound(c.limit + concurrencySmoothing*(next-c.limit))
}

// measure takes a sample with half the calls, if its call began with no more
// than those in progress. Enough of them say what is usual.
func (c *concurrency) measure(usual *usualTime, d float64, now time.Time) {
	if !c.settled.IsZero() && !now.Add(-time.Duration(d)).Before(c.settled) {
		usual.sum += d
		usual.samples++
	}
	if c.usual[0].samples+c.usual[1].samples < concurrencySamples && now.Before(c.probeEnd) {
		return
	}
	c.probing, c.probed = false, now
	c.turn(now)
	for i := range c.usual {
		u := &c.usual[i]
		if u.samples < concurrencySamples/2 {
			continue
		}
		mean := u.sum / float64(u.samples)
		if ratio := mean / u.mean; ratio > concurrencyTolerance && ratio < concurrencyRelief*c.before {
			continue // half is better and still too much: it is a queue
		}
		u.mean = mean
	}
}

// overloaded cuts the limit, because the provider said that it has too much.
func (c *concurrency) overloaded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if !c.lastCut.IsZero() && now.Sub(c.lastCut) < concurrencyWindow {
		return // calls of the same moment say the same
	}
	c.lastCut = now
	// From what was in progress, where that was less: the limit was not used.
	c.bound(concurrencyCut * min(c.limit, float64(max(c.peak, 1))))
}

func (c *concurrency) bound(limit float64) {
	c.limit = max(float64(c.set.Min), min(float64(c.set.Max), limit))
}
