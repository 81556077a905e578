package router

import "time"

// learnedTimeout is a time-out that follows what a provider and model usually
// take: factor times a quantile of the times seen of late, no less than floor
// and no more than what is configured. A provider that answers in 300 ms is
// given up on long before a time-out that must suit the slowest.
type learnedTimeout struct {
	quantile float64       // of the times seen, 0 to 1
	factor   float64       // of that quantile; 0: always the configured time-out
	floor    time.Duration // never less
	samples  int64         // with fewer seen, the configured time-out holds
}

// limit is the time-out for a call. One that is switched off (configured is 0
// or less) stays off.
func (l learnedTimeout) limit(m *meter, stream bool, configured time.Duration) time.Duration {
	if configured <= 0 || l.factor <= 0 {
		return configured
	}
	d, n := m.quantile(stream, l.quantile)
	if n < max(1, l.samples) {
		return configured
	}
	return min(configured, max(l.floor, time.Duration(l.factor*float64(d))))
}
