package harness_test

import (
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// Half the first choice's calls fail, so that answers come from both providers:
// each must be billed as the one that gave it, every workflow must be finished,
// and who asks twice must hear the same, whoever answers.
func TestKindsAcrossAFailover(t *testing.T) {
	t.Parallel()
	kinds := []string{plan.KindChat, plan.KindStream, plan.KindLong, plan.KindTools, plan.KindAgent}
	p := tiny(outage("errors", 200*time.Millisecond, 1600*time.Millisecond), func(p *plan.Plan) {
		p.Faults[0].Share = 0.5
		p.Router.Breaker.Disabled = true
		p.Load.Mix = nil
		for _, kind := range kinds {
			m := plan.DefaultMix[kind]
			m.Prompt, m.Tokens = min(m.Prompt, 200), 10
			m.Twice = kind == plan.KindChat || kind == plan.KindStream
			p.Load.Mix = append(p.Load.Mix, m)
		}
	})
	s, snap := finish(t, p)

	flows := map[string]int{}
	for _, e := range of[*journal.Sample](records(t, s)) {
		if e.Outcome != journal.OK || e.Reason != "" {
			t.Errorf("%s step %d is %s: %s %s", e.Marker, e.Step, e.Outcome, e.Reason, e.Detail)
		}
		if e.Workflow != "" {
			flows[e.Workflow]++
		}
	}
	told := of[*journal.Workflow](records(t, s))
	if len(told) != len(flows) || len(told) == 0 {
		t.Errorf("%d workflows were told, and %d have samples", len(told), len(flows))
	}
	for _, w := range told {
		if w.Outcome != journal.OK || w.Done != 4 || flows[w.ID] != 4 {
			t.Errorf("%+v with %d samples", w, flows[w.ID])
		}
	}
	both := true
	for _, l := range snap.Providers {
		both = both && l.Good > 0
	}
	if !both {
		t.Error("one of the providers gave no answer: nothing was shown")
	}
	for _, r := range snap.ByRequest {
		if r.Misbilled != 0 || r.Cached != 0 || r.Tally.Total == 0 {
			t.Errorf("%s: %d of %d are misbilled, %d from a cache", r.Request, r.Misbilled, r.Tally.Total, r.Cached)
		}
	}
	board := score.NewBoard()
	for _, r := range records(t, s) {
		board.Fold(r)
	}
	if got := board.Snapshot().Workflows; got != snap.Workflows || got.Finished != uint64(len(told)) || got.DearestUSD <= 0 {
		t.Errorf("the journal says %+v, the run said %+v", got, snap.Workflows)
	}
}
