package router_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// instant removes the jittered pause before a retry, so that times are exact.
var instant = plan.Router{BackoffBase: 1, BackoffCap: 1}

func TestFailover(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name     string
		script   func(int) act
		down     func(int) bool
		attempts int           // over both backends
		unary    time.Duration // until the second has answered
		stream   time.Duration
	}{
		{name: "healthy", script: always(answers("from a", 0)), attempts: 1, stream: 10 * time.Millisecond},
		{name: "refused", down: func(int) bool { return true }, attempts: 3, stream: 10 * time.Millisecond},
		{name: "refused once", down: func(n int) bool { return n == 0 }, script: always(answers("from a", 0)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "dropped", script: always(drops), attempts: 3, stream: 10 * time.Millisecond},
		{name: "500", script: always(fails(wire.FailServer, 0)), attempts: 3, stream: 10 * time.Millisecond},
		{name: "500 once", script: inTurn(fails(wire.FailServer, 0), answers("from a", 0)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "503", script: always(fails(wire.FailOverload, 0)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "504", script: always(fails(wire.FailTimeout, 0)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "429", script: always(fails(wire.FailRateLimit, 0)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "429 with retry-after", script: always(fails(wire.FailRateLimit, 2*s)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "quota", script: always(fails(wire.FailQuota, 0)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "auth", script: always(fails(wire.FailAuth, 0)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "permission", script: always(fails(wire.FailPermission, 0)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "retired model", script: always(fails(wire.FailModelNotFound, 0)), attempts: 2, stream: 10 * time.Millisecond},
		{name: "html", script: always(writes(http.StatusOK, "text/html", "<html>bad gateway</html>")), attempts: 2, stream: 10 * time.Millisecond},
		{name: "silent", script: always(hangs), attempts: 2, unary: 1950 * time.Millisecond, stream: 1510 * time.Millisecond},
	}
	for _, tt := range tests {
		for _, stream := range []bool{false, true} {
			name, took := tt.name+"/unary", tt.unary
			if stream {
				name, took = tt.name+"/stream", tt.stream
			}
			t.Run(name, func(t *testing.T) {
				a := backend("a", tt.script)
				a.down = tt.down
				by := "b"
				if tt.script != nil && strings.HasSuffix(tt.name, "once") || tt.name == "healthy" {
					by = "a"
				}
				attempts := tt.attempts
				if stream && tt.name == "html" {
					attempts = 3 // a stream without an end is a broken transport, worth a second try
				}
				run(t, instant, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
					g := w.send(ask{stream: stream, deadline: 4 * s})
					w.want(g, by, attempts, -1)
					if late := g.took - took; late < 0 || late > time.Microsecond {
						t.Errorf("took %v, want %v and a pause of at most 1 ns", g.took, took)
					}
				})
			})
		}
	}
}

// A silent provider is waited for once in a request, however often it may be
// retried.
func TestSilentProviderIsNotAskedTwice(t *testing.T) {
	set := plan.Router{Retries: 3}
	a := backend("a", always(hangs))
	run(t, set, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.want(w.send(ask{stream: true}), "b", 2, 1510*time.Millisecond)
		synctest.Wait()
		if a.count() != 1 || a.gone != 1 {
			t.Errorf("a was asked %d times and left %d times, want once each", a.count(), a.gone)
		}
		w.wantDid("first_token_timeout a", "failover b")
	})
}

// Two silent providers leave a unary request the time for a third: each has the
// share of the deadline that its followers have, and no less than the time-out.
func TestSeveralSilentProviders(t *testing.T) {
	set := plan.Router{FirstTokenTimeout: 500 * time.Millisecond, Breaker: plan.Breaker{Disabled: true}}
	fleet := []*fake{backend("a", always(hangs)), backend("b", always(hangs)), backend("c", always(answers("from c", 900*time.Millisecond)))}
	run(t, set, fleet, func(w *world) {
		// 3.9 s are left for three: 1.3 s each.
		w.want(w.send(ask{deadline: 4 * time.Second}), "c", 3, 3500*time.Millisecond)
	})
}

// Where nobody could take over, a slow answer is better than none.
func TestLoneProviderMayBeSlow(t *testing.T) {
	run(t, plan.Router{}, []*fake{backend("a", always(answers("from a", 3*time.Second)))}, func(w *world) {
		w.want(w.send(ask{deadline: 4 * time.Second}), "a", 1, 3*time.Second)
		w.want(w.send(ask{deadline: 4 * time.Second, stream: true}), "a", 1, 3010*time.Millisecond)
	})
}

func TestPassedOn(t *testing.T) {
	for kind, status := range map[wire.FailureKind]int{
		wire.FailContextLength: 400, wire.FailContentFilter: 400, wire.FailBadRequest: 400, wire.FailTooLarge: 413,
	} {
		t.Run(string(kind), func(t *testing.T) {
			a, b := backend("a", always(fails(kind, 0))), backend("b", always(answers("from b", 0)))
			run(t, plan.Router{}, []*fake{a, b}, func(w *world) {
				for _, stream := range []bool{false, true} {
					g := w.send(ask{stream: stream})
					if g.status != status || g.fail == nil || g.fail.Kind != kind {
						t.Errorf("status %d failure %v, want %d %s", g.status, g.fail, status, kind)
					}
				}
				if a.count() != 2 || b.count() != 0 {
					t.Errorf("calls a %d b %d, want one for each request to a and none to b", a.count(), b.count())
				}
				w.wantDid()
			})
		})
	}
}

// The reason given is the provider's own sentence, whatever its dialect.
func TestPassedOnAcrossDialects(t *testing.T) {
	a := backend("a", always(writes(400, "application/json",
		`{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}`)))
	a.Dialect = "anthropic"
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		g := w.send(ask{})
		if g.status != 400 || g.fail.Kind != wire.FailContextLength || !strings.Contains(g.body, "210000 tokens") {
			t.Errorf("status %d kind %v body %s", g.status, g.fail, g.body)
		}
	})
}

// OpenAI's own words are kept to the letter.
func TestPassedOnWithinTheDialect(t *testing.T) {
	a := backend("a", always(writes(422, "application/json",
		`{"error":{"message":"Too long a string.","type":"invalid_request_error","param":"messages[0]","code":"string_above_max_length"}}`)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		g := w.send(ask{})
		if g.status != 422 || g.fail.Code != "string_above_max_length" || g.fail.Param != "messages[0]" || g.fail.Message != "Too long a string." {
			t.Errorf("status %d failure %+v", g.status, g.fail)
		}
	})
}

// A connection that cannot be made in time is silence: no second wait.
func TestConnectTimeout(t *testing.T) {
	a := backend("a", nil)
	a.down = func(int) bool { return true }
	a.why = &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.want(w.send(ask{}), "b", 2, 0)
	})
}

// Pauses before retries are drawn from 0..min(cap, base*2^n), by key.
func TestBackoff(t *testing.T) {
	set := plan.Router{Retries: 4, BackoffBase: 100 * time.Millisecond, BackoffCap: 300 * time.Millisecond, Breaker: plan.Breaker{Disabled: true}}
	limits := []time.Duration{100, 200, 300, 300}
	var longest [4]time.Duration
	pauses := func() (all [][]time.Duration) {
		a := backend("a", always(fails(wire.FailServer, 0)))
		run(t, set, []*fake{a}, func(w *world) {
			for i := range 40 {
				w.send(ask{marker: strings.Repeat("m", i+1)})
				ts := a.times()[5*i:]
				var ps []time.Duration
				for n := range limits {
					p := ts[n+1] - ts[n]
					if p < 0 || p > limits[n]*time.Millisecond {
						t.Errorf("pause %d was %v, want at most %vms", n, p, int(limits[n]))
					}
					longest[n] = max(longest[n], p)
					ps = append(ps, p)
				}
				all = append(all, ps)
			}
		})
		return all
	}
	if first, second := pauses(), pauses(); !reflect.DeepEqual(first, second) {
		t.Error("the same requests paused differently in a second run")
	}
	for n, l := range longest {
		if l < limits[n]*time.Millisecond*8/10 {
			t.Errorf("the longest of 40 pauses %d was %v, want near %vms", n, l, int(limits[n]))
		}
	}
}

func TestOtherPaths(t *testing.T) {
	run(t, plan.Router{}, []*fake{backend("a", always(answers("from a", 0)))}, func(w *world) {
		ids := map[string]bool{}
		for _, v := range []struct {
			method, path string
			status       int
		}{
			{"GET", "/healthz", 200},
			{"POST", "/healthz", 405},
			{"GET", "/v1/models", 200},
			{"GET", "/v1/models/a-model", 200},
			{"GET", "/v1/models/none", 404},
			{"GET", "/v1/chat/completions", 405},
			{"POST", "/v1/nothing", 404},
			{"POST", "/v1/chat/completions", 400},
		} {
			q, err := http.NewRequest(v.method, "http://router"+v.path, strings.NewReader("{"))
			if err != nil {
				t.Fatal(err)
			}
			res, err := w.client.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if res.StatusCode != v.status {
				t.Errorf("%s %s: status %d %s, want %d", v.method, v.path, res.StatusCode, body, v.status)
			}
			if v.status >= 400 && !strings.Contains(string(body), `{"error":{"message":"`) {
				t.Errorf("%s %s: %s is no OpenAI error", v.method, v.path, body)
			}
			if id := res.Header.Get("X-Request-Id"); v.path != "/healthz" && (id == "" || ids[id]) {
				t.Errorf("%s %s: request id %q is missing or not new", v.method, v.path, id)
			} else {
				ids[id] = true
			}
		}
	})
}

// The router's own transports carry a call over real loopback.
func TestOwnTransport(t *testing.T) {
	a := backend("a", always(answers("from a", 0)))
	a.dialect, _ = wire.Lookup("openai")
	up := httptest.NewServer(a)
	defer up.Close()
	a.BaseURL = up.URL + "/"
	r, err := router.New(router.Config{Backends: []router.Backend{a.Backend}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	front := httptest.NewServer(r)
	defer front.Close()
	client := front.Client()
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", front.Listener.Addr().String())
	}
	w := &world{t: t, client: client}
	w.want(w.send(ask{}), "a", 1, -1)
	w.want(w.send(ask{stream: true}), "a", 1, -1)
}

func TestExhausted(t *testing.T) {
	a, b := backend("a", always(fails(wire.FailOverload, 0))), backend("b", always(fails(wire.FailServer, 0)))
	set := plan.Router{Retries: -1}
	run(t, set, []*fake{a, b}, func(w *world) {
		g := w.send(ask{})
		if g.status != 500 || g.fail.Type != "server_error" {
			t.Errorf("status %d failure %v, want b's own 500", g.status, g.fail)
		}
		for _, part := range []string{"a: overload", "b: server_error"} {
			if !strings.Contains(g.fail.Message, part) {
				t.Errorf("message %q does not name %q", g.fail.Message, part)
			}
		}
		if g.by() != "" || g.header.Get(wire.HeaderAttempts) != "2" {
			t.Errorf("headers %v, want no provider and 2 attempts", g.header)
		}
		w.wantDid("failover b", "exhausted")
	})
}

func TestDeadline(t *testing.T) {
	tests := []struct {
		name   string
		set    plan.Router
		ask    ask
		script func(int) act
		took   time.Duration
		status int
	}{
		{"client's", plan.Router{}, ask{deadline: 4 * time.Second}, always(hangs), 3900 * time.Millisecond, 504},
		{"client's, stream", plan.Router{}, ask{deadline: 4 * time.Second, stream: true}, always(hangs), 3900 * time.Millisecond, 504},
		{"setting", plan.Router{Deadline: time.Second}, ask{}, always(hangs), 950 * time.Millisecond, 504},
		{"garbage header", plan.Router{Deadline: time.Second}, ask{header: http.Header{wire.HeaderDeadline: {"soon"}}}, always(hangs), 950 * time.Millisecond, 504},
		{"slow words", plan.Router{}, ask{deadline: 40 * time.Millisecond, stream: true}, always(says(0, "a ", "b ", "c ", "d ", "e ", "f ")), 38 * time.Millisecond, 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run(t, tt.set, []*fake{backend("a", tt.script)}, func(w *world) {
				g := w.send(tt.ask)
				if g.took != tt.took || g.status != tt.status {
					t.Errorf("status %d after %v, want %d after %v (%v)", g.status, g.took, tt.status, tt.took, g.err)
				}
				if g.fail == nil || g.fail.Type != "timeout" || g.done {
					t.Errorf("failure %v done %v, want a timeout and no end marker; body %s", g.fail, g.done, g.body)
				}
			})
		})
	}
}

func TestClientLeaves(t *testing.T) {
	for _, stream := range []bool{false, true} {
		a := backend("a", always(hangs))
		b := backend("b", always(answers("from b", 0)))
		run(t, plan.Router{}, []*fake{a, b}, func(w *world) {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			if g := w.send(ask{stream: stream, ctx: ctx}); g.err == nil {
				t.Fatal("the client got an answer it no longer waited for")
			}
			synctest.Wait()
			if a.gone != 1 || b.count() != 0 || time.Since(w.began) != 300*time.Millisecond {
				t.Errorf("a left %d, b asked %d, at %v; want the call to a ended at once and b left alone", a.gone, b.count(), w.since())
			}
			w.wantDid()
		})
	}
}

func TestPrivacyFailsClosed(t *testing.T) {
	cloud, gpu := backend("a", always(answers("from a", 0))), backend("b", always(fails(wire.FailServer, 0)))
	gpu.Class, gpu.Region = plan.ClassGPU, "r2"
	nameless := backend("c", always(answers("from c", 0)))
	nameless.Class, nameless.Region = "", ""
	all := []*fake{cloud, gpu, nameless}
	tests := []struct {
		name    string
		allow   []string
		regions []string
		status  int
		calls   []int // of a, b, c
	}{
		{"not restricted", nil, nil, 200, []int{1, 0, 0}},
		{"allowed one fails", []string{"gpu"}, nil, 500, []int{0, 2, 0}},
		{"several", []string{"gpu, edge"}, nil, 500, []int{0, 2, 0}},
		{"nobody", []string{"edge"}, nil, 403, []int{0, 0, 0}},
		{"empty header", []string{""}, nil, 403, []int{0, 0, 0}},
		{"region", nil, []string{"r2"}, 500, []int{0, 2, 0}},
		{"class and region apart", []string{"cloud"}, []string{"r2"}, 403, []int{0, 0, 0}},
		{"other case is another word", []string{"GPU"}, nil, 403, []int{0, 0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, f := range all {
				f.calls = nil
			}
			run(t, instant, all, func(w *world) {
				h := http.Header{}
				if tt.allow != nil {
					h[wire.HeaderAllow] = tt.allow
				}
				if tt.regions != nil {
					h[wire.HeaderRegions] = tt.regions
				}
				g := w.send(ask{header: h})
				calls := []int{cloud.count(), gpu.count(), nameless.count()}
				if g.status != tt.status || !slices.Equal(calls, tt.calls) {
					t.Errorf("status %d calls %v, want %d %v", g.status, calls, tt.status, tt.calls)
				}
				if tt.status == 403 {
					w.wantDid("refused")
				}
			})
		})
	}
}

func TestWhatIsSentOn(t *testing.T) {
	a := backend("a", always(answers("from a", 0)))
	a.Models = []string{"gpt-x"}
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		h := http.Header{"X-Request-Id": {"req-7"}, wire.HeaderAllow: {"cloud"}, "Authorization": {"Bearer client-key"}}
		g := w.send(ask{header: h, deadline: time.Second, model: "gpt-x"})
		w.send(ask{model: "other"})
		if g.header.Get("X-Request-Id") != "req-7" || g.header.Get(wire.HeaderClass) != "cloud" {
			t.Errorf("answer's headers %v", g.header)
		}
		synctest.Wait()
		first := a.calls[0]
		for name := range first.hdr {
			if strings.HasPrefix(name, "X-Brownout") {
				t.Errorf("%s was sent on", name)
			}
		}
		if id, auth := first.hdr.Get("X-Request-Id"), first.hdr.Get("Authorization"); id != "req-7" || auth != "Bearer sk-a" {
			t.Errorf("request id %q, authorization %q", id, auth)
		}
		if first.req.Model != "gpt-x" || a.calls[1].req.Model != "a-model" {
			t.Errorf("asked for %q and %q, want gpt-x as named and a-model for what it has not", first.req.Model, a.calls[1].req.Model)
		}
		if g.usage != usage {
			t.Errorf("usage %v, want the provider's %v", g.usage, usage)
		}
	})
}

