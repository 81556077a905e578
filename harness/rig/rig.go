// Package rig brings up a set of providers: a mock for each, behind a link of
// its own.
//
// Providers flow in; a fleet to put faults in, and addresses to call, flow out.
// The package knows nothing of targets, load, scenarios or runs.
package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"brownout/harness/chaos"
	"brownout/mocks"
	"brownout/plan"
)

// Options is what a rig is built from.
type Options struct {
	Providers []plan.Provider
	Seed      uint64                  // key of every random decision
	Epoch     time.Time               // zero of the times in observations; zero value: now
	PortFrom  int                     // first port of the links, exactly; 0: free ones are found
	Toxiproxy string                  // URL of the user's toxiproxy server; "": one is started
	Keys      []string                // accepted by every provider beside its own; empty: as each provider says
	Observe   func(mocks.Observation) // told of each call once it has ended; must not block; nil: nobody listens
}

// Rig is a set of providers that are up.
type Rig struct {
	Fleet   *mocks.Fleet
	Links   *chaos.Links
	Victims map[string]chaos.Victim // by provider name

	servers []*http.Server
	serving sync.WaitGroup
}

// EnvironmentError says that the machine, not the input, prevented something:
// a port taken, a directory not writable, a target that did not start.
type EnvironmentError struct{ Err error }

func (e *EnvironmentError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *EnvironmentError) Unwrap() error { return e.Err }

// Up brings everything up, or nothing: after an error all is down again. The
// error is an *EnvironmentError where the providers are not to blame.
func Up(ctx context.Context, o Options) (_ *Rig, err error) {
	r := &Rig{Victims: make(map[string]chaos.Victim, len(o.Providers))}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close(context.WithoutCancel(ctx)))
		}
	}()
	r.Fleet, err = mocks.NewFleet(mocks.Config{
		Seed: o.Seed, Providers: o.Providers, Epoch: o.Epoch, Keys: o.Keys, Observe: o.Observe,
	})
	if err != nil {
		return nil, fmt.Errorf("mocks: %w", err)
	}
	r.Links, err = chaos.StartLinks(chaos.LinkOptions{PortFrom: o.PortFrom, Toxiproxy: o.Toxiproxy})
	if err != nil {
		return nil, &EnvironmentError{Err: err}
	}
	for _, m := range r.Fleet.Providers() {
		if err := r.add(ctx, m); err != nil {
			return nil, &EnvironmentError{Err: err}
		}
	}
	return r, nil
}

// add serves one mock and makes the link to it.
func (r *Rig) add(ctx context.Context, m *mocks.Provider) error {
	name := m.Spec().Name
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("mock %s: %w", name, err)
	}
	srv := mocks.NewServer(m)
	r.servers = append(r.servers, srv)
	r.serving.Go(func() { _ = srv.Serve(l) }) // always ErrServerClosed, by Close
	link, err := r.Links.Add(name, l.Addr().String())
	if err != nil {
		return err
	}
	r.Victims[name] = chaos.Victim{Provider: m, Link: link}
	return nil
}

// URL is where clients reach a provider: scheme, host and port of its link.
func (r *Rig) URL(provider string) string { return "http://" + r.Victims[provider].Link.Addr }

// drainTime bounds how long closing waits for calls that are still going on.
const drainTime = time.Second

// Close takes everything down, from the client's side on, so that what is
// still in flight ends by itself where it can. It may be called on a rig that
// is only half up.
func (r *Rig) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	var err error
	if r.Links != nil {
		err = r.Links.Close()
	}
	for _, s := range r.servers {
		if s.Shutdown(ctx) != nil {
			err = errors.Join(err, s.Close())
		}
	}
	r.serving.Wait()
	return err
}
