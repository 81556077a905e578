package load

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Second is how the load generator itself did since it was last asked.
type Second struct {
	Hits      uint64        // requests dispatched
	LagP50    time.Duration // actual minus scheduled dispatch
	LagP99    time.Duration
	LagMax    time.Duration
	InFlight  int  // now
	Peak      int  // most in flight at once
	Saturated bool // the worker cap was reached, or a request's deadline passed before it could be sent
}

// Bounds of the lag histogram, in microseconds: three digits from one
// microsecond to ten minutes. Longer lags count as ten minutes.
const (
	lagLowest  = 1
	lagHighest = int64(10 * time.Minute / time.Microsecond)
	lagDigits  = 3
)

// meter counts dispatches and requests in flight. It is safe for use by many
// goroutines.
type meter struct {
	mu       sync.Mutex
	cap      int // workers
	lag      *hdrhistogram.Histogram
	lagMax   time.Duration
	hits     uint64
	inFlight int
	peak     int
	unsent   bool
}

func newMeter(workers int) *meter {
	return &meter{cap: workers, lag: hdrhistogram.New(lagLowest, lagHighest, lagDigits)}
}

// dispatched counts a request that is being sent, lag after it was due.
func (m *meter) dispatched(lag time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.record(lag)
	m.inFlight++
	m.peak = max(m.peak, m.inFlight)
}

// missed counts a request whose deadline had passed when its turn came.
func (m *meter) missed(lag time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.record(lag)
	m.unsent = true
}

func (m *meter) record(lag time.Duration) {
	// A request may be taken up a little before its time, by a worker that
	// overtook another between the tick and the count.
	lag = max(0, lag)
	m.hits++
	m.lagMax = max(m.lagMax, lag)
	// The value is within the histogram's bounds, so this cannot fail.
	_ = m.lag.RecordValue(min(lag.Microseconds(), lagHighest))
}

// ended counts a request that is no longer in flight.
func (m *meter) ended() {
	m.mu.Lock()
	m.inFlight--
	m.mu.Unlock()
}

// take returns what happened since the last take and starts anew.
func (m *meter) take() Second {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Second{
		Hits:      m.hits,
		LagP50:    m.quantile(50),
		LagP99:    m.quantile(99),
		LagMax:    m.lagMax,
		InFlight:  m.inFlight,
		Peak:      m.peak,
		Saturated: m.unsent || m.peak >= m.cap,
	}
	if m.hits > 0 {
		m.lag.Reset()
	}
	m.hits, m.lagMax, m.peak, m.unsent = 0, 0, m.inFlight, false
	return s
}

// quantile never tells more than the largest lag seen, which a bucket's upper
// edge may.
func (m *meter) quantile(percent float64) time.Duration {
	return min(m.lagMax, time.Duration(m.lag.ValueAtPercentile(percent))*time.Microsecond)
}

// flying is the number of requests in flight.
func (m *meter) flying() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.inFlight
}
