package service_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"brownout/mocks/service"
	"brownout/plan"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func slots(t *testing.T, n, queue int) service.Model {
	t.Helper()
	m, err := service.New(plan.Service{Model: plan.ServiceSlots, Slots: n, Queue: queue})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// admit lets a call in that must not wait.
func admit(t *testing.T, m service.Model) service.Turn {
	t.Helper()
	turn, err := m.Admit(t.Context(), service.Job{})
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

// admitted is what became of a call that stood in line.
type admitted struct {
	turn service.Turn
	err  error
}

// line has a call wait for its turn.
func line(ctx context.Context, m service.Model) <-chan admitted {
	told := make(chan admitted, 1)
	go func() {
		turn, err := m.Admit(ctx, service.Job{})
		told <- admitted{turn, err}
	}()
	return told
}

// Two slots, ten calls of a second each, all at once: they are served in pairs
// in the order in which they came, and end at 1, 1, 2, 2 … seconds exactly.
func TestSlotsServeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := slots(t, 2, 8)
		start := time.Now()
		ended := make([]time.Duration, 10)
		var wg sync.WaitGroup
		for i := range ended {
			wg.Go(func() {
				turn, err := m.Admit(t.Context(), service.Job{Tokens: 1, Timing: service.Timing{FirstToken: time.Second}})
				if err != nil {
					t.Error(err)
					return
				}
				if n, err := turn.Wait(t.Context(), 1); n != 1 || err != nil {
					t.Error(n, err)
				}
				ended[i] = time.Since(start)
				turn.End()
			})
			synctest.Wait() // the next one comes after this one has its place
		}
		if g := m.Gauge(); g != (service.Gauge{Busy: 2, Waiting: 8, Slots: 2}) {
			t.Errorf("gauge of a full service: %+v", g)
		}
		wg.Wait()
		for i, d := range ended {
			if want := time.Duration(i/2+1) * time.Second; d != want {
				t.Errorf("call %d ended after %v, want %v", i, d, want)
			}
		}
		if g := m.Gauge(); g != (service.Gauge{Slots: 2}) {
			t.Errorf("gauge of an idle service: %+v", g)
		}
	})
}

func TestSlotsRefuseWhenTheQueueIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := slots(t, 1, 1)
		held := admit(t, m)
		waiter := line(t.Context(), m)
		synctest.Wait()
		if _, err := m.Admit(t.Context(), service.Job{}); !errors.Is(err, service.ErrFull) {
			t.Errorf("third call: %v, want ErrFull", err)
		}
		held.End()
		if got := <-waiter; got.err != nil {
			t.Errorf("waiting call: %v", got.err)
		} else {
			got.turn.End()
		}
		if g := m.Gauge(); g.Busy != 0 || g.Waiting != 0 {
			t.Errorf("not idle after all ended: %+v", g)
		}
	})
}

// A caller that gives up leaves the queue at once, and its place is free for
// the next; whoever is behind it still gets the slot.
func TestSlotsForgetCallersThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := slots(t, 1, 2)
		held := admit(t, m)
		impatient, leave := context.WithCancelCause(t.Context())
		why := errors.New("hung up")
		first := line(impatient, m)
		synctest.Wait()
		second := line(t.Context(), m)
		synctest.Wait()
		leave(why)
		if got := <-first; !errors.Is(got.err, why) {
			t.Errorf("caller that left: %v, want %v", got.err, why)
		}
		if g := m.Gauge(); g.Waiting != 1 {
			t.Errorf("waiting: %d, want 1", g.Waiting)
		}
		held.End()
		if got := <-second; got.err != nil {
			t.Error(got.err)
		} else {
			got.turn.End()
		}
		if _, err := m.Admit(impatient, service.Job{}); !errors.Is(err, why) {
			t.Errorf("a caller that is gone already: %v", err)
		}
	})
}

// A slot that is handed to a caller in the very moment it leaves is passed on.
func TestSlotsPassOnWhatALeaverWasHanded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := slots(t, 1, 1)
		for range 100 { // which of the two comes first is for the scheduler to say
			held := admit(t, m)
			ctx, leave := context.WithCancelCause(t.Context())
			waiter := line(ctx, m)
			synctest.Wait()
			leave(nil)
			held.End()
			if got := <-waiter; got.err == nil {
				got.turn.End()
			}
			if g := m.Gauge(); g.Busy != 0 || g.Waiting != 0 {
				t.Fatalf("not idle after all ended: %+v", g)
			}
		}
	})
}

// However callers come, leave and end, no slot is lost or served twice.
func TestSlotsNeverLoseASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 3
		m := slots(t, size, 50)
		var wg sync.WaitGroup
		for i := range 500 {
			wg.Go(func() {
				time.Sleep(time.Duration(i%7) * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%11)*time.Millisecond)
				defer cancel()
				turn, err := m.Admit(ctx, service.Job{})
				if err != nil {
					return
				}
				if g := m.Gauge(); g.Busy > size || g.Busy < 1 || g.Waiting > 50 {
					t.Errorf("gauge out of bounds: %+v", g)
				}
				time.Sleep(time.Duration(i%3) * time.Millisecond)
				turn.End()
			})
		}
		wg.Wait()
		if g := m.Gauge(); g.Busy != 0 || g.Waiting != 0 {
			t.Errorf("not idle after all ended: %+v", g)
		}
	})
}
