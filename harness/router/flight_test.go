package router

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/mocks/wire"
)

// passenger is a client of the shared call in tests.
type passenger struct {
	text   string
	answer *wire.Answer
	fail   *wire.Failure
	err    error
	led    int
}

// fly boards and follows or leads to the end. lead makes the call.
func fly(ctx context.Context, g *flights, lead func(ctx context.Context, s *seat) (*wire.Answer, *wire.Failure)) *passenger {
	p := &passenger{}
	s, leads := g.board(digest{1})
	for !leads {
		h, err := s.next(ctx)
		p.text += h.text
		switch {
		case err != nil:
			p.err = err
			return p
		case h.answer != nil || h.fail != nil:
			p.answer, p.fail = h.answer, h.fail
			return p
		}
		leads = h.lead
	}
	p.led++
	shared, stop := s.shared(ctx, errLateInTest)
	defer stop()
	a, fail := lead(shared, s)
	if fail == nil {
		fail = s.land(a)
	}
	switch {
	case fail == nil:
		p.answer, p.text = a, a.Text
	default:
		p.fail = fail
		s.crash(fail, false)
	}
	if ctx.Err() != nil {
		p.err = context.Cause(ctx)
	}
	return p
}

var errLateInTest = errors.New("late")

// speak says words a second apart.
func speak(words ...string) func(context.Context, *seat) (*wire.Answer, *wire.Failure) {
	return func(ctx context.Context, s *seat) (*wire.Answer, *wire.Failure) {
		for _, w := range words {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return nil, &wire.Failure{Kind: wire.FailTimeout, Message: context.Cause(ctx).Error()}
			}
			if w == "!" {
				return nil, &wire.Failure{Kind: wire.FailServer, Message: "broken"}
			}
			if fail := s.text(w); fail != nil {
				return nil, fail
			}
		}
		return modelSays(strings.Join(words, "")), nil
	}
}

func TestFollowersHearFromTheBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, got := newFlights(), make([]*passenger, 3)
		ctx := t.Context()
		var all sync.WaitGroup
		for i, at := range []time.Duration{0, 1500 * time.Millisecond, 2900 * time.Millisecond} {
			all.Go(func() {
				<-time.After(at)
				got[i] = fly(ctx, g, speak("one ", "two ", "three"))
			})
		}
		all.Wait()
		for i, p := range got {
			if p.text != "one two three" || p.answer == nil || p.led != map[bool]int{true: 1}[i == 0] {
				t.Errorf("%d: %+v", i, p)
			}
		}
		if len(g.by) != 0 {
			t.Errorf("%d flights are left", len(g.by))
		}
	})
}

func TestAnUnaryLeaderServesStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newFlights()
		unary := func(context.Context, *seat) (*wire.Answer, *wire.Failure) {
			<-time.After(time.Second)
			a := modelSays("whole")
			a.ToolCalls = []wire.ToolCall{{ID: "c", Name: "f", Arguments: "{}"}}
			return a, nil
		}
		s, _ := g.board(digest{1})
		f, _ := g.board(digest{1})
		a, _ := unary(t.Context(), s)
		if fail := s.land(a); fail != nil {
			t.Fatal(fail)
		}
		h, err := f.next(t.Context())
		if err != nil || h.text != "whole" || h.answer != a || len(h.tools) != 1 || h.tools[0].Name != "f" {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

func TestOneFollowerLeadsAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, got := newFlights(), make([]*passenger, 4)
		calls := 0
		lead := func(ctx context.Context, s *seat) (*wire.Answer, *wire.Failure) {
			if calls++; calls == 1 {
				return speak("one ", "!")(ctx, s)
			}
			return speak("one ", "two")(ctx, s)
		}
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				got[i] = fly(t.Context(), g, lead)
			})
		}
		all.Wait()
		if calls != 2 {
			t.Errorf("%d calls were made", calls)
		}
		for i, p := range got {
			if i == 0 && p.fail == nil || i > 0 && (p.fail != nil || p.text != "one two") {
				t.Errorf("%d: %+v", i, p)
			}
		}
	})
}

func TestEverybodyIsToldAfterTwoFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newFlights()
		var mu sync.Mutex
		calls, told := 0, 0
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				p := fly(t.Context(), g, func(ctx context.Context, s *seat) (*wire.Answer, *wire.Failure) {
					mu.Lock()
					calls++
					mu.Unlock()
					return speak("!")(ctx, s)
				})
				mu.Lock()
				defer mu.Unlock()
				if p.fail != nil && p.fail.Message == "broken" {
					told++
				}
			})
		}
		all.Wait()
		if calls != maxCrashes || told != 10 {
			t.Errorf("%d calls, %d told", calls, told)
		}
	})
}

func TestTheRequestsOwnFaultIsToldAtOnce(t *testing.T) {
	g := newFlights()
	lead, _ := g.board(digest{1})
	follow, _ := g.board(digest{1})
	lead.crash(&wire.Failure{Kind: wire.FailBadRequest}, true)
	if h, err := follow.next(t.Context()); err != nil || h.fail == nil || h.lead {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestTheCallOutlivesItsLeadersClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newFlights()
		gone, leave := context.WithCancel(t.Context())
		var first, second *passenger
		var all sync.WaitGroup
		all.Go(func() { first = fly(gone, g, speak("one ", "two ", "three")) })
		all.Go(func() {
			<-time.After(time.Millisecond)
			second = fly(t.Context(), g, speak("never"))
		})
		<-time.After(1500 * time.Millisecond)
		leave()
		all.Wait()
		if second.text != "one two three" || second.led != 0 {
			t.Errorf("the follower got %+v", second)
		}
		if first.err == nil {
			t.Errorf("the leader got %+v", first)
		}
	})
}

func TestTheCallEndsWhenEverybodyHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newFlights()
		began := time.Now()
		a, leaveA := context.WithTimeout(t.Context(), time.Hour)
		b, leaveB := context.WithCancel(t.Context())
		var first *passenger
		var all sync.WaitGroup
		all.Go(func() {
			first = fly(a, g, func(ctx context.Context, _ *seat) (*wire.Answer, *wire.Failure) {
				<-ctx.Done()
				return nil, &wire.Failure{Message: context.Cause(ctx).Error()}
			})
		})
		all.Go(func() {
			<-time.After(time.Millisecond)
			fly(b, g, speak("never"))
		})
		<-time.After(time.Second)
		leaveA()
		<-time.After(time.Second)
		leaveB()
		all.Wait()
		if took := time.Since(began); took != 2*time.Second || first.fail.Message != errAlone.Error() {
			t.Errorf("it ended after %v with %v", took, first.fail)
		}
	})
}

func TestASharedCallKeepsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newFlights()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		lead, _ := g.board(digest{1})
		follow, _ := g.board(digest{1})
		shared, stop := lead.shared(ctx, errLateInTest)
		defer stop()
		<-time.After(time.Second)
		cancel() // the client leaves; the call goes on, but not for longer than it had
		synctest.Wait()
		if shared.Err() != nil {
			t.Fatal("the call ended with its client")
		}
		<-time.After(2 * time.Second)
		synctest.Wait()
		if !errors.Is(context.Cause(shared), errLateInTest) {
			t.Errorf("cause %v", context.Cause(shared))
		}
		lead.leave()
		if h, _ := follow.next(t.Context()); !h.lead {
			t.Errorf("%+v", h)
		}
		follow.leave()
	})
}

func TestANewLeaderWhoSaysSomethingElseFails(t *testing.T) {
	g := newFlights()
	lead, _ := g.board(digest{1})
	a, _ := g.board(digest{1})
	b, _ := g.board(digest{1})
	lead.text("one two")
	for _, s := range []*seat{a, b} {
		if h, err := s.next(t.Context()); h.text != "one two" || err != nil {
			t.Fatalf("%+v", h)
		}
	}
	lead.leave()
	if h, _ := a.next(t.Context()); !h.lead {
		t.Fatalf("%+v", h)
	}
	fail := a.text("one three")
	if fail == nil {
		t.Fatal("another answer was taken for the same")
	}
	a.crash(fail, true)
	if h, _ := b.next(t.Context()); h.fail != fail || h.text != "" {
		t.Errorf("%+v", h)
	}
}

// Whoever comes, leaves or fails: who stays hears the whole answer exactly
// once or is told a failure, nobody waits for ever, never do two lead at once,
// and nothing stays behind.
func TestFlightsAreSound(t *testing.T) {
	words := []string{"the ", "the ", "quick ", "brown ", "fox"}
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(rt, "clients")
		type plan struct {
			at, leave time.Duration
			fails     int // at this word when it leads; -1: never
		}
		plans := make([]plan, n)
		for i := range plans {
			plans[i] = plan{
				at:    time.Duration(rapid.IntRange(0, 6000).Draw(rt, "at")) * time.Millisecond,
				leave: time.Duration(rapid.SampledFrom([]int{300, 1700, 4100, 60_000}).Draw(rt, "stays")) * time.Millisecond,
				fails: rapid.SampledFrom([]int{-1, -1, 0, 2, 4}).Draw(rt, "fails at"),
			}
		}
		var wrong []string
		synctest.Test(t, func(t *testing.T) {
			g := newFlights()
			var mu sync.Mutex
			leading := 0
			note := func(format string, args ...any) {
				mu.Lock()
				defer mu.Unlock()
				wrong = append(wrong, fmt.Sprintf(format, args...))
			}
			var all sync.WaitGroup
			for i, p := range plans {
				all.Go(func() {
					<-time.After(p.at)
					ctx, cancel := context.WithTimeout(t.Context(), p.leave)
					defer cancel()
					began := time.Now()
					got := fly(ctx, g, func(ctx context.Context, s *seat) (*wire.Answer, *wire.Failure) {
						mu.Lock()
						if leading++; leading > 1 {
							wrong = append(wrong, "two lead at once")
						}
						mu.Unlock()
						defer func() {
							mu.Lock()
							leading--
							mu.Unlock()
						}()
						mine := append([]string(nil), words...)
						if p.fails >= 0 {
							mine[p.fails] = "!"
						}
						return speak(mine...)(ctx, s)
					})
					switch {
					case time.Since(began) > p.leave:
						note("client %d waited for %v of %v", i, time.Since(began), p.leave)
					case got.led > 1:
						note("client %d led %d times", i, got.led)
					case got.err == nil && got.fail == nil && (got.answer == nil || got.text != strings.Join(words, "")):
						note("client %d got %q", i, got.text)
					case !strings.HasPrefix(strings.Join(words, ""), got.text):
						note("client %d heard %q", i, got.text)
					}
				})
			}
			all.Wait()
			if len(g.by) != 0 {
				note("%d flights are left", len(g.by))
			}
		})
		if len(wrong) > 0 {
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
}
