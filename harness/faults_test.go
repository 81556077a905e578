package harness_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"brownout/harness"
	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/harness/target"
	"brownout/plan"
)

// A fault that cannot be injected is told, takes effect on nobody, and leaves
// the run without a verdict.
func TestFaultThatCannotBeInjected(t *testing.T) {
	t.Parallel()
	// Without failover, so that every call would meet what is left of it.
	p := tiny(lasting(time.Second), against("direct"), func(p *plan.Plan) {
		// Only one of the two providers sells this model.
		p.Faults = []plan.Fault{{
			Name: "end-of-model", Kind: "deprecation", On: []string{"openai", "anthropic"},
			At: 200 * time.Millisecond, For: 10 * time.Second, Share: 1,
			Params: map[string]any{"model": "openai-large", "announced_for": "0s"},
		}}
	})
	s, snap := finish(t, p)
	rs := records(t, s)
	on := of[*journal.FaultOn](rs)
	if len(on) != 1 || on[0].Confirmed || !strings.Contains(on[0].Detail, `anthropic has no model "openai-large"`) {
		t.Errorf("injected: %+v", on)
	}
	if off := of[*journal.FaultOff](rs); len(off) != 0 {
		t.Errorf("what never took effect was cleared: %+v", off)
	}
	// OpenAI's half took effect, if only for a moment.
	for _, r := range rs {
		if c, ok := r.Event.(*journal.Call); ok && c.Failure != "" && c.Arrived > 300*time.Millisecond {
			t.Errorf("a call at %s met %v: %s", c.Arrived, c.Faults, c.Failure)
		}
	}
	for _, e := range of[*journal.Phase](rs) {
		if e.Name == journal.PhaseFault {
			t.Error("the run was in the phase of a fault that there was not")
		}
	}
	mustDoubt(t, snap, "fault end-of-model was not seen in effect")
}

// Where a fault cannot be cleared, what is measured afterwards is the harness's
// doing: the machine failed the run.
func TestFaultThatCannotBeCleared(t *testing.T) {
	t.Parallel()
	p := tiny(outage("refused", 200*time.Millisecond, 600*time.Millisecond))
	var link string
	o := harness.Options{OutDir: t.TempDir(), Target: func(ctx context.Context, o target.Options) (*target.Target, error) {
		link = linksOf(o)[0]
		return target.Start(ctx, plan.InProcess(p.Target), o)
	}}
	s := overlook(t.Context(), t, p, o)
	// While the link is down its port is free, and a thief takes it: not before
	// the fault was confirmed, which a thief that answers would prevent.
	eventually(t, "the fault is in effect", func() bool {
		w := s.Snapshot().Windows
		return len(w) == 1 && w[0].Active
	})
	var thief net.Listener
	eventually(t, "the link's port is free", func() (ok bool) {
		var err error
		thief, err = net.Listen("tcp", link)
		return err == nil
	})
	snap, err := s.Wait()
	thief.Close()
	if !isEnvironment(err) || !strings.Contains(err.Error(), "fault outage could not be cleared") {
		t.Errorf("error %v", err)
	}
	off := of[*journal.FaultOff](records(t, s.Session))
	if len(off) != 1 || off[0].Confirmed || !strings.Contains(off[0].Detail, "could not be taken again") {
		t.Errorf("cleared: %+v", off)
	}
	mustDoubt(t, snap, "fault outage could not be cleared")
	mustBeDown(t, s.addrs)
}

// mustDoubt sees that a run is inconclusive, for this reason among others.
func mustDoubt(t *testing.T, snap *score.Snapshot, reason string) {
	t.Helper()
	if snap.Verdict != score.Inconclusive || !strings.Contains(strings.Join(snap.Reasons, "\n"), reason) {
		t.Errorf("verdict %s, reasons %q; want it inconclusive because %s", snap.Verdict, snap.Reasons, reason)
	}
}

// A target that dies in the middle fails its requests, each by itself and at
// once, and the run goes on to its end.
func TestTargetDiesInTheMiddle(t *testing.T) {
	t.Parallel()
	var kill func()
	gate, err := plan.ParseExpectation("availability", ">= 90%")
	if err != nil {
		t.Fatal(err)
	}
	p := tiny(func(p *plan.Plan) {
		p.Expect = []plan.Expectation{gate}
		p.Providers[0].Service.FirstToken = 50 * time.Millisecond // some are under way when it dies
	})
	s := overlook(t.Context(), t, p, harness.Options{
		OutDir: t.TempDir(),
		Target: func(ctx context.Context, o target.Options) (*target.Target, error) {
			own, err := target.Start(ctx, plan.InProcess("bundled"), o)
			if err != nil {
				return nil, err
			}
			kill = func() {
				dead, cancel := context.WithCancel(context.Background())
				cancel() // its requests are cut off
				if err := own.Stop(dead); err != nil {
					t.Error(err)
				}
			}
			return target.New(own.URL, func(context.Context) error { return nil }), nil
		},
	})
	until(t, s.Session, "answers", func(s *score.Snapshot) bool { return s.Requests.OK > 10 })
	kill()
	snap, err := s.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if snap.Requests.Total != 80 || snap.Requests.OK < 10 || snap.Requests.Failed < 10 ||
		snap.Requests.OK+snap.Requests.Failed != snap.Requests.Total {
		t.Errorf("requests %+v, want some ok and all others failed", snap.Requests)
	}
	for _, e := range of[*journal.Sample](records(t, s.Session)) {
		if e.Outcome == journal.Failed && e.Reason != "connect" && e.Reason != "cut" {
			t.Errorf("%s failed by %q: %s", e.Marker, e.Reason, e.Detail)
		}
	}
	if snap.Verdict != score.Fail {
		t.Errorf("the verdict on a dead target is %s", snap.Verdict)
	}
	mustBeDown(t, s.addrs)
}
