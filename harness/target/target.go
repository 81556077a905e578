// Package target starts and stops what is under test: the bundled router, the
// naive controls that show what it is worth, and (each in its own file) any
// other gateway.
//
// The links' addresses flow in; one URL, at which clients find an
// OpenAI-compatible service, flows out. The package knows nothing of faults,
// load or scores.
package target

import (
	"context"
	"fmt"
	"strings"

	"brownout/harness/router"
	"brownout/plan"
)

// Options is what a target may know: where the providers are and how the plan
// wants them used.
type Options struct {
	Backends   []router.Backend
	Settings   plan.Router
	Seed       uint64
	OnDecision func(router.Decision) // told what the target says it does; nil: nobody listens
	Addr       string                // host:port to listen on; empty: a free loopback port
}

// Target is a system under test that is up.
type Target struct {
	URL  string // scheme and host; clients add /v1/…
	stop func(context.Context) error
	// Change puts other settings in the place of those so far, while it serves;
	// nil: it has none that could be changed.
	Change func(plan.Router) error
}

// New is a target that is up at url. Stop, which is called once, ends it and
// everything it started.
func New(url string, stop func(context.Context) error) *Target {
	return &Target{URL: url, stop: stop}
}

// Stop ends the target and everything it started.
func (t *Target) Stop(ctx context.Context) error { return t.stop(ctx) }

// Kind is one target by name.
type Kind struct {
	Name    string
	Summary string
	Start   func(context.Context, Options) (*Target, error)
}

// Kinds lists the targets. Adding one is adding its file and its line here.
func Kinds() []Kind {
	return []Kind{
		{Name: "bundled", Summary: "the bundled failover router, as the scenario's [router] block configures it", Start: startBundled},
		{Name: "retries", Summary: "control: one provider, retries with back-off, no failover", Start: startRetries},
		{Name: "direct", Summary: "control: one provider, no retry, no failover, no time-out but the client's", Start: startDirect},
	}
}

// Default is the target of a run that names none.
const Default = "bundled"

// Names lists the names of Kinds.
func Names() []string {
	ks := Kinds()
	out := make([]string, len(ks))
	for i, k := range ks {
		out[i] = k.Name
	}
	return out
}

// Check tells whether there is a target of that name; the error says which
// there are.
func Check(name string) error {
	_, err := lookup(name)
	return err
}

// Start brings up the target of that name.
func Start(ctx context.Context, name string, o Options) (*Target, error) {
	k, err := lookup(name)
	if err != nil {
		return nil, err
	}
	return k.Start(ctx, o)
}

func lookup(name string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("unknown target %q; known are %s", name, strings.Join(Names(), ", "))
}
