package wire

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter caps what a header may say, so that no arithmetic overflows.
const maxRetryAfter = 365 * 24 * time.Hour

// ParseRetryAfter returns how long an answer asks its client to wait, or 0. It
// reads retry-after-ms, then retry-after as seconds (fractions allowed) or as
// an HTTP date, in the order the official SDKs do.
func ParseRetryAfter(h http.Header, now time.Time) time.Duration {
	if ms, ok := parseNumber(h.Get("Retry-After-Ms")); ok {
		return boundedWait(ms * float64(time.Millisecond))
	}
	v := h.Get("Retry-After")
	if s, ok := parseNumber(v); ok {
		return boundedWait(s * float64(time.Second))
	}
	if at, err := http.ParseTime(v); err == nil {
		return boundedWait(float64(at.Sub(now)))
	}
	return 0
}

func parseNumber(s string) (float64, bool) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return v, err == nil && !math.IsNaN(v)
}

func boundedWait(ns float64) time.Duration {
	return time.Duration(max(0, min(ns, float64(maxRetryAfter))))
}

// retryAfterOf reads a retry date against the answer's own clock where it
// shows one, so that two clocks that disagree do not matter.
func retryAfterOf(h http.Header) time.Duration {
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return ParseRetryAfter(h, now)
}

// setRetryAfter states a wait in whole seconds, rounded up, one at least: what
// OpenAI's specification asks for and Anthropic sends.
func setRetryAfter(h http.Header, d time.Duration) {
	if d > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10))
	}
}
