package router

import (
	"math"
	"sync"
	"time"
)

// rateLimits know how much room each provider and model has left under its
// rate limits, from what its answers' headers say and from what was sent since:
// traffic moves before a 429 comes, and nobody is called before the moment
// that a retry-after named.
type rateLimits struct {
	mu  sync.RWMutex
	all map[meterKey]*rateLimit
}

func newRateLimits() *rateLimits { return &rateLimits{all: map[meterKey]*rateLimit{}} }

// of is the limit of a provider's model. Clients may name any model; the
// caller bounds how many it asks for.
func (l *rateLimits) of(provider, model string) *rateLimit {
	key := meterKey{provider, model}
	l.mu.RLock()
	v := l.all[key]
	l.mu.RUnlock()
	if v != nil {
		return v
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if v = l.all[key]; v == nil {
		v = &rateLimit{}
		l.all[key] = v
	}
	return v
}

// rateLimit is the room of one provider's model. The zero value knows no
// limit. It is safe for concurrent use.
type rateLimit struct {
	mu        sync.Mutex
	told      bool
	buckets   [quotaKinds]bucket
	sent      [quotaKinds]float64 // all that was ever sent
	calls     uint64              // all calls ever made
	latest    uint64              // the youngest call whose headers were read
	notBefore time.Time           // by a retry-after
}

// bucket is a limit as it is thought to stand. It fills evenly; that is how
// OpenAI and Anthropic describe theirs.
type bucket struct {
	quota
	level float64   // what is left; below zero where more was sent than there was
	at    time.Time // of level
	heard time.Time // when it was last told
}

// quotaTrust is for how long a figure is believed that does not say how fast
// it changes.
const quotaTrust = time.Minute

// sending is one call as the limits see it: what had been sent with it.
type sending struct {
	number uint64
	sent   [quotaKinds]float64
}

// room says whether a request would fit under the limits.
type room struct {
	fits  bool          // now
	share float64       // of the tightest limit that would be left after it, 0 to 1; 1 where none is known
	wait  time.Duration // until it would fit; 0 where it does, and where nobody can know
	held  bool          // a retry-after has not passed yet
}

// send notes a call of so many tokens, prompt and expected answer. What it
// returns goes to hear with the answer's headers.
func (l *rateLimit) send(prompt, answer int) sending {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for kind, n := range needs(prompt, answer) {
		l.sent[kind] += n
		if b := &l.buckets[kind]; b.known {
			b.fill(now)
			b.level -= n
		}
	}
	l.calls++
	return sending{number: l.calls, sent: l.sent}
}

// needs is what a request takes of each kind of quota.
func needs(prompt, answer int) [quotaKinds]float64 {
	return [quotaKinds]float64{
		quotaRequests: 1, quotaTokens: float64(prompt + answer), quotaInput: float64(prompt), quotaOutput: float64(answer),
	}
}

// hear takes in what the answer to a call says. Its figures count for all that
// was sent up to that call; what was sent after it is taken off, although some
// of it may be in the figures already: too little room is the safe side.
// Answers overtake each other, so figures of an older call than the last heard
// are left out.
func (l *rateLimit) hear(c sending, s stated) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if t := now.Add(s.retryAfter); s.retryAfter > 0 && t.After(l.notBefore) {
		l.notBefore = t
	}
	if c.number < l.latest {
		return
	}
	l.latest = c.number
	for kind, q := range s.quotas {
		if q.known {
			l.buckets[kind] = bucket{quota: q, at: now, heard: now, level: q.remaining - (l.sent[kind] - c.sent[kind])}
			l.told = true
		}
	}
}

// room tells whether a request of so many tokens would fit now.
func (l *rateLimit) room(prompt, answer int) room {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := room{fits: true, share: 1}
	if !l.told && l.notBefore.IsZero() {
		return r
	}
	now := time.Now()
	need := needs(prompt, answer)
	for kind := range l.buckets {
		l.buckets[kind].weigh(&r, now, need[kind])
	}
	if wait := l.notBefore.Sub(now); wait > 0 {
		r.held, r.fits, r.wait = true, false, max(r.wait, wait)
	}
	return r
}

// full is how much the bucket holds.
func (b *bucket) full() float64 { return max(b.limit, b.remaining) }

// fill lets in what has come in since.
func (b *bucket) fill(now time.Time) {
	b.level = min(b.full(), b.level+b.perSecond*now.Sub(b.at).Seconds())
	b.at = now
}

// weigh lets one limit have its say.
func (b *bucket) weigh(r *room, now time.Time, need float64) {
	if b.known && b.perSecond == 0 && now.Sub(b.heard) >= quotaTrust {
		b.known = false
	}
	if !b.known {
		return
	}
	b.fill(now)
	full := b.full()
	if full > 0 {
		r.share = min(r.share, max(0, (b.level-need)/full))
	}
	if need <= b.level {
		return
	}
	r.fits = false
	if b.perSecond > 0 && need <= full {
		r.wait = max(r.wait, time.Duration(math.Ceil((need-b.level)/b.perSecond*float64(time.Second))))
	}
}
