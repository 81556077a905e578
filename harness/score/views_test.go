package score_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

func TestSecondsTellTheRunByScheduledTime(t *testing.T) {
	m := eventful()
	m.plan.Load.Profile = []plan.Point{{At: 0, Rate: 20}, {At: 10 * s, Rate: 40}}
	sn := m.snapshot()
	if len(sn.Seconds) < 30 {
		t.Fatalf("%d seconds", len(sn.Seconds))
	}
	first, outage, after := sn.Seconds[0], sn.Seconds[10], sn.Seconds[15]
	if first.Offered != 21 || first.Tally.Total != 40 || first.Faults != nil || first.Score != 0 {
		t.Errorf("first second %+v", first)
	}
	if outage.Tally.OK != 0 || outage.Tally.Hung != 1 || !reflect.DeepEqual(outage.Faults, []string{"upset"}) {
		t.Errorf("second of the outage %+v", outage)
	}
	if after.Calls != 80 || math.Abs(after.CostUSD-.08) > 1e-9 || after.Share[1] != 1 {
		t.Errorf("second of the failover %+v", after)
	}
	for name, got := range map[string]time.Duration{"ttft": after.TTFTP95, "total": after.TotalP95} {
		want := map[string]time.Duration{"ttft": 200 * ms, "total": 120 * ms}[name]
		if d := got - want; d < -want/20 || d > want/20 {
			t.Errorf("p95 of %s %v, want about %v", name, got, want)
		}
	}
	if last := sn.Seconds[29]; last.Score == 0 || len(last.Faults) != 0 {
		t.Errorf("last second %+v", last)
	}
}

func TestLanesTellWhatEachProviderSaw(t *testing.T) {
	m := eventful()
	m.open = true
	m.extra = []journal.Record{
		{T: 11 * s, Event: &journal.Decision{What: "breaker_open", Provider: "alpha"}},
		{T: 12 * s, Event: &journal.Decision{What: "wait_retry_after", Provider: "beta", Wait: 60 * s}},
		{T: 12 * s, Event: &journal.Decision{What: "retry", Provider: "beta"}},
		{T: 13 * s, Event: &journal.Decision{What: "retry", Provider: "beta"}},
		{T: 13 * s, Event: &journal.Decision{What: "unhealthy", Provider: "alpha", Detail: "refused"}},
		{T: 14 * s, Event: &journal.Decision{What: "unhealthy", Provider: "rack"}},
		{T: 15 * s, Event: &journal.Decision{What: "healthy", Provider: "alpha"}},
	}
	var records []journal.Record
	for _, r := range m.records() {
		if r.T <= 16*s {
			records = append(records, r)
		}
	}
	sn := fold(records)
	alpha, beta, rack := sn.Providers[0], sn.Providers[1], sn.Providers[2]
	if alpha.Breaker != "open" || beta.Breaker != "closed" || !reflect.DeepEqual(alpha.Faults, []string{"upset"}) || beta.Faults != nil {
		t.Errorf("states: %+v and %+v", alpha, beta)
	}
	if alpha.ErrorTotal != alpha.Errors["overload"] || alpha.ErrorTotal == 0 || alpha.Calls != alpha.Good+alpha.ErrorTotal {
		t.Errorf("counts of alpha: %+v", alpha)
	}
	if alpha.RecentErrors != 1 || alpha.RecentShare != 0 || beta.RecentShare != 1 || rack.RecentRate != 0 {
		t.Errorf("recent: alpha %+v, beta %+v", alpha, beta)
	}
	if math.Abs(beta.RecentRate-40) > 3 {
		t.Errorf("beta's rate %.1f, want about 40", beta.RecentRate)
	}
	if beta.Throttled != 72*s || alpha.Throttled != 0 {
		t.Errorf("throttled until %v and %v", beta.Throttled, alpha.Throttled)
	}
	if got := alpha.Share + beta.Share; math.Abs(got-1) > 1e-9 {
		t.Errorf("shares sum to %v", got)
	}
	if len(alpha.History) != 15 || alpha.History[5] != 40 {
		t.Errorf("history %v", alpha.History)
	}
	if d := beta.TTFTP95; d != 0 {
		t.Errorf("a provider that streams nothing has a first token p95 of %v", d)
	}
	text := ""
	for _, l := range sn.Log {
		text += l.Text + "\n"
	}
	for _, want := range []string{"injected upset on alpha", "breaker of alpha opened", "first wait retry after at beta", "first retry at beta", "alpha is unhealthy: refused", "rack is unhealthy", "alpha is healthy again"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("log says %q %d times:\n%s", want, strings.Count(text, want), text)
		}
	}
}

