package router_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// Pauses before retries are drawn from 0..min(cap, base*2^n), by key.
func TestBackoff(t *testing.T) {
	set := plan.Router{Retries: 4, BackoffBase: 100 * time.Millisecond, BackoffCap: 300 * time.Millisecond, Breaker: plan.Breaker{Disabled: true}}
	limits := []time.Duration{100, 200, 300, 300}
	var longest [4]time.Duration
	pauses := func() (all [][]time.Duration) {
		a := backend("a", always(fails(wire.FailServer, 0)))
		run(t, set, []*fake{a}, func(w *world) {
			for i := range 40 {
				w.send(ask{marker: strings.Repeat("m", i+1)})
				ts := a.times()[5*i:]
				var ps []time.Duration
				for n := range limits {
					p := ts[n+1] - ts[n]
					if p < 0 || p > limits[n]*time.Millisecond {
						t.Errorf("pause %d was %v, want at most %vms", n, p, int(limits[n]))
					}
					longest[n] = max(longest[n], p)
					ps = append(ps, p)
				}
				all = append(all, ps)
			}
		})
		return all
	}
	if first, second := pauses(), pauses(); !reflect.DeepEqual(first, second) {
		t.Error("the same requests paused differently in a second run")
	}
	for n, l := range longest {
		if l < limits[n]*time.Millisecond*8/10 {
			t.Errorf("the longest of 40 pauses %d was %v, want near %vms", n, l, int(limits[n]))
		}
	}
}
