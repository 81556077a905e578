package score

import (
	"math"
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// sketch is a histogram small enough to keep one for each quarter second:
// exact below 16, then 16 buckets to the doubling, so that a quantile is off by
// 3 % at most. Figures that are reported come from latencies instead.
type sketch struct {
	n      uint64
	counts [sketchBuckets]uint32
}

const (
	sketchBits    = 4
	sketchTop     = 28 // values at and above 2^28 share the last bucket
	sketchBuckets = (sketchTop - sketchBits + 1) << sketchBits
)

func sketchBucket(v uint64) int {
	if v < 1<<sketchBits {
		return int(v)
	}
	if v >= 1<<sketchTop {
		return sketchBuckets - 1
	}
	shift := bits.Len64(v) - 1 - sketchBits
	return (shift+1)<<sketchBits | int(v>>shift)&(1<<sketchBits-1)
}

// sketchMiddle is the middle of a bucket.
func sketchMiddle(i int) uint64 {
	if i < 1<<sketchBits {
		return uint64(i)
	}
	shift := i>>sketchBits - 1
	return uint64(1<<sketchBits|i&(1<<sketchBits-1))<<shift + 1<<shift>>1
}

func (s *sketch) add(v uint64) {
	s.counts[sketchBucket(v)]++
	s.n++
}

// plus adds the counts of o; minus takes them away again.
func (s *sketch) plus(o *sketch) {
	if o == nil {
		return
	}
	s.n += o.n
	for i, c := range o.counts {
		s.counts[i] += c
	}
}

func (s *sketch) minus(o *sketch) {
	if o == nil {
		return
	}
	s.n -= o.n
	for i, c := range o.counts {
		s.counts[i] -= c
	}
}

// quantile is the value at q in 0..1, 0 where nothing was added.
func (s *sketch) quantile(q float64) uint64 {
	if s == nil || s.n == 0 {
		return 0
	}
	rank := uint64(math.Ceil(q * float64(s.n)))
	var seen uint64
	for i, c := range s.counts {
		if seen += uint64(c); seen >= rank {
			return sketchMiddle(i)
		}
	}
	return sketchMiddle(sketchBuckets - 1)
}

func micros(d time.Duration) uint64 { return uint64(max(0, d.Microseconds())) }

// ratioScale makes a ratio an integer with three decimal places.
const ratioScale = 1000

// Bounds of a reported distribution, in microseconds or thousandths.
const (
	latencyTop    = int64(10 * time.Minute / time.Microsecond)
	latencyDigits = 3 // off by less than 0.1 %
)

// latencies is a distribution whose quantiles are reported. Its zero value is
// empty and ready to use.
type latencies struct {
	h   *hdrhistogram.Histogram
	max int64 // the histogram would walk all its buckets to tell
}

func (l *latencies) record(v int64) {
	if l.h == nil {
		l.h = hdrhistogram.New(1, latencyTop, latencyDigits)
	}
	v = min(max(v, 0), latencyTop)
	l.max = max(l.max, v)
	_ = l.h.RecordValue(v) // within the bounds it cannot fail
}

func (l *latencies) add(d time.Duration) { l.record(d.Microseconds()) }

func (l *latencies) count() uint64 {
	if l.h == nil {
		return 0
	}
	return uint64(l.h.TotalCount())
}

// at is the value at a percentile in 0..100.
func (l *latencies) at(percentile float64) int64 {
	if l.h == nil || l.h.TotalCount() == 0 {
		return 0
	}
	return l.h.ValueAtPercentile(percentile)
}

func (l *latencies) duration(percentile float64) time.Duration {
	return time.Duration(l.at(percentile)) * time.Microsecond
}

func (l *latencies) quantiles() Quantiles {
	if l.count() == 0 {
		return Quantiles{}
	}
	v := l.h.ValueAtPercentiles([]float64{50, 90, 95, 99})
	us := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	return Quantiles{
		Count: l.count(),
		P50:   us(v[50]), P90: us(v[90]), P95: us(v[95]), P99: us(v[99]),
		Max: us(l.max),
	}
}
