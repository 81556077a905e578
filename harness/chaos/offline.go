package chaos

import (
	"context"
	"errors"
	"fmt"

	"brownout/plan"
)

// Offline takes a device off the network.
type Offline struct {
	Reboot bool `toml:"reboot" default:"false" doc:"it was switched off: when it is back, its models must be loaded again (services of the models edge and managed)"`
}

var offlineKind = Kind{
	Name: "offline", Layer: LayerLink, Claims: "reachability",
	Summary: "a device is gone: it refuses connections until it is back",
	Page: `Somebody pulls a plug, a battery is empty, a laptop is closed, a ship leaves the
coast. Calls in progress end in the middle, and nobody listens on the address any
more. It is meant for devices and works on any provider. With reboot = true the
device was switched off meanwhile: it comes back with an empty memory, and its
first calls wait for the model to load.

A good system notices it at the first refused connection and serves from elsewhere
what may be served elsewhere. What must stay on the premises waits or fails with a
reason: it must not go to a cloud because the device is gone. When the device is
back, one call finds out, not all of them.`,
	New: func() Fault { return new(Offline) },
}

// OnLink is true.
func (*Offline) OnLink() bool { return true }

// Fits tells whether there is a memory that a reboot empties.
func (o *Offline) Fits(p plan.Provider) error {
	if !o.Reboot {
		return nil
	}
	return needsService(p, "model that must be loaded again", "offline without reboot", plan.ServiceEdge, plan.ServiceManaged)
}

// Inject takes the device away.
func (o *Offline) Inject(ctx context.Context, v Victim, _ Env) (func(context.Context) error, error) {
	if err := o.Fits(v.Provider.Spec()); err != nil {
		return nil, err
	}
	back, err := refuse(ctx, v.Link)
	if err != nil || !o.Reboot {
		return back, err
	}
	return func(ctx context.Context) error {
		var cold error
		if !v.Provider.Unload() {
			cold = fmt.Errorf("offline: the memory of %s could not be emptied", v.Link.Name)
		}
		return errors.Join(cold, back(ctx))
	}, nil
}
