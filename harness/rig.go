package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"brownout/harness/load"
	"brownout/harness/rig"
	"brownout/harness/router"
	"brownout/harness/target"
	"brownout/mocks"
	"brownout/plan"
)

// testbed is everything a run needs that listens: mocks and links, which are
// the rig, and the target.
type testbed struct {
	*rig.Rig
	target *target.Target
}

// testbedOptions is what a testbed is built from beside the plan.
type testbedOptions struct {
	epoch    time.Time
	portFrom int
	// toxiproxy is the URL of the user's server; "": one is started.
	toxiproxy string
	target    func(context.Context, target.Options) (*target.Target, error)
	options   target.Options // what the target may know, beside the providers' addresses
	observe   func(mocks.Observation)
}

// newTestbed brings everything up, or nothing: after an error all is down again.
func newTestbed(ctx context.Context, p *plan.Plan, o testbedOptions) (*testbed, error) {
	up, err := rig.Up(ctx, rig.Options{
		Providers: p.Providers, Seed: p.Seed, Epoch: o.epoch, PortFrom: o.portFrom, Toxiproxy: o.toxiproxy, Observe: o.observe,
	})
	if err != nil {
		return nil, err
	}
	t := &testbed{Rig: up}
	o.options.Backends = make([]router.Backend, len(p.Providers))
	for i, spec := range p.Providers {
		o.options.Backends[i] = Backend(spec, up.URL(spec.Name))
	}
	t.target, err = o.target(ctx, o.options)
	if err != nil {
		err = &EnvironmentError{Err: fmt.Errorf("target %s did not start: %w", p.Target, err)}
		return nil, errors.Join(err, t.close(context.WithoutCancel(ctx)))
	}
	return t, nil
}

// Backend is a provider as the target knows it.
func Backend(spec plan.Provider, url string) router.Backend {
	models := make([]string, len(spec.Models))
	known := make([]router.Model, len(spec.Models))
	for i, m := range spec.Models {
		models[i] = m.ID
		known[i] = router.Model{
			ID: m.ID, Aliases: m.Aliases, ReplacedBy: m.Replaces, Context: m.Context, MaxOutput: m.MaxOutput,
			PriceIn: m.PriceIn, PriceOut: m.PriceOut, Embedding: m.Embedding,
		}
	}
	b := router.Backend{
		Name: spec.Name, Dialect: spec.Dialect, Class: spec.Class, Region: spec.Region,
		BaseURL: url, Key: providerKey(spec), Models: models, Catalogue: known,
	}
	if len(models) > 0 {
		b.Model = models[0]
	}
	return b
}

// providerKey is what the target shows to a mock: the key it insists on, or
// any.
func providerKey(spec plan.Provider) string {
	if spec.Key != "" {
		return spec.Key
	}
	return "sk-brownout-" + spec.Name
}

// stopTime bounds how long the target may take to stop, beyond the time that a
// process is given to end.
const stopTime = time.Second

// close takes everything down, from the client's side on. It may be called on
// a testbed without a target.
func (t *testbed) close(ctx context.Context) error {
	var err error
	if t.target != nil {
		stopping, cancel := context.WithTimeout(ctx, stopTime+t.target.Grace)
		defer cancel()
		err = t.target.Stop(stopping)
	}
	return errors.Join(err, t.Close(ctx))
}

// OpenFiles raises the process's limit of open files, as every run does, and
// returns the limit in force.
func OpenFiles() (uint64, error) { return load.RaiseFDLimit() }
