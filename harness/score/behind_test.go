package score_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
	"brownout/plan"
)

// quiet is a run of 2 s, 80 requests, without a fault.
func quiet() *sim {
	m := newSim()
	m.plan.Faults, m.plan.Load.Duration = nil, 2*s
	return m
}

func (m *sim) mix(kind string) *plan.Mix {
	for i := range m.plan.Load.Mix {
		if m.plan.Load.Mix[i].Kind == kind {
			return &m.plan.Load.Mix[i]
		}
	}
	m.plan.Load.Mix = append(m.plan.Load.Mix, plan.Mix{Kind: kind, Weight: 1, Deadline: 4 * s, Degraded: .7})
	return &m.plan.Load.Mix[len(m.plan.Load.Mix)-1]
}

func statsOf(sn *score.Snapshot, kind string) score.RequestStats {
	for _, r := range sn.ByRequest {
		if r.Request == kind {
			return r
		}
	}
	return score.RequestStats{}
}

// The bill of an answer is that of the call that gave it, and of no other.
func TestMisbilled(t *testing.T) {
	failed := journal.Call{Provider: "alpha", Model: "a-1", Status: 500, Failure: "server_error", Prompt: 10}
	good := journal.Call{Provider: "beta", Model: "b-1", Prompt: 10, Completion: 42}
	half := journal.Call{Provider: "alpha", Model: "a-1", Failure: "transport", Prompt: 10, Completion: 20, Total: 50 * ms}
	rest := journal.Call{Provider: "beta", Model: "b-1", Prompt: 30, Completion: 22}
	tests := []struct {
		name               string
		calls              []journal.Call
		model              string
		prompt, completion int
		want               bool
	}{
		{"its own", []journal.Call{failed, good}, "b-1", 10, 42, false},
		{"with the failed attempt's prompt", []journal.Call{failed, good}, "b-1", 20, 42, true},
		{"in the name of the one that failed", []journal.Call{failed, good}, "a-1", 10, 42, true},
		{"under another name for the same", []journal.Call{good}, "beta/b-1", 10, 42, false},
		{"says nothing", []journal.Call{failed, good}, "", 0, 0, false},
		{"with what was thrown away", []journal.Call{half, good}, "b-1", 10, 62, true},
		{"went on, the last piece alone", []journal.Call{half, rest}, "b-1", 30, 22, false},
		{"went on, all that was read", []journal.Call{half, rest}, "b-1", 10, 42, false},
		{"went on, the prompt by its own count", []journal.Call{half, rest}, "b-1", 12, 42, false},
		{"went on, less prompt than anybody read", []journal.Call{half, rest}, "b-1", 9, 42, true},
		{"went on, in the name of who broke off", []journal.Call{half, rest}, "a-1", 10, 42, true},
		{"went on, more than was read", []journal.Call{half, rest}, "b-1", 10, 43, true},
		{"one of two that raced", []journal.Call{{Provider: "alpha", Model: "a-1", Prompt: 10, Completion: 42}, good}, "a-1", 10, 42, false},
		{"no call that is known", nil, "b-1", 99, 99, false},
	}
	for _, tt := range tests {
		for _, kind := range []string{plan.KindChat, plan.KindTools} {
			if kind == plan.KindTools && len(tt.calls) > 1 && tt.calls[0].Completion == 20 {
				continue // not streamed, so that nothing goes on
			}
			t.Run(tt.name+" "+kind, func(t *testing.T) {
				m := quiet()
				m.mix(kind)
				m.request = func(_ time.Duration, r *request) {
					r.kind, r.calls = kind, append([]journal.Call(nil), tt.calls...)
					r.edit = func(s *journal.Sample) { s.Model, s.Prompt, s.Completion = tt.model, tt.prompt, tt.completion }
				}
				want := map[bool]uint64{true: 80}[tt.want]
				if got := statsOf(m.snapshot(), kind).Misbilled; got != want {
					t.Errorf("%d of 80 misbilled, want %d", got, want)
				}
			})
		}
	}
}

