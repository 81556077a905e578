package load_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"brownout/plan"
)

func TestStop(t *testing.T) {
	for name, c := range map[string]struct {
		rate    float64
		handler http.HandlerFunc
		samples int
	}{
		"while waiting for the next request": {rate: .01, handler: good, samples: 1},
		"with requests in flight":            {rate: 10, handler: hang, samples: 0},
		"with refusals in flight": {
			rate: 10, samples: 0,
			handler: func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusServiceUnavailable); hang(w, r) },
		},
		"at the worker cap": {rate: 1000, handler: hang, samples: 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := steady(c.rate, time.Hour, of(plan.KindChat))
				p.Load.Workers = 20
				r, got := runner(t, p, memory{c.handler})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				err := r.Run(ctx)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v", err)
				}
				if d := time.Since(began); d != time.Second {
					t.Errorf("stopped after one second, ended after %v", d)
				}
				if len(got.all) != c.samples {
					t.Errorf("%d samples, want %d", len(got.all), c.samples)
				}
			})
		})
	}
}

func TestRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := runner(t, one(of(plan.KindChat)), memory{good})
		if err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Run(t.Context()); err == nil {
			t.Error("a second run was accepted")
		}
	})
}

// deaf is a transport that does not honour contexts.
type deaf struct{ until chan struct{} }

func (d deaf) RoundTrip(*http.Request) (*http.Response, error) {
	<-d.until
	return nil, errReset
}

func TestDeafTransportIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		until := make(chan struct{})
		r, _ := runner(t, steady(10, time.Second, of(plan.KindChat)), deaf{until})
		if err := r.Run(t.Context()); err == nil {
			t.Error("no error though ten requests never ended")
		}
		close(until)
	})
}
