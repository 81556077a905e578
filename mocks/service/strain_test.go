package service_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chance"
	"brownout/mocks/service"
	"brownout/plan"
)

func TestStrainsAddUp(t *testing.T) {
	for _, c := range []struct {
		name string
		all  []service.Strain
		want service.Strain
	}{
		{"none", nil, service.Strain{}},
		{"nothing added", []service.Strain{{Replicas: 1, KV: 0.5, Slow: 2, Capacity: 3}, {}}, service.Strain{Replicas: 1, KV: 0.5, Slow: 2, Capacity: 3}},
		{"sums and products", []service.Strain{{Replicas: 1, KV: 0.5, Slow: 2}, {Replicas: 2, KV: 0.25, Slow: 3}}, service.Strain{Replicas: 3, KV: 0.75, Slow: 6}},
		{"no more blocks than there are", []service.Strain{{KV: 0.75}, {KV: 0.75}}, service.Strain{KV: 1}},
		{"the smaller capacity", []service.Strain{{Capacity: 5}, {Capacity: 2}, {Capacity: 9}}, service.Strain{Capacity: 2}},
	} {
		for range 2 { // in either order
			var sum service.Strain
			for _, s := range c.all {
				sum = sum.Add(s)
			}
			if sum != c.want {
				t.Errorf("%s: %+v, want %+v", c.name, sum, c.want)
			}
			slices.Reverse(c.all)
		}
	}
}

// Each service knows its own weaknesses, and none a strain it cannot feel.
func TestServicesFeel(t *testing.T) {
	gpu := plan.Service{Model: plan.ServiceGPU, PrefillRate: 1000, StepBase: time.Millisecond, MaxSequences: 4, KVBlocks: 100}
	strains := map[string]service.Strain{
		"nothing": {}, "replicas": {Replicas: 1}, "kv": {KV: 0.5}, "slow": {Slow: 2}, "capacity": {Capacity: 1}, "capacity and slow": {Capacity: 1, Slow: 2},
	}
	for _, c := range []struct {
		s     plan.Service
		feels []string
	}{
		{plan.Service{Model: plan.ServiceCloud}, []string{"capacity"}},
		{plan.Service{Model: plan.ServiceSlots, Slots: 2}, []string{"capacity"}},
		{gpu, []string{"replicas", "kv", "slow", "capacity", "capacity and slow"}},
		{plan.Service{Model: plan.ServiceEdge, Slots: 1}, []string{"slow"}},
		{plan.Service{Model: plan.ServiceManaged, Slots: 1, MaxReplicas: 2}, []string{"replicas"}},
	} {
		m := model(t, c.s).(service.Strained)
		for name, strain := range strains {
			if want := name == "nothing" || slices.Contains(c.feels, name); m.Feels(strain) != want {
				t.Errorf("%s feels %s: %v, want %v", c.s.Model, name, !want, want)
			}
		}
	}
}

// took is how long an answer takes that is let in now.
func took(t *testing.T, m service.Model, j service.Job) time.Duration {
	t.Helper()
	start := time.Now()
	turn, err := m.Admit(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	defer turn.End()
	if _, err := turn.Wait(t.Context(), j.Tokens); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

// Beyond the soft capacity of a cloud calls share what there is: with n times as
// many as it has room for each takes n times as long. A strain makes room
// smaller, and never larger.
func TestCloudSoftCapacity(t *testing.T) {
	job := service.Job{Tokens: 11, Timing: service.Timing{FirstToken: 100 * time.Millisecond, PerToken: 10 * time.Millisecond}}
	const alone = 200 * time.Millisecond
	for _, c := range []struct {
		name   string
		soft   int
		strain int
		others int // calls in progress
		want   time.Duration
	}{
		{"no bound", 0, 0, 500, alone},
		{"within", 10, 0, 9, alone},
		{"twice as many", 10, 0, 19, 2 * alone},
		{"half as many again", 10, 0, 14, alone + alone/2},
		{"strained", 10, 2, 9, 5 * alone},
		{"strained without a bound of its own", 0, 2, 9, 5 * alone},
		{"a strain that is no less", 10, 1000, 19, 2 * alone},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := model(t, plan.Service{Model: plan.ServiceCloud, SoftCapacity: c.soft}).(service.Strained)
				m.SetStrain(service.Strain{Capacity: c.strain})
				for range c.others {
					defer admit(t, m).End()
				}
				if got := took(t, m, job); got != c.want {
					t.Errorf("took %v, want %v", got, c.want)
				}
				m.SetStrain(service.Strain{})
				if got := m.Gauge(); got.Slots != c.soft || got.Busy != c.others {
					t.Errorf("%+v once the strain is over", got)
				}
			})
		})
	}
}

