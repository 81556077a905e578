package service_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/service"
)

// The model that has been idle for longest makes room for another; one that
// answers stays, and has the other wait.
func TestEdgeEvicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := edgeSpec
		s.Slots, s.Queue, s.MaxLoaded = 4, 10, 2
		m := model(t, s)
		admit := func(id string) (service.Turn, time.Duration) {
			start := time.Now()
			turn, err := m.Admit(t.Context(), service.Job{Model: id, Tokens: 1})
			if err != nil {
				t.Fatal(id, err)
			}
			return turn, time.Since(start)
		}
		use := func(id string, load time.Duration) {
			t.Helper()
			turn, took := admit(id)
			if took != load || turn.Spent().Load != load {
				t.Errorf("%s was there after %v, %+v, want %v", id, took, turn.Spent(), load)
			}
			turn.End()
			time.Sleep(time.Second)
		}
		loaded := func(want ...string) {
			t.Helper()
			if got := slices.Sorted(maps.Keys(m.(service.Keeper).Loaded())); !slices.Equal(got, want) {
				t.Errorf("in memory are %v, want %v", got, want)
			}
		}
		use("a", 2*time.Second)
		use("b", 2*time.Second)
		use("a", 0)
		loaded("a", "b")
		use("c", 2*time.Second) // in b's place
		loaded("a", "c")
		use("a", 0)
		use("b", 2*time.Second) // in c's
		loaded("a", "b")

		a, _ := admit("a")
		b, _ := admit("b")
		start := time.Now()
		third := make(chan time.Duration)
		go func() {
			turn, took := admit("c")
			turn.End()
			third <- took
		}()
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := m.Admit(ctx, service.Job{Model: "d"})
			gone <- err
		}()
		synctest.Wait()
		time.Sleep(10 * time.Second)
		loaded("a", "b")
		if g := m.Gauge(); g.Busy != 2 || g.Waiting != 2 {
			t.Errorf("while both answer: %+v", g)
		}
		leave()
		if err := <-gone; err == nil {
			t.Error("a call that left was let in")
		}
		b.End()
		if took := <-third; took != 12*time.Second || time.Since(start) != took {
			t.Errorf("the third came in after %v, want two seconds after the end of the second's answer", took)
		}
		time.Sleep(time.Second)
		a.End()
		loaded("a", "c")
		use("d", 2*time.Second) // nobody loads it any more, and it can be
		loaded("a", "d")
	})
}
