// Package admin serves providers without a run: a rig, the faults that a person
// or a script switches on it, and counts of the calls it gets, behind a small
// HTTP API.
//
// Providers and orders for faults flow in; addresses and a Status flow out. The
// package knows nothing of scenarios, targets, load or runs.
package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"brownout/harness/rig"
	"brownout/mocks"
	"brownout/plan"
)

// Options is what a Desk is built from.
type Options struct {
	Providers []plan.Provider
	Seed      uint64   // key of every random decision
	Toxiproxy string   // URL of a toxiproxy server that the user runs; "": one is started
	PortFrom  int      // first port of the links, exactly; 0: free ones are found
	Keys      []string // the only keys that providers accept; empty: any
	Listen    string   // host:port of the API; empty: a free port of loopback
	Faults    []Order  // in effect before anybody is served

	Log     func(line string) // told what a person should read, by one goroutine; nil: nobody reads
	Verbose bool              // a line for each call, too
}

// Desk is a rig that is up, with its API. Its methods may be called from
// several goroutines.
type Desk struct {
	Rig *rig.Rig
	URL string // of the API, scheme, host and port

	seed    uint64
	started time.Time
	board   board
	tallies tallies
	log     *logger
	server  *http.Server
	serving sync.WaitGroup
	closing sync.Once
}

// Start brings everything up, or nothing: after an error all is down again. The
// error is a *rig.EnvironmentError where the input is not to blame.
func Start(ctx context.Context, o Options) (_ *Desk, err error) {
	for _, order := range o.Faults {
		if _, err := order.check(o.Providers); err != nil {
			return nil, err
		}
	}
	d := &Desk{seed: o.Seed, started: time.Now(), log: newLogger(o.Log)}
	d.tallies.init(o.Providers)
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close(context.WithoutCancel(ctx)))
		}
	}()
	observe := d.tallies.add
	if o.Verbose {
		observe = func(seen mocks.Observation) { d.tallies.add(seen); d.log.print(lineOf(seen)) }
	}
	d.Rig, err = rig.Up(ctx, rig.Options{
		Providers: o.Providers, Seed: o.Seed, Epoch: d.started, PortFrom: o.PortFrom, Toxiproxy: o.Toxiproxy, Keys: o.Keys, Observe: observe,
	})
	if err != nil {
		return nil, err
	}
	for _, order := range o.Faults {
		if _, err := d.Inject(ctx, order); err != nil {
			return nil, err
		}
	}
	if err := d.serve(ctx, o.Listen); err != nil {
		return nil, err
	}
	return d, nil
}

// serve begins to answer the API.
func (d *Desk) serve(ctx context.Context, addr string) error {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return &rig.EnvironmentError{Err: fmt.Errorf("admin API: %w; name another address with --admin", err)}
	}
	d.URL = "http://" + l.Addr().String()
	d.server = &http.Server{Handler: d.handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	d.serving.Go(func() { _ = d.server.Serve(l) }) // always ErrServerClosed, by Close
	return nil
}

// drainTime bounds how long closing waits for requests to the API.
const drainTime = time.Second

// Close clears every fault and takes everything down. Only the first call does
// something.
func (d *Desk) Close(ctx context.Context) (err error) {
	d.closing.Do(func() { err = d.close(ctx) })
	return err
}

func (d *Desk) close(ctx context.Context) error {
	var err error
	if d.server != nil {
		drain, cancel := context.WithTimeout(ctx, drainTime)
		defer cancel()
		if d.server.Shutdown(drain) != nil {
			err = d.server.Close()
		}
	}
	d.serving.Wait()
	if d.Rig != nil {
		_, e := d.Clear(ctx, All)
		err = errors.Join(err, e, d.Rig.Close(ctx))
	}
	d.log.close()
	return err
}
