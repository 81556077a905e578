package router

import (
	"math"
	"slices"
	"sync"
	"time"
)

// stats are what was seen of one model of one backend: what time-outs are
// derived from, and what the policy latency goes by.
type stats struct {
	mu   sync.Mutex
	took [lanes]latencies

	limit    rateLimit
	price    billed
	standing standing
	ramp     ramp
}

// Lanes of latencies.
const (
	laneWhole  = iota // of unary answers
	laneStream        // to the first token of a stream
	lanes
)

// saw takes in the time that an answer took to begin.
func (s *stats) saw(took time.Duration, streamed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lane(streamed)
	l.add(took)
	l.unseen[l.came%remembered] = took
	l.came++
}

// sawAtLeast takes in that an answer would have taken that long or longer. It
// counts for quantiles; of what is usual it says nothing.
func (s *stats) sawAtLeast(took time.Duration, streamed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lane(streamed).add(took)
}

// lane is the latencies of streams or of unary answers.
func (s *stats) lane(streamed bool) *latencies {
	if streamed {
		return &s.took[laneStream]
	}
	return &s.took[laneWhole]
}

// expected is how long an answer is expected to take to begin; 0 where nothing
// was seen yet.
func (s *stats) expected(streamed bool) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lane(streamed).peak.value(time.Now())
}

// quantile is the latency that a share q of the latest answers did not exceed,
// and how many there were.
func (s *stats) quantile(q float64, streamed bool) (time.Duration, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lane(streamed)
	return l.quantile(q), l.n
}

// recent is what came of late.
type recent struct {
	n      int // answers
	median time.Duration
}

// lately tells what has come since it was last asked, as far as it is
// remembered.
func (s *stats) lately() (all [lanes]recent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.took {
		all[i] = s.took[i].takeUnseen()
	}
	return all
}

// remembered is how many latencies are kept, to judge by the latest.
const remembered = 128

// latencies are the latest of them. They are sorted only when somebody asks
// and enough new ones have come.
type latencies struct {
	ring   [remembered]time.Duration
	sorted []time.Duration
	n      int // kept
	next   int
	fresh  int // come since sorted was made
	peak   peak

	unseen [remembered]time.Duration // of answers since takeUnseen was last called, the latest
	came   int                       // answers since then
}

func (l *latencies) add(d time.Duration) {
	l.ring[l.next] = d
	l.next = (l.next + 1) % remembered
	l.n = min(l.n+1, remembered)
	l.fresh++
	l.peak.observe(time.Now(), d)
}

func (l *latencies) quantile(q float64) time.Duration {
	if l.n == 0 {
		return 0
	}
	if len(l.sorted) < l.n || l.fresh > remembered/16 {
		l.sorted = append(l.sorted[:0], l.ring[:l.n]...)
		slices.Sort(l.sorted)
		l.fresh = 0
	}
	i := int(math.Ceil(q*float64(len(l.sorted)))) - 1
	return l.sorted[min(max(i, 0), len(l.sorted)-1)]
}

// takeUnseen is the latest, as many as have come since it was last called.
func (l *latencies) takeUnseen() recent {
	r := recent{n: min(l.came, remembered)}
	l.came = 0
	if r.n == 0 {
		return r
	}
	latest := l.unseen[:r.n]
	slices.Sort(latest)
	r.median = latest[r.n/2]
	return r
}

// statsBook holds the stats of a backend's models.
type statsBook struct {
	mu sync.RWMutex
	by map[string]*stats
}

func newStatsBook() *statsBook { return &statsBook{by: map[string]*stats{}} }

// of is the entry of a model. Beyond maxCircuits models, further ones share
// one.
func (b *statsBook) of(model string) *stats {
	b.mu.RLock()
	s := b.by[model]
	b.mu.RUnlock()
	if s != nil {
		return s
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if s = b.by[model]; s != nil {
		return s
	}
	if len(b.by) >= maxCircuits {
		if model = ""; b.by[model] != nil {
			return b.by[model]
		}
	}
	s = &stats{}
	b.by[model] = s
	return s
}
