package router_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

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
