package service_test

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/service"
	"brownout/plan"
)

var edgeSpec = plan.Service{
	Model: plan.ServiceEdge, FirstToken: 100 * time.Millisecond, PerToken: 10 * time.Millisecond,
	Slots: 1, Queue: 1, ColdStart: 2 * time.Second, KeepAlive: 5 * time.Minute,
}

// The first call waits for the model, as many more as the queue holds wait
// with it, and the rest are refused. Once it is there nobody is.
func TestEdgeLoadsItsModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := edgeSpec
		s.Queue = 2
		m := model(t, s)
		start := time.Now()
		first := line(t.Context(), m)
		synctest.Wait()
		second := line(t.Context(), m)
		synctest.Wait()
		if _, err := m.Admit(t.Context(), service.Job{}); !errors.Is(err, service.ErrFull) {
			t.Errorf("a third call while the model loads: %v", err)
		}
		if g := m.Gauge(); g.Waiting != 2 || len(m.(service.Keeper).Loaded()) != 0 {
			t.Errorf("while it loads: %+v", g)
		}
		got := <-first
		if d := time.Since(start); got.err != nil || d != 2*time.Second {
			t.Fatalf("the first was let in after %v, %v", d, got.err)
		}
		if s := got.turn.Spent(); s.Load != 2*time.Second || s.Queue != 2*time.Second {
			t.Errorf("its time went to %+v", s)
		}
		synctest.Wait()
		// The slot is taken, the model is there: any number may wait.
		var rest []<-chan admitted
		for range 50 {
			rest = append(rest, line(t.Context(), m))
			synctest.Wait()
		}
		got.turn.End()
		for _, l := range append([]<-chan admitted{second}, rest...) {
			if got := <-l; got.err != nil {
				t.Error(got.err)
			} else {
				got.turn.End()
			}
		}
		if until := m.(service.Keeper).Loaded()[""]; time.Until(until) != 5*time.Minute {
			t.Errorf("kept until %v", until)
		}
		// Idle for less than the keep-alive it stays, after it it is gone.
		pass(5*time.Minute - time.Nanosecond)
		admit(t, m).End()
		pass(5 * time.Minute)
		start = time.Now()
		admit(t, m).End()
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("after the keep-alive it took %v", d)
		}
	})
}

// A server that does not let calls wait refuses them until its model is there.
func TestEdgeRefusesWhileLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := edgeSpec
		s.Cold, s.KeepAlive, s.Warm = plan.ColdRefuse, 0, true
		m := model(t, s)
		admit(t, m).End()
		if until, ok := m.(service.Keeper).Loaded()[""]; !ok || !until.IsZero() {
			t.Errorf("kept until %v, %v", until, ok)
		}
		m.(service.Unloader).Unload()
		if !m.Gauge().Loading {
			t.Error("it does not say that it is loading")
		}
		for range 3 {
			if _, err := m.Admit(t.Context(), service.Job{}); !errors.Is(err, service.ErrLoading) {
				t.Errorf("while it loads: %v", err)
			}
			pass(600 * time.Millisecond)
		}
		pass(200 * time.Millisecond)
		admit(t, m).End()
		if m.Gauge().Loading {
			t.Error("it says that it is still loading")
		}
	})
}

// Each model loads by itself.
func TestEdgeLoadsEachModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model(t, edgeSpec)
		for _, id := range []string{"a", "b", "a"} {
			start := time.Now()
			turn, err := m.Admit(t.Context(), service.Job{Model: id})
			if err != nil {
				t.Fatal(err)
			}
			turn.End()
			if d := time.Since(start); (d == 2*time.Second) != (turn.Spent().Load > 0) || (id == "b" && d == 0) {
				t.Errorf("%s took %v, %+v", id, d, turn.Spent())
			}
		}
		if n := len(m.(service.Keeper).Loaded()); n != 2 {
			t.Errorf("%d models loaded", n)
		}
	})
}

// A cool device keeps its straight line, to the token.
func TestEdgeKeepsItsTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := edgeSpec
		s.Warm = true
		m := model(t, s)
		for _, stream := range []bool{true, false} {
			start := time.Now()
			at := follow(t, ask(t, m, 0, 3), 3, stream, start)
			if want := []int{100, 110, 120}; !same(at, want[len(want)-len(at):]) {
				t.Errorf("stream %v: tokens at %v", stream, at)
			}
		}
		// An answer without tokens (embeddings) is there when a first one would be.
		start := time.Now()
		turn := ask(t, m, 0, 0)
		if _, err := turn.Wait(t.Context(), 0); err != nil || time.Since(start) != 100*time.Millisecond {
			t.Errorf("after %v, %v", time.Since(start), err)
		}
		turn.End()
	})
}

// Under sustained load tokens slow down with the time constant to the factor,
// and come back when the load is gone.
func TestEdgeThrottles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := edgeSpec
		s.Warm, s.ThrottleAfter, s.ThrottleFactor = true, time.Minute, 3
		m := model(t, s)
		slow := func() float64 { return m.Gauge().Slow }
		near := func(what string, got, want float64) {
			t.Helper()
			if math.Abs(got-want) > 0.001*want {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		near("cold", slow(), 1)
		const tokens = 60_000
		turn := ask(t, m, 0, tokens)
		pass(time.Minute)
		near("after one time constant", slow(), 1+2*(1-1/math.E))
		pass(9 * time.Minute)
		near("hot", slow(), 3)
		before := turn.Ready()
		pass(3 * time.Second)
		if n := turn.Ready() - before; n < 99 || n > 101 {
			t.Errorf("%d tokens in 3 s of a hot device, want 100", n)
		}
		turn.End()
		pass(time.Minute)
		near("one time constant later", slow(), 1+2/math.E)
		// A whole answer that is waited for in one go has the same tokens.
		pass(time.Hour)
		turn = ask(t, m, 0, 100_000)
		if n, err := turn.Wait(t.Context(), 20_000); err != nil || n < 20_000 || n > 20_001 {
			t.Errorf("%d tokens, %v", n, err)
		}
		turn.End()
		m.(service.Strained).SetStrain(service.Strain{Slow: 4})
		pass(time.Hour)
		near("a fault", slow(), 4)
	})
}
