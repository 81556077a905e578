package service

import (
	"sync"
	"time"

	"brownout/plan"
)

// Sorts of limit, as a Refusal names them.
const (
	LimitRequests    = "requests"
	LimitTokens      = "tokens"
	LimitConcurrency = "concurrency"
)

// Burst is how much of a per-minute limit may be used at once: ten seconds'
// worth. Providers state limits per minute and enforce them over shorter
// windows: Azure OpenAI documents 1 s and 10 s, Anthropic documents that 60
// requests a minute may be enforced as one a second.
const Burst = 10 * time.Second

// Quota keeps the limits of a provider: two token buckets that refill
// continuously, and a count of calls in progress. It is safe for use by many
// goroutines. The zero Quota has no limits.
type Quota struct {
	mu       sync.Mutex
	requests bucket
	tokens   bucket
	most     int // calls in progress; 0: no limit
	busy     int
}

// Refusal says which limit refused a call.
type Refusal struct {
	Limit      string        // LimitRequests, LimitTokens or LimitConcurrency
	Value      int           // the limit
	Asked      int           // what the call asked of it
	RetryAfter time.Duration // until the bucket holds enough; 0: nobody can say
}

// Level is the state of one bucket.
type Level struct {
	Limit     int           // per minute; 0: no limit
	Remaining int           // may be used at once
	Reset     time.Duration // until the bucket is full
}

// Levels is the state of both buckets.
type Levels struct {
	Requests, Tokens Level
}

// NewQuota makes a quota with full buckets.
func NewQuota(l plan.Limits, now time.Time) *Quota {
	q := &Quota{}
	q.SetLimits(l, now)
	return q
}

// SetLimits changes the limits from now on. A bucket that had no limit starts
// full. A bucket whose limit is lowered keeps at most one second's worth,
// because the window over which a provider counts already holds the traffic
// that the old limit allowed. In a bucket whose limit is raised what was used
// stays used, and the rest is there at once. Calls in progress stay.
func (q *Quota) SetLimits(l plan.Limits, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.requests.setLimit(l.RequestsPerMinute, now)
	q.tokens.setLimit(l.TokensPerMinute, now)
	q.most = max(0, l.Concurrency)
}

// Take asks for one call of so many tokens. It takes from every limit or, when
// one of them refuses, from none; the levels are those after it. Done must be
// called once for each call that was let in.
func (q *Quota) Take(tokens int, now time.Time) (Levels, *Refusal) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.requests.refill(now)
	q.tokens.refill(now)
	refusal := q.refuse(tokens)
	if refusal == nil {
		q.requests.level--
		q.tokens.level -= float64(tokens)
		q.busy++
	}
	return Levels{Requests: q.requests.state(), Tokens: q.tokens.state()}, refusal
}

// refuse tells which limit does not admit a call of so many tokens.
func (q *Quota) refuse(tokens int) *Refusal {
	if q.most > 0 && q.busy >= q.most {
		return &Refusal{Limit: LimitConcurrency, Value: q.most, Asked: 1}
	}
	if wait, ok := q.requests.admits(1); !ok {
		return &Refusal{Limit: LimitRequests, Value: q.requests.limit, Asked: 1, RetryAfter: wait}
	}
	if wait, ok := q.tokens.admits(tokens); !ok {
		return &Refusal{Limit: LimitTokens, Value: q.tokens.limit, Asked: tokens, RetryAfter: wait}
	}
	return nil
}

// Done ends a call that Take let in.
func (q *Quota) Done() {
	q.mu.Lock()
	q.busy--
	q.mu.Unlock()
}

// Headroom is the share that is left of the tightest limit, 0..1; limited is
// false where there is no limit.
func (q *Quota) Headroom(now time.Time) (share float64, limited bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	share = 1
	for _, b := range []*bucket{&q.requests, &q.tokens} {
		b.refill(now)
		if b.limit > 0 {
			share, limited = min(share, max(0, b.level/b.size())), true
		}
	}
	if q.most > 0 {
		share, limited = min(share, max(0, float64(q.most-q.busy)/float64(q.most))), true
	}
	return share, limited
}

// Levels is the state of the buckets now.
func (q *Quota) Levels(now time.Time) Levels {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.requests.refill(now)
	q.tokens.refill(now)
	return Levels{Requests: q.requests.state(), Tokens: q.tokens.state()}
}