// An answer in the name of a model that its provider was not asked for is
// swapped, whoever tells; one in the name that the client asked for, or that
// only a gateway knows, is not.
func TestSwapped(t *testing.T) {
	for _, tt := range []struct {
		name, says string
		calls      []journal.Call
		want       journal.Outcome
	}{
		{"as asked", "a-1", []journal.Call{{Provider: "alpha", Model: "a-1"}}, journal.OK},
		{"another of the provider's", "a-2", []journal.Call{{Provider: "alpha", Model: "a-1"}}, journal.Corrupt},
		{"with the provider before it", "alpha/a-2", []journal.Call{{Provider: "alpha", Model: "a-1"}}, journal.Corrupt},
		{"another that was asked, too", "a-2", []journal.Call{{Provider: "alpha", Model: "a-2", Failure: "transport", Completion: 9}, {Provider: "alpha", Model: "a-1"}}, journal.OK},
		{"the client's own name for it", "a-1", []journal.Call{{Provider: "alpha", Model: "a-2"}}, journal.OK},
		{"a gateway's name for it", "group-7", []journal.Call{{Provider: "alpha", Model: "a-1"}}, journal.OK},
	} {
		m := quiet()
		m.plan.Providers[0].Models = []plan.Model{{ID: "a-1"}, {ID: "a-2"}}
		m.request = func(_ time.Duration, r *request) {
			r.calls = append([]journal.Call(nil), tt.calls...)
			r.edit = func(s *journal.Sample) { s.Model = tt.says }
		}
		sn := m.snapshot()
		swapped := map[journal.Outcome]uint64{journal.Corrupt: 80}[tt.want]
		if got := sn.Requests.Count(tt.want); got != 80 || statsOf(sn, plan.KindChat).Swapped != swapped {
			t.Errorf("%s: %+v, want %s", tt.name, sn.Requests, tt.want)
		}
	}
}

// Who asks for a fine-tuned model by name is served a lesser one by any other,
// its base above all; who does not, is not.
func TestAnotherThanTheTunedModelIsLesser(t *testing.T) {
	for _, tt := range []struct {
		asked, answered string
		want            journal.Outcome
	}{
		{"ours", "ours", journal.OK},
		{"alias-of-ours", "ours", journal.OK},
		{"ours", "ours-v2", journal.OK},
		{"ours", "base", journal.Degraded},
		{"ours", "b-1", journal.Degraded},
		{"base", "b-1", journal.OK},
		{"", "base", journal.OK},
	} {
		m := quiet()
		m.plan.Providers[0].Models = []plan.Model{{ID: "base"}, {ID: "ours", Base: "base", Aliases: []string{"alias-of-ours"}}}
		m.plan.Providers[0].Variants = []plan.Variant{{Model: "ours", ID: "ours-v2", Weight: 1}}
		m.mix(plan.KindChat).Model = tt.asked
		m.request = func(_ time.Duration, r *request) { r.calls[0].Model = tt.answered }
		sn := m.snapshot()
		if got := sn.Requests.Count(tt.want); got != 80 {
			t.Errorf("asked for %q, answered by %q: %+v, want %s", tt.asked, tt.answered, sn.Requests, tt.want)
		}
	}
}

// A refusal that is right is right whoever gave it, and no answer of a cache.
func TestARightRefusalIsNotDegraded(t *testing.T) {
	m := quiet()
	m.request = func(_ time.Duration, r *request) {
		r.kind, r.marker = plan.KindFAQ, "faq-ab12-q1"
		r.calls = []journal.Call{{Provider: "phone", Status: 400, Failure: "content_filter"}}
		r.edit = func(s *journal.Sample) { s.Reason = "content_filter" }
	}
	sn := m.snapshot()
	if got := statsOf(sn, plan.KindFAQ); sn.Requests.OK != 80 || got.Refused != 80 || got.Cached != 0 {
		t.Errorf("%+v", got)
	}
}

