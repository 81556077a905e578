package load_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/plan"
)

func TestSaturation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Streams that hang for long hold the workers until the chats behind
		// them are past their deadlines.
		chat, stream := of(plan.KindChat), of(plan.KindStream)
		chat.Deadline, stream.Deadline = 2*time.Second, 8*time.Second
		p := steady(100, 10*time.Second, chat, stream)
		p.Load.Workers = 20
		r, got := runner(t, p, memory{hang})
		done := make(chan error)
		go func() { done <- r.Run(t.Context()) }()

		<-time.After(100*time.Millisecond + time.Nanosecond)
		if s := r.Take(); s.Saturated || s.Hits != 11 || s.InFlight != 11 || s.LagMax != 0 {
			t.Errorf("before the cap: %+v", s)
		}
		<-time.After(900 * time.Millisecond)
		if s := r.Take(); !s.Saturated || s.Hits != 9 || s.InFlight != 20 || s.Peak != 20 {
			t.Errorf("at the cap: %+v", s)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if s := r.Take(); !s.Saturated || s.InFlight != 0 || s.LagMax < 2*time.Second || s.LagP99 < s.LagP50 || s.LagMax < s.LagP99 {
			t.Errorf("at the end: %+v", s)
		}

		all := got.scheduled()
		if len(all) != 1000 {
			t.Fatalf("%d samples of 1000 requests", len(all))
		}
		unsent := 0
		for _, s := range all {
			deadline := map[string]time.Duration{plan.KindChat: chat.Deadline, plan.KindStream: stream.Deadline}[s.Request]
			if s.Outcome != journal.Hung || s.Total != deadline {
				t.Fatalf("%+v", s)
			}
			if s.Reason == "not_sent" {
				unsent++
				if s.Sent != 0 {
					t.Fatalf("a request that was not sent, at %v", s.Sent)
				}
			}
		}
		if unsent < 100 {
			t.Errorf("only %d requests were not sent", unsent)
		}
	})
}

func TestEachTakeStandsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steady(10, time.Second, of(plan.KindChat))
		p.Load.Workers = 1
		r, _ := runner(t, p, memory{func(w http.ResponseWriter, r *http.Request) {
			sleep(r, 300*time.Millisecond)
			good(w, r)
		}})
		done := make(chan error)
		go func() { done <- r.Run(t.Context()) }()
		// One request every 300 ms, each 200 ms later than the one before it.
		<-time.After(time.Second)
		first := r.Take()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		second := r.Take()
		about := func(d, want time.Duration) bool { return (d - want).Abs() <= want/1000 }
		if first.Hits != 4 || !about(first.LagP50, 200*time.Millisecond) || first.LagMax != 600*time.Millisecond {
			t.Errorf("first second: %+v", first)
		}
		if second.Hits != 6 || !about(second.LagP50, 1200*time.Millisecond) || second.LagMax != 1800*time.Millisecond {
			t.Errorf("the rest: %+v", second)
		}
	})
}

func TestLagIsMeasuredAgainstTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := steady(10, time.Second, of(plan.KindChat))
		s := new(samples)
		// The run began 250 ms ago: three requests are late, the others not.
		r, err := load.New(load.Config{
			Plan: p, BaseURL: "http://target.test", Model: "m", Emit: s.emit, Transport: memory{good},
			Start: time.Now().Add(-250 * time.Millisecond),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := r.Take()
		if got.Hits != 10 || got.LagMax != 250*time.Millisecond || got.LagP50 != 0 || got.LagP99 < 249*time.Millisecond {
			t.Errorf("%+v", got)
		}
		if again := r.Take(); again != (load.Second{}) {
			t.Errorf("taken twice: %+v", again)
		}
	})
}
