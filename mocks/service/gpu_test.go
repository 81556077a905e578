package service_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chance"
	"brownout/mocks/service"
	"brownout/plan"
)

// gpuSpec has round figures: a step takes 10 ms, 1 ms for each sequence and
// 1 ms for each prompt token.
var gpuSpec = plan.Service{
	Model: plan.ServiceGPU, PrefillRate: 1000, StepBase: 10 * time.Millisecond, StepPerSequence: time.Millisecond,
	MaxSequences: 4, MaxBatchedTokens: 100, BlockTokens: 10, KVBlocks: 100,
}

func model(t testing.TB, s plan.Service) service.Model {
	t.Helper()
	m, err := service.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ask lets a call in.
func ask(t testing.TB, m service.Model, prompt, tokens int) service.Turn {
	t.Helper()
	turn, err := m.Admit(t.Context(), service.Job{Prompt: prompt, Tokens: tokens, Timing: m.Timing(chance.Key{}, prompt)})
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

// follow waits for each token of a call, or only for the last, and ends it.
// It gives the times since start, in milliseconds.
func follow(t testing.TB, turn service.Turn, tokens int, stream bool, start time.Time) (at []int) {
	n := tokens
	if stream {
		n = 1
	}
	for ; n <= tokens; n++ {
		if ready, err := turn.Wait(t.Context(), n); err != nil || ready < n {
			t.Errorf("token %d: %d ready, %v", n, ready, err)
			break
		}
		at = append(at, int(time.Since(start).Milliseconds()))
	}
	turn.End()
	return at
}

func same(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Tokens come at the ends of steps to whoever asks for each, and to whoever
// asks for the last only.
func TestGPUTokensComeWithTheSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model(t, gpuSpec)
		start := time.Now()
		first, second := ask(t, m, 50, 3), ask(t, m, 20, 2)
		var a, b []int
		var wg sync.WaitGroup
		wg.Go(func() { a = follow(t, first, 3, true, start) })
		wg.Go(func() { b = follow(t, second, 2, false, start) })
		time.Sleep(95 * time.Millisecond)
		g := m.Gauge()
		if g.Busy != 2 || g.Waiting != 0 || g.Replicas != 1 || g.PromptTokens != 70 || g.GenerationTokens != 3 || g.KVUsage != 0.09 {
			t.Errorf("in the middle: %+v", g)
		}
		wg.Wait()
		if !same(a, []int{60, 91, 103}) || !same(b, []int{103}) {
			t.Errorf("tokens at %v and %v", a, b)
		}
		if s := second.Spent(); s != (service.Spent{Queue: 60 * time.Millisecond, Prompt: 31 * time.Millisecond, Decode: 12 * time.Millisecond}) {
			t.Errorf("the second's time went to %+v", s)
		}
		if g := m.Gauge(); g.Busy != 0 || g.KVUsage != 0 || g.GenerationTokens != 5 {
			t.Errorf("at rest: %+v", g)
		}
	})
}

// An idle service keeps what Timing says.
func TestGPUTiming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model(t, gpuSpec)
		want := m.Timing(chance.Key{}, 250)
		if want != (service.Timing{FirstToken: 280 * time.Millisecond, PerToken: 11 * time.Millisecond}) {
			t.Errorf("timing %+v", want)
		}
		start := time.Now()
		if at := follow(t, ask(t, m, 250, 3), 3, true, start); !same(at, []int{280, 291, 302}) {
			t.Errorf("tokens at %v", at)
		}
	})
}

// Faults that slow a call down add to what the engine takes, and leave the
// others alone.
func TestGPUFaultsStretchOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model(t, gpuSpec)
		start := time.Now()
		slow, err := m.Admit(t.Context(), service.Job{Prompt: 50, Tokens: 3, Timing: service.Timing{
			FirstToken: 100 * time.Millisecond, PerToken: 33 * time.Millisecond,
		}})
		if err != nil {
			t.Fatal(err)
		}
		if at := follow(t, slow, 3, true, start); !same(at, []int{100, 133, 166}) {
			t.Errorf("tokens at %v", at)
		}
	})
}

func TestGPUSharesCallsBetweenReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gpuSpec
		s.Replicas, s.MaxRequests = 2, 2
		m := model(t, s)
		start := time.Now()
		var turns []service.Turn
		for range 4 {
			turns = append(turns, ask(t, m, 10, 1))
		}
		if _, err := m.Admit(t.Context(), service.Job{Prompt: 1, Tokens: 1}); !errors.Is(err, service.ErrFull) {
			t.Errorf("a fifth call at 2 replicas of 2: %v", err)
		}
		for i, want := range []int{20, 20, 40, 40} {
			if at := follow(t, turns[i], 1, false, start); !same(at, []int{want}) {
				t.Errorf("call %d: %v, want %d", i, at, want)
			}
		}
	})
}

// A call that leaves frees its place at once.
func TestGPUForgetsCallsThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model(t, gpuSpec)
		why := errors.New("hung up")
		ctx, leave := context.WithCancelCause(t.Context())
		turn := ask(t, m, 50, 100)
		told := make(chan error)
		go func() {
			n, err := turn.Wait(ctx, 100)
			if n != 1 {
				t.Errorf("%d tokens when it left", n)
			}
			turn.End()
			told <- err
		}()
		time.Sleep(65 * time.Millisecond)
		leave(why)
		if err := <-told; !errors.Is(err, why) {
			t.Errorf("it was told %v", err)
		}
		if g := m.Gauge(); g.Busy != 0 || g.KVUsage != 0 {
			t.Errorf("still busy: %+v", g)
		}
	})
}

// A lost replica takes its calls with it; the others go on; new calls go to
// those that are left, or nowhere.
func TestGPULosesReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gpuSpec
		s.Replicas = 2
		m := model(t, s).(service.Strained)
		start := time.Now()
		stays, goes := ask(t, m, 10, 2), ask(t, m, 10, 2)
		m.SetStrain(service.Strain{Replicas: 1, Slow: 2})
		if _, err := goes.Wait(t.Context(), 1); !errors.Is(err, service.ErrLost) {
			t.Errorf("a call at the lost replica: %v", err)
		}
		goes.End()
		// The step that had begun ends in its time; the next takes twice as long.
		if at := follow(t, stays, 2, true, start); !same(at, []int{20, 42}) {
			t.Errorf("the other's tokens at %v", at)
		}
		m.SetStrain(service.Strain{Replicas: 5})
		if _, err := m.Admit(t.Context(), service.Job{}); !errors.Is(err, service.ErrLost) {
			t.Errorf("no replica is left, and the call: %v", err)
		}
		m.SetStrain(service.Strain{})
		start = time.Now()
		if at := follow(t, ask(t, m, 10, 1), 1, true, start); !same(at, []int{20}) {
			t.Errorf("after it came back: %v", at)
		}
	})
}

// Thousands of calls at once cost one timer for each replica.
func TestGPUServesThousands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := gpuSpec
		s.MaxSequences, s.KVBlocks = 64, 2000
		m := model(t, s)
		var wg sync.WaitGroup
		for i := range 3000 {
			wg.Go(func() {
				turn, err := m.Admit(t.Context(), service.Job{Prompt: 5 + i%7, Tokens: 10})
				if err != nil {
					t.Error(err)
					return
				}
				defer turn.End()
				n, err := turn.Wait(t.Context(), 10)
				if n != 10 || err != nil {
					t.Errorf("%d tokens, %v", n, err)
				}
			})
		}
		wg.Wait()
		if g := m.Gauge(); g.GenerationTokens != 30_000 || g.Busy+g.Waiting != 0 || g.KVUsage != 0 {
			t.Errorf("at the end: %+v", g)
		}
	})
}

func TestGPURefusesParametersWithoutMeaning(t *testing.T) {
	for name, edit := range map[string]func(*plan.Service){
		"no prefill rate":      func(s *plan.Service) { s.PrefillRate = 0 },
		"negative step":        func(s *plan.Service) { s.StepBase = -1 },
		"no sequences":         func(s *plan.Service) { s.MaxSequences = 0 },
		"no cache":             func(s *plan.Service) { s.KVBlocks = 0 },
		"negative block":       func(s *plan.Service) { s.BlockTokens = -1 },
		"negative replicas":    func(s *plan.Service) { s.Replicas = -1 },
		"negative batch":       func(s *plan.Service) { s.MaxBatchedTokens = -1 },
		"negative maxrequests": func(s *plan.Service) { s.MaxRequests = -1 },
	} {
		s := gpuSpec
		edit(&s)
		if _, err := service.New(s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
