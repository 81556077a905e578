// Package target starts and stops what is under test: the bundled router and
// the naive controls that show what it is worth, in this process; a gateway
// that Brownout starts, points at the links, watches and stops; or one that
// runs already.
//
// A plan.Target and the links' addresses flow in; one URL, and what clients
// show there, flow out, and what was found of a process on the way. The package
// knows nothing of faults, load or scores.
package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"brownout/harness/child"
	"brownout/harness/router"
	"brownout/plan"
)

// Options is what a target may know: where the providers are and how the plan
// wants them used.
type Options struct {
	Backends   []router.Backend
	Settings   plan.Router
	Seed       uint64
	Asked      string                // the model that clients ask for
	Longest    time.Duration         // the longest deadline of the requests
	OnDecision func(router.Decision) // told what the target says it does; nil: nobody listens
	Addr       string                // host:port to listen on, of what is served in this process; empty: a free loopback port

	Cache   string            // directory below which targets are installed; empty: DefaultCache
	Find    func(Finding)     // told what is found of a process; must not block; nil: nobody listens
	Observe func(State)       // told once a second how a process is doing; must not block; nil: nobody listens
	Say     func(text string) // told what a person who waits should read; nil: nobody waits
	Log     io.Writer         // where a process's output goes, line by line and redacted; nil: nowhere

	pace pace // zero: the usual one
}

func (o Options) find(what, detail string) {
	if o.Find != nil {
		o.Find(Finding{What: what, Detail: detail})
	}
}

// Finding is something wrong with a process under test that is no failure of
// Brownout's.
type Finding struct {
	What   string // one of the words below
	Detail string // a sentence, redacted
}

// Words of Finding.What.
const (
	Crashed     = "crashed"        // it ended before it was told to
	Hung        = "hung"           // it stopped answering its own readiness path, or did not end when told to and had to be killed
	LeftRunning = "left_running"   // processes that it started outlived it and had to be killed
	Printed     = "secret_printed" // it printed a key
	LeftOut     = "left_out"       // a provider that it cannot be pointed at
)

// State is how a process is doing, with all that it started.
type State = child.State

// Target is a system under test that is up.
type Target struct {
	URL     string // scheme, host and path; clients add /v1/…
	Dialect string // that clients speak
	Key     string // that clients show; "": any
	Model   string // that clients ask for; "": that of the plan
	// Change puts other settings in the place of those so far, while it serves;
	// nil: it has none that could be changed.
	Change func(plan.Router) error
	Grace  time.Duration // how long Stop may take beyond its context, to see a process out

	spec  plan.Target
	view  *View
	learn func(keys []string) // that must not be printed, beside those so far; nil: nothing prints
	stop  func(context.Context) error
}

// New is a target that is up at url. Stop, which is called once, ends it and
// everything it started.
func New(url string, stop func(context.Context) error) *Target {
	return &Target{URL: url, Dialect: plan.DefaultTarget.Dialect, stop: stop}
}

// Stop ends the target and everything it started.
func (t *Target) Stop(ctx context.Context) error {
	if t.stop == nil {
		return nil
	}
	return t.stop(ctx)
}

// Extra is what a target wants in each request of a kind: headers, and fields
// of the JSON body.
type Extra struct {
	Headers map[string]string
	Body    map[string]json.RawMessage
}

// Extra renders what requests of a kind carry.
func (t *Target) Extra(m plan.Mix) (Extra, error) {
	var e Extra
	if t.view == nil {
		return e, nil
	}
	v := t.view.of(m)
	for name, text := range t.spec.Headers {
		value, err := v.render("header "+name, text)
		if err != nil {
			return e, err
		}
		if e.Headers == nil {
			e.Headers = map[string]string{}
		}
		e.Headers[name] = oneLine(value)
	}
	for name, text := range t.spec.Body {
		value, err := v.render("body field "+name, text)
		if err != nil {
			return e, err
		}
		if !json.Valid([]byte(value)) {
			return e, fmt.Errorf("body field %s: %q is not JSON", name, value)
		}
		if e.Body == nil {
			e.Body = map[string]json.RawMessage{}
		}
		e.Body[name] = json.RawMessage(value)
	}
	return e, nil
}

// routers are the ways in which the bundled router is served, by the words of
// plan.TargetRouters.
var routers = map[string]func(plan.Router) plan.Router{
	"bundled": func(s plan.Router) plan.Router { return s },
	"retries": router.RetriesOnly,
	"direct":  router.Direct,
}

// Start brings up a target.
func Start(ctx context.Context, t plan.Target, o Options) (*Target, error) {
	if t.Router != "" {
		settings, ok := routers[t.Router]
		if !ok {
			return nil, fmt.Errorf("unknown target %q; known are %s", t.Router, strings.Join(plan.TargetRouters, ", "))
		}
		up, err := serveRouter(ctx, o, settings(o.Settings))
		if up != nil && t.Router != "bundled" {
			up.Change = nil // a control stays what it is
		}
		return up, err
	}
	up, err := point(t, o)
	if err != nil {
		return nil, err
	}
	if t.Process == nil {
		return up, up.reach(ctx)
	}
	if o.pace == (pace{}) {
		o.pace = usual
	}
	p := &process{spec: t, options: o, view: up.view}
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	if err := up.settle(); err != nil {
		return nil, errors.Join(err, p.stop(context.WithoutCancel(ctx)))
	}
	up.Grace, up.learn, up.stop = t.Process.Grace+reapTime, p.said.learn, p.stop
	return up, nil
}

// Attach is the target of one run at a process that is up already, because it
// takes the providers' addresses from each request: see plan.TargetProcess.Shared.
// Stopping it stops nothing.
func Attach(t plan.Target, running *Target, o Options) (*Target, error) {
	up, err := point(t, o)
	if err != nil {
		return nil, err
	}
	up.view.Port = running.view.Port
	if err := up.settle(); err != nil {
		return nil, err
	}
	if running.learn != nil {
		running.learn(keys(up.view, up.Key))
	}
	return up, nil
}

// point makes a target of what can be told before it is up.
func point(t plan.Target, o Options) (*Target, error) {
	v, left, err := view(t, o)
	if err != nil {
		return nil, err
	}
	for _, name := range left {
		o.find(LeftOut, "it was not pointed at "+name)
	}
	up := &Target{Dialect: t.Dialect, spec: t, view: v}
	if t.Process == nil {
		return up, up.settle()
	}
	return up, nil
}

// settle renders where the target is and what clients show there.
func (t *Target) settle() error {
	where, err := t.view.render("url", t.spec.URL)
	if err == nil {
		t.URL, err = base(where)
	}
	if err == nil {
		t.Key, err = t.view.render("key", t.spec.Key)
	}
	if err == nil {
		t.Model, err = t.view.render("model", t.spec.Model)
	}
	return err
}

// reachTime bounds the connection by which one sees whether a gateway runs.
const reachTime = 3 * time.Second

// reach sees that somebody listens at the URL.
func (t *Target) reach(ctx context.Context) error {
	u, err := url.Parse(t.URL)
	if err != nil {
		return err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	d := net.Dialer{Timeout: reachTime}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("nobody answers at %s: %w; start the gateway first, pointed at the links, whose ports --port-from makes known", t.URL, err)
	}
	return c.Close()
}

// keys are what must not be printed: those of the providers, and that of the
// clients.
func keys(v *View, client string) []string {
	var out []string
	for _, p := range v.Providers {
		out = append(out, p.Key)
	}
	out = append(out, client)
	return slices.DeleteFunc(out, func(k string) bool { return k == "" })
}
