package router

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"brownout/plan"
)

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
