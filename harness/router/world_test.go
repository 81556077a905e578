package router_test

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/internal/memnet"
	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// world is a router and its backends on an in-memory network, inside a
// synctest bubble: time is exact and costs nothing.
type world struct {
	t      *testing.T
	router *router.Router
	config router.Config
	client *http.Client
	fakes  map[string]*fake
	began  time.Time

	mu        sync.Mutex
	decisions []decision
}

// decision is one with its time.
type decision struct {
	router.Decision
	at time.Duration // since the world began
}

// errRefused is what a connection to a fake that is down fails with.
var errRefused = errors.New("connect: connection refused")

// epoch is when every bubble begins.
func epoch() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// run makes a world in a bubble, runs body in it and takes it down.
func run(t *testing.T, set plan.Router, fakes []*fake, body func(w *world)) {
	t.Helper()
	runWith(t, set, fakes, func(*router.Config) {}, body)
}

// runWith is run with more in the router's configuration.
func runWith(t *testing.T, set plan.Router, fakes []*fake, more func(*router.Config), body func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, fakes: map[string]*fake{}, began: time.Now()}
		cfg := router.Config{Settings: set, Seed: 7, OnDecision: w.decide}
		var servers []*http.Server
		listeners := map[string]*memnet.Listener{}
		for _, f := range fakes {
			var ok bool
			if f.dialect, ok = wire.Lookup(f.Dialect); !ok {
				t.Fatalf("no dialect %q", f.Dialect)
			}
			f.BaseURL, f.Key = "http://"+f.Name, "sk-"+f.Name
			w.fakes[f.Name] = f
			cfg.Backends = append(cfg.Backends, f.Backend)
			s := &http.Server{Handler: f}
			listeners[f.Name] = memnet.Serve(s)
			servers = append(servers, s)
		}
		var transports []*http.Transport
		cfg.Transport = func(b router.Backend) http.RoundTripper {
			f, l := w.fakes[b.Name], listeners[b.Name]
			tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				f.mu.Lock()
				n := f.dials
				f.dials++
				f.mu.Unlock()
				if f.down != nil && f.down(n) {
					return nil, cmp.Or(f.why, errRefused)
				}
				return l.Dial(ctx)
			}}
			transports = append(transports, tr)
			return tr
		}
		more(&cfg)
		r, err := router.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.router, w.config = r, cfg
		front := &http.Server{Handler: r}
		servers = append(servers, front)
		own := memnet.Serve(front).Transport()
		w.client = &http.Client{Transport: own}
		defer func() {
			own.CloseIdleConnections()
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			for _, s := range servers {
				_ = s.Close()
			}
			synctest.Wait()
		}()
		body(w)
	})
}

func (w *world) decide(d router.Decision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.decisions = append(w.decisions, decision{d, time.Since(w.began)})
}

// did lists what was decided, as "what provider".
func (w *world) did() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, d := range w.decisions {
		out = append(out, strings.TrimSpace(d.What+" "+d.Provider))
	}
	return out
}

// pass lets so much time go by.
func (w *world) pass(d time.Duration) { <-time.After(d) }

func (w *world) since() time.Duration { return time.Since(w.began) }

func (w *world) wantDid(want ...string) {
	w.t.Helper()
	if d := w.did(); !slices.Equal(d, want) {
		w.t.Errorf("decisions %q, want %q", d, want)
	}
}
