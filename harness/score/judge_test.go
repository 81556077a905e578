package score_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// Who answered is seen by the calls behind a sample, never by what the target
// says of itself.
func TestOutcomesAreJudgedByTheCallsBehindThem(t *testing.T) {
	good := func(provider string) journal.Call { return journal.Call{Provider: provider} }
	bad := func(provider string) journal.Call {
		return journal.Call{Provider: provider, Status: 503, Failure: "overload"}
	}
	tests := []struct {
		name   string
		kind   string
		calls  []journal.Call
		edit   func(m *plan.Mix)
		order  []string
		want   journal.Outcome
		worth  float64
		cached uint64
	}{
		{"the first choice", plan.KindChat, []journal.Call{good("alpha")}, nil, nil, journal.OK, 1, 0},
		{"another of its class", plan.KindChat, []journal.Call{bad("alpha"), good("beta")}, nil, nil, journal.OK, 1, 0},
		{"a lesser class", plan.KindChat, []journal.Call{bad("alpha"), good("rack")}, nil, nil, journal.Degraded, .7, 0},
		{"the last good call answered", plan.KindChat, []journal.Call{{Provider: "rack", Total: 50 * ms}, good("alpha")}, nil, nil, journal.OK, 1, 0},
		{"pieces of two providers", plan.KindStream, []journal.Call{{Provider: "phone", Aborted: true}}, nil, nil, journal.Degraded, .7, 0},
		{"another worth", plan.KindChat, []journal.Call{good("phone")}, func(m *plan.Mix) { m.Degraded = .4 }, nil, journal.Degraded, .4, 0},
		{"strict", plan.KindChat, []journal.Call{good("phone")}, func(m *plan.Mix) { m.Strict = true }, nil, journal.Failed, 0, 0},
		{"the router's order says what is first", plan.KindChat, []journal.Call{good("rack")}, nil, []string{"rack", "alpha"}, journal.OK, 1, 0},
		{"the best class it may reach", plan.KindSensitive, []journal.Call{good("rack")}, nil, nil, journal.OK, 1, 0},
		{"below the best class it may reach", plan.KindSensitive, []journal.Call{good("phone")}, nil, nil, journal.Degraded, .7, 0},
		{"a cached question", plan.KindFAQ, nil, nil, nil, journal.Degraded, .7, 1},
		{"a failed call and a cached question", plan.KindFAQ, []journal.Call{bad("alpha")}, nil, nil, journal.Degraded, .7, 1},
		{"no call behind what no cache can know", plan.KindChat, nil, nil, nil, journal.OK, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := newSim()
			m.plan.Faults, m.plan.Load.Duration = nil, 2*s
			m.plan.Router.Order = tt.order
			for i := range m.plan.Load.Mix {
				if e := &m.plan.Load.Mix[i]; e.Kind == tt.kind && tt.edit != nil {
					tt.edit(e)
				}
			}
			m.request = func(_ time.Duration, r *request) { r.kind, r.calls = tt.kind, append([]journal.Call(nil), tt.calls...) }
			sn := m.snapshot()
			if got := sn.Requests.Count(tt.want); got != 80 {
				t.Errorf("%d of 80 are %s: %+v", got, tt.want, sn.Requests)
			}
			if got := sn.Requests.Value / 80; got < tt.worth-1e-9 || got > tt.worth+1e-9 {
				t.Errorf("worth %.3f, want %.3f", got, tt.worth)
			}
			for _, r := range sn.ByRequest {
				if want := tt.cached * 80; r.Request == tt.kind && r.Cached != want {
					t.Errorf("%d cached, want %d", r.Cached, want)
				}
			}
		})
	}
}

// A provider tells of a call when its handler ends, which may be after the
// client had the whole answer.
func TestACallMayBeToldAfterItsSample(t *testing.T) {
	for _, tt := range []struct {
		after time.Duration
		want  journal.Outcome
	}{{score.Hold - ms, journal.Degraded}, {score.Hold + 50*ms, journal.OK}} {
		m := newSim()
		m.plan.Faults, m.plan.Load.Duration = nil, 2*s
		m.request = func(_ time.Duration, r *request) {
			r.calls = []journal.Call{{Provider: "rack", Total: r.took + tt.after}}
		}
		if sn := m.snapshot(); sn.Requests.Count(tt.want) < 79 { // the end of the run hurries the last one
			t.Errorf("told %v after: %+v, want %s", tt.after, sn.Requests, tt.want)
		}
	}
}

// Questions share markers, so each good call stands behind one of them.
func TestCachedQuestionsAreCountedApart(t *testing.T) {
	m := newSim()
	m.plan.Faults, m.plan.Load.Duration = nil, 10*s
	n := 0
	m.request = func(_ time.Duration, r *request) {
		r.kind, r.marker = plan.KindFAQ, fmt.Sprintf("faq-ab12-%d", n%3)
		if n++; n%4 != 0 {
			r.calls = nil
			r.took = 2 * ms
		}
	}
	sn := m.snapshot()
	if sn.Requests.OK != 100 || sn.Requests.Degraded != 300 {
		t.Errorf("%+v, want 100 ok and 300 degraded", sn.Requests)
	}
}

// A question answered from a cache does not take the call of another that was
// asked before it and is still under way.
func TestACachedQuestionTakesNobodysCall(t *testing.T) {
	m := newSim()
	m.plan.Faults, m.plan.Load.Duration = nil, 2*s
	m.request = func(at time.Duration, r *request) {
		if at > 975*ms && at < 1025*ms { // the last of one second and the first of the next
			r.kind, r.marker = plan.KindFAQ, "faq-ab12-0"
			if at > s {
				r.calls, r.took = nil, 2*ms
			}
		}
	}
	sn := m.snapshot()
	if a, b := sn.Seconds[0].Tally, sn.Seconds[1].Tally; a.OK != 40 || b.Degraded != 1 || b.OK != 39 {
		t.Errorf("%+v then %+v, want the second question degraded", a, b)
	}
}

// An answer to a prompt of which the target says that it was trimmed is not
// worth what was asked for.
func TestAnAnswerToATrimmedPromptIsDegraded(t *testing.T) {
	m := newSim()
	m.plan.Faults, m.plan.Load.Duration = nil, 2*s
	m.request = func(at time.Duration, r *request) {
		r.edit = func(v *journal.Sample) { v.Trimmed = at < s }
	}
	if sn := m.snapshot(); sn.Requests.Degraded != 40 || sn.Requests.OK != 40 || sn.Requests.Value < 67.9 || sn.Requests.Value > 68.1 {
		t.Errorf("%+v", sn.Requests)
	}
}
