package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	toxiclient "github.com/Shopify/toxiproxy/v2/client"

	"brownout/mocks"
	"brownout/mocks/wire"
)

// Modes of an outage.
const (
	outageRefused   = "refused"
	outageBlackhole = "blackhole"
	outageReset     = "reset"
	outageErrors    = "errors"
	outageFlapping  = "flapping"
)

// Outage makes a provider unavailable in one of five ways.
type Outage struct {
	Mode   string        `toml:"mode" default:"refused" enum:"refused,blackhole,reset,errors,flapping" doc:"refused: nobody listens. blackhole: connections open and stay silent. reset: connections are cut with a TCP reset. errors: the provider answers, with its own 5xx. flapping: refused and back again, by period and duty."`
	Period time.Duration `toml:"period" default:"2s" min:"100ms" max:"10m" doc:"flapping: length of one down-and-up cycle"`
	Duty   float64       `toml:"duty" default:"0.5" min:"0.05" max:"0.95" unit:"share of the period that it is down" doc:"flapping: how much of each cycle it is down"`
}

var outageKind = Kind{
	Name: "outage", Layer: LayerBoth, Claims: "reachability",
	Summary: "the provider is down: refused, silent, reset, erroring or flapping",
	Page: `A provider that is down is down in one particular way, and the way decides how
long its clients take to notice.

refused   Nobody listens on the address. Clients learn it at once; the cheapest
          outage to survive.
blackhole Connections open and nothing ever comes back, as behind a broken load
          balancer. Only a time-out notices. A client without one hangs.
reset     Connections are cut with a TCP reset, also those in the middle of a
          stream.
errors    The provider answers with its own server error. A share below 1 makes
          it a partial outage.
flapping  Down and up again in cycles: the case that a circuit breaker which
          closes too eagerly makes worse.

A good system moves to another provider within a second or two, does not ask the
dead one again for each request, and returns once it is back without a stampede.`,
	New: func() Fault { return new(Outage) },
}

// OnLink tells that every mode but errors acts on the path alone.
func (o *Outage) OnLink() bool { return o.Mode != outageErrors }

// Inject starts the outage.
func (o *Outage) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	switch o.Mode {
	case outageRefused:
		return refuse(ctx, v.Link)
	case outageBlackhole:
		return blackhole(ctx, v.Link, env.Name)
	case outageReset:
		return reset(ctx, v.Link, env.Name)
	case outageErrors:
		return effect(v, env, "fail", func(*mocks.Call) mocks.Effect {
			return mocks.Effect{Fail: &wire.Failure{Kind: wire.FailServer}}
		}), nil
	case outageFlapping:
		return flap(ctx, v.Link, o.Period, o.Duty, env)
	}
	return nil, fmt.Errorf("outage: unknown mode %q", o.Mode)
}

// reopen switches a link on and sees that it answers.
func reopen(ctx context.Context, l *Link) error {
	if err := l.Enable(ctx); err != nil {
		return err
	}
	return confirmOpen(ctx, l.Addr)
}

func refuse(ctx context.Context, l *Link) (func(context.Context) error, error) {
	if err := l.Disable(); err != nil {
		return nil, err
	}
	if err := confirmRefused(ctx, l.Addr); err != nil {
		return nil, errors.Join(err, reopen(context.WithoutCancel(ctx), l))
	}
	return func(ctx context.Context) error { return reopen(ctx, l) }, nil
}

// blackhole drops what flows in both directions: a provider behind it neither
// sees nor bills what is asked of it. Taking the toxics away closes the
// connections that they held.
func blackhole(ctx context.Context, l *Link, name string) (func(context.Context) error, error) {
	up, down := name+"-up", name+"-down"
	end := func(ctx context.Context) error {
		if err := errors.Join(l.RemoveToxic(up), l.RemoveToxic(down)); err != nil {
			return err
		}
		return confirmOpen(ctx, l.Addr)
	}
	if err := l.AddToxic(up, "timeout", "upstream", toxiclient.Attributes{"timeout": 0}); err != nil {
		return nil, err
	}
	if err := l.AddToxic(down, "timeout", "downstream", toxiclient.Attributes{"timeout": 0}); err != nil {
		return nil, errors.Join(err, l.RemoveToxic(up))
	}
	if err := confirmSilent(ctx, l.Addr); err != nil {
		return nil, errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	return end, nil
}

// reset closes what is open and cuts what is opened. toxiproxy's reset_peer
// makes a close abrupt only on connections that start after it was added, so
// the link goes down for a moment first: no pooled connection survives to be
// closed politely.
func reset(ctx context.Context, l *Link, name string) (func(context.Context) error, error) {
	if err := l.Disable(); err != nil {
		return nil, err
	}
	end := func(ctx context.Context) error {
		return errors.Join(l.RemoveToxic(name), confirmOpen(ctx, l.Addr))
	}
	// A reset discards what the provider has sent, too, so that upstream alone
	// is enough: the request never reaches it.
	if err := l.AddToxic(name, "reset_peer", "upstream", toxiclient.Attributes{"timeout": 0}); err != nil {
		return nil, errors.Join(err, reopen(context.WithoutCancel(ctx), l))
	}
	if err := l.Enable(ctx); err != nil {
		return nil, errors.Join(err, l.RemoveToxic(name), reopen(context.WithoutCancel(ctx), l))
	}
	if err := confirmReset(ctx, l.Addr); err != nil {
		return nil, errors.Join(err, end(context.WithoutCancel(ctx)))
	}
	return end, nil
}

// flap switches the link off and on until it is ended. It begins with off.
func flap(ctx context.Context, l *Link, period time.Duration, duty float64, env Env) (func(context.Context) error, error) {
	if err := l.Disable(); err != nil {
		return nil, err
	}
	if err := confirmRefused(ctx, l.Addr); err != nil {
		return nil, errors.Join(err, reopen(context.WithoutCancel(ctx), l))
	}
	down := time.Duration(float64(period) * duty)
	flapping, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		off := true
		t := time.NewTimer(down)
		defer t.Stop()
		for {
			select {
			case <-flapping.Done():
				return
			case <-t.C:
			}
			var err error
			if off {
				err = l.Enable(flapping)
				t.Reset(period - down)
			} else {
				err = l.Disable()
				t.Reset(down)
			}
			off = !off
			if err != nil && flapping.Err() == nil {
				env.Note(fmt.Sprintf("flapping of %s missed a beat: %v", l.Name, err))
			}
		}
	})
	return func(ctx context.Context) error {
		stop()
		wg.Wait()
		return reopen(ctx, l)
	}, nil
}
