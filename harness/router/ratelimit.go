package router

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// rateLimit is the room that a provider's model has left under its rate
// limits, from what its answers' headers say and from what was sent since. The
// zero value knows no limit. It is safe for concurrent use.
type rateLimit struct {
	limited atomic.Bool // a limit was told, or a call refused, at some time

	mu      sync.Mutex
	buckets [quotaKinds]bucket
	sent    needs  // all that was ever sent
	calls   uint64 // all calls ever made
	latest  uint64 // the youngest call whose headers were read

	pauses int       // how often it was left alone after a refusal
	row    int       // of them without an answer in between
	until  time.Time // when the last one ends
}

// bucket is a limit as it is thought to stand. It fills evenly; that is how
// OpenAI and Anthropic describe theirs.
type bucket struct {
	quota
	level float64   // what is left; below zero where more was sent than there was
	at    time.Time // of level
	heard time.Time // when it was last told
}

// needs is what calls take of each kind of quota.
type needs [quotaKinds]float64

// need is what one call takes, by the tokens of its prompt and of the answer
// that it asks for.
func need(prompt, answer int) needs {
	return needs{quotaRequests: 1, quotaTokens: float64(prompt + answer), quotaInput: float64(prompt), quotaOutput: float64(answer)}
}

// sending is one call as the limits see it: what had been sent with it.
type sending struct {
	number uint64
	sent   needs
	pauses int // that had begun
}

// room says whether a request would fit under the limits.
type room struct {
	fits   bool          // now
	full   bool          // every limit is thought to be full
	share  float64       // of the tightest limit that would be left after it, 0 to 1; 1 where none is known
	wait   time.Duration // until it would fit; 0 where it does, and where nobody can know
	paused bool          // it is left alone after a refusal
}

// send notes a call, if there is room for it and a share of each limit is left
// then; with a reserve below zero it does in any case. Figures are believed for
// trust. What it returns goes to hear and to refused or answered.
func (l *rateLimit) send(n needs, reserve float64, trust time.Duration) (sending, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limited.Load() {
		if r := l.look(n, trust); reserve >= 0 && (r.paused || r.tight(reserve)) {
			return sending{}, false
		}
	}
	for kind := range n {
		l.sent[kind] += n[kind]
		l.buckets[kind].level -= n[kind]
	}
	l.calls++
	return sending{number: l.calls, sent: l.sent, pauses: l.pauses}, true
}

// unsend takes back a call that was not made after all.
func (l *rateLimit) unsend(n needs) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for kind := range n {
		l.sent[kind] -= n[kind]
		l.buckets[kind].level += n[kind]
	}
}

// hear takes in what the answer to a call says of limits. Its figures count for
// all that was sent up to that call; what was sent after it is taken off,
// although some of it may be in the figures already: too little room is the
// safe side. Answers overtake each other, so figures of an older call than the
// last heard are left out. Calls are taken to arrive in the order in which they
// were sent; for those that overtake each other on the way there is the reserve.
func (l *rateLimit) hear(c sending, s *quotas) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.number < l.latest {
		return
	}
	now := time.Now()
	l.latest = c.number
	for kind, q := range s {
		if q.known {
			l.buckets[kind] = bucket{quota: q, at: now, heard: now, level: q.remaining - (l.sent[kind] - c.sent[kind])}
			l.limited.Store(true)
		}
	}
}

// refused takes in that a call met the limit, and for how long the provider
// said to stay away (0: it did not say). It is left alone for that long. Who
// names no time, or refuses again when the time named is over, is left alone
// for pause, and twice as long with each refusal that no answer came between,
// but no longer than most. What was under way when the last pause began says
// nothing new. It returns how long the pause is; 0 where it began none.
func (l *rateLimit) refused(c sending, stated, pause, most time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.pauses != l.pauses {
		return 0
	}
	l.limited.Store(true)
	wait := min(stated, most)
	if stated == 0 || l.row > 0 {
		own := most
		if l.row < 30 && pause<<l.row < most {
			own = pause << l.row
		}
		wait = max(wait, own)
	}
	l.pauses++
	l.row++
	l.until = time.Now().Add(wait)
	return wait
}

// answered takes in that a call met no limit.
func (l *rateLimit) answered(c sending) {
	if !l.limited.Load() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.pauses == l.pauses {
		l.row = 0
	}
}

// room tells whether a call would fit now, by figures that are believed for
// trust.
func (l *rateLimit) room(n needs, trust time.Duration) room {
	if !l.limited.Load() {
		return room{fits: true, full: true, share: 1}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.look(n, trust)
}

// tight tells whether a call should rather go elsewhere. A limit that is full
// has room for it, however small it is: somebody must find out whether it is
// still what it was.
func (r room) tight(reserve float64) bool { return !r.fits || r.share < reserve && !r.full }

// look is room for those who hold mu.
func (l *rateLimit) look(n needs, trust time.Duration) room {
	r := room{fits: true, full: true, share: 1}
	now := time.Now()
	for kind := range l.buckets {
		l.buckets[kind].weigh(&r, now, n[kind], trust)
	}
	if wait := l.until.Sub(now); wait > 0 {
		r.paused, r.fits, r.wait = true, false, max(r.wait, wait)
	}
	return r
}

// fill lets in what has come in since.
func (b *bucket) fill(now time.Time) {
	b.level = min(b.full, b.level+b.perSecond*now.Sub(b.at).Seconds())
	b.at = now
}

// weigh lets one limit have its say.
func (b *bucket) weigh(r *room, now time.Time, need float64, trust time.Duration) {
	if b.known && now.Sub(b.heard) >= trust {
		b.known = false
	}
	if !b.known {
		return
	}
	b.fill(now)
	r.full = r.full && b.level >= b.full
	if b.full > 0 {
		r.share = min(r.share, max(0, (b.level-need)/b.full))
	}
	// What is larger than a full bucket is let in by a full one.
	if need = min(need, b.full); need <= b.level {
		return
	}
	r.fits = false
	if b.perSecond > 0 {
		r.wait = max(r.wait, time.Duration(math.Ceil((need-b.level)/b.perSecond*float64(time.Second))))
	}
}
