package mocks

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"brownout/mocks/wire"
)

// Bounds of the answers that a provider keeps. The real ones are kept for 30
// days; here the oldest go first.
const (
	mostKept      = 1000
	mostKeptBytes = 32 << 20 // of answers and of the texts they answer
)

// shelf holds the answers that can be asked for again.
type shelf struct {
	mu    sync.Mutex
	kept  map[string]*wire.Kept
	order []string // of ids, the oldest first, each once; those that were removed may still be in it
	bytes int
}

// put puts an answer on the shelf.
func (s *shelf) put(k *wire.Kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remove(k.ID) {
		s.order = slices.DeleteFunc(s.order, func(id string) bool { return id == k.ID })
	}
	if s.kept == nil {
		s.kept = make(map[string]*wire.Kept)
	}
	s.kept[k.ID] = k
	s.order = append(s.order, k.ID)
	s.bytes += size(k)
	for len(s.order) > mostKept || s.bytes > mostKeptBytes && len(s.order) > 1 {
		s.remove(s.order[0])
		s.order = s.order[1:]
	}
}

// size is what an answer takes, roughly.
func size(k *wire.Kept) int {
	n := len(k.Body)
	for _, m := range k.Input {
		n += len(m.Text)
	}
	return n
}

// Find implements wire.Shelf.
func (s *shelf) Find(id string) *wire.Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[id]
}

// Remove implements wire.Shelf.
func (s *shelf) Remove(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remove(id)
}

// remove takes an answer off the shelf. The caller holds mu.
func (s *shelf) remove(id string) bool {
	k, ok := s.kept[id]
	if ok {
		s.bytes -= size(k)
		delete(s.kept, id)
	}
	return ok
}

// goOn takes up the conversation that the request goes on with, and has the
// answer kept where it is to be.
func (c *call) goOn() *wire.Failure {
	d, ok := c.p.dialect.(wire.Librarian)
	if !ok || !c.req.Keepable {
		return nil
	}
	if id := c.req.Previous; id != "" {
		k := c.p.shelf.Find(id)
		if k == nil {
			return d.Lost(id)
		}
		c.req.GoOn(k)
	}
	if !c.req.Unkept {
		said := c.req.Conversation()
		c.req.Keep = func(k *wire.Kept) {
			k.Input = said
			c.p.shelf.put(k)
		}
	}
	return nil
}

// keptAnswer answers a request for an answer that is kept.
func (p *Provider) keptAnswer(w http.ResponseWriter, r *http.Request, arg string) {
	fail := p.dialect.Authorized(r, p.accepts)
	d, ok := p.dialect.(wire.Librarian)
	if !ok {
		fail = &wire.Failure{Kind: wire.FailNotFound}
	}
	if fail == nil {
		p.dialect.WriteHeaders(w.Header(), p.anonymousID(), wire.Budgets{}, time.Now())
		fail = d.ServeKept(w, r, arg, &p.shelf)
	}
	if fail != nil {
		p.refuse(w, fail)
	}
}
