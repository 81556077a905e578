package service_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/service"
	"brownout/plan"
)

var managedSpec = plan.Service{
	Model: plan.ServiceManaged, Slots: 2, Queue: 10, MinReplicas: 0, MaxReplicas: 3, TargetConcurrency: 1,
	ScaleUpDelay: 10 * time.Second, ColdStart: 30 * time.Second, ScaleDownAfter: time.Minute,
}

// From nothing: the first call waits for the cold start; more load brings more
// replicas after their delay; without load they all go.
func TestManagedScalesWithTheLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model(t, managedSpec)
		start := time.Now()
		turns := []service.Turn{admit(t, m)}
		if d := time.Since(start); d != 30*time.Second {
			t.Errorf("the cold start took %v", d)
		}
		if s := turns[0].Spent(); s.Load != 30*time.Second {
			t.Errorf("its time went to %+v", s)
		}
		// A second call fits at once, and calls for a second replica.
		start = time.Now()
		turns = append(turns, admit(t, m))
		if time.Since(start) != 0 || m.Gauge().Replicas != 1 {
			t.Errorf("after %v: %+v", time.Since(start), m.Gauge())
		}
		turns = append(turns, admit(t, m)) // waits for it, and calls for a third
		synctest.Wait()
		if d := time.Since(start); d != 10*time.Second || m.Gauge().Replicas != 3 {
			t.Errorf("the third call waited %v: %+v", d, m.Gauge())
		}
		turns = append(turns, admit(t, m))
		pass(10 * time.Second)
		if g := m.Gauge(); g != (service.Gauge{Busy: 4, Slots: 6, Replicas: 3}) {
			t.Errorf("at the most: %+v", g)
		}
		for _, turn := range turns {
			turn.End()
		}
		pass(time.Minute - time.Nanosecond)
		if g := m.Gauge(); g.Replicas != 3 {
			t.Errorf("too soon: %+v", g)
		}
		pass(time.Minute + time.Nanosecond)
		if g := m.Gauge(); g.Replicas != 0 {
			t.Errorf("without load: %+v", g)
		}
	})
}

// What is still needed stays when the rest goes.
func TestManagedKeepsWhatIsNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedSpec
		s.Replicas = 3
		m := model(t, s)
		held := admit(t, m)
		pass(time.Minute)
		if g := m.Gauge(); g.Replicas != 1 {
			t.Errorf("one call, and %+v", g)
		}
		held.End()
	})
}

func TestManagedRefusesWhatItCannotTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedSpec
		s.Cold = plan.ColdRefuse
		m := model(t, s)
		if _, err := m.Admit(t.Context(), service.Job{}); !errors.Is(err, service.ErrLoading) {
			t.Errorf("without a replica: %v", err)
		}
		pass(30 * time.Second) // the refused call has started one
		admit(t, m).End()

		s = managedSpec
		s.Replicas, s.MaxReplicas, s.Queue, s.Slots = 1, 1, 1, 1
		m = model(t, s)
		held := admit(t, m)
		waits := line(t.Context(), m)
		synctest.Wait()
		if _, err := m.Admit(t.Context(), service.Job{}); !errors.Is(err, service.ErrFull) {
			t.Errorf("slot and queue are full, and: %v", err)
		}
		held.End()
		(<-waits).turn.End()
	})
}

// Replicas that a fault takes away, or that are unloaded, come back after
// their delays.
func TestManagedComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := managedSpec
		s.Replicas, s.MinReplicas = 3, 3
		m := model(t, s)
		m.(service.Strained).SetStrain(service.Strain{Replicas: 2})
		if g := m.Gauge(); g.Replicas != 1 {
			t.Errorf("two of three lost: %+v", g)
		}
		m.(service.Strained).SetStrain(service.Strain{})
		pass(10 * time.Second)
		if g := m.Gauge(); g.Replicas != 3 {
			t.Errorf("they are back: %+v", g)
		}
		m.(service.Unloader).Unload()
		start := time.Now()
		admit(t, m).End()
		if d := time.Since(start); d != 30*time.Second {
			t.Errorf("after unloading a call waited %v", d)
		}
	})
}

func TestManagedRefusesParametersWithoutMeaning(t *testing.T) {
	for name, edit := range map[string]func(*plan.Service){
		"no slots":        func(s *plan.Service) { s.Slots = 0 },
		"no replicas":     func(s *plan.Service) { s.MaxReplicas = 0 },
		"more than most":  func(s *plan.Service) { s.Replicas = 4 },
		"least over most": func(s *plan.Service) { s.MinReplicas = 4 },
		"negative target": func(s *plan.Service) { s.TargetConcurrency = -1 },
		"negative delay":  func(s *plan.Service) { s.ScaleUpDelay = -1 },
		"unknown word":    func(s *plan.Service) { s.Cold = "shrug" },
	} {
		s := managedSpec
		edit(&s)
		if _, err := service.New(s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// pass lets time pass, and all that happens at its end happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
