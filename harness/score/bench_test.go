package score_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// long is a run of 60 s at 5,000 requests per second.
func long() []journal.Record {
	m := newSim()
	m.rate = 5000
	m.plan.Load.Duration = 60 * s
	m.plan.Faults[0].Horizon = 15 * s
	n := 0
	m.request = func(at time.Duration, r *request) {
		n++
		switch n % 3 {
		case 0:
			r.kind, r.ttft = plan.KindStream, 40*ms
		case 1:
			r.kind, r.marker = plan.KindFAQ, fmt.Sprintf("faq-ab12-%d", n%20)
		}
		r.took += time.Duration(n*7919%97) * ms
		if during(at) {
			r.calls = append([]journal.Call{{Provider: "alpha", Status: 503, Failure: "overload", Total: ms}}, r.calls...)
			r.calls[1].Provider = "beta"
		}
	}
	return m.records()
}

// BenchmarkFold is the cost of one event; a request is two or three of them.
func BenchmarkFold(b *testing.B) {
	records := long()
	b.ReportAllocs()
	b.ResetTimer()
	board := score.NewBoard()
	for i := range b.N {
		if i%len(records) == 0 {
			board = score.NewBoard()
		}
		board.Fold(records[i%len(records)])
	}
}

// BenchmarkSnapshot is the cost of one look, of ten in a second, in the middle
// of the fault.
func BenchmarkSnapshot(b *testing.B) {
	board := score.NewBoard()
	for _, r := range long() {
		if r.T > 18*s {
			break
		}
		board.Fold(r)
	}
	b.ReportAllocs()
	for b.Loop() {
		board.Snapshot()
	}
}