func TestControls(t *testing.T) {
	s := time.Second
	t.Run("direct", func(t *testing.T) {
		a, b := backend("a", always(fails(wire.FailServer, 0))), backend("b", always(answers("from b", 0)))
		gpu := backend("c", always(answers("from c", 0)))
		gpu.Class = plan.ClassGPU
		run(t, router.Direct(plan.Router{}), []*fake{a, b, gpu}, func(w *world) {
			for range 20 {
				if g := w.send(ask{}); g.status != 500 {
					t.Fatalf("status %d, want a's 500", g.status)
				}
			}
			if a.count() != 20 || b.count() != 0 {
				t.Errorf("calls a %d b %d, want 20 and 0", a.count(), b.count())
			}
			w.want(w.send(ask{header: http.Header{wire.HeaderAllow: {"gpu"}}}), "c", 1, 0)
		})
	})
	t.Run("direct has no policy", func(t *testing.T) {
		set := plan.Router{Policy: plan.PolicyWeighted, Weights: map[string]float64{"a": 0}}
		run(t, router.Direct(set), []*fake{backend("a", always(answers("from a", 0))), backend("b", nil)}, func(w *world) {
			w.want(w.send(ask{}), "a", 1, 0)
		})
	})
	t.Run("direct waits for ever", func(t *testing.T) {
		run(t, router.Direct(plan.Router{}), []*fake{backend("a", always(hangs))}, func(w *world) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			if g := w.send(ask{ctx: ctx, deadline: s}); g.err == nil {
				t.Errorf("status %d after %v, want none within the client's patience", g.status, g.took)
			}
		})
	})
	t.Run("direct ignores retry-after", func(t *testing.T) {
		a := backend("a", always(fails(wire.FailRateLimit, 5*s)))
		run(t, router.Direct(plan.Router{}), []*fake{a}, func(w *world) {
			for range 3 {
				if g := w.send(ask{}); g.status != 429 || g.fail.RetryAfter != 5*s {
					t.Errorf("status %d retry-after %v, want a's own 429", g.status, g.fail.RetryAfter)
				}
			}
			if a.count() != 3 {
				t.Errorf("a was asked %d times, want 3", a.count())
			}
		})
	})
	t.Run("retries only", func(t *testing.T) {
		a := backend("a", inTurn(fails(wire.FailOverload, 0), fails(wire.FailRateLimit, s), answers("from a", 0)))
		run(t, router.RetriesOnly(instant), []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
			w.want(w.send(ask{}), "a", 3, -1)
			w.wantDid("retry a", "retry a")
		})
	})
}
