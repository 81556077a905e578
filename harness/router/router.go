// Package router is the bundled failover router: an OpenAI-compatible front
// for a list of backends that may each speak another dialect.
//
// Clients' HTTP requests flow in; one HTTP answer flows out to each, and a
// Decision to whoever listens for each thing the router did on its own account
// (a breaker opened, a call moved on). Every mitigation is one small file:
// gate.go (breaker, retry-after), conduct.go (what to do about which failure),
// backoff.go, watch.go (time-outs), policy.go (whom to ask first), stream.go
// (failover before the first token). Each can be switched off by one key of
// plan.Router.
//
// The package knows the dialects of mocks/wire and the settings of plan. It
// must not know scenarios, faults, scores, or that its backends are mocks: it
// serves real ones just as well.
package router

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"brownout/mocks/wire"
	"brownout/plan"
)

// Backend is one provider as the router sees it.
type Backend struct {
	Name    string   // unique; what Order and the answer's headers say
	Dialect string   // wire format: openai, anthropic, vllm, ollama …
	BaseURL string   // scheme and host, no path
	Key     string   // sent in the dialect's own way; empty for dialects without keys
	Class   string   // cloud, managed, gpu, edge; a request that names classes never reaches a backend without one
	Region  string   // as Class
	Model   string   // asked for when the client names a model that is not in Models; empty: the first of Models
	Models  []string // asked for as the client names them
}

// model is what to ask b for when the client asks for want.
func (b *Backend) model(want string) string {
	switch {
	case slices.Contains(b.Models, want):
		return want
	case b.Model != "":
		return b.Model
	case len(b.Models) > 0:
		return b.Models[0]
	}
	return want
}

// Config is what a router is made from.
type Config struct {
	Settings   plan.Router // zero fields mean plan.DefaultRouter's, negative ones switch off; see Resolve
	Backends   []Backend
	Seed       uint64         // key of back-off jitter and request ids
	OnDecision func(Decision) // told from the request's goroutine; must not block; nil: nobody listens
	Logger     *slog.Logger   // nil: no log
	// Transport makes the round tripper for a backend; nil: a tuned
	// http.Transport for each. Tests put an in-memory network here.
	Transport func(Backend) http.RoundTripper
}

// backend is a Backend with its state.
type backend struct {
	Backend
	dialect wire.Dialect
	trip    http.RoundTripper
	gate    *gate
	seen    *backendMetrics
}

// Router is an http.Handler that answers from whichever backend can.
type Router struct {
	set      settings
	seed     uint64
	front    wire.Dialect // what clients speak
	backends []*backend   // as configured
	order    []*backend   // as Order names them
	policy   policy
	metrics  *metrics
	tell     func(Decision)
	log      *slog.Logger
	serial   atomic.Uint64 // numbers requests, to key their ids
}

// New makes a router. It fails on settings or backends that cannot work, with
// an error that says which and how to mend it.
func New(c Config) (*Router, error) {
	front, ok := wire.Lookup("openai")
	if !ok {
		return nil, errors.New("the openai dialect is missing from this build, and clients speak it")
	}
	set, err := compile(c.Settings)
	if err != nil {
		return nil, err
	}
	r := &Router{set: set, seed: c.Seed, front: front, policy: policies[set.Policy], log: c.Logger}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.tell = r.announce(c.OnDecision)
	if err := r.addBackends(c); err != nil {
		return nil, err
	}
	return r, nil
}

// addBackends checks and adds the configured backends and puts them in order.
func (r *Router) addBackends(c Config) error {
	if len(c.Backends) == 0 {
		return errors.New("no backend: the router needs at least one [[backend]]")
	}
	transport := c.Transport
	if transport == nil {
		transport = func(Backend) http.RoundTripper { return newTransport(r.set) }
	}
	byName := map[string]*backend{}
	names := make([]string, 0, len(c.Backends))
	for _, b := range c.Backends {
		names = append(names, b.Name)
	}
	r.metrics = newMetrics(names)
	for _, b := range c.Backends {
		if err := check(b, byName); err != nil {
			return err
		}
		d, _ := wire.Lookup(b.Dialect)
		v := &backend{Backend: b, dialect: d, trip: transport(b), seen: r.metrics.backend(b.Name)}
		v.BaseURL = strings.TrimRight(v.BaseURL, "/")
		v.gate = newGate(b.Name, r.set, r.tell, v.seen)
		byName[b.Name] = v
		r.backends = append(r.backends, v)
	}
	order := r.set.Order
	if len(order) == 0 {
		order = names
	}
	for i, name := range order {
		v := byName[name]
		if v == nil {
			return fmt.Errorf("order: no backend is named %q; the backends are %s", name, strings.Join(names, ", "))
		}
		if slices.Contains(order[:i], name) {
			return fmt.Errorf("order: %q is named twice; name each backend once", name)
		}
		r.order = append(r.order, v)
	}
	return nil
}

// check tells what is wrong with a backend, given those before it.
func check(b Backend, before map[string]*backend) error {
	if b.Name == "" {
		return errors.New("a backend has no name; give it one")
	}
	if before[b.Name] != nil {
		return fmt.Errorf("backend %q: the name is used twice; names must differ", b.Name)
	}
	if _, ok := wire.Lookup(b.Dialect); !ok {
		return fmt.Errorf("backend %q: unknown dialect %q; use one of: %s", b.Name, b.Dialect, strings.Join(wire.Names(), ", "))
	}
	u, err := url.Parse(b.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("backend %q: %q is no base URL; give scheme and host, as in http://127.0.0.1:8000", b.Name, b.BaseURL)
	}
	return nil
}

// Close drops idle connections to the backends. Requests in flight go on; the
// http.Server that serves the router waits for those.
func (r *Router) Close() error {
	for _, b := range r.backends {
		if t, ok := b.trip.(interface{ CloseIdleConnections() }); ok {
			t.CloseIdleConnections()
		}
	}
	return nil
}
