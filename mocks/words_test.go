package mocks_test

import (
	"fmt"
	"strings"
	"testing"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// A catalogue can set what a provider's errors say; what a fault says itself
// goes before it, and every kind has a default in every dialect.
func TestErrorWords(t *testing.T) {
	for _, kind := range plan.ErrorKinds {
		eachRig(t, func(p *plan.Provider) {
			p.Words = []plan.Words{
				{Kind: kind, Status: 418, Message: "not these"},
				{Kind: kind, Status: 499, Message: "Words of its own."}, // the last counts
			}
		}, func(t *testing.T, r *rig, d wire.Dialect) {
			if d.Usual(wire.FailureKind(kind)) < 200 {
				t.Errorf("%s: no usual status", kind)
			}
			clear := r.Inject("down", failing{wire.Failure{Kind: wire.FailureKind(kind)}})
			if status, body, _ := r.bad(t, d, nil); status != 499 || !strings.Contains(string(body), "Words of its own.") {
				t.Errorf("%s: %d %s", kind, status, body)
			}
			clear()
			r.Inject("down", failing{wire.Failure{Kind: wire.FailureKind(kind), Status: 503, Message: "The fault's."}})
			if status, body, _ := r.bad(t, d, nil); status != 503 || !strings.Contains(string(body), "The fault's.") {
				t.Errorf("%s of a fault: %d %s", kind, status, body)
			}
			for i, o := range r.calls.take(t, 2) {
				if o.Status != []int{499, 503}[i] || o.Failure != wire.FailureKind(kind) {
					t.Errorf("%+v", o)
				}
			}
		})
	}
	for _, wrong := range []plan.Words{{Kind: "overlaod"}, {Kind: "overload", Status: 200}} {
		s := spec(t, "openai", func(p *plan.Provider) { p.Words = []plan.Words{wrong} })
		if _, err := mocks.NewFleet(mocks.Config{Providers: []plan.Provider{s}}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", wrong.Kind)) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
