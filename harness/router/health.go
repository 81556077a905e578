package router

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"brownout/chance"
)

// healthJitter is how far a probe may be off its time, as a share of the
// interval, so that a fleet of routers does not probe in step.
const healthJitter = 0.1

// pulse is what is known of a backend's health. A backend counts as healthy
// until it is proven otherwise.
type pulse struct {
	answered atomic.Int64            // when a call was last answered, in Unix nanoseconds; 0: never
	sick     atomic.Pointer[refusal] // why it is rather not asked; nil: it is healthy
	worked   bool                    // a probe was answered well once
	good     int                     // probes in a row
	bad      int                     // likewise
}

// healthChecks probes backends beside the traffic, so that one that is silent
// is noticed before a request has to wait for it, and one that is back is
// noticed without risking a request. An unhealthy one is asked only where
// nobody else can be.
//
// A backend that answers calls has proven its health by that, and is not
// probed; nor is one that has said when to come back. What is left costs each
// idle backend one small request without a prompt in each interval.
func healthChecks(r *engine) *stage {
	if len(r.backends) < 2 { // there is nobody to spare it for
		return nil
	}
	return &stage{
		bars: func(_ *call, v *candidate) *refusal { return v.pulse.sick.Load() },
		run: func(ctx context.Context) {
			var all sync.WaitGroup
			for _, b := range r.backends {
				all.Go(func() { r.attend(ctx, b) })
			}
			all.Wait()
		},
	}
}

// attend probes one backend until ctx ends. The first probe comes within one
// interval, at a moment of the backend's own.
func (r *engine) attend(ctx context.Context, b *backend) {
	set := r.set.HealthChecks
	draw := func(n int) float64 {
		return chance.Key{Seed: r.seed, Provider: b.Name, Attempt: n, Purpose: "health"}.Uniform()
	}
	look := time.Now()
	next := look.Add(time.Duration(draw(-1) * float64(set.Interval)))
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	probe := newProbe(b)
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		since := look
		look = time.Now()
		switch {
		case b.pulse.answered.Load() > since.UnixNano():
			r.conclude(b, nil)
		case !b.gate.awaits(look):
			err := ask(ctx, set.Timeout, probe)
			if ctx.Err() != nil {
				return
			}
			r.believe(b, err)
		}
		off := 1 + healthJitter*(2*draw(n)-1)
		next = next.Add(time.Duration(off * float64(set.Interval)))
		timer.Reset(max(0, time.Until(next)))
	}
}

// errProbeSlow is the cause with which a probe's time ends.
var errProbeSlow = errors.New("no answer to a health probe")

// ask makes one probe.
func ask(ctx context.Context, limit time.Duration, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errProbeSlow)
	defer cancel()
	err := probe(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errProbeSlow) {
		return fmt.Errorf("%w in %v", errProbeSlow, limit)
	}
	return err
}

// believe takes in what a probe found. A bad answer proves something only
// where there was a good one before: a key may not be allowed what probes ask
// for, and an address may not have it. Silence always does.
func (r *engine) believe(b *backend, err error) {
	var answer *badAnswer
	p := &b.pulse
	result := "ok"
	if err != nil {
		result = "failed"
	}
	r.metrics.probes.WithLabelValues(b.Name, result).Inc()
	p.worked = p.worked || err == nil
	if !errors.As(err, &answer) || p.worked {
		r.conclude(b, err)
	}
}

// conclude turns signs in a row into a diagnosis.
func (r *engine) conclude(b *backend, err error) {
	p, set := &b.pulse, r.set.HealthChecks
	if err == nil {
		p.good, p.bad = p.good+1, 0
	} else {
		p.good, p.bad = 0, p.bad+1
	}
	sick := p.sick.Load() != nil
	switch {
	case sick && p.good >= set.HealthyAfter:
		b.ramp.start()
		p.sick.Store(nil)
		r.tell(Decision{What: Healthy, Provider: b.Name, Detail: "it answers again"})
	case err != nil && (sick || p.bad >= set.UnhealthyAfter):
		p.sick.Store(&refusal{asked: ifPoor, why: "it is unhealthy: " + err.Error()})
		if !sick {
			r.tell(Decision{What: Unhealthy, Provider: b.Name, Detail: err.Error()})
		}
	}
}
