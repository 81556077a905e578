package router

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"sync"

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
