package load_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/load"
	"brownout/plan"
)

// A profile that is changed while the load runs counts from then on, also where
// the next request was a long time off, or none was due any more.
func TestChangedProfile(t *testing.T) {
	for _, c := range []struct {
		name    string
		rate    float64
		changes []func(plan.Load) plan.Load // one a second, from 1 s on
		least   int
		most    int
	}{
		{"raised from a request in 50 s", .02, []func(plan.Load) plan.Load{func(l plan.Load) plan.Load { return l.Held(1100*time.Millisecond, 10) }}, 89, 91},
		{"stopped", 10, []func(plan.Load) plan.Load{func(l plan.Load) plan.Load { return l.Held(1100*time.Millisecond, 0) }}, 11, 12},
		{"stopped and taken up again", 10, []func(plan.Load) plan.Load{
			func(l plan.Load) plan.Load { return l.Held(1100*time.Millisecond, 0) },
			func(l plan.Load) plan.Load { return l.Held(2100*time.Millisecond, 20) },
		}, 168, 171},
		{"doubled", 10, []func(plan.Load) plan.Load{func(l plan.Load) plan.Load { return l.Scaled(1100*time.Millisecond, 2) }}, 188, 191},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := steady(c.rate, 10*time.Second, of(plan.KindChat))
				s := &samples{}
				began := time.Now()
				r, err := load.New(load.Config{
					Plan: p, BaseURL: "http://target.test", Key: testKey, Model: "gpt-test", Open: true,
					Start: began, Emit: s.emit, Transport: memory{good},
				})
				if err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- r.Run(context.Background()) }()
				l := p.Load
				for _, change := range c.changes {
					<-time.After(time.Second)
					l = change(l)
					r.Change(l.Profile)
				}
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
				if n := len(s.scheduled()); n < c.least || n > c.most {
					t.Errorf("%d requests, want %d to %d", n, c.least, c.most)
				}
				if d := time.Since(began); d < 10*time.Second {
					t.Errorf("the load ended after %s", d)
				}
			})
		})
	}
}
