package router_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"brownout/mocks/wire"
	"brownout/plan"
)

func TestMetrics(t *testing.T) {
	a := backend("a", always(fails(wire.FailOverload, 0)))
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 7 {
			w.send(ask{stream: true})
		}
		w.send(ask{header: http.Header{wire.HeaderAllow: {"edge"}}})
		synctest.Wait() // the router counts after the client has its end marker
		res, err := w.client.Get("http://router/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{
			`brownout_router_requests_total{outcome="ok"} 7`,
			`brownout_router_requests_total{outcome="permission"} 1`,
			`brownout_router_attempts_total{provider="a",result="overload"} 5`,
			`brownout_router_attempts_total{provider="b",result="ok"} 7`,
			`brownout_router_breaker_state{provider="a"} 1`,
			`brownout_router_breaker_state{provider="b"} 0`,
			`brownout_router_first_token_seconds_count{provider="b"} 7`,
			`brownout_router_decisions_total{what="failover"} 5`,
			`brownout_router_in_flight 0`,
		} {
			if !strings.Contains(string(raw), line+"\n") {
				t.Errorf("metrics lack %s", line)
			}
		}
	})
}
