package router

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"brownout/mocks/wire"
)

// endings are what is known of models that end: what their providers announce
// in lists, headers and answers, and what they refuse as gone. Of a model that
// is gone the calls go to its successor at the same provider, where one is
// known: by the provider's words, the catalogue, an equivalence class, or a
// list in which one name has taken the place of another.
type endings struct {
	mu   sync.Mutex
	of   map[modelKey]*fate
	seen map[string][]string // the names in each provider's list at the last look
	look chan string         // a provider whose list is worth a look at once
}

type modelKey struct{ provider, model string }

// fate is what is known of one model.
type fate struct {
	told      string    // what was told of it last
	gone      time.Time // since when it is refused; zero: it is not
	successor string    // "": none is known
}

// goneFor is how long a model counts as gone where no list says better.
const goneFor = 10 * time.Minute

// maxFates bounds what is remembered.
const maxFates = 1024

// deprecationWatch is the mitigation.
func deprecationWatch(r *engine) *stage {
	e := keep(r, "deprecation_watch", nil, func() *endings {
		return &endings{of: map[modelKey]*fate{}, seen: map[string][]string{}, look: make(chan string, 1)}
	})
	return &stage{
		choose: func(c *call, cands []candidate) []candidate {
			for i := range cands {
				if v := &cands[i]; c.free() {
					if to := e.successor(v.Name, v.model); to != "" && !hasModel(cands, v.backend, to) {
						v.turn(to)
					}
				}
			}
			return cands
		},
		heard: func(a *attempt, _ int, h http.Header) {
			if len(h["Sunset"])+len(h["Deprecation"]) > 0 {
				e.announced(r, a.cand.backend, a.cand.model, "its provider's headers say: "+notice(h))
			}
		},
		answer: func(_ *call, a *attempt, w *wire.Answer) *wire.Failure {
			if w.Notice != "" {
				e.announced(r, a.cand.backend, a.cand.model, "its provider says: "+w.Notice)
			}
			return nil
		},
		amend: func(c *call, a *attempt) bool { return e.refused(c, a) },
		run:   func(ctx context.Context) { e.watch(ctx, r) },
	}
}

// free tells whether another model may answer in the place of the one that is
// meant: it is not pinned, and no route has named it.
func (c *call) free() bool { return !c.r.mapped.pins(c.model) && c.r.route(c.model) == nil }

// notice is what headers say of a model's end. Sources: RFC 8594 (Sunset: the
// date from which on), RFC 9745 (Deprecation: the date since when).
func notice(h http.Header) string {
	s := ""
	for _, name := range [...]string{"Deprecation", "Sunset"} {
		if v := h.Get(name); v != "" {
			s += ", " + name + " " + v
		}
	}
	return s[min(2, len(s)):]
}

// fate is that of a model. The caller holds mu.
func (e *endings) fate(provider, model string) *fate {
	k := modelKey{provider, model}
	f := e.of[k]
	if f == nil {
		if len(e.of) >= maxFates {
			clear(e.of)
		}
		f = &fate{}
		e.of[k] = f
	}
	return f
}

// successor is the model to ask of a provider in the place of one that is gone;
// "": that one is not, or no other is known.
func (e *endings) successor(provider, model string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.of[modelKey{provider, model}]
	if f == nil || f.gone.IsZero() || time.Since(f.gone) > goneFor {
		return ""
	}
	return f.successor
}

// announced tells of an announcement, once.
func (e *endings) announced(r *engine, b *backend, model, what string) {
	e.mu.Lock()
	f := e.fate(b.Name, model)
	anew := f.told != what
	f.told = what
	e.mu.Unlock()
	if anew {
		r.tell(Decision{What: Deprecated, Provider: b.Name, Detail: fmt.Sprintf("model %q: %s", model, what)})
	}
}

// useInstead finds the successor in a provider's words. Source: Gemini's
// ("Please update your code to use models/… for the latest features").
var useInstead = regexp.MustCompile("(?i)\\buse (?:the model )?['\"`]?(?:models/)?([A-Za-z0-9][\\w.:/-]*[A-Za-z0-9])")

// refused takes in that a provider no longer has a model, and has the same
// request ask for its successor.
func (e *endings) refused(c *call, a *attempt) bool {
	if a.fail.Kind != wire.FailModelNotFound {
		return false
	}
	b, model := a.cand.backend, a.cand.model
	e.mu.Lock()
	f := e.fate(b.Name, model)
	if f.successor == "" || f.gone.IsZero() {
		f.successor = c.r.successorOf(b, model, a.fail)
	}
	first, to := f.gone.IsZero(), f.successor
	f.gone = time.Now()
	e.mu.Unlock()
	if first {
		c.r.tell(Decision{What: Deprecated, Provider: b.Name, Marker: c.marker, Detail: goneWords(model, to) + ": " + a.fail.Error()})
		select {
		case e.look <- b.Name:
		default: // one is on its way
		}
	}
	if to == "" || to == model || !c.free() || hasModel(c.cands, b, to) || !c.r.set.failover {
		return false
	}
	a.cand.turn(to)
	return true
}

func goneWords(model, to string) string {
	if to == "" {
		return fmt.Sprintf("model %q is gone, and no successor is known", model)
	}
	return fmt.Sprintf("model %q is gone, and %q takes its place", model, to)
}

// turn has a candidate asked for another model.
func (v *candidate) turn(model string) {
	if info := v.entry(model); info != unknownModel { // else it is taken for what the other was
		v.info = info
	}
	v.model, v.stats = model, v.backend.stats.of(model)
}

// successorOf is the model that takes the place of one that is gone.
func (r *engine) successorOf(b *backend, model string, fail *wire.Failure) string {
	if fail.Successor != "" {
		return fail.Successor
	}
	if m := useInstead.FindStringSubmatch(fail.Message); m != nil && m[1] != model && b.has(m[1]) {
		return m[1]
	}
	if to := b.entry(model).ReplacedBy; to != "" {
		return to
	}
	if r.mapped != nil {
		for _, id := range r.mapped.member[r.mapped.class[model]] {
			if id != model && b.has(id) {
				return id
			}
		}
	}
	return ""
}
