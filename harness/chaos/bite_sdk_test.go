//go:build !race

package chaos_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/harness/chaos"
	"brownout/plan"
)

// bite is one way of a fault, and what it does to a program that uses the
// provider's own SDK. Every kind has at least one.
type bite struct {
	kind, name string
	preset     string // openai and anthropic by their SDKs, the others by OpenAI's
	edit       func(*plan.Provider)
	params     map[string]any
	ask        asking
	patience   time.Duration // of one call; 0: a minute
	calls      int           // at once; 0: one
	tries      int           // one after the other until it bites; 0: one
	bites      func(*path, seen) bool
	listed     bool                    // the model list is refused, too
	named      bool                    // the calls it bit carry its name
	healed     func(p *path) bool      // what must be so before the provider answers again; nil: nothing
	while      func(*path, *sdk) error // what still works meanwhile
}

// Every kind is felt by a program that uses the provider's own SDK over the
// real link, with connections that are open already, and leaves that program's
// pool healthy once it is cleared.
func TestEveryKindBitesAnSDKAndHeals(t *testing.T) {
	had := map[string]bool{}
	for _, b := range allBites() {
		had[b.kind] = true
		t.Run(strings.TrimSuffix(b.kind+"/"+b.name, "/"), func(t *testing.T) {
			t.Parallel()
			b.run(t)
		})
	}
	for _, b := range sdkBites() { // each of these bites every SDK, in a test of its own
		had[b.kind] = true
	}
	for _, k := range chaos.KindNames() {
		if !had[k] {
			t.Errorf("nobody has seen %s bite", k)
		}
	}
}

func (b *bite) run(t *testing.T) {
	spec := quick(t, b.preset)
	if b.edit != nil {
		b.edit(&spec)
	}
	p := newPath(t, spec)
	s := newSDK(p)
	before := s.ask(t.Context(), b.ask)
	if !before.whole {
		t.Fatalf("before the fault: %+v", before)
	}
	if b.bites(p, before) {
		t.Fatalf("what is taken for a bite is there without the fault: %+v", before)
	}
	end := p.inject(t, b.kind, b.params)
	bitten := false
	var all []seen
	for range max(1, b.tries) {
		all = b.askAll(t, s)
		bitten = slices.ContainsFunc(all, func(got seen) bool { return b.bites(p, got) })
		if bitten {
			break
		}
	}
	if !bitten {
		t.Errorf("the fault did not bite: %+v (%v)", all, all[0].err)
	}
	if b.named {
		b.checkName(t, p)
	}
	if b.listed {
		if _, err := s.models(t.Context()); err == nil {
			t.Error("the model list is not refused")
		}
	}
	if b.while != nil {
		if err := b.while(p, s); err != nil {
			t.Error(err)
		}
	}
	end()
	if b.healed != nil {
		for deadline := time.Now().Add(10 * time.Second); !b.healed(p); {
			if time.Now().After(deadline) {
				t.Fatal("it does not heal")
			}
			<-time.After(5 * time.Millisecond)
		}
	}
	for range 3 {
		after := s.ask(t.Context(), b.ask)
		if !after.whole {
			t.Fatalf("after the fault: %+v", after)
		}
	}
	if o := p.last(); len(o.Faults) > 0 {
		t.Errorf("a call after the clearance carries %q", o.Faults)
	}
	if _, err := s.models(t.Context()); err != nil {
		t.Errorf("the model list after the fault: %v", err)
	}
}

// askAll makes the calls of one try.
func (b *bite) askAll(t *testing.T, s *sdk) []seen {
	patience := b.patience
	if patience == 0 {
		patience = time.Minute
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	all := make([]seen, max(1, b.calls))
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() { all[i] = s.ask(ctx, b.ask) })
	}
	wg.Wait()
	return all
}

// checkName wants the name of the fault on a call.
func (b *bite) checkName(t *testing.T, p *path) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		p.mu.Lock()
		for _, o := range p.calls {
			if slices.Contains(o.Faults, b.kind) {
				p.mu.Unlock()
				return
			}
		}
		p.mu.Unlock()
		if time.Now().After(deadline) {
			t.Fatal("no call carries the fault's name")
		}
		<-time.After(5 * time.Millisecond)
	}
}
