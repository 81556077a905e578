package router

import (
	"crypto/sha256"

	"brownout/mocks/wire"
	"brownout/plan"
)

// recall is what a request has to do with answers given before. A request that
// may not be answered from memory has none.
type recall struct {
	key   digest
	wish  cacheWish
	keeps bool // its answer is kept when it is there
}

// recall works out, once, whether the request may be answered from memory.
func (c *call) recall() *recall {
	if c.recalled {
		return c.memory
	}
	c.recalled = true
	if c.embed != nil {
		return nil // vectors are not kept
	}
	scope := cacheScope{all: c.r.set.Cache.Scope == plan.CacheAll, deterministic: c.r.set.Cache.Scope == plan.CacheDeterministic}
	if !scope.covers(c.req, c.terms.wish) {
		return nil
	}
	c.memory = &recall{key: c.beyond(digestOf(c.req, c.model, c.asker())), wish: c.terms.wish}
	return c.memory
}

// asker is on whose behalf the request is made.
func (c *call) asker() asker {
	t := &c.terms
	return asker{key: t.key, anyClass: t.anyClass, anyRegion: t.anyRegion, classes: t.classes, regions: t.regions}
}

// beyond adds to a digest what the neutral form does not know of a request: it
// may be sent on, and change the answer.
func (c *call) beyond(k digest) digest {
	m := c.fields(c.front.Name())
	if !m.usable || len(m.extra) == 0 && !m.rich {
		return k
	}
	d := digester{sha256.New()}
	d.h.Write(k[:])
	for _, f := range m.extra {
		d.text(string(c.body[f.start:f.end]))
	}
	for _, f := range m.list {
		if m.rich && (f.key == "messages" || f.key == "system") {
			d.text(string(c.body[f.start:f.end]))
		}
	}
	d.h.Sum(k[:0])
	return k
}

// keepsAnswers is the cache of all mitigations that answer from memory.
func (r *engine) keepsAnswers() *answerCache {
	if r.answers == nil {
		set, stale := r.set.Cache, r.set.StaleIfError.For
		if !r.set.has("stale_if_error") {
			stale = 0
		}
		type settings struct {
			plan.Cache
			stale any
		}
		r.answers = keep(r, "cache", settings{set, stale}, func() *answerCache {
			return newAnswerCache(set.TTL, stale, set.Entries, set.Bytes)
		})
	}
	return r.answers
}

// remember has the request's answer kept, once it is there and whole.
func (c *call) remember(in *answerCache) {
	m := c.memory
	if m.keeps || m.wish.noWrite {
		return
	}
	m.keeps = true
	c.whole = append(c.whole, func(a *wire.Answer, by *candidate) {
		if c.trimmed == 0 { // else it is not what the question deserves
			in.put(m.key, a, origin{by.Class, by.Region})
		}
	})
}

// replyOf is a kept answer as a reply. An answer that a provider gave which the
// request may not reach is none: classes may have moved with the configuration.
func (c *call) replyOf(e *cached, from source) *reply {
	b := Backend{Class: e.from.class, Region: e.from.region}
	if !c.terms.permit(&b) && c.terms.bound {
		return nil
	}
	return &reply{answer: e.whole(), source: from, age: e.age(), class: e.from.class}
}

// exactCache answers a request from the answer to the same one, while that is
// fresh.
func exactCache(r *engine) *stage {
	in := r.keepsAnswers()
	return &stage{lookup: func(c *call) (*reply, func(*ending), *wire.Failure) {
		m := c.recall()
		if m == nil {
			return nil, nil, nil
		}
		if !m.wish.noRead {
			if e := in.fresh(m.key, m.wish.maxAge); e != nil {
				if rep := c.replyOf(e, fromCache); rep != nil {
					return rep, nil, nil
				}
			}
		}
		c.remember(in)
		return nil, nil, nil
	}}
}

// staleIfError answers a request from an answer that is fresh no more, where
// nobody gives a new one. A refusal of the request itself is no such case.
func staleIfError(r *engine) *stage {
	in := r.keepsAnswers()
	return &stage{
		lookup: func(c *call) (*reply, func(*ending), *wire.Failure) {
			if c.recall() != nil {
				c.remember(in)
			}
			return nil, nil, nil
		},
		fallback: func(c *call, fail *wire.Failure) *reply {
			m := c.recall()
			if m == nil || m.wish.noRead || conductFor(fail.Kind).passOn || !r.set.steps(plan.StepCache) {
				return nil
			}
			if e := in.expired(m.key, m.wish.oldest(in.ttl)); e != nil {
				return c.replyOf(e, fromStale)
			}
			return nil
		},
	}
}
