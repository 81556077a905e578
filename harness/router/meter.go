package router

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// meters hold what the router has seen of late of each provider and model. It
// is what the policies, the hedges and the adaptive time-outs go by.
type meters struct {
	window time.Duration // what the quantiles remember
	decay  time.Duration // after which a peak has fallen to 37 %

	mu   sync.RWMutex
	seen map[meterKey]*meter
	size map[string]int // models by provider
}

type meterKey struct{ provider, model string }

// maxMeters bounds the models of one provider that are measured apart, as
// clients may name any. Further ones share a meter.
const maxMeters = 64

func newMeters(window, decay time.Duration) *meters {
	return &meters{window: window, decay: decay, seen: map[meterKey]*meter{}, size: map[string]int{}}
}

// of is the meter of a provider's model.
func (ms *meters) of(provider, model string) *meter {
	key := meterKey{provider, model}
	ms.mu.RLock()
	m := ms.seen[key]
	ms.mu.RUnlock()
	if m != nil {
		return m
	}
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if ms.size[provider] >= maxMeters {
		key.model = ""
	}
	if m = ms.seen[key]; m == nil {
		m = &meter{unary: newLane(ms.window, ms.decay), stream: newLane(ms.window, ms.decay)}
		ms.seen[key] = m
		ms.size[provider]++
	}
	return m
}

// meter measures the calls to one provider's model. Streams and unary calls
// are measured apart, because a stream shows its first token and a unary
// answer only its end. It is safe for concurrent use.
type meter struct {
	outstanding atomic.Int64
	unary       *lane // time to the whole answer
	stream      *lane // time to the first token
}

// lane is the times of one sort of call.
type lane struct {
	times *sketch
	peak  peakEWMA
}

func newLane(window, decay time.Duration) *lane {
	return &lane{times: newSketch(window), peak: peakEWMA{decay: decay}}
}

func (m *meter) lane(stream bool) *lane {
	if stream {
		return m.stream
	}
	return m.unary
}

// begin counts a call as outstanding until end.
func (m *meter) begin() { m.outstanding.Add(1) }
func (m *meter) end()   { m.outstanding.Add(-1) }

// load is how many calls are outstanding.
func (m *meter) load() int { return int(m.outstanding.Load()) }

// answered notes how long an answer took to begin (stream) or to be there.
func (m *meter) answered(stream bool, took time.Duration) {
	now, l := time.Now(), m.lane(stream)
	l.times.add(now, took)
	l.peak.observe(now, took)
}

// gaveUp notes a call that was still silent when the router stopped waiting.
// It counts as that long at least: were such calls left out, a time-out that
// is learnt from the others would cut ever shorter.
func (m *meter) gaveUp(stream bool, after time.Duration) { m.answered(stream, after) }

// failed notes a call that failed. Failing fast must not look like answering
// fast, so it may raise the expected latency and never lowers it.
func (m *meter) failed(stream bool, after time.Duration) {
	m.lane(stream).peak.raise(time.Now(), after)
}

// latency is what a call is expected to take; 0 where nothing is known yet.
func (m *meter) latency(stream bool) time.Duration { return m.lane(stream).peak.value(time.Now()) }

// quantile is the q-th quantile (0 to 1) over the window, and of how many
// calls.
func (m *meter) quantile(stream bool, q float64) (time.Duration, int64) {
	return m.lane(stream).times.quantile(time.Now(), q)
}

// peakEWMA is an average that goes up to a peak at once and comes down from it
// slowly, weighted by the time between samples, so that a provider that turns
// slow is avoided from its first slow answer on. Source: Twitter Finagle's
// PeakEwma load metric.
type peakEWMA struct {
	decay time.Duration

	mu   sync.Mutex
	cost float64 // ns
	at   time.Time
}

func (p *peakEWMA) observe(now time.Time, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v := float64(d); p.at.IsZero() || v > p.cost {
		p.cost = v
	} else {
		w := p.keep(now)
		p.cost = p.cost*w + v*(1-w)
	}
	p.at = now
}

// raise takes a sample only where it is above what is expected.
func (p *peakEWMA) raise(now time.Time, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v := float64(d); !p.at.IsZero() && v > p.cost {
		p.cost, p.at = v, now
	}
}

// value is the present average. It sinks while nobody calls, so that a
// provider that was slow once is tried again.
func (p *peakEWMA) value(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at.IsZero() {
		return 0
	}
	return max(1, time.Duration(p.cost*p.keep(now)))
}

// keep is the weight of the past after the time since the last sample.
func (p *peakEWMA) keep(now time.Time) float64 {
	return math.Exp(-float64(max(0, now.Sub(p.at))) / float64(p.decay))
}
