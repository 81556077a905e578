package chaos_test

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"brownout/harness/chaos"
	"brownout/mocks"
	"brownout/mocks/presets"
	"brownout/plan"
)

// path is one mock behind its link, with a client whose connections are
// pooled, as every real client's are.
type path struct {
	chaos.Victim
	client *http.Client
	seen   atomic.Int64 // calls that reached the mock and have ended
	notes  chan string

	mu    sync.Mutex
	calls []mocks.Observation
}

// newPath is the path to a provider: the given one, or a small OpenAI.
func newPath(t *testing.T, specs ...plan.Provider) *path {
	t.Helper()
	spec := plan.Provider{
		Name: "openai", Dialect: "openai", Class: plan.ClassCloud, Region: "us-east-1",
		Models: []plan.Model{{ID: "m", Context: 8192, MaxOutput: 4096}},
		Service: plan.Service{
			Model: plan.ServiceCloud, FirstToken: time.Millisecond, PerToken: 100 * time.Microsecond,
		},
	}
	if len(specs) > 0 {
		spec = specs[0]
	}
	return newPathVia(t, spec, chaos.LinkOptions{})
}

// newPathVia is the path to a provider over links that are started so.
func newPathVia(t *testing.T, spec plan.Provider, o chaos.LinkOptions) *path {
	t.Helper()
	p := &path{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}, notes: make(chan string, 100)}
	fleet, err := mocks.NewFleet(mocks.Config{Seed: 1, Providers: []plan.Provider{spec}, Observe: p.observe})
	if err != nil {
		t.Fatal(err)
	}
	p.Provider = fleet.Provider(spec.Name)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := mocks.NewServer(p.Provider)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	links, err := chaos.StartLinks(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		if err := links.Close(); err != nil {
			t.Error(err)
		}
		_ = srv.Close()
		<-served
	})
	p.Link, err = links.Add(spec.Name, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *path) observe(o mocks.Observation) {
	p.mu.Lock()
	p.calls = append(p.calls, o)
	p.mu.Unlock()
	p.seen.Add(1)
}

// last is the call that ended last.
func (p *path) last() mocks.Observation {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.calls) == 0 {
		return mocks.Observation{}
	}
	return p.calls[len(p.calls)-1]
}

// quick is a preset whose service takes next to no time, whatever its model.
func quick(t testing.TB, preset string) plan.Provider {
	t.Helper()
	p, ok := presets.Get(preset)
	if !ok {
		t.Fatalf("no preset %q", preset)
	}
	s := &p.Service
	s.FirstTokenSigma, s.PerPromptToken, s.PerTokenSigma = 0, 0, 0
	if s.Model == plan.ServiceGPU {
		s.StepBase, s.StepPerSequence, s.PrefillRate = 100*time.Microsecond, 0, 1e6
		return p
	}
	s.FirstToken, s.PerToken = time.Millisecond, 10*time.Microsecond
	if s.ColdStart > 0 {
		s.ColdStart = 20 * time.Millisecond
	}
	if s.ScaleUpDelay > 0 {
		s.ScaleUpDelay = 20 * time.Millisecond
	}
	return p
}
