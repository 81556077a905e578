package service_test

import (
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/service"
	"brownout/plan"
)

// A call would meet a cold start from the unloading until the load is over.
func TestColdTellsWhatACallWouldMeet(t *testing.T) {
	for _, c := range []struct {
		name  string
		spec  plan.Service
		again bool // it loads by itself
	}{
		{"edge", edgeSpec, false},
		{"edge that restarts", func() plan.Service { s := edgeSpec; s.Cold = plan.ColdRefuse; return s }(), true},
		{"managed", func() plan.Service { s := managedSpec; s.Replicas = 1; return s }(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.spec.Warm, c.spec.ColdStart = true, 2*time.Second
				m := model(t, c.spec).(service.Unloader)
				if m.Cold("") {
					t.Error("cold at the start")
				}
				m.Unload()
				if !m.Cold("") {
					t.Error("warm without a model")
				}
				if c.again {
					pass(2 * time.Second)
					if m.Cold("") {
						t.Error("cold once the server has loaded its models by itself")
					}
					return
				}
				pass(time.Minute)
				if !m.Cold("") {
					t.Error("warm before anybody asked")
				}
				waits := line(t.Context(), m)
				synctest.Wait()
				if pass(time.Second); !m.Cold("") {
					t.Error("warm while it loads")
				}
				got := <-waits
				if m.Cold("") {
					t.Error("cold behind the load")
				}
				got.turn.End()
			})
		})
	}
}

// Of a managed endpoint that could have more, those replicas are lost that it
// has, and they are back when the fault is over.
func TestManagedLosesWhatIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedSpec
		s.Replicas, s.MinReplicas, s.MaxReplicas = 3, 1, 6
		m := model(t, s).(service.Strained)
		for _, c := range []struct{ lost, left int }{{1, 2}, {2, 1}, {1, 2}, {6, 0}, {0, 3}, {99, 0}, {0, 3}} {
			m.SetStrain(service.Strain{Replicas: c.lost})
			if got := m.Gauge().Replicas; got != c.left {
				t.Errorf("%d lost: %d left, want %d", c.lost, got, c.left)
			}
		}
	})
}
