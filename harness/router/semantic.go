package router

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"brownout/mocks/wire"
)

// semantic finds questions by what was asked in similar words. Only the last
// turn may differ: what was said before, who asks, and how the answer is to be
// made must be the same.
type semantic struct {
	threshold float64

	mu        sync.Mutex
	by        *simplelru.LRU[digest, *likened] // by what must be the same
	questions int                              // of all groups
}

// likened are questions that differ in their last turn alone, newest last.
type likened struct{ list []likenedTo }

type likenedTo struct {
	is  *likeness
	key digest // of its answer
}

// Bounds of what is compared. Beyond them the oldest are forgotten.
const (
	mostLikened   = 4096   // groups of questions
	mostAlike     = 256    // questions of a group, each of which is compared
	mostQuestions = 16_384 // of all groups together
)

func newSemantic(threshold float64) *semantic {
	v := &semantic{threshold: threshold}
	// The only error is a size below 1.
	v.by, _ = simplelru.NewLRU(mostLikened, func(_ digest, g *likened) { v.questions -= len(g.list) })
	return v
}

// claim finds the most similar question that was asked before, under which its
// answer is kept and under way; by is how similar it is. Where none is similar
// enough the question takes its own place, if it may, and by is 0.
func (v *semantic) claim(group digest, is *likeness, own digest, may bool) (key digest, by float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	g, ok := v.by.Get(group)
	if !ok {
		g = &likened{}
		v.by.Add(group, g)
	}
	for i := len(g.list) - 1; i >= 0; i-- {
		if x := g.list[i].is.to(is); x >= v.threshold-rounding && x > by {
			key, by = g.list[i].key, x
		}
	}
	if by > 0 || !may {
		return key, by
	}
	if len(g.list) >= mostAlike {
		g.list = append(g.list[:0], g.list[1:]...)
		v.questions--
	}
	g.list = append(g.list, likenedTo{is, own})
	for v.questions++; v.questions > mostQuestions; {
		v.by.RemoveOldest()
	}
	return own, 0
}

// rounding is what a cosine of 1 may lack.
const rounding = 1e-9

// semanticCache takes a request for one that was asked in similar words: it is
// answered from that one's answer, joins its call, and keeps what it is answered
// in its place. It covers what the cache covers.
func semanticCache(r *engine) *stage {
	in := r.keepsAnswers()
	all := keep(r, "semantic_cache", r.set.SemanticCache, func() *semantic { return newSemantic(r.set.SemanticCache.Threshold) })
	return &stage{lookup: func(c *call) (*reply, func(*ending), *wire.Failure) {
		m := c.recall()
		if m == nil || m.wish.noRead {
			return nil, nil, nil
		}
		last := len(c.req.Messages) - 1
		if last < 0 || c.req.Messages[last].Role != "user" {
			return nil, nil, nil
		}
		is := likenessOf(c.req.Messages[last].Text)
		if is == nil {
			return nil, nil, nil
		}
		rest := *c.req
		rest.Messages = rest.Messages[:last]
		group := c.apart(c.beyond(digestOf(&rest, c.model, c.asker())), c.req.Messages[last].Text)
		if key, by := all.claim(group, is, m.key, !m.wish.noWrite); by > 0 {
			m.key = key // it is the same question from here on
			if e := in.fresh(key, m.wish.maxAge); e != nil {
				if rep := c.replyOf(e, fromSimilar); rep != nil {
					return rep, nil, nil
				}
			}
		}
		c.remember(in)
		return nil, nil, nil
	}}
}
