package router

import (
	"net/http"
	"strconv"
	"time"

	"brownout/mocks/wire"
)

// quota is one limit as a provider tells it.
type quota struct {
	limit     float64 // of the bucket; 0: not told
	remaining float64 // in it when the answer was written
	perSecond float64 // how fast it fills; 0: not known
	known     bool
}

// Kinds of quota, in the order of stated.quotas.
const (
	quotaRequests = iota
	quotaTokens
	quotaInput // prompt tokens alone
	quotaOutput
	quotaKinds
)

// stated is what one answer's headers say about limits.
type stated struct {
	quotas     [quotaKinds]quota
	retryAfter time.Duration // 0: not stated
}

// quotaHeaders are the names of a kind's headers in one family.
type quotaHeaders struct {
	kind                    int
	limit, remaining, reset string // reset: until the bucket is full again; "": not told
}

// quotaFamilies are all spellings there are. An answer carries one family's.
// Sources: developers.openai.com (rate limits), which Azure, Groq and xAI
// follow but for the form of the resets; docs.claude.com (rate limits);
// mistralai/client-ts#169.
var quotaFamilies = []quotaHeaders{
	{quotaRequests, "X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
	{quotaTokens, "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	{quotaRequests, "Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
	{quotaTokens, "Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Ratelimit-Tokens-Remaining", "Anthropic-Ratelimit-Tokens-Reset"},
	{quotaInput, "Anthropic-Ratelimit-Input-Tokens-Limit", "Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset"},
	{quotaOutput, "Anthropic-Ratelimit-Output-Tokens-Limit", "Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset"},
	{quotaRequests, "X-Ratelimit-Limit-Req-Minute", "X-Ratelimit-Remaining-Req-Minute", ""},
	{quotaTokens, "X-Ratelimit-Limit-Tokens-Minute", "X-Ratelimit-Remaining-Tokens-Minute", ""},
}

// readStated reads the limits of an answer, refused or not. ok is false where
// it tells none.
func readStated(h http.Header) (s stated, ok bool) {
	now := time.Now()
	for i := range quotaFamilies {
		f := &quotaFamilies[i]
		if len(h[f.remaining]) == 0 {
			continue
		}
		remaining, ok := count(h.Get(f.remaining))
		if !ok {
			continue
		}
		q := quota{remaining: remaining, known: true}
		q.limit, _ = count(h.Get(f.limit))
		reset, exact := time.Duration(0), false
		if f.reset != "" {
			reset, exact = resetIn(h, h.Get(f.reset), now)
		}
		if reset > 0 && q.limit > remaining {
			q.perSecond = (q.limit - remaining) / reset.Seconds()
		}
		if !exact { // whole seconds say little of a bucket that is nearly full
			q.perSecond = max(q.perSecond, q.limit/time.Minute.Seconds())
		}
		s.quotas[f.kind] = q
	}
	if len(h["Retry-After"]) > 0 || len(h["Retry-After-Ms"]) > 0 {
		s.retryAfter = wire.ParseRetryAfter(h, answerClock(h, now))
	}
	for _, q := range s.quotas {
		ok = ok || q.known
	}
	return s, ok || s.retryAfter > 0
}

// count reads a number that is not negative.
func count(s string) (float64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return float64(n), err == nil && n >= 0
}

// resetIn reads when a bucket is full again: a Go duration (OpenAI, Groq: 12ms,
// 6m0s), whole seconds (Azure), or a moment in RFC 3339 (Anthropic), which is
// taken by the answer's own clock so that two clocks that disagree do not
// matter. Only the first is exact, and may be of a limit per day.
func resetIn(h http.Header, s string, now time.Time) (d time.Duration, exact bool) {
	if d, err := time.ParseDuration(s); err == nil {
		return max(0, d), d > 0
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && n >= 0 && n < 1e9 {
		return time.Duration(n * float64(time.Second)), false
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return max(0, at.Sub(answerClock(h, now))), false
	}
	return 0, false
}

// answerClock is the time at which an answer says it was written, or now.
func answerClock(h http.Header, now time.Time) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return now
}
