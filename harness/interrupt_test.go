package harness_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"brownout/harness"
	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/harness/target"
	"brownout/plan"
)

// Whenever a run is told to end, it ends: every fault is cleared, every
// listener closed, the journal whole.
func TestInterruptedInEveryPhase(t *testing.T) {
	t.Parallel()
	const long = 20 * time.Second // no test waits for the run's own end
	atOnce := func(*score.Snapshot) bool { return true }
	active := func(s *score.Snapshot) bool { return len(s.Windows) > 0 && s.Windows[0].Active }
	biting := func(s *score.Snapshot) bool { return active(s) && s.Windows[0].During.Total > 2 }
	in := func(phase string) func(*score.Snapshot) bool {
		return func(s *score.Snapshot) bool { return s.Phase == phase }
	}
	silent := func(p *plan.Plan) {
		p.Load.Profile = []plan.Point{{Rate: 0}, {At: 5 * time.Second, Rate: 0}, {At: 6 * time.Second, Rate: 10}}
	}
	slow := func(p *plan.Plan) { p.Providers[0].Service.FirstToken = 1500 * time.Millisecond }
	tests := []struct {
		name string
		edit []func(*plan.Plan)
		when func(*score.Snapshot) bool
	}{
		{"before the first request", []func(*plan.Plan){silent}, atOnce},
		{"steady", []func(*plan.Plan){outage("refused", 10*time.Second, time.Second)}, func(s *score.Snapshot) bool { return s.Requests.OK > 5 }},
		{"refused", []func(*plan.Plan){outage("refused", 200*time.Millisecond, long)}, biting},
		// Without failover the requests hang, and must be let go.
		{"blackhole", []func(*plan.Plan){outage("blackhole", 200*time.Millisecond, long), against("direct")}, func(s *score.Snapshot) bool { return active(s) && s.T > 800*time.Millisecond }},
		{"reset", []func(*plan.Plan){outage("reset", 200*time.Millisecond, long)}, biting},
		{"errors", []func(*plan.Plan){outage("errors", 200*time.Millisecond, long)}, biting},
		{"flapping", []func(*plan.Plan){outage("flapping", 200*time.Millisecond, long)}, biting},
		{"recovery", []func(*plan.Plan){outage("refused", 200*time.Millisecond, 200*time.Millisecond)}, in(journal.PhaseRecovery)},
		{"drain", []func(*plan.Plan){lasting(300 * time.Millisecond), slow, against("direct")}, in(journal.PhaseDrain)},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p := tiny(append([]func(*plan.Plan){lasting(long)}, tt.edit...)...)
			s := overlook(ctx, t, p, harness.Options{OutDir: t.TempDir()})
			until(t, s.Session, tt.name, tt.when)
			if i%2 == 0 {
				s.Stop()
			} else {
				cancel()
			}
			snap, err := s.Wait()
			if !errors.Is(err, harness.ErrInterrupted) || isEnvironment(err) {
				t.Errorf("error %v, want ErrInterrupted alone", err)
			}
			if !snap.Finished || !snap.Interrupted || snap.Verdict != score.Inconclusive {
				t.Errorf("finished %v, interrupted %v, verdict %s", snap.Finished, snap.Interrupted, snap.Verdict)
			}
			rs := records(t, s.Session)
			end, ok := rs[len(rs)-1].Event.(*journal.RunFinished)
			if !ok || !end.Interrupted || end.Error != "" {
				t.Errorf("the last event is %+v", rs[len(rs)-1].Event)
			}
			mustBeCleared(t, rs)
			mustBeDown(t, s.addrs)
			s.Stop() // once more does no harm
		})
	}
}

// mustBeCleared sees that each fault that took effect was ended, and that the
// harness saw it ended.
func mustBeCleared(t *testing.T, rs []journal.Record) {
	t.Helper()
	var on, off []string
	for _, e := range of[*journal.FaultOn](rs) {
		if e.Confirmed {
			on = append(on, e.Name)
		}
	}
	for _, e := range of[*journal.FaultOff](rs) {
		if !e.Confirmed {
			t.Errorf("fault %s was not seen to end: %s", e.Name, e.Detail)
		}
		off = append(off, e.Name)
	}
	if !slices.Equal(on, off) {
		t.Errorf("injected %v, cleared %v", on, off)
	}
}

// A run that is told to end before it has begun is interrupted, too.
func TestInterruptedWhileStarting(t *testing.T) {
	t.Parallel()
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		snap, err := harness.Run(ctx, tiny(), harness.Options{OutDir: t.TempDir()})
		if !errors.Is(err, harness.ErrInterrupted) {
			t.Errorf("error %v", err)
		}
		if snap != nil && snap.Requests.Total != 0 {
			t.Errorf("%d requests were sent", snap.Requests.Total)
		}
	})
	t.Run("while the target starts", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		dir := t.TempDir()
		var links []string
		_, err := harness.Start(ctx, tiny(), harness.Options{
			OutDir: dir,
			Target: func(ctx context.Context, o target.Options) (*target.Target, error) {
				links = linksOf(o)
				cancel()
				return nil, ctx.Err()
			},
		})
		if !errors.Is(err, harness.ErrInterrupted) {
			t.Errorf("error %v", err)
		}
		mustBeEmpty(t, dir)
		mustBeDown(t, links)
	})
}
