package score_test

import (
	"math"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// What the calls behind requests tell, for any target: attempts, hedges, answers
// that were given twice, calls that came too early, and what was billed for
// nothing.
func TestTracing(t *testing.T) {
	call := func(provider string, from, total time.Duration, edit ...func(*journal.Call)) journal.Call {
		c := journal.Call{Provider: provider, Arrived: from, Total: total, Prompt: 10, Completion: 40, CostUSD: .001}
		for _, e := range edit {
			e(&c)
		}
		return c
	}
	fails := func(c *journal.Call) { c.Status, c.Failure, c.CostUSD = 500, "server_error", 0 }
	left := func(c *journal.Call) { c.Aborted = true }
	early := func(c *journal.Call) { c.Early = true }
	for name, c := range map[string]struct {
		calls   []journal.Call
		outcome journal.Outcome
		reason  string
		want    score.Tracing // of one request
	}{
		"one call": {
			calls: []journal.Call{call("alpha", 0, 90*ms)},
			want:  score.Tracing{Attempts: [5]uint64{0, 1}},
		},
		"no call": {want: score.Tracing{Attempts: [5]uint64{1}}},
		"a retry that failed costs nothing": {
			calls: []journal.Call{call("alpha", 0, 20*ms, fails), call("beta", 30*ms, 60*ms)},
			want:  score.Tracing{Attempts: [5]uint64{0, 0, 1}},
		},
		"a hedge that lost is billed for nothing": {
			calls: []journal.Call{call("alpha", 0, 80*ms, left), call("beta", 30*ms, 60*ms)},
			want:  score.Tracing{Attempts: [5]uint64{0, 0, 1}, Hedged: 1, WastedTokens: 50, WastedUSD: .001},
		},
		"answered twice": {
			calls: []journal.Call{call("alpha", 0, 40*ms), call("beta", 45*ms, 40*ms)},
			want:  score.Tracing{Attempts: [5]uint64{0, 0, 1}, Duplicated: 1, WastedTokens: 50, WastedUSD: .001},
		},
		"before its retry-after": {
			calls: []journal.Call{call("alpha", 0, 10*ms, fails), call("alpha", 20*ms, 10*ms, fails, early), call("beta", 40*ms, 50*ms)},
			want:  score.Tracing{Attempts: [5]uint64{0, 0, 0, 1}, Early: 1},
		},
		"many": {
			calls: []journal.Call{
				call("alpha", 0, 5*ms, fails), call("beta", 10*ms, 5*ms, fails), call("rack", 20*ms, 5*ms, fails),
				call("phone", 30*ms, 5*ms, fails), call("alpha", 40*ms, 50*ms),
			},
			want: score.Tracing{Attempts: [5]uint64{0, 0, 0, 0, 1}},
		},
		"whatever a failed request was billed is lost": {
			calls: []journal.Call{call("alpha", 0, 90*ms)}, outcome: journal.Corrupt, reason: "foreign",
			want: score.Tracing{Attempts: [5]uint64{0, 1}, Foreign: 1, WastedTokens: 50, WastedUSD: .001},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := quiet()
			m.request = func(_ time.Duration, r *request) {
				r.calls = c.calls
				if c.outcome != "" {
					r.outcome = c.outcome
				}
				r.edit = func(s *journal.Sample) { s.Reason = c.reason }
			}
			sn := m.snapshot()
			got, n := sn.Tracing, sn.Requests.Total
			want := c.want
			want.Requests, want.Hedged, want.Duplicated = n, want.Hedged*n, want.Duplicated*n
			want.Early, want.Foreign, want.WastedTokens = want.Early*n, want.Foreign*n, want.WastedTokens*n
			for i := range want.Attempts {
				want.Attempts[i] *= n
			}
			if math.Abs(got.WastedUSD-want.WastedUSD*float64(n)) > 1e-9 {
				t.Errorf("$%v wasted, want $%v", got.WastedUSD, want.WastedUSD*float64(n))
			}
			got.WastedUSD, want.WastedUSD = 0, 0
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// Of failures a few of each sort are kept whole, and of the latest requests a
// bounded number, in order.
func TestKeptTraces(t *testing.T) {
	m := newSim()
	m.rate = 37 // not a number of requests that the ring is filled by whole
	m.request = func(at time.Duration, r *request) {
		if during(at) {
			r.outcome = journal.Failed
			r.edit = func(s *journal.Sample) { s.Reason = "server_error" }
		}
	}
	sn := m.snapshot()
	if n := len(sn.Failures); n == 0 || n > 3 {
		t.Errorf("%d failures of one sort are kept", n)
	}
	for _, f := range sn.Failures {
		if f.Outcome != journal.Failed || len(f.Calls) != 1 || f.Calls[0].Marker != f.Sample.Marker {
			t.Errorf("kept %+v", f)
		}
	}
	if len(sn.Recent) != score.RecentTraces {
		t.Fatalf("%d requests are kept", len(sn.Recent))
	}
	for i, r := range sn.Recent[1:] {
		if r.Sample.Scheduled < sn.Recent[i].Sample.Scheduled {
			t.Fatal("the latest requests are out of order")
		}
	}
	if last := sn.Recent[len(sn.Recent)-1].Sample.Scheduled; last < 29*s {
		t.Errorf("the last one that is kept is of %s", last)
	}
}

// A gateway may hold a stalled stream longer than its client held the gateway's:
// that call is evidence, too, though it was told when the request was judged.
// One that came after the request's end is another's, and a question that
// several requests share has calls of all of them.
func TestCallsThatAreToldLate(t *testing.T) {
	for kind, want := range map[string]int{plan.KindChat: 2, plan.KindFAQ: 0} {
		m := quiet()
		m.plan.Load.Duration = 20 * s
		m.request = func(at time.Duration, r *request) {
			r.kind = kind
			if at < s {
				r.outcome, r.took = journal.Hung, 4*s
				r.edit = func(s *journal.Sample) { s.Reason = "stalled" }
				r.calls = []journal.Call{
					{Provider: "alpha", Arrived: 20 * ms, Total: 9 * s, Aborted: true},
					{Provider: "beta", Arrived: 10 * ms, Total: ms, Failure: "overload", Status: 503},
					{Provider: "alpha", Arrived: 8 * s, Total: s},
				}
			}
		}
		for _, f := range m.snapshot().Failures {
			var asked []string
			for _, c := range f.Calls {
				asked = append(asked, c.Provider)
			}
			if len(asked) != want || want > 0 && asked[0] != "beta" {
				t.Errorf("%s: the calls of one that hung are %v", kind, asked)
			}
		}
	}
}
