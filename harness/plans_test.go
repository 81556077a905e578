package harness_test

import (
	"context"
	"errors"
	"hash/fnv"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	toxiclient "github.com/Shopify/toxiproxy/v2/client"

	"brownout/harness"
	"brownout/harness/chaos"
	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/harness/target"
	"brownout/plan"
)

// tiny is a run of two quick providers that lasts two seconds. A run as short
// can never be conclusive: it is for tests of what a run does, not of what it
// comes to.
func tiny(edit ...func(*plan.Plan)) *plan.Plan {
	p := &plan.Plan{
		Scenario: "tiny", Title: "Tiny", Seed: 1, Target: "bundled",
		Load: plan.Load{
			Profile:  []plan.Point{{Rate: 40}},
			Duration: 2 * time.Second,
			Mix: []plan.Mix{
				{Kind: plan.KindChat, Weight: 1, Deadline: 2 * time.Second, Tokens: 10, Prompt: 20},
				{Kind: plan.KindStream, Weight: 1, Deadline: 2 * time.Second, Tokens: 10, Prompt: 20},
			},
		},
		Providers: []plan.Provider{provider("openai", "openai"), provider("anthropic", "anthropic")},
		Router:    plan.DefaultRouter,
	}
	p.Router.Order = []string{"openai", "anthropic"}
	for _, e := range edit {
		e(p)
	}
	return p
}

func provider(name, dialect string) plan.Provider {
	return plan.Provider{
		Name: name, Dialect: dialect, Class: plan.ClassCloud, Region: "us-east-1",
		Models:  []plan.Model{{ID: name + "-large", Context: 8192, MaxOutput: 4096, PriceIn: 1, PriceOut: 5}},
		Service: plan.Service{Model: plan.ServiceCloud, FirstToken: 2 * time.Millisecond, PerToken: 200 * time.Microsecond},
	}
}

func lasting(d time.Duration) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Load.Duration = d }
}

func against(name string) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Target = name }
}

func seeded(seed uint64) func(*plan.Plan) {
	return func(p *plan.Plan) { p.Seed = seed }
}

// outage is one of the modes on the first choice.
func outage(mode string, at, lasts time.Duration) func(*plan.Plan) {
	return func(p *plan.Plan) {
		p.Faults = append(p.Faults, plan.Fault{
			Name: "outage", Kind: "outage", On: []string{"openai"}, At: at, For: lasts, Horizon: time.Second,
			Share: 1, Params: map[string]any{"mode": mode, "period": "200ms"}, LinkOnly: mode != "errors",
		})
	}
}

// finish runs a plan to its end.
func finish(t *testing.T, p *plan.Plan) (*harness.Session, *score.Snapshot) {
	t.Helper()
	s, err := harness.Start(t.Context(), p, harness.Options{OutDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	snap, err := s.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return s, snap
}

// records reads the journal of a run that has ended.
func records(t *testing.T, s *harness.Session) []journal.Record {
	t.Helper()
	var out []journal.Record
	stats, err := journal.ReadFile(filepath.Join(s.Dir, harness.JournalName), func(r journal.Record) error {
		out = append(out, r)
		return nil
	})
	if err != nil || stats.Truncated {
		t.Fatalf("the journal is not whole: %+v, %v", stats, err)
	}
	return out
}

// of picks the events of one kind.
func of[E journal.Event](rs []journal.Record) []E {
	var out []E
	for _, r := range rs {
		if e, ok := r.Event.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

// until waits for the run to be in some state.
func until(t *testing.T, s *harness.Session, what string, in func(*score.Snapshot) bool) {
	t.Helper()
	eventually(t, what, func() bool { return in(s.Snapshot()) })
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for over := time.After(20 * time.Second); !ok(); {
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("never came: %s", what)
		}
	}
}

// overlooked is a run whose every listener is known: the toxiproxy API, the
// links, the mocks behind them and the target.
type overlooked struct {
	*harness.Session
	addrs []string
}

// Ports of overlooked runs: above those that rigs find by themselves, below
// every common ephemeral range, a few for each run.
const (
	ownPorts  = chaos.LastPort
	slotSize  = 8
	slotCount = 90
)

// overlook starts a run on ports of its own and finds out who listens.
func overlook(ctx context.Context, t *testing.T, p *plan.Plan, o harness.Options) overlooked {
	t.Helper()
	var mu sync.Mutex
	var url string
	start := o.Target
	if start == nil {
		start = func(ctx context.Context, o target.Options) (*target.Target, error) {
			return target.Start(ctx, plan.InProcess(p.Target), o)
		}
	}
	o.Target = func(ctx context.Context, to target.Options) (*target.Target, error) {
		tt, err := start(ctx, to)
		if err == nil {
			mu.Lock()
			url = tt.URL
			mu.Unlock()
		}
		return tt, err
	}
	h := fnv.New32a()
	h.Write([]byte(t.Name()))
	for i := range slotCount {
		o.PortFrom = ownPorts + slotSize*((int(h.Sum32()%slotCount)+i)%slotCount)
		s, err := harness.Start(ctx, p, o)
		if err != nil && strings.Contains(err.Error(), "is taken") {
			continue // by another test, or by another run of the tests
		}
		if err != nil {
			t.Fatal(err)
		}
		api := net.JoinHostPort("127.0.0.1", strconv.Itoa(o.PortFrom))
		proxies, err := toxiclient.NewClient("http://" + api).Proxies()
		if err != nil || len(proxies) != len(p.Providers) {
			t.Fatalf("toxiproxy's API tells of %d links: %v", len(proxies), err)
		}
		mu.Lock()
		defer mu.Unlock()
		addrs := []string{api, strings.TrimPrefix(url, "http://")}
		for _, p := range proxies {
			addrs = append(addrs, p.Listen, p.Upstream)
		}
		return overlooked{s, addrs}
	}
	t.Fatal("no free ports")
	return overlooked{}
}

// mustBeDown sees that nobody listens any more. Ports of the ephemeral range
// may belong to another test by now, which lets go of them in turn.
func mustBeDown(t *testing.T, addrs []string) {
	t.Helper()
	for _, addr := range addrs {
		eventually(t, addr+" refuses connections", func() bool {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				c.Close()
			}
			return errors.Is(err, syscall.ECONNREFUSED)
		})
	}
}
