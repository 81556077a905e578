package router

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"brownout/mocks/wire"
)

// interfaces are what providers ask of their callers beyond what their dialects
// do by themselves: another version of the interface, a header that was not
// needed before. Who refuses a call for that is asked once more as it wants to
// be, where its words or the dialect's versions tell how; else the refusal is
// its failure. It is never the client's, who has named neither.
type interfaces struct {
	mu sync.Mutex
	of map[string]*required // by provider
}

// required is what one provider was found to ask for.
type required struct {
	until   time.Time // it is asked as before after that, in case the change is undone
	refused []string  // versions
	told    []string  // what was told of it
}

// calling is how a provider is to be called. It does not change.
type calling struct {
	until   time.Time
	version string            // "": the dialect's own
	headers map[string]string // by canonical name
}

// calling is how to call the backend; nil: as its dialect does.
func (b *backend) calling() *calling {
	if v := b.asks.Load(); v != nil && time.Now().Before(v.until) {
		return v
	}
	return nil
}

// named has a request to the backend name the version, and carry the headers,
// that it asks for. v may be nil: it asks for nothing.
func (b *backend) named(v *calling, q *http.Request) {
	if v == nil {
		return
	}
	if d, ok := b.dialect.(wire.Versioned); ok && v.version != "" {
		d.NameVersion(q, v.version)
	}
	for name, value := range v.headers {
		q.Header.Set(name, value)
	}
}

// prepare has an attempt's request be one of the version that its provider asks
// for, and edit has it say so.
func (*interfaces) prepare(_ *call, a *attempt, req *wire.Request) (*wire.Request, *wire.Failure) {
	if a.called = a.cand.calling(); a.called == nil || a.called.version == "" {
		return req, nil
	}
	own := *req
	own.Version = a.called.version
	return &own, nil
}

func (*interfaces) edit(a *attempt, q *http.Request) { a.cand.named(a.called, q) }

// refused reads a refusal. One for the interface is met, or becomes the
// provider's failure.
func (s *interfaces) refused(c *call, a *attempt, fail *wire.Failure) {
	change := fail.Outgrown()
	if change == nil {
		return
	}
	var how string
	if c.amends < maxAmends {
		how, a.again = s.meet(a, change)
	}
	if !a.again {
		fail.Kind, how = kindChanged, "it cannot be met, and the provider is left alone for a while"
	}
	if what := how + ": " + fail.Message; how != "" && s.first(a.cand.Name, what) {
		c.r.tell(Decision{What: APIChanged, Provider: a.cand.Name, Marker: c.marker, Detail: what})
	}
}

// meet finds out how a provider wants to be called, and has it called so from
// now on. how is empty where another call has found that out meanwhile.
func (s *interfaces) meet(a *attempt, change *wire.Interface) (how string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := a.cand.backend
	now := b.calling()
	if now != a.called {
		return "", now != nil
	}
	next := &calling{until: time.Now().Add(shimFor), headers: map[string]string{}}
	if now != nil {
		next.version = now.version
		maps.Copy(next.headers, now.headers)
	}
	if change.Header != "" {
		how, ok = next.send(change)
	} else {
		how, ok = next.rename(b, s.entry(b.Name), change)
	}
	if ok {
		b.asks.Store(next)
	} else {
		b.asks.Store(nil) // when its time is over it is asked as ever
	}
	return how, ok
}

// send adds the header that a provider asks for.
func (v *calling) send(change *wire.Interface) (how string, ok bool) {
	name := http.CanonicalHeaderKey(change.Header)
	if change.Value == "" || !sendable(name) || v.headers[name] == change.Value {
		return "", false
	}
	v.headers[name] = change.Value
	return fmt.Sprintf("the header %s: %s is sent from now on", name, change.Value), true
}

// rename turns to another version: the one that the provider tells, or else the
// first of the dialect's that it has not refused.
func (v *calling) rename(b *backend, e *required, change *wire.Interface) (how string, ok bool) {
	d, versioned := b.dialect.(wire.Versioned)
	if !versioned {
		return "", false
	}
	own := d.Versions()
	sent := cmp.Or(v.version, own[0])
	e.refused = append(e.refused, sent)
	to := change.Takes
	if to == "" || slices.Contains(e.refused, to) {
		i := slices.IndexFunc(own, func(v string) bool { return !slices.Contains(e.refused, v) })
		if i < 0 {
			e.refused = nil
			return "", false
		}
		to = own[i]
	}
	v.version = to
	return fmt.Sprintf("the version %s is refused, and %s is named from now on", sent, to), true
}

// entry is what is known of a provider. The caller holds mu.
func (s *interfaces) entry(provider string) *required {
	e := s.of[provider]
	if e == nil || !time.Now().Before(e.until) {
		e = &required{until: time.Now().Add(shimFor)}
		s.of[provider] = e
	}
	return e
}

// first tells whether something was not told of a provider before.
func (s *interfaces) first(provider, what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entry(provider)
	if len(e.told) >= maxTold || slices.Contains(e.told, what) {
		return false
	}
	e.told = append(e.told, what)
	return true
}

// maxTold bounds what is told of one provider in shimFor.
const maxTold = 32

// sendable tells whether a provider may have a header set by asking for it: one
// that says which interface is meant, and not one that carries the key or says
// how the message is sent.
func sendable(name string) bool {
	lower := strings.ToLower(name)
	if strings.HasPrefix(lower, "x-amz-") || strings.Contains(lower, "key") || strings.Contains(lower, "auth") || strings.HasPrefix(lower, "x-forwarded") {
		return false
	}
	return strings.HasPrefix(lower, "x-") || strings.Contains(lower, "version") || strings.Contains(lower, "beta") || strings.Contains(lower, "revision")
}
