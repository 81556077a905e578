package chaos_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	toxi "github.com/Shopify/toxiproxy/v2"
	toxiclient "github.com/Shopify/toxiproxy/v2/client"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"brownout/harness/chaos"
	"brownout/plan"
)

// userServer is a toxiproxy server that is not ours, with a proxy of its own.
func userServer(t *testing.T) (url string, proxies func() map[string]*toxiclient.Proxy) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	api := toxi.NewServer(toxi.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	srv := &http.Server{Handler: api.Routes(), ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = api.Collection.Clear()
		_ = srv.Close()
		<-served
	})
	url = "http://" + l.Addr().String()
	c := toxiclient.NewClient(url)
	if _, err := c.CreateProxy("somebody-elses", "127.0.0.1:0", "127.0.0.1:9"); err != nil {
		t.Fatal(err)
	}
	return url, func() map[string]*toxiclient.Proxy {
		ps, err := c.Proxies()
		if err != nil {
			t.Fatal(err)
		}
		return ps
	}
}

// small is a provider that is there at once.
func small(name string) plan.Provider {
	return plan.Provider{
		Name: name, Dialect: "openai", Class: plan.ClassCloud, Region: "us-east-1",
		Models:  []plan.Model{{ID: "m", Context: 8192, MaxOutput: 4096}},
		Service: plan.Service{Model: plan.ServiceCloud, FirstToken: time.Millisecond, PerToken: 100 * time.Microsecond},
	}
}

// Faults of the link bite and heal on a server that the user runs. Stock toxics
// stand in for ours, and a person is told. At the end only what was there
// before is left.
func TestUsersToxiproxy(t *testing.T) {
	url, proxies := userServer(t)
	t.Run("run", func(t *testing.T) {
		p := newPathVia(t, small("openai"), chaos.LinkOptions{Toxiproxy: url + "/"})
		q := newPathVia(t, small("openai"), chaos.LinkOptions{Toxiproxy: url}) // another run on the same server
		p.mustAnswer(t, 1)
		q.mustAnswer(t, 1)
		if n := len(proxies()); n != 3 {
			t.Errorf("%d proxies, want two beside the user's own", n)
		}
		end := p.inject(t, "outage", map[string]any{"mode": "refused"})
		_, _, err := p.ask(t.Context(), 2)
		if errors.Is(err, io.EOF) { // the pooled connection had been cut, and nobody had looked at it
			_, _, err = p.ask(t.Context(), 2)
		}
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("an outage: %v", err)
		}
		q.mustAnswer(t, 2)
		end()
		p.mustAnswer(t, 3)
		for _, tt := range []struct {
			kind, stock string
			params      map[string]any
		}{
			{"latency_spike", "latency", map[string]any{"layer": "link", "latency": "30s", "jitter": "1s"}},
			{"degraded_link", "bandwidth", map[string]any{"bandwidth": 1}},
			{"degraded_link", "slicer", map[string]any{"slice_size": 10, "slice_jitter": 5, "slice_delay": "1s"}},
		} {
			end := p.inject(t, tt.kind, tt.params)
			select {
			case note := <-p.notes:
				if !strings.Contains(note, "its own "+tt.stock) || !strings.Contains(note, url) {
					t.Errorf("%s: the note is %q", tt.stock, note)
				}
			default:
				t.Errorf("%s: nobody is told that the seed does not repeat it", tt.stock)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if _, _, err := p.ask(ctx, 4); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s does not bite: %v", tt.stock, err)
			}
			cancel()
			end()
			p.mustAnswer(t, 5)
		}
	})
	if left := proxies(); len(left) != 1 || left["somebody-elses"] == nil {
		t.Errorf("the server keeps %v", left)
	}
}

// What is wrong with a user's server is said, with what to do.
func TestUsersToxiproxyIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	web := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	l, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(l) }()
	defer func() { web.Close(); <-served }()
	for url, want := range map[string]string{
		nobody:                        "start one with toxiproxy-server",
		"http://" + l.Addr().String(): "no toxiproxy server answers",
		"127.0.0.1:8474":              "give a URL such as",
		"http://127.0.0.1:8474/x":     "give a URL such as",
	} {
		if _, err := chaos.StartLinks(chaos.LinkOptions{Toxiproxy: url}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to say %q", url, err, want)
		}
	}
}
