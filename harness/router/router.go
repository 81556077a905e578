// Package router is the bundled failover router: a front in the dialects of
// OpenAI and Anthropic for a list of backends that may each speak another.
//
// Clients' HTTP requests flow in; one HTTP answer flows out to each, and a
// Decision to whoever listens for each thing the router did on its own account
// (a breaker opened, a call moved on).
//
// The core is a request's way: serve.go and front.go (in and out), choose.go
// (whom it may reach), call.go (one provider after the other), attempt.go (one
// call), stream.go and continue.go (tokens). Every mitigation is a small file
// and one line in the table of mitigations.go, and can be switched off by its
// name; stages.go says where it can have a say.
//
// The package knows the dialects of mocks/wire and the settings of plan. It
// must not know scenarios, faults, scores, or that its backends are mocks: it
// serves real ones just as well.
package router

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"brownout/mocks/wire"
	"brownout/plan"
)

// Backend is one provider as the router sees it.
type Backend struct {
	Name      string   // unique; what Order and the answer's headers say
	Dialect   string   // wire format: openai, anthropic, vllm, ollama …
	BaseURL   string   // scheme and host, no path
	Key       string   // sent in the dialect's own way; empty for dialects without keys
	Class     string   // cloud, managed, gpu, edge; a request that names classes never reaches a backend without one
	Region    string   // as Class
	Model     string   // asked for when the client names a model that is not in Models; empty: the first of Models
	Models    []string // asked for as the client names them
	Catalogue []Model  // what is known of its models; may be empty
}

// Model is what is known of one model of a backend. Zero is not known.
type Model struct {
	ID        string   `toml:"id"`
	Aliases   []string `toml:"aliases"`    // other names that it is asked for by, or answers under
	Context   int      `toml:"context"`    // tokens of prompt and answer
	MaxOutput int      `toml:"max_output"` // tokens of an answer
	PriceIn   float64  `toml:"price_in"`   // USD per million tokens of prompt
	PriceOut  float64  `toml:"price_out"`  // USD per million tokens of answer
	Embedding int      `toml:"embedding"`  // length of its vectors; 0: a chat model
	Lacks     []string `toml:"lacks"`      // what it does not do: tools, json, streams
}

// cost is the price of so many tokens, in USD.
func (m *Model) cost(u wire.Usage) float64 {
	return (float64(u.Prompt)*m.PriceIn + float64(u.Completion)*m.PriceOut) / 1e6
}

// unknownModel stands for what is in no catalogue.
var unknownModel = &Model{}

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

// entry is what is known of a model of b, by its id or an alias.
func (b *Backend) entry(id string) *Model {
	for i := range b.Catalogue {
		if m := &b.Catalogue[i]; m.ID == id || slices.Contains(m.Aliases, id) {
			return m
		}
	}
	return unknownModel
}

// Config is what a router is made from.
type Config struct {
	Settings   plan.Router // zero fields mean plan.DefaultRouter's, negative ones switch off; see Resolve
	Backends   []Backend
	Seed       uint64         // key of back-off jitter and request ids
	OnDecision func(Decision) // told from the request's goroutine; must not block; nil: nobody listens
	Logger     *slog.Logger   // nil: no log
	// Traces is where spans go; nil: nowhere. The router shuts it down when it
	// is closed, and one given at a reload is not taken.
	Traces sdktrace.SpanExporter
	// Transport makes the round tripper for a backend; nil: a tuned
	// http.Transport for each. Tests put an in-memory network here.
	Transport func(Backend) http.RoundTripper
}

// Router is an http.Handler that answers from whichever backend can.
type Router struct {
	live   atomic.Pointer[engine]
	shared *shared

	mu     sync.Mutex // held while a configuration takes the place of another
	closed bool
}

// shared is what outlives a configuration.
type shared struct {
	metrics *metrics
	serial  atomic.Uint64 // numbers requests, to key their ids
	tracing *tracing      // nil: there is nowhere to send traces to
}

// New makes a router. It fails on settings or backends that cannot work, with
// an error that says which and how to mend it.
func New(c Config) (*Router, error) {
	v := &Router{shared: &shared{metrics: newMetrics(), tracing: newTracing(c.Traces)}}
	e, err := newEngine(c, v.shared, nil)
	if err != nil {
		return nil, err
	}
	e.start()
	v.live.Store(e)
	return v, nil
}

// ServeHTTP answers one client request, to its end by the configuration under
// which it came.
func (v *Router) ServeHTTP(w http.ResponseWriter, q *http.Request) { v.live.Load().serve(w, q) }

// Reload puts c in the place of the configuration so far. Requests in flight
// end under the old one. Backends that did not change keep their connections
// and what is known of them, and mitigations whose settings did not change
// keep their state. After an error all is as before.
func (v *Router) Reload(c Config) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return errors.New("the router is closed")
	}
	before := v.live.Load()
	e, err := newEngine(c, v.shared, before)
	if err != nil {
		return err
	}
	before.stop()
	e.start()
	v.live.Store(e)
	before.leave(e)
	return nil
}

// Close ends the work beside requests and drops idle connections to the
// backends. Requests in flight go on; the http.Server that serves the router
// waits for those.
func (v *Router) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	e := v.live.Load()
	e.stop()
	e.leave(nil)
	if t := v.shared.tracing; t != nil {
		ctx, cancel := context.WithTimeout(context.Background(), flushTime)
		defer cancel()
		return t.provider.Shutdown(ctx)
	}
	return nil
}

// flushTime bounds how long the last spans may take to be sent.
const flushTime = 2 * time.Second
