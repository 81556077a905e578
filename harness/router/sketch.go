package router

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// What a sketch can tell apart: microseconds to an hour, at one significant
// figure, which HDR histograms keep to within a sixteenth.
const (
	sketchUnit   = time.Microsecond
	sketchMost   = time.Hour
	sketchDigits = 1
)

// sketchSlices is into how many slices the window of a sketch is cut. What is
// older than the window is forgotten slice by slice, so a sketch tells of at
// least (sketchSlices-1)/sketchSlices of its window.
const sketchSlices = 6

// newHistogram makes a histogram of the sketches' resolution, about 4 kB.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(sketchMost/sketchUnit), sketchDigits)
}

// sketch holds the quantiles of durations over a sliding window. It is safe
// for concurrent use.
type sketch struct {
	slice time.Duration

	mu      sync.Mutex
	window  *hdrhistogram.WindowedHistogram
	turned  time.Time // when the current slice began
	fresh   int64     // samples that merged lacks
	merged  *hdrhistogram.Histogram
	counted int64               // samples in merged
	known   [2]quantileOfMerged // the last quantiles asked for, as the same few are asked for again and again
	oldest  int                 // which of known gives way next
}

type quantileOfMerged struct {
	q  float64
	d  time.Duration
	ok bool
}

// newSketch makes a sketch of the last window of time.
func newSketch(window time.Duration) *sketch {
	return &sketch{
		slice:  max(window/sketchSlices, time.Millisecond),
		window: hdrhistogram.NewWindowed(sketchSlices, 1, int64(sketchMost/sketchUnit), sketchDigits),
		turned: time.Now(),
	}
}

// add counts one duration at the given moment. What is out of range counts as
// the nearest that is in it.
func (s *sketch) add(now time.Time, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	v := max(1, min(int64(d/sketchUnit), int64(sketchMost/sketchUnit)))
	_ = s.window.Current.RecordValue(v) // it fails only out of range
	s.fresh++
}

// turn forgets the slices that have left the window.
func (s *sketch) turn(now time.Time) {
	n := int(now.Sub(s.turned) / s.slice)
	if n <= 0 {
		return
	}
	s.turned = s.turned.Add(time.Duration(n) * s.slice)
	for range min(n, sketchSlices) {
		s.window.Rotate()
	}
	s.merged = nil
}

// quantile is the duration that a share q (0 to 1) of the window's samples do
// not exceed, and how many samples there are. The answer may lack the latest
// sixteenth of the samples: it is merged anew only when more have come.
func (s *sketch) quantile(now time.Time, q float64) (time.Duration, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn(now)
	if s.merged == nil || s.fresh > s.counted/16 {
		s.merged = s.window.Merge()
		s.counted, s.fresh = s.merged.TotalCount(), 0
		s.known = [len(s.known)]quantileOfMerged{}
	}
	for _, k := range s.known {
		if k.ok && k.q == q {
			return k.d, s.counted + s.fresh
		}
	}
	d := time.Duration(s.merged.ValueAtQuantile(q*100)) * sketchUnit
	s.known[s.oldest] = quantileOfMerged{q, d, true}
	s.oldest = (s.oldest + 1) % len(s.known)
	return d, s.counted + s.fresh
}
