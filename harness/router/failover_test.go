package router_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
