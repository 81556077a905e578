package router_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/chance"
	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// Whoever fails, how often and when: of those that serve the same traffic no
// more are ejected at once than may be, and never all; an ejection lasts longer
// than the one before or as long, within its bounds; whoever is ejected is not
// asked again before it is back; and no request fails because somebody who might
// have answered it was ejected or on its way back.
func TestEjectionsStayWithinBounds(t *testing.T) {
	const length = 12 * time.Second
	ejected := 0
	for seed := range uint64(12) {
		draw := func(purpose string, n int) int {
			return min(n-1, int(chance.Key{Seed: seed, Purpose: purpose}.Uniform()*float64(n)))
		}
		var fakes []*fake
		for i := range 2 + draw("backends", 4) {
			name := string(rune('a' + i))
			f := backend(name, func(n int) act {
				second := int(time.Since(epoch()) / (3 * time.Second))
				k := chance.Key{Seed: seed, Provider: name, Attempt: n, Purpose: "fails"}
				if share := float64(draw(fmt.Sprint(name, second), 3)) * 0.3; k.Hit(share) {
					return fails(wire.FailOverload, 0)
				}
				return answers("whole answer", 0)
			})
			f.Class = plan.Classes[i%2]
			fakes = append(fakes, f)
		}
		most := []float64{0.1, 0.4, 0.7, 1}[draw("share", 4)]
		set := plan.Router{
			Policy: plan.RouterPolicies[1+draw("policy", 2)], MaxAttempts: -1, BackoffBase: 1, BackoffCap: 1, Retries: 3,
			Off:             []string{"health_checks", "deprecation_watch", "retry_budget"},
			Breaker:         plan.Breaker{MinCalls: []int{5, 50}[draw("breaker", 2)], OpenFor: 500 * ms},
			OutlierEjection: plan.OutlierEjection{Factor: 2, MinCalls: 5, Window: 1003 * ms, EjectFor: 701 * ms, MaxShare: most},
			SlowStart:       plan.SlowStart{Over: time.Duration(1+draw("way back", 3000)) * ms, From: 0.1},
		}
		run(t, set, fakes, func(w *world) {
			var all sync.WaitGroup
			for i := 0; w.since() < length; i++ {
				a := ask{marker: fmt.Sprint("m", i)}
				if i%3 == 0 {
					a.header = http.Header{wire.HeaderAllow: {plan.Classes[0]}}
				}
				all.Go(func() {
					g := w.send(a)
					if g.text != "whole answer" && (g.fail == nil || strings.Contains(g.fail.Message, "ejected") || strings.Contains(g.fail.Message, "step by step")) {
						t.Errorf("seed %d: at %v: %q, %v", seed, w.since(), g.text, g.fail)
					}
				})
				w.pass(40 * ms)
			}
			all.Wait()
			checkEjections(t, seed, w, set.OutlierEjection, len(fakes))
			ejected += len(w.decided(router.Ejected))
		})
	}
	if ejected < 12 {
		t.Errorf("%d ejections over all: the test shows too little", ejected)
	}
}

// checkEjections checks what was decided of ejections against their bounds,
// among so many that serve the same traffic.
func checkEjections(t *testing.T, seed uint64, w *world, set plan.OutlierEjection, backends int) {
	t.Helper()
	list := w.decided(router.Ejected)
	most := max(1, int(set.MaxShare*float64(backends)))
	last := map[string]decision{}
	for i, d := range list {
		out := 1
		for _, v := range list[:i] {
			if v.at+v.Wait > d.at {
				out++
			}
		}
		if out > most || out == backends || d.Wait%set.EjectFor != 0 || d.Wait < set.EjectFor || d.Wait > 10*set.EjectFor {
			t.Errorf("seed %d: %s was ejected for %v as number %d of %d, where %d may be", seed, d.Provider, d.Wait, out, backends, most)
		}
		if v, again := last[d.Provider]; again && v.at+v.Wait > d.at {
			t.Errorf("seed %d: %s was ejected at %v for %v, and again at %v", seed, d.Provider, v.at, v.Wait, d.at)
		}
		last[d.Provider] = d
	}
	for _, v := range w.decided(router.Returned) {
		d, out := last[v.Provider]
		if !out && v.at < d.at {
			t.Errorf("seed %d: %s returned at %v, and was never ejected", seed, v.Provider, v.at)
		}
	}
}
