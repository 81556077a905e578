package router

import (
	"fmt"
)

// longer turns a request whose prompt was too long for one model to those with
// a longer context: the other candidates, then further models of the same
// providers. Nobody whose context is not known to be longer is asked: a prompt
// is never sent again to a context of the same size. It returns false where
// nobody is left.
func (c *call) longer(a *attempt) bool {
	if !c.r.set.has("context_fallback") || !c.r.set.failover {
		return false
	}
	size := a.fail.LimitValue // what the provider says outweighs what a catalogue says of it
	if size == 0 {
		size = a.cand.info.Context
	}
	if size == 0 {
		return false
	}
	left := 0
	for i := range c.cands {
		v := &c.cands[i]
		if v == a.cand || v.info.Context <= size {
			v.spent = true
		}
		if !v.spent {
			left++
		}
	}
	for i := range c.cands[:len(c.cands):len(c.cands)] {
		v := &c.cands[i]
		if best := v.nextLarger(size); best != nil && !c.has(v.backend, best.ID) && c.free() {
			c.cands = append(c.cands, c.candidate(v.backend, best.ID))
			left++
		}
	}
	if left > 0 {
		c.r.tell(Decision{What: LongerContext, Provider: a.cand.Name, Marker: c.marker, Detail: fmt.Sprintf("%s; %d with a longer context", a.fail.Error(), left)})
	}
	return left > 0
}

// has tells whether a model of a backend is among the candidates.
func (c *call) has(b *backend, model string) bool { return hasModel(c.cands, b, model) }

func hasModel(list []candidate, b *backend, model string) bool {
	for i := range list {
		if list[i].backend == b && list[i].model == model {
			return true
		}
	}
	return false
}

// nextLarger is the backend's chat model with the smallest context above size;
// nil: it has none.
func (b *backend) nextLarger(size int) *Model {
	var best *Model
	for i := range b.Catalogue {
		m := &b.Catalogue[i]
		if m.Embedding == 0 && m.Context > size && (best == nil || m.Context < best.Context) {
			best = m
		}
	}
	return best
}
