package plan

import (
	"slices"
	"strings"
	"time"
)

// Order is a fault that a person asks for while a run is on.
type Order struct {
	Kind   string
	On     string         // a provider, class:…, region:… or all; several joined by commas
	For    time.Duration  // 0: until it is cleared, at most to the load's end
	Share  float64        // of calls touched, 0 < Share <= 1; 0: all of them
	Ramp   time.Duration  // over which the share grows; 0: at once
	Params map[string]any // the kind's own, as a scenario has them
}

// OrderError says what is wrong with an order, and with which part of it.
type OrderError struct {
	Field string // kind, on, for, share, ramp or a parameter; "": the whole
	Msg   string
	Hint  string
}

func (e *OrderError) Error() string {
	if e.Hint == "" {
		return e.Msg
	}
	return e.Msg + "; " + e.Hint
}

// Step is how long a change of the load by hand takes: profiles are
// continuous, so that one rate becomes another over this time.
const Step = time.Millisecond

// Scaled is the load with its rate multiplied from a moment on.
func (l Load) Scaled(at time.Duration, factor float64) Load {
	return l.from(at, func(p Point) float64 { return p.Rate * factor })
}

// Held is the load at one rate from a moment on.
func (l Load) Held(at time.Duration, rate float64) Load {
	return l.from(at, func(Point) float64 { return rate })
}

// from keeps the load up to a moment and changes the rate of each point after
// it. The moment is counted in whole milliseconds, so that a file can have it.
func (l Load) from(at time.Duration, rate func(Point) float64) Load {
	at = at.Truncate(time.Millisecond)
	before, now := l.Profile, Point{At: at, Rate: l.Rate(at)}
	then := Point{At: at + Step, Rate: l.Rate(at + Step)}
	l.Profile = nil
	for _, p := range before {
		if p.At < at {
			l.Profile = append(l.Profile, p)
		}
	}
	l.Profile = append(l.Profile, now, Point{then.At, rate(then)})
	for _, p := range before {
		if p.At > then.At {
			l.Profile = append(l.Profile, Point{p.At, rate(p)})
		}
	}
	return l
}

// With is the plan with a fault that a person made. Where it begins in the
// recovery horizon of another on one of its victims and outlasts that one, the
// horizon ends with its beginning, as between faults of a scenario.
func (p *Plan) With(made Fault) *Plan {
	q := *p
	q.Faults = slices.Clone(p.Faults)
	for i := range q.Faults {
		f := &q.Faults[i]
		if f.When == nil && made.Clear() > f.Clear() && meet(f.On, made.On) {
			f.Horizon = max(0, min(f.End(), made.At)-f.Clear())
		}
	}
	made.Horizon = min(made.End(), p.Load.Duration) - made.Clear()
	for _, f := range p.Faults {
		if f.When == nil && f.Clear() > made.Clear() && meet(f.On, made.On) {
			made.Horizon = min(made.Horizon, f.At-made.Clear())
		}
	}
	made.Horizon = max(0, made.Horizon)
	q.Faults = append(q.Faults, made)
	return &q
}

// Shortened is the plan with a fault that a person cleared when it had lasted
// so long.
func (p *Plan) Shortened(fault string, lasted time.Duration) *Plan {
	q := *p
	q.Faults = slices.Clone(p.Faults)
	for i := range q.Faults {
		if f := &q.Faults[i]; f.Name == fault {
			f.For = min(f.For, max(lasted, time.Millisecond))
			f.Ramp = min(f.Ramp, f.For)
		}
	}
	return &q
}

// WithChange is the plan with a change of the router's settings.
func (p *Plan) WithChange(c Change) *Plan {
	q := *p
	q.Changes = append(slices.Clone(p.Changes), c)
	slices.SortStableFunc(q.Changes, func(a, b Change) int { return int(a.At - b.At) })
	return &q
}

// WithProfile is the plan with another load profile.
func (p *Plan) WithProfile(profile []Point) *Plan {
	q := *p
	q.Load.Profile = profile
	return &q
}

// meet tells whether two lists have a name in common.
func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}

// Change switches settings of the bundled router while a run is on. What it
// does not name stays as it is.
type Change struct {
	At     time.Duration `json:"at_ns" toml:"at"`                // since run start
	Policy string        `json:"policy,omitempty" toml:"policy"` // one of RouterPolicies; "": stays
	Off    []string      `json:"off,omitempty" toml:"off"`       // mitigations switched off; "all": every one
	On     []string      `json:"on,omitempty" toml:"on"`         // mitigations switched on
}

// String says in words what is switched.
func (c Change) String() string {
	var parts []string
	if c.Policy != "" {
		parts = append(parts, "policy "+c.Policy)
	}
	if len(c.Off) > 0 {
		parts = append(parts, strings.Join(c.Off, ", ")+" off")
	}
	if len(c.On) > 0 {
		parts = append(parts, strings.Join(c.On, ", ")+" on")
	}
	return strings.Join(parts, ", ")
}

// allMitigations is the word by which Off and On mean every mitigation.
const allMitigations = "all"

// Changed are the settings after a change.
func (r Router) Changed(c Change) Router {
	if c.Policy != "" {
		r.Policy = c.Policy
	}
	r.Off, r.On = switched(r.Off, r.On, c.Off)
	r.On, r.Off = switched(r.On, r.Off, c.On)
	on := func(name string) bool { return slices.Contains(c.On, name) || slices.Contains(c.On, allMitigations) }
	// The older words for these switches would outweigh the names.
	if on("breaker") {
		r.Breaker.Disabled = false
	}
	if on("retries") && r.Retries < 0 {
		r.Retries = 0 // the router's default
	}
	return r
}

// Has tells whether a mitigation is on, given whether it is where nothing says
// otherwise: a name outweighs "all", and "all" the default.
func (r Router) Has(mitigation string, byDefault bool) bool {
	switch {
	case mitigation == "breaker" && r.Breaker.Disabled, mitigation == "retries" && r.Retries < 0, slices.Contains(r.Off, mitigation):
		return false
	case slices.Contains(r.On, mitigation):
		return true
	case slices.Contains(r.Off, allMitigations):
		return false
	}
	return slices.Contains(r.On, allMitigations) || byDefault
}

// switched moves names from one list to the other; "all" empties both.
func switched(to, from, names []string) (newTo, newFrom []string) {
	to, from = slices.Clone(to), slices.Clone(from)
	if slices.Contains(names, allMitigations) {
		return []string{allMitigations}, nil
	}
	for _, name := range names {
		from = slices.DeleteFunc(from, func(n string) bool { return n == name })
		if !slices.Contains(to, name) {
			to = append(to, name)
		}
	}
	return to, from
}
