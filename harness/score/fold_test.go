package score_test

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"

	"pgregory.net/rapid"
)

// drawn is a run with all sorts of trouble in it.
func drawn(t *rapid.T) *sim {
	m := newSim()
	m.rate = rapid.IntRange(12, 30).Draw(t, "rate")
	m.plan.Faults[0].Horizon = time.Duration(rapid.IntRange(0, 10).Draw(t, "horizon")) * s
	seed := rapid.Uint64().Draw(t, "seed")
	trouble := rapid.Float64Range(0, 1).Draw(t, "trouble")
	kinds := []string{plan.KindChat, plan.KindStream, plan.KindFAQ}
	providers := []string{"alpha", "beta", "rack", "phone"}
	next := func(n int) int {
		seed = seed*6364136223846793005 + 1442695040888963407
		return int(seed>>33) % n
	}
	m.request = func(at time.Duration, r *request) {
		r.kind = kinds[next(3)]
		r.took = time.Duration(60+next(80)) * ms
		r.ttft = r.took / 2
		if at < 10*s || float64(next(1000))/1000 > trouble {
			return
		}
		r.outcome = journal.Outcomes[next(5)]
		r.took *= time.Duration(1 + next(5))
		for range next(3) {
			r.calls = append(r.calls, journal.Call{Provider: providers[next(4)], CostUSD: .002, Early: next(9) == 0})
		}
	}
	return m
}

func TestScoreStaysWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sn := drawn(t).snapshot()
		w := sn.Windows[0]
		if !w.Scored || w.Score < 1-1e-9 || w.Score > 100 {
			t.Fatalf("window score %v, scored %v", w.Score, w.Scored)
		}
		if sn.Score.Low > sn.Score.Total || sn.Score.High < sn.Score.Total || sn.Score.Low < 1-1e-9 || sn.Score.High > 100 {
			t.Fatalf("interval %v … %v … %v", sn.Score.Low, sn.Score.Total, sn.Score.High)
		}
		// The latency part is a factor, which may be greater than any deadline
		// allows of one kind; it says so, and what was waited in seconds.
		if p := part(sn, "latency"); p.Known && (p.Unit != score.UnitSteady || p.Promised != sn.Plan.Promise.LatencyFactor ||
			math.Abs(p.Value-min(1, p.Promised/p.Attained)) > 1e-9 || w.WaitP95 > 4*s || !strings.Contains(p.Note, "users waited ")) {
			t.Fatalf("%+v, waited %v", p, w.WaitP95)
		}
		for _, p := range w.Parts {
			if p.Known && (p.Value < 0 || p.Value > 1 || math.IsNaN(p.Value)) {
				t.Fatalf("part %+v", p)
			}
		}
		var sum score.Tally
		for _, sec := range sn.Seconds {
			sum.Total += sec.Tally.Total
			sum.Value += sec.Tally.Value
		}
		if sum.Total != sn.Requests.Total || math.Abs(sum.Value-sn.Requests.Value) > 1e-6 {
			t.Fatalf("seconds hold %+v, the run %+v", sum, sn.Requests)
		}
	})
}

// Turning an answer into a failure, or into a corrupt answer, never pays.
func TestNoFailureRaisesTheScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := drawn(t).records()
		before := fold(records).Score.Total
		worse := rapid.SampledFrom([]journal.Outcome{journal.Failed, journal.Corrupt}).Draw(t, "worse")
		var good []int
		for i, r := range records {
			if e, ok := r.Event.(*journal.Sample); ok && e.Outcome == journal.OK && e.Scheduled > 10*s && r.T > 10*s {
				good = append(good, i)
			}
		}
		if len(good) == 0 {
			t.Skip("nothing to spoil")
		}
		for _, i := range rapid.SliceOfN(rapid.SampledFrom(good), 1, 200).Draw(t, "spoilt") {
			e := *records[i].Event.(*journal.Sample)
			e.Outcome, e.Value = worse, 0
			records[i].Event = &e
		}
		if after := fold(records).Score.Total; after > before+1e-6 {
			t.Fatalf("the score rose from %.4f to %.4f", before, after)
		}
	})
}

// The fold has no memory of when it was looked at: replay gives bit for bit
// what the live run gave.
func TestLookingChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := drawn(t).records()
		every := rapid.IntRange(1, 500).Draw(t, "every")
		cut := rapid.IntRange(0, len(records)).Draw(t, "cut")
		live, replay := score.NewBoard(), score.NewBoard()
		for i, r := range records[:cut] {
			live.Fold(r)
			if i%every == 0 {
				live.Snapshot()
			}
			replay.Fold(r)
		}
		if a, b := live.Snapshot(), replay.Snapshot(); !reflect.DeepEqual(a, b) {
			t.Fatalf("snapshots differ at record %d", cut)
		}
	})
}

// A snapshot that was taken does not change when the board goes on.
func TestSnapshotsAreImmutable(t *testing.T) {
	records := newSim().records()
	cut := len(records) / 2
	old := fold(records[:cut])
	b := score.NewBoard()
	var kept *score.Snapshot
	for i, r := range records {
		b.Fold(r)
		if i == cut-1 {
			kept = b.Snapshot()
		}
	}
	if !reflect.DeepEqual(kept, old) {
		t.Error("an old snapshot changed")
	}
}

// The recorder's queue may swap neighbours of one instant.
func TestOrderWithinAnInstantMattersLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := drawn(t).records()
		want := fold(records)
		for i := 0; i+1 < len(records); i++ {
			a, b := &records[i], &records[i+1]
			_, sample := a.Event.(*journal.Sample)
			_, call := b.Event.(*journal.Call)
			if sample && call && a.T == b.T {
				a.Event, b.Event = b.Event, a.Event
				i++
			}
		}
		got := fold(records)
		if math.Abs(got.Score.Total-want.Score.Total) > .5 || got.Requests != want.Requests {
			t.Fatalf("score %.3f and %+v, want %.3f and %+v", got.Score.Total, got.Requests, want.Score.Total, want.Requests)
		}
	})
}

func TestAJournalWithoutItsBeginningMeansNothing(t *testing.T) {
	records := newSim().records()[1:]
	sn := fold(records)
	if sn.Skipped != uint64(len(records)) || sn.Plan != nil || sn.Verdict != score.Pending {
		t.Errorf("%d skipped of %d, plan %v, verdict %s", sn.Skipped, len(records), sn.Plan, sn.Verdict)
	}
}

// Damaged times must neither panic nor ask for endless memory.
func TestDamagedTimes(t *testing.T) {
	m := newSim()
	for _, at := range []time.Duration{math.MinInt64, -s, math.MaxInt64} {
		m.extra = append(m.extra,
			journal.Record{T: 12 * s, Event: &journal.Sample{Request: plan.KindChat, Scheduled: at, Sent: at, Total: at, MaxGap: at, Outcome: journal.OK, Value: 1}},
			journal.Record{T: 12 * s, Event: &journal.Call{Provider: "alpha", Arrived: at, TTFT: at, Total: at, Status: 200, Prompt: -1}})
	}
	m.extra = append(m.extra, journal.Record{T: 12 * s}, journal.Record{T: 12 * s, Event: &journal.Sample{Request: "unheard of"}},
		journal.Record{T: math.MaxInt64, Event: &journal.Note{Level: "info", Text: "late"}})
	sn := m.snapshot()
	if len(sn.Seconds) > 3600 || sn.Skipped != 1 {
		t.Errorf("%d seconds, %d skipped", len(sn.Seconds), sn.Skipped)
	}
}
