package mocks

import (
	"fmt"
	"slices"
	"time"

	"brownout/mocks/service"
	"brownout/plan"
)

// state is what of a provider is at present not as in its spec. It is never
// changed, only replaced, so that calls read it without a lock.
type state struct {
	faults     []*injected
	overrides  []*override
	lifecycles []*staged
	strains    []*strained
}

type injected struct {
	name  string
	fault Fault
}

type override struct {
	name   string
	limits Limits
}

type strained struct {
	name   string
	strain service.Strain
}

// Limits are limits that a fault puts in force.
type Limits struct {
	plan.Limits
	// Stated is the retry-after that refusals state, whatever is true; nil: the
	// time after which the call would fit; 0: none is stated.
	Stated *time.Duration
}

type staged struct {
	name, model string // model "" means every model
	lifecycle   Lifecycle
}

// Lifecycle is a model's stage.
type Lifecycle struct {
	Deprecated time.Time // announced on; zero: active
	Shutdown   time.Time // announced end; zero: none
	Retired    bool      // calls are answered with the provider's own "no such model"
	Renamed    string    // the id that the model has now, in place of its own, which is answered as a retired one's; "": its own
}

// Inject puts a fault in effect for calls that arrive from now on, under a
// name that observations carry. The returned function ends it; it may be
// called more than once.
func (p *Provider) Inject(name string, f Fault) (clear func()) {
	e := &injected{name: name, fault: f}
	p.change(func(s *state) { s.faults = append(s.faults, e) })
	return func() { p.change(func(s *state) { s.faults = without(s.faults, e) }) }
}

// OverrideLimits replaces the provider's limits by the given ones until
// restore is called; name is carried by the observations of calls they refuse.
// A zero field leaves that limit as it is. Of several overrides of one limit
// the last counts.
func (p *Provider) OverrideLimits(name string, l Limits) (restore func()) {
	e := &override{name: name, limits: l}
	p.change(func(s *state) { s.overrides = append(s.overrides, e) })
	return func() { p.change(func(s *state) { s.overrides = without(s.overrides, e) }) }
}

// SetLifecycle changes a model's stage ("" means every model; a name is given
// to one model only, by its id) until restore is called; name is carried by the
// observations of calls that a retired model, or an old name, refuses. Of
// several stages of one model the last counts.
func (p *Provider) SetLifecycle(name, model string, l Lifecycle) (restore func()) {
	e := &staged{name: name, model: model, lifecycle: l}
	p.change(func(s *state) { s.lifecycles = append(s.lifecycles, e) })
	return func() { p.change(func(s *state) { s.lifecycles = without(s.lifecycles, e) }) }
}

// Strain puts the service under a strain until it is ended; name is carried by
// the observations of calls that the service is asked to serve meanwhile.
// Strains add up. It fails where the provider's service has no such weakness.
func (p *Provider) Strain(name string, s service.Strain) (*Strain, error) {
	weak, ok := p.service.(service.Strained)
	if !ok || !weak.Feels(s) {
		return nil, fmt.Errorf("%s: a service of model %q cannot be put under this strain", p.spec.Name, p.spec.Service.Model)
	}
	e := &Strain{p: p, entry: &strained{name: name, strain: s}}
	p.change(func(st *state) { st.strains = append(st.strains, e.entry) })
	return e, nil
}

// Strain is a strain on a provider's service. Its methods are not for several
// goroutines at a time.
type Strain struct {
	p     *Provider
	entry *strained
}

// Turn makes another strain of it, of the same weaknesses. There is no moment
// in which the service is under both, or under neither: a replica that is lost
// for an instant has lost its calls.
func (e *Strain) Turn(to service.Strain) {
	next := &strained{name: e.entry.name, strain: to}
	e.p.change(func(st *state) {
		if i := slices.Index(st.strains, e.entry); i >= 0 {
			st.strains[i] = next
		}
	})
	e.entry = next
}

// End takes it off. It may be called more than once.
func (e *Strain) End() {
	e.p.change(func(st *state) { st.strains = without(st.strains, e.entry) })
}

// Unload makes the service cold: the next call finds no model in memory, or no
// replica. It tells whether the service is one that can be.
func (p *Provider) Unload() bool {
	u, ok := p.service.(service.Unloader)
	if ok {
		u.Unload()
	}
	return ok
}

// Cold tells whether a call for a model, by its id, would find the service
// cold: no such model in memory, or no replica.
func (p *Provider) Cold(model string) bool {
	u, ok := p.service.(service.Unloader)
	return ok && u.Cold(model)
}

// change replaces the state by an edited copy, and has the quota follow it.
func (p *Provider) change(edit func(*state)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.state.Load()
	s := &state{
		faults:     slices.Clone(old.faults),
		overrides:  slices.Clone(old.overrides),
		lifecycles: slices.Clone(old.lifecycles),
		strains:    slices.Clone(old.strains),
	}
	edit(s)
	p.state.Store(s)
	if !slices.Equal(old.strains, s.strains) {
		p.service.(service.Strained).SetStrain(s.strain())
	}
	if before, after := old.limits(p.spec.Limits), s.limits(p.spec.Limits); before != after {
		p.quota.SetLimits(after, time.Now())
	}
}

// without removes one entry, by identity; an entry that is gone already stays
// gone.
func without[E any](list []*E, e *E) []*E {
	return slices.DeleteFunc(list, func(x *E) bool { return x == e })
}

// limits are those in force where the spec says l.
func (s *state) limits(l plan.Limits) plan.Limits {
	for _, o := range s.overrides {
		if v := o.limits.RequestsPerMinute; v != 0 {
			l.RequestsPerMinute = v
		}
		if v := o.limits.TokensPerMinute; v != 0 {
			l.TokensPerMinute = v
		}
		if v := o.limits.Concurrency; v != 0 {
			l.Concurrency = v
		}
	}
	return l
}

// limitedBy is the override that sets a limit, or nil.
func (s *state) limitedBy(limit string) *override {
	for _, o := range slices.Backward(s.overrides) {
		if o.sets(limit) {
			return o
		}
	}
	return nil
}

// strain is the sum of all strains.
func (s *state) strain() service.Strain {
	var sum service.Strain
	for _, e := range s.strains {
		sum = sum.Add(e.strain)
	}
	return sum
}

// straining adds the names of the strains in effect to names.
func (s *state) straining(names []string) []string {
	for _, e := range s.strains {
		names = append(names, e.name)
	}
	return names
}

func (o *override) sets(limit string) bool {
	switch limit {
	case service.LimitRequests:
		return o.limits.RequestsPerMinute != 0
	case service.LimitTokens:
		return o.limits.TokensPerMinute != 0
	case service.LimitConcurrency:
		return o.limits.Concurrency != 0
	}
	return false
}

// lifecycle is the stage of a model, and the name it was set under.
func (s *state) lifecycle(model string) (Lifecycle, string) {
	for _, e := range slices.Backward(s.lifecycles) {
		if e.model == "" || e.model == model {
			return e.lifecycle, e.name
		}
	}
	return Lifecycle{}, ""
}

// nowCalled is the own id of the model that has been renamed to id; "": none.
func (s *state) nowCalled(id string) string {
	for _, e := range s.lifecycles {
		if e.lifecycle.Renamed == id && id != "" {
			if l, _ := s.lifecycle(e.model); l.Renamed == id {
				return e.model
			}
		}
	}
	return ""
}