// The slow tail is a share of the calls, keyed, and stretches all their times.
func TestCloudSlowTail(t *testing.T) {
	s := plan.Service{Model: plan.ServiceCloud, FirstToken: 100 * time.Millisecond, PerToken: 10 * time.Millisecond, TailShare: 0.1, TailFactor: 8}
	m := model(t, s)
	slow := 0
	const calls = 5000
	for i := range calls {
		k := chance.Key{Seed: 1, Provider: "p", Marker: "m", Attempt: i}
		got := m.Timing(k, 0)
		switch got {
		case service.Timing{FirstToken: 800 * time.Millisecond, PerToken: 80 * time.Millisecond}:
			slow++
		case service.Timing{FirstToken: 100 * time.Millisecond, PerToken: 10 * time.Millisecond}:
		default:
			t.Fatalf("%+v", got)
		}
		if m.Timing(k, 0) != got {
			t.Fatal("the same call is not always in the tail")
		}
	}
	if slow < calls/12 || slow > calls/8 {
		t.Errorf("%d of %d calls in the tail, want a tenth", slow, calls)
	}
	for _, none := range []plan.Service{{TailShare: 0, TailFactor: 8}, {TailShare: 1, TailFactor: 0}} {
		none.Model, none.FirstToken = plan.ServiceCloud, s.FirstToken
		if got := model(t, none).Timing(chance.Key{Marker: "m"}, 0); got.FirstToken != s.FirstToken {
			t.Errorf("%+v without a tail", got)
		}
	}
	for _, bad := range []plan.Service{{TailShare: 2}, {TailShare: -1}, {TailFactor: -1}, {SoftCapacity: -1}} {
		bad.Model = plan.ServiceCloud
		if _, err := service.New(bad); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// Slots that a strain takes away are gone once the calls that hold them end,
// and come back at once, to those that wait.
func TestStrainedSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := slots(t, 3, 2).(service.Strained)
		held := []service.Turn{admit(t, m), admit(t, m), admit(t, m)}
		m.SetStrain(service.Strain{Capacity: 1})
		if g := m.Gauge(); g.Slots != 1 || g.Busy != 3 {
			t.Fatalf("%+v, want the three calls to go on", g)
		}
		first, second := line(t.Context(), m), line(t.Context(), m)
		synctest.Wait()
		if _, err := m.Admit(t.Context(), service.Job{}); !errors.Is(err, service.ErrFull) {
			t.Fatalf("a sixth call: %v", err)
		}
		for i, turn := range held {
			turn.End()
			synctest.Wait()
			if g := m.Gauge(); g.Waiting != []int{2, 2, 1}[i] {
				t.Errorf("after %d ended: %+v", i+1, g)
			}
		}
		m.SetStrain(service.Strain{})
		synctest.Wait()
		if g := m.Gauge(); g.Waiting != 0 || g.Busy != 2 || g.Slots != 3 {
			t.Errorf("%+v, want both let in", g)
		}
		for _, c := range []<-chan admitted{first, second} {
			a := <-c
			if a.err != nil {
				t.Fatal(a.err)
			}
			a.turn.End()
		}
		m.SetStrain(service.Strain{Capacity: 100})
		if g := m.Gauge(); g.Slots != 3 || g.Busy != 0 {
			t.Errorf("%+v, want no more slots than there are", g)
		}
	})
}

// A GPU under a strain of capacity decodes fewer sequences at once: the same
// calls take longer, and none is lost.
func TestStrainedGPU(t *testing.T) {
	s := plan.Service{Model: plan.ServiceGPU, PrefillRate: 1e6, StepBase: 10 * time.Millisecond, MaxSequences: 8, KVBlocks: 1000, Replicas: 2}
	batch := func(t *testing.T, m service.Model, calls int) time.Duration {
		start := time.Now()
		done := make(chan error, calls)
		for range calls {
			go func() {
				turn, err := m.Admit(t.Context(), service.Job{Prompt: 1, Tokens: 10})
				if err == nil {
					_, err = turn.Wait(context.Background(), 10)
					turn.End()
				}
				done <- err
			}()
		}
		for range calls {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		return time.Since(start)
	}
	synctest.Test(t, func(t *testing.T) {
		m := model(t, s).(service.Strained)
		usual := batch(t, m, 16)
		m.SetStrain(service.Strain{Capacity: 4})
		if g := m.Gauge(); g.Slots != 4 {
			t.Errorf("%+v, want four at once", g)
		}
		strained := batch(t, m, 16)
		if strained < 3*usual || strained > 5*usual {
			t.Errorf("a quarter of the capacity took %v, want four times %v", strained, usual)
		}
		m.SetStrain(service.Strain{Capacity: 1, Replicas: 1})
		if g := m.Gauge(); g.Slots != 1 || g.Replicas != 1 {
			t.Errorf("%+v, want one at once", g)
		}
		m.SetStrain(service.Strain{})
		if healed := batch(t, m, 16); healed != usual {
			t.Errorf("took %v once the strain was over, want %v", healed, usual)
		}
	})
}
