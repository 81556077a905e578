package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	"brownout/mocks"
	"brownout/plan"
)

// ColdStart makes a service cold.
type ColdStart struct {
	Every time.Duration `toml:"every" default:"0s" max:"24h" doc:"again and again after so long, while the fault lasts; 0: once, at its beginning"`
}

var coldStartKind = Kind{
	Name: "cold_start", Layer: LayerService, Claims: "loaded models",
	Summary: "models leave memory, or all replicas are gone: the next call finds the service cold",
	Page: `The endpoint was scaled to zero over night, the device restarted, another model
pushed this one out of memory. Calls in progress are still answered. The next one
finds nothing loaded and waits for the load, seconds on a device and minutes on a
managed endpoint, together with all that follow it; servers that do not let them
wait refuse them until the model is there.

A good system serves from elsewhere meanwhile, keeps one call on its way so that
the cold service becomes warm, does not take the wait for an outage, and sends no
crowd when it is over. With every, the service never stays warm, as where an idle
time is set shorter than the traffic's pauses.`,
	New: func() Fault { return new(ColdStart) },
}

// Check wants a period in which something can happen.
func (c *ColdStart) Check() *ParamError {
	if c.Every != 0 && c.Every < 100*time.Millisecond {
		return &ParamError{Param: "every", Msg: "every is shorter than 100ms", Hint: "no model is loaded in that time; give 0s for once"}
	}
	return nil
}

// OnLink is false: the mock itself is cold.
func (*ColdStart) OnLink() bool { return false }

// Undivided tells that a model is in memory for all calls or for none.
func (*ColdStart) Undivided() {}

// Fits tells whether there is anything to load.
func (*ColdStart) Fits(p plan.Provider) error {
	if err := needsService(p, "model that is loaded on demand", "latency_spike or outage", plan.ServiceEdge, plan.ServiceManaged); err != nil {
		return err
	}
	if p.Service.ColdStart == 0 && (p.Service.Model == plan.ServiceEdge || p.Service.ScaleUpDelay == 0) {
		return fmt.Errorf("%s loads its models in no time; give its service a cold_start", p.Name)
	}
	return nil
}

// Inject makes the service cold. Ending it does not make it warm: that is what
// its recovery takes.
func (c *ColdStart) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	if err := c.Fits(v.Provider.Spec()); err != nil {
		return nil, err
	}
	clearMark := v.Provider.Inject(env.Name, coldMark{v.Provider})
	v.Provider.Unload()
	if c.Every <= 0 {
		return func(context.Context) error { clearMark(); return nil }, nil
	}
	again, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		t := time.NewTicker(c.Every)
		defer t.Stop()
		for {
			select {
			case <-again.Done():
				return
			case <-t.C:
				v.Provider.Unload()
			}
		}
	})
	return func(context.Context) error {
		stop()
		wg.Wait()
		clearMark()
		return nil
	}, nil
}

// coldMark touches the calls that find the service cold, and does nothing else
// to them: what they wait for is the service's own.
type coldMark struct{ p *mocks.Provider }

// Meet implements mocks.Fault.
func (m coldMark) Meet(c *mocks.Call) mocks.Effect {
	if c.Operation != mocks.OperationChat && c.Operation != mocks.OperationEmbed {
		return mocks.Effect{}
	}
	return mocks.Effect{Touched: m.p.Cold(c.Model)}
}
