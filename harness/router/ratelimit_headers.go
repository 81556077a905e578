package router

import (
	"net/http"
	"strconv"
	"time"
)

// quota is one limit as a provider tells it.
type quota struct {
	full      float64 // what the bucket holds when full, as far as known
	remaining float64 // in it when the answer was written
	perSecond float64 // how fast it fills; 0: not known
	known     bool
}

// Kinds of quota, in the order of quotas.
const (
	quotaRequests = iota
	quotaTokens
	quotaInput // prompt tokens alone
	quotaOutput
	quotaKinds
)

// quotas are what one answer's headers say about limits.
type quotas [quotaKinds]quota

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

// readQuotas reads the limits of an answer, refused or not. ok is false where
// it tells none.
//
// Limits are stated for a minute (Groq's of requests for a day) and kept over
// shorter windows: what fits at once may be far less than the limit, and says
// nothing of how fast it comes back. So a bucket is taken to fill at no more
// than its limit in a minute, and to hold what would be in it at its reset.
func readQuotas(h http.Header) (s quotas, ok bool) {
	var now time.Time
	for i := range quotaFamilies {
		f := &quotaFamilies[i]
		if len(h[f.remaining]) == 0 {
			continue
		}
		remaining, read := count(h[f.remaining][0])
		if !read {
			continue
		}
		q := quota{remaining: remaining, known: true}
		limit, _ := count(h.Get(f.limit))
		reset, exact := time.Duration(0), false
		if f.reset != "" {
			if now.IsZero() {
				now = time.Now()
			}
			reset, exact = resetIn(h, h.Get(f.reset), now)
		}
		q.perSecond = limit / time.Minute.Seconds()
		if exact && reset > 0 && limit > remaining { // whole seconds say little of a bucket that is nearly full
			q.perSecond = min(q.perSecond, (limit-remaining)/reset.Seconds())
		}
		q.full = max(limit, remaining)
		if f.reset != "" {
			q.full = max(remaining, min(limit, remaining+q.perSecond*reset.Seconds()))
		}
		s[f.kind], ok = q, true
	}
	return s, ok
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
