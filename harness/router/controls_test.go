package router_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

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