// The age of a cached answer is known by when a provider was last asked the
// same, whatever the target says; what it says itself can only add to that.
func TestStaleAnswers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		says   time.Duration
		oldest time.Duration
		stale  uint64
	}{
		{"the target says nothing", 0, 1875 * ms, 35},
		{"the target says more", 3 * s, 3 * s, 79},
		{"the target says less", 100 * ms, 1875 * ms, 35},
	} {
		m := quiet()
		m.mix(plan.KindFAQ).MaxAge = s
		n := 0
		m.request = func(at time.Duration, r *request) {
			r.kind, r.marker = plan.KindFAQ, "faq-ab12-q1"
			if n++; n == 1 { // due at 12.5 ms, over at 112.5 ms
				return
			}
			r.took, r.calls = 2*ms, nil
			r.edit = func(s *journal.Sample) { s.Age = tt.says }
		}
		sn := m.snapshot()
		got := statsOf(sn, plan.KindFAQ)
		if got.Oldest.Round(ms) != tt.oldest || got.Stale != tt.stale || got.Cached != 79 || sn.Requests.Failed != tt.stale {
			t.Errorf("%s: oldest %v, %d stale, %d cached, %+v; want %v and %d", tt.name, got.Oldest, got.Stale, got.Cached, sn.Requests, tt.oldest, tt.stale)
		}
	}
}

// What is asked again word for word may come from a cache, and is then no
// second opinion.
func TestAskedTwice(t *testing.T) {
	m := quiet()
	m.mix(plan.KindChat).Twice = true
	n := 0
	m.request = func(at time.Duration, r *request) {
		step := 1 + n%2
		r.marker, r.took = fmt.Sprintf("chat-ab12-%d", n/2), 20*ms
		if n++; step == 2 && n%8 == 0 {
			r.calls = nil
		}
		r.edit = func(s *journal.Sample) {
			s.Step = step
			if step == 2 && n%8 == 2 {
				s.Outcome, s.Value, s.Reason = journal.Corrupt, 0, "disagrees"
			}
		}
	}
	sn := m.snapshot()
	if got := statsOf(sn, plan.KindChat); got.Disagreeing != 10 || got.Cached != 10 || sn.Requests.Degraded != 10 || sn.Requests.OK != 60 {
		t.Errorf("%d disagree, %d cached, %+v", got.Disagreeing, got.Cached, sn.Requests)
	}
}

// The steps of a workflow are requests, and their calls one bill.
func TestWorkflows(t *testing.T) {
	m := quiet()
	m.mix(plan.KindAgent).Steps = 4
	n := 0
	m.request = func(at time.Duration, r *request) {
		flow, step := n/4, 1+n%4
		n++
		r.kind, r.took = plan.KindAgent, 20*ms
		r.marker = fmt.Sprintf("agent-ab12-%x-%d", flow, step)
		if flow == 3 { // tried twice, and billed twice
			r.calls = append(r.calls, journal.Call{Provider: "beta", CostUSD: .002})
		}
		if step == 4 {
			w := &journal.Workflow{ID: fmt.Sprintf("agent-ab12-%x", flow), Request: plan.KindAgent, Steps: 4, Done: 4, Outcome: journal.OK}
			if flow%5 == 0 {
				w.Done, w.Outcome, w.Reason = 3, journal.Failed, "server_error"
			}
			m.extra = append(m.extra, journal.Record{T: at + r.took, Event: w})
		}
	}
	sn := m.snapshot()
	want := score.Workflows{Total: 20, Finished: 16, Steps: 76, DearestUSD: 4 * .003}
	if d := sn.Workflows.DearestUSD - want.DearestUSD; d > 1e-12 || d < -1e-12 {
		t.Errorf("the dearest cost %v, want %v", sn.Workflows.DearestUSD, want.DearestUSD)
	}
	if want.DearestUSD = sn.Workflows.DearestUSD; sn.Workflows != want {
		t.Errorf("%+v, want %+v", sn.Workflows, want)
	}
	if sn.Requests.Total != 80 || sn.Requests.OK != 80 || sn.Skipped != 0 {
		t.Errorf("%+v, %d events passed over", sn.Requests, sn.Skipped)
	}
}
