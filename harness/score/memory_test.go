package score

import (
	"fmt"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// Memory grows with the length of a run, not with its requests: whatever is
// kept for each request or in sketches is bounded by rate × deadline.
func TestMemoryIsFlatInRequests(t *testing.T) {
	const rate = 500
	deadline := 2 * time.Second
	b := NewBoard()
	b.Fold(journal.Record{Event: &journal.RunStarted{Plan: plan.Plan{
		Load: plan.Load{
			Profile: []plan.Point{{Rate: rate}}, Duration: 60 * time.Second,
			Mix: []plan.Mix{{Kind: plan.KindChat, Weight: 1, Deadline: deadline}, {Kind: plan.KindFAQ, Weight: 1, Deadline: deadline}},
		},
		Providers: []plan.Provider{{Name: "alpha", Class: plan.ClassCloud}},
	}}})
	for i := range 60 * rate {
		at := time.Duration(i) * time.Second / rate
		kind, marker := plan.KindChat, fmt.Sprint("chat-ab-", i)
		if i%2 == 0 {
			kind, marker = plan.KindFAQ, fmt.Sprint("faq-ab-", i%20)
		}
		end := at + 5*time.Millisecond
		b.Fold(journal.Record{T: end, Event: &journal.Call{Provider: "alpha", Class: plan.ClassCloud, Marker: marker, Arrived: at, Status: 200}})
		if i%4 == 1 {
			continue // a client that never told
		}
		b.Fold(journal.Record{T: end, Event: &journal.Sample{Request: kind, Marker: marker, Scheduled: at, Sent: at, Total: end - at, Outcome: journal.OK, Value: 1}})
	}
	bound := int(rate * (deadline + 3*time.Second).Seconds())
	if n := b.joins.calls.len(); n > bound || len(b.joins.newest) > bound || len(b.joins.calls.ring) > 2*bound {
		t.Errorf("%d calls, %d markers, a ring of %d; want at most %d", n, len(b.joins.newest), len(b.joins.calls.ring), bound)
	}
	if n := b.waiting.len(); n > rate {
		t.Errorf("%d samples wait for their calls", n)
	}
	sketches := 0
	for i := range b.seconds {
		if b.seconds[i].total != nil || b.seconds[i].ttft != nil {
			sketches++
		}
	}
	if sketches > 6 {
		t.Errorf("%d seconds of %d keep their sketches", sketches, len(b.seconds))
	}
	if got := b.Snapshot().Requests; got.Failed+got.Corrupt+got.Hung > 0 || got.OK == 0 {
		t.Errorf("requests %+v", got)
	}
}
