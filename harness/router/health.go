package router

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"brownout/chance"
)

// healthSettings say how often a provider is looked at and what is believed.
type healthSettings struct {
	Interval       time.Duration // between the starts of two probes of a provider
	Timeout        time.Duration // of one probe
	UnhealthyAfter int           // failed probes in a row
	HealthyAfter   int           // good probes in a row
}

// healthJitter is how far a probe may be off its time, as a share of the
// interval, so that a fleet of routers does not probe in step.
const healthJitter = 0.1

// patient is a provider whose health is watched. probe asks it for a sign of
// life; nil means it gave one. It must end with its context.
type patient struct {
	name  string
	probe func(context.Context) error
}

// healthChecks probe providers beside the traffic, so that one that is silent
// is noticed before a request has to wait for it, and one that is back is
// noticed without risking a request. All count as healthy until proven
// otherwise.
type healthChecks struct {
	set  healthSettings
	seed uint64
	tell func(diagnosis) // from the provider's own goroutine
	ends context.CancelFunc
	wg   sync.WaitGroup

	mu   sync.RWMutex
	sick map[string]error // why, by name
}

// diagnosis is a change of a provider's health.
type diagnosis struct {
	name    string
	healthy bool
	why     error // the failure of the latest probe; nil where healthy
}

// errProbeSlow is the cause with which a probe's time ends.
var errProbeSlow = errors.New("no answer to a health probe")

// startHealthChecks begins to probe; stop ends it. The first probes come
// within one interval, each provider at a moment of its own.
func startHealthChecks(set healthSettings, seed uint64, list []patient, tell func(diagnosis)) *healthChecks {
	ctx, cancel := context.WithCancel(context.Background())
	h := &healthChecks{set: set, seed: seed, tell: tell, ends: cancel, sick: map[string]error{}}
	for _, p := range list {
		h.wg.Go(func() { h.watch(ctx, p) })
	}
	return h
}

// stop ends all probes, those under way too, and waits for them.
func (h *healthChecks) stop() {
	h.ends()
	h.wg.Wait()
}

// sickness is why a provider is unhealthy; nil where it is healthy.
func (h *healthChecks) sickness(name string) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.sick[name]
}

// watch probes one provider until ctx ends.
func (h *healthChecks) watch(ctx context.Context, p patient) {
	draw := func(n int) float64 {
		return chance.Key{Seed: h.seed, Provider: p.name, Attempt: n, Purpose: "health"}.Uniform()
	}
	next := time.Now().Add(time.Duration(draw(-1) * float64(h.set.Interval)))
	timer := time.NewTimer(time.Until(next))
	defer timer.Stop()
	good, bad := 0, 0
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := h.ask(ctx, p)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			good, bad = good+1, 0
		} else {
			good, bad = 0, bad+1
		}
		h.conclude(p.name, good, bad, err)
		off := 1 + healthJitter*(2*draw(n)-1)
		next = next.Add(time.Duration(off * float64(h.set.Interval)))
		timer.Reset(max(0, time.Until(next)))
	}
}

// ask makes one probe.
func (h *healthChecks) ask(ctx context.Context, p patient) error {
	ctx, cancel := context.WithTimeoutCause(ctx, h.set.Timeout, errProbeSlow)
	defer cancel()
	err := p.probe(ctx)
	if err != nil && context.Cause(ctx) == errProbeSlow {
		return fmt.Errorf("%w in %v", errProbeSlow, h.set.Timeout)
	}
	return err
}

// conclude turns probes in a row into a diagnosis.
func (h *healthChecks) conclude(name string, good, bad int, err error) {
	h.mu.Lock()
	_, sick := h.sick[name]
	d := diagnosis{name: name, healthy: sick && good >= max(1, h.set.HealthyAfter), why: err}
	falls := !sick && bad >= max(1, h.set.UnhealthyAfter)
	switch {
	case d.healthy:
		delete(h.sick, name)
	case bad > 0 && (sick || falls):
		h.sick[name] = err
	}
	h.mu.Unlock()
	if d.healthy || falls {
		h.tell(d)
	}
}
