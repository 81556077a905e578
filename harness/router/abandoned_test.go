package router_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// A client that leaves a probe has proved nothing of the provider: the breaker
// stays half-open, and the next request probes at once.
func TestAbandonedProbeIsMadeAgainAtOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		fault wire.FailureKind
		opens int           // calls until the provider is left alone
		after time.Duration // until it is probed
	}{
		"half-open":   {wire.FailOverload, 5, sec},
		"a held key":  {wire.FailAuth, 1, 5 * sec},
		"a held name": {wire.FailModelNotFound, 1, 5 * sec},
	} {
		t.Run(name, func(t *testing.T) {
			a := backend("a", func(n int) act {
				switch {
				case n < tt.opens:
					return fails(tt.fault, 0)
				case n == tt.opens:
					return hangs
				}
				return answers("from a", 0)
			})
			set := plan.Router{Off: atOnce, Breaker: plan.Breaker{Probes: 1}}
			run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
				for range tt.opens {
					w.want(w.send(ask{}), "b", 2, 0)
				}
				w.pass(tt.after)
				ctx, cancel := contextWithTimeout(10 * time.Millisecond)
				defer cancel()
				w.send(ask{ctx: ctx})
				synctest.Wait()
				w.want(w.send(ask{}), "a", 1, 0)
			})
		})
	}
}

// A model that is left alone says nothing of the provider's other models: they
// are hedged and compared with their peers as ever.
func TestHedgeBesideARetiredModel(t *testing.T) {
	a := usually("a", hangs)
	a.Models = []string{"old"}
	script := a.script
	a.script = func(n int) act {
		if n == 0 {
			return fails(wire.FailModelNotFound, 0)
		}
		return script(n - 1)
	}
	run(t, hedged(), []*fake{a, backend("b", always(answers("from b", 30*time.Millisecond)))}, func(w *world) {
		w.want(w.send(ask{model: "old"}), "b", 2, -1)
		w.learn(false)
		w.want(w.send(ask{}), "b", 2, 130*time.Millisecond)
	})
}

// After a reload the breaker of a backend that stayed tells whoever listens
// now.
func TestReloadedBreakerTellsTheNewListener(t *testing.T) {
	run(t, instant, []*fake{backend("a", always(fails(wire.FailOverload, 0)))}, func(w *world) {
		w.send(ask{})
		var mu sync.Mutex
		var told []string
		c := w.config
		c.OnDecision = func(d router.Decision) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, d.What)
		}
		if err := w.router.Reload(c); err != nil {
			t.Fatal(err)
		}
		for range 10 {
			w.send(ask{})
		}
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(told, router.BreakerOpen) {
			t.Errorf("the new listener was told %q, want %q among it", told, router.BreakerOpen)
		}
		if slices.Contains(w.did(), "breaker_open a") {
			t.Error("the old listener was told of the breaker")
		}
	})
}

// tripper answers calls without a network.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

// A client that leaves while the parts of its request are under way gets none
// of them, and its attempt ends as any other.
func TestClientLeavesBetweenParts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		r, err := router.New(router.Config{
			Backends: []router.Backend{{Name: "a", Dialect: "bedrock", BaseURL: "http://a", Key: "sk-a", Models: []string{"amazon.titan-embed-text-v2:0"}}},
			Transport: func(router.Backend) http.RoundTripper {
				return tripper(func(q *http.Request) (*http.Response, error) {
					leave()
					<-q.Context().Done() // it was answered all the same
					return &http.Response{
						StatusCode: http.StatusOK, Header: http.Header{},
						Body: io.NopCloser(strings.NewReader(`{"embedding":[0.5],"inputTextTokenCount":1}`)),
					}, nil
				})
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var inputs []string
		for i := range 20 {
			inputs = append(inputs, fmt.Sprintf("%q", fmt.Sprint("text ", i)))
		}
		body := `{"model":"amazon.titan-embed-text-v2:0","input":[` + strings.Join(inputs, ",") + `]}`
		q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://router/v1/embeddings", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.ServeHTTP(unread{}, q)
	})
}

// unread is the answer to a client that has left.
type unread struct{}

func (unread) Header() http.Header         { return http.Header{} }
func (unread) WriteHeader(int)             {}
func (unread) Write(b []byte) (int, error) { return len(b), nil }
