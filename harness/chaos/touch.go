package chaos

import (
	"context"
	"slices"
	"time"

	"brownout/chance"
	"brownout/mocks"
)

// touch decides which calls a service fault touches.
type touch struct {
	env   Env
	since time.Duration // the injection, on the provider's own clock
}

func newTouch(v Victim, env Env) touch {
	for _, m := range v.Provider.Spec().Models {
		if slices.Contains(m.Aliases, env.Model) {
			env.Model = m.ID // calls are known by it, whatever they asked for
		}
	}
	return touch{env: env, since: v.Provider.Elapsed()}
}

// meets tells whether the fault touches a call. A call meets its own number,
// which does not depend on anything else: while the share grows, the calls that
// are touched at one moment are touched at each later one too. Faults of other
// purposes touch other calls.
func (t touch) meets(c *mocks.Call, purpose string) bool {
	if t.env.Model != "" && c.Model != t.env.Model {
		return false
	}
	return callKey(c, purpose).Hit(t.env.Share * t.grown(c.At))
}

// grown is how much of the share there is at a moment: 0 at the injection and
// 1 once Ramp has passed.
func (t touch) grown(at time.Duration) float64 {
	if t.env.Ramp <= 0 {
		return 1
	}
	return min(1, max(0, float64(at-t.since)/float64(t.env.Ramp)))
}

// effect puts a fault of a provider's own in effect: what it does to each call
// that it touches.
func effect(v Victim, env Env, purpose string, do func(*mocks.Call) mocks.Effect) func(context.Context) error {
	end := v.Provider.Inject(env.Name, touching{touch: newTouch(v, env), purpose: purpose, do: do})
	return func(context.Context) error { end(); return nil }
}

// touching is a fault that does the same to every call it touches.
type touching struct {
	touch
	purpose string
	do      func(*mocks.Call) mocks.Effect
}

// Meet implements mocks.Fault. A fault that does nothing to a call has not
// touched it.
func (t touching) Meet(c *mocks.Call) mocks.Effect {
	if !t.meets(c, t.purpose) {
		return mocks.Effect{}
	}
	e := t.do(c)
	if e != (mocks.Effect{}) {
		e.Touched = true
	}
	return e
}

// callKey is the key of one decision about one call.
func callKey(c *mocks.Call, purpose string) chance.Key {
	return chance.Key{Seed: c.Seed, Provider: c.Provider, Marker: c.Marker, Attempt: c.Attempt, Purpose: purpose}
}
