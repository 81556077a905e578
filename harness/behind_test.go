package harness_test

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	aoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"brownout/harness"
	"brownout/harness/chaos"
	"brownout/harness/internal/memnet"
	"brownout/harness/router"
	"brownout/mocks"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

// behind is the bundled router with mocks behind it, as in a run but for the
// network, which is in memory, and the time, which is that of a bubble and
// costs nothing.
type behind struct {
	t      *testing.T
	fleet  *mocks.Fleet
	openai openai.Client
	claude anthropic.Client

	mu        sync.Mutex
	calls     []mocks.Observation
	decisions []router.Decision
}

// withBehind brings them up, by presets in the order of preference.
func withBehind(t *testing.T, set plan.Router, names []string, body func(b *behind)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &behind{t: t}
		specs := make([]plan.Provider, len(names))
		for i, name := range names {
			var ok bool
			if specs[i], ok = presets.Get(name); !ok {
				t.Fatalf("no preset %q", name)
			}
			specs[i].Name = name
			if d, _ := wire.Lookup(specs[i].Dialect); wire.CanEmbed(d) && !slices.ContainsFunc(specs[i].Models, func(m plan.Model) bool { return m.Embedding > 0 }) {
				// Served by many, and by none of the presets' servers.
				specs[i].Models = append(specs[i].Models, plan.Model{ID: "bge-m3", Context: 8192, MaxOutput: 1, Embedding: 1024})
			}
		}
		var err error
		b.fleet, err = mocks.NewFleet(mocks.Config{Seed: 1, Providers: specs, Observe: func(o mocks.Observation) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.calls = append(b.calls, o)
		}})
		if err != nil {
			t.Fatal(err)
		}
		config := router.Config{Settings: set, Seed: 1, OnDecision: func(d router.Decision) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.decisions = append(b.decisions, d)
		}}
		lines := map[string]*memnet.Listener{}
		var servers []*http.Server
		serve := func(name string, s *http.Server) {
			lines[name] = memnet.Serve(s)
			servers = append(servers, s)
		}
		for _, spec := range specs {
			serve(spec.Name, mocks.NewServer(b.fleet.Provider(spec.Name)))
			config.Backends = append(config.Backends, harness.Backend(spec, "http://"+spec.Name))
		}
		config.Transport = func(v router.Backend) http.RoundTripper { return lines[v.Name].Transport() }
		r, err := router.New(config)
		if err != nil {
			t.Fatal(err)
		}
		serve("router", &http.Server{Handler: r})
		own := lines["router"].Transport()
		client := &http.Client{Transport: own}
		b.openai = openai.NewClient(option.WithBaseURL("http://router/v1"), option.WithAPIKey("unused"), option.WithHTTPClient(client), option.WithMaxRetries(0))
		b.claude = anthropic.NewClient(aoption.WithBaseURL("http://router"), aoption.WithAPIKey("unused"), aoption.WithHTTPClient(client), aoption.WithMaxRetries(0))
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
		body(b)
	})
}

// inject has a fault bite every call of a provider until it is ended.
func (b *behind) inject(provider, kind string, params map[string]any) (end func()) {
	b.t.Helper()
	f, _, err := chaos.Bind(kind, params)
	if err != nil {
		b.t.Fatal(err)
	}
	env := chaos.Env{Name: kind, Share: 1, For: time.Hour, Seed: 1, Note: func(string) {}}
	stop, err := f.Inject(b.t.Context(), chaos.Victim{Provider: b.fleet.Provider(provider)}, env)
	if err != nil {
		b.t.Fatal(err)
	}
	return func() {
		if err := stop(context.WithoutCancel(b.t.Context())); err != nil {
			b.t.Error(err)
		}
	}
}

// asked is how often a provider was called since the last look.
func (b *behind) asked(provider string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.calls {
		if o.Provider == provider {
			n++
		}
	}
	b.calls = slices.DeleteFunc(b.calls, func(o mocks.Observation) bool { return o.Provider == provider })
	return n
}

// told are the details of one kind of decision.
func (b *behind) told(what string) (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.decisions {
		if d.What == what {
			list = append(list, d.Provider+": "+d.Detail)
		}
	}
	return list
}
