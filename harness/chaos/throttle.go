package chaos

import (
	"context"
	"math"

	"brownout/mocks/service"
	"brownout/plan"
)

// Throttle slows a machine's clock.
type Throttle struct {
	Factor float64 `toml:"factor" default:"3" min:"1.01" max:"1000" unit:"times the usual time per step or token" doc:"how slow the whole machine becomes, on top of its own heat"`
}

var throttleKind = Kind{
	Name: "throttle", Layer: LayerService, Claims: "clock",
	Summary: "a device or GPU lowers its clock: everything on it takes longer, so queues grow",
	Page: `A device in the sun, a fan that failed, a power limit set by the rack: the clock
goes down and every call on the machine takes so many times as long, also those
in progress. Unlike a latency spike, which delays answers one by one, it takes
capacity away: the same load that was fine now queues.

A good system sees the first tokens come later, sends the machine less, keeps what
must stay on it there, and moves the rest to where there is room. It comes back
slowly: a machine that is loaded to the brim as soon as it has cooled is hot again
in minutes.`,
	New: func() Fault { return new(Throttle) },
}

// OnLink is false: the mock itself is slow.
func (*Throttle) OnLink() bool { return false }

// Undivided tells that a clock slows all calls.
func (*Throttle) Undivided() {}

// Fits tells whether there is a machine that can throttle.
func (*Throttle) Fits(p plan.Provider) error {
	return needsService(p, "clock of its own", "latency_spike", plan.ServiceEdge, plan.ServiceGPU)
}

// Inject lowers the clock.
func (t *Throttle) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	if err := t.Fits(v.Provider.Spec()); err != nil {
		return nil, err
	}
	return strain(ctx, v, env, func(x float64) service.Strain {
		return service.Strain{Slow: math.Pow(t.Factor, x)}
	})
}
