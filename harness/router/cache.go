package router

import (
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"brownout/mocks/wire"
)

// answerCache keeps whole answers to requests by their digest. The least
// recently used leave where there are too many or they are too large. An
// answer is fresh for ttl; for the time stale beyond that it is kept for the
// hour when nobody can answer.
//
// It has a lock of its own around a plain LRU: the expiring kind of that
// library runs a goroutine that nobody can stop, and knows neither sizes nor
// two ages.
type answerCache struct {
	ttl, stale time.Duration
	maxBytes   int

	mu    sync.Mutex
	lru   *simplelru.LRU[digest, *cached]
	bytes int
}

// cached is an answer with where it came from. It is shared by all who are
// given it and must not be changed.
type cached struct {
	answer wire.Answer
	from   origin
	stored time.Time
	size   int // in bytes, about
}

// origin is who gave an answer.
type origin struct{ class, region string }

// age is the time since the answer was given.
func (e *cached) age() time.Duration { return time.Since(e.stored) }

// whole is a copy of the answer that is the caller's own, without the id that
// was another's. It costs nothing: its usage is what was billed once, and not
// again.
func (e *cached) whole() *wire.Answer {
	a := e.answer
	a.ID = ""
	a.ToolCalls = slices.Clone(a.ToolCalls)
	return &a
}

// newAnswerCache is a cache of at most so many entries and bytes, both above 0.
func newAnswerCache(ttl, stale time.Duration, entries, bytes int) *answerCache {
	c := &answerCache{ttl: ttl, stale: max(stale, 0), maxBytes: bytes}
	// The only error is a size below 1.
	c.lru, _ = simplelru.NewLRU(max(entries, 1), func(_ digest, e *cached) { c.bytes -= e.size })
	return c
}

// fresh finds an answer within its ttl, and within maxAge where that is above 0.
func (c *answerCache) fresh(k digest, maxAge time.Duration) *cached {
	if maxAge <= 0 || maxAge > c.ttl {
		maxAge = c.ttl
	}
	return c.find(k, maxAge)
}

// expired finds an answer, fresh or not, that is no older than its time as a
// stale one, nor than oldest where that is above 0.
func (c *answerCache) expired(k digest, oldest time.Duration) *cached {
	if oldest <= 0 || oldest > c.ttl+c.stale {
		oldest = c.ttl + c.stale
	}
	return c.find(k, oldest)
}

func (c *answerCache) find(k digest, oldest time.Duration) *cached {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.lru.Peek(k)
	switch {
	case !ok:
		return nil
	case e.age() >= c.ttl+c.stale:
		c.lru.Remove(k)
		return nil
	case e.age() >= oldest:
		return nil
	}
	c.lru.Get(k) // it was of use
	return e
}

// put keeps an answer; false where it is not fit to be kept.
func (c *answerCache) put(k digest, a *wire.Answer, from origin) bool {
	size := sizeOf(a)
	if !storable(a) || size > c.maxBytes {
		return false
	}
	e := &cached{answer: *a, from: from, stored: time.Now(), size: size}
	e.answer.ToolCalls = slices.Clone(a.ToolCalls)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lru.Remove(k) // so that its bytes are given back
	c.lru.Add(k, e)
	c.bytes += size
	for c.bytes > c.maxBytes {
		c.lru.RemoveOldest()
	}
	return true
}

// held is how many entries there are, and their bytes.
func (c *answerCache) held() (entries, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lru.Len(), c.bytes
}

// storable tells whether an answer is whole and says something: its provider
// ended it by itself. One that was cut by a token limit is not kept, nor a
// refusal.
func storable(a *wire.Answer) bool {
	return a != nil && (a.Finish == wire.FinishStop && a.Text != "" || a.Finish == wire.FinishToolCalls && len(a.ToolCalls) > 0)
}

// sizeOf is about how much memory an answer takes, in bytes.
func sizeOf(a *wire.Answer) int {
	const entry = 512 // the entry itself, its key and its place in the list
	n := entry + len(a.ID) + len(a.Model) + len(a.Text) + len(a.Notice)
	for _, t := range a.ToolCalls {
		n += 64 + len(t.ID) + len(t.Name) + len(t.Arguments)
	}
	return n
}