func TestLogKeepsTheLastLines(t *testing.T) {
	m := newSim()
	for i := range 1000 {
		m.extra = append(m.extra, journal.Record{T: 15 * s, Event: &journal.Note{Level: "info", Text: fmt.Sprint("note ", i)}})
	}
	m.plan.Load.Duration = 15 * s
	sn := m.snapshot()
	if len(sn.Log) != score.LogLines || sn.Log[score.LogLines-1].Text != "run finished" {
		t.Fatalf("%d lines, the last %+v", len(sn.Log), sn.Log[len(sn.Log)-1])
	}
	for i := 1; i < len(sn.Log); i++ {
		if sn.Log[i].T < sn.Log[i-1].T {
			t.Fatalf("line %d is out of order", i)
		}
	}
}

func TestSteadyState(t *testing.T) {
	st := eventful().snapshot().Steady
	// From the warm-up at 2 s to 10 s, without those still under way.
	if !st.Reached || st.Requests < 310 || st.Requests > 320 || st.Availability != 1 || st.Shares["alpha"] != 1 {
		t.Errorf("%+v", st)
	}
	if math.Abs(st.CallsPerRequest-1) > .02 || math.Abs(st.CostPerGood-.001) > .0001 {
		t.Errorf("%+v, want a call and a tenth of a cent each", st)
	}
}

// What is known of a window while its fault lasts is provisional, and says so.
func TestALiveWindow(t *testing.T) {
	records := eventful().records()
	at := func(t time.Duration) score.Window {
		b := score.NewBoard()
		for _, r := range records {
			if r.T > t {
				break
			}
			b.Fold(r)
		}
		return b.Snapshot().Windows[0]
	}
	if w := at(5 * s); w.Active || w.Scored || w.Injected != 0 || w.End != 30*s {
		t.Errorf("before: %+v", w)
	}
	if w := at(11900 * ms); !w.Active || !w.Scored || w.FailedOver || w.Parts[1].Value < .999 || w.Parts[1].Note != "the outcome is not back at the slo yet" { // within the promise
		t.Errorf("in the outage: %+v", w)
	}
	if w := at(15 * s); !w.FailedOver || w.TimeToFailover != 2*s || w.Parts[4].Known {
		t.Errorf("after the failover: %+v", w)
	}
	if w := at(21 * s); w.Active || w.Recovered || w.Parts[4].Known {
		t.Errorf("not yet recovered: %+v", w)
	}
	if w := at(26 * s); !w.Recovered || w.TimeToRecover != 1750*ms {
		t.Errorf("recovered: %+v", w)
	}
}

// A fault is recorded once it is seen in effect. What it broke before that was
// under way: it is charged to the fault, and not to steady state.
func TestRequestsUnderWayAreCaught(t *testing.T) {
	m := newSim()
	m.request = func(at time.Duration, r *request) {
		if at > 9*s && at < 10*s {
			r.outcome, r.took = journal.Failed, 10*s+5*ms-at // cut off 5 ms after the injection was due
		}
	}
	records := m.records()
	for i := range records {
		if e, ok := records[i].Event.(*journal.FaultOn); ok {
			// Told 20 ms late, behind everything of that time.
			for j := i; j+1 < len(records) && records[j+1].T < 10*s+20*ms; j++ {
				records[j], records[j+1] = records[j+1], records[j]
				records[j].Seq, records[j+1].Seq = records[j+1].Seq, records[j].Seq
				records[j+1] = journal.Record{Seq: records[j+1].Seq, T: 10*s + 20*ms, Event: e}
			}
			break
		}
	}
	sn := fold(records)
	w := sn.Windows[0]
	if w.Injected != 10*s+20*ms || w.Caught.Failed != 40 || w.During.Failed != 0 || sn.Requests.Failed != 40 {
		t.Errorf("caught %+v, during %+v, run %+v", w.Caught, w.During, sn.Requests)
	}
	if p := w.Parts[0]; p.Attained != 400./440 || w.Availability != 400./440 {
		t.Errorf("availability %+v, want 400 of 440", p)
	}
	if !sn.Steady.Reached || sn.Steady.Availability != 1 || sn.Verdict != score.Pass {
		t.Errorf("steady %+v, verdict %s %q", sn.Steady, sn.Verdict, sn.Reasons)
	}
}
