package router

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"brownout/harness/dialing"
	"brownout/mocks/wire"
	"brownout/plan"
)

// engine is a router under one configuration.
type engine struct {
	*shared
	config   Config
	fronts   fronts
	set      settings
	seed     uint64
	backends []*backend // as configured
	byName   map[string]*backend
	order    []*backend // as Order names them
	policy   policy
	routes   []route
	rules    []rule // of the policy hybrid
	stages   stages
	mapped   *modelMap // nil: nothing is said of them
	kept     map[string]keepsake
	answers  *answerCache // see keepsAnswers; nil: nothing is answered from memory
	personal *finder      // of what redaction hides; nil: it is off
	before   *engine      // what it takes the place of; nil once it is built
	tell     func(Decision)
	log      *slog.Logger

	working sync.WaitGroup // the stages' own work
	cease   context.CancelFunc
}

// backend is a Backend with its state.
type backend struct {
	Backend
	dialect wire.Dialect
	trip    http.RoundTripper
	gate    *gate
	seen    *backendMetrics
	stats   *statsBook
	ramp    ramp // of all its models

	inFlight atomic.Int64 // calls in progress
	pulse    pulse
	asks     atomic.Pointer[calling] // what it asks of calls beyond its dialect; nil: nothing
}

// newEngine builds a router under c. It starts nothing. from is the one it
// takes the place of; nil where there is none. sh may be nil where only errors
// are wanted.
func newEngine(c Config, sh *shared, from *engine) (*engine, error) {
	set, err := compile(c.Settings)
	if err != nil {
		return nil, err
	}
	fronts, err := newFronts()
	if err != nil {
		return nil, err
	}
	if sh == nil {
		sh = &shared{metrics: newMetrics()}
	}
	r := &engine{
		shared: sh, config: c, fronts: fronts, set: set, seed: c.Seed, policy: policyOf(set.Policy),
		log: c.Logger, before: from, kept: map[string]keepsake{}, byName: map[string]*backend{},
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	r.tell = r.announce(c.OnDecision)
	if err := r.addBackends(c); err != nil {
		return nil, err
	}
	if err := r.addRoutes(); err != nil {
		return nil, err
	}
	if err := r.addRules(); err != nil {
		return nil, err
	}
	r.build()
	r.before = nil
	return r, nil
}

// addBackends checks and adds the configured backends and puts them in order.
func (r *engine) addBackends(c Config) error {
	if len(c.Backends) == 0 {
		return errors.New("no backend: the router needs at least one [[backend]]")
	}
	names := make([]string, 0, len(c.Backends))
	for _, b := range c.Backends {
		if err := check(b, r.byName); err != nil {
			return err
		}
		names = append(names, b.Name)
		v := r.backend(c, b)
		r.byName[b.Name] = v
		r.backends = append(r.backends, v)
	}
	for name := range r.set.Weights {
		if r.byName[name] == nil {
			return fmt.Errorf("weights: no backend is named %q; the backends are %s", name, strings.Join(names, ", "))
		}
	}
	order := r.set.Order
	if len(order) == 0 {
		order = names
	}
	for i, name := range order {
		v := r.byName[name]
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

// backend is b with its state: the state it had before where it stays as it
// was.
func (r *engine) backend(c Config, b Backend) *backend {
	if r.before != nil {
		old := r.before.byName[b.Name]
		same := r.set.ConnectTimeout == r.before.set.ConnectTimeout && r.set.Breaker == r.before.set.Breaker && r.set.RateLimits == r.before.set.RateLimits &&
			r.set.MaxRetryAfterWait == r.before.set.MaxRetryAfterWait
		trimmed := b
		trimmed.BaseURL = strings.TrimRight(b.BaseURL, "/")
		if old != nil && same && reflect.DeepEqual(old.Backend, trimmed) {
			return old
		}
	}
	d, _ := wire.Lookup(b.Dialect)
	v := &backend{Backend: b, dialect: d, seen: r.metrics.backend(b.Name), stats: newStatsBook()}
	v.BaseURL = strings.TrimRight(v.BaseURL, "/")
	if c.Transport != nil {
		v.trip = c.Transport(b)
	} else {
		v.trip = dialing.Limit(newTransport(r.set), dialsPerSecond)
	}
	v.gate = newGate(v, r.set, r.tell)
	return v
}

// check tells what is wrong with a backend, given those before it.
func check(b Backend, before map[string]*backend) error {
	if b.Name == "" {
		return errors.New("a backend has no name; give it one")
	}
	if before[b.Name] != nil {
		return fmt.Errorf("backend %q: the name is used twice; names must differ", b.Name)
	}
	if strings.ContainsAny(b.Name, "/ ") {
		return fmt.Errorf("backend %q: the name has a slash or a space, which routes could not tell apart; take them out", b.Name)
	}
	if _, ok := wire.Lookup(b.Dialect); !ok {
		return fmt.Errorf("backend %q: unknown dialect %q; use one of: %s", b.Name, b.Dialect, strings.Join(wire.Names(), ", "))
	}
	for _, m := range b.Catalogue {
		for _, lack := range m.Lacks {
			if !slices.Contains(lacks, lack) {
				return fmt.Errorf("backend %q: model %q lacks %q, which is no word for it; use some of: %s", b.Name, m.ID, lack, strings.Join(lacks, ", "))
			}
		}
	}
	u, err := url.Parse(b.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("backend %q: %q is no base URL; give scheme and host, as in http://127.0.0.1:8000", b.Name, b.BaseURL)
	}
	return nil
}

// keepsake is the state of a mitigation, with the settings it was made for.
type keepsake struct {
	settings any
	state    any
}

// keep returns a mitigation's state: the one from before a reload where its
// settings are the same, else a new one.
func keep[T any](r *engine, name string, settings any, fresh func() T) T {
	if r.before != nil {
		if old, ok := r.before.kept[name]; ok && reflect.DeepEqual(old.settings, settings) {
			r.kept[name] = old
			return old.state.(T)
		}
	}
	state := fresh()
	r.kept[name] = keepsake{settings, state}
	return state
}

// start begins the work beside requests, and has the backends' gates tell r of
// what they decide.
func (r *engine) start() {
	for _, b := range r.backends {
		b.gate.tellTo(r.tell)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cease = cancel
	for _, run := range r.stages.run {
		r.working.Go(func() { run(ctx) })
	}
}

// stop ends it and waits for its end.
func (r *engine) stop() {
	r.cease()
	r.working.Wait()
}

// leave drops idle connections to the backends that next does not have.
func (r *engine) leave(next *engine) {
	for _, b := range r.backends {
		if next != nil && slices.Contains(next.backends, b) {
			continue
		}
		if t, ok := b.trip.(interface{ CloseIdleConnections() }); ok {
			t.CloseIdleConnections()
		}
	}
}

// Settings are the settings in force, with every default filled in.
func (v *Router) Settings() plan.Router { return v.live.Load().set.Router }
