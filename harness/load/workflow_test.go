package load_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

// The steps of a workflow hang on each other: each carries what only a reader
// of the answer before it can know, and they share name, budget and deadline.
func TestWorkflowSteps(t *testing.T) {
	mock, spec := mocked(t, nil)
	m := of(plan.KindAgent)
	m.Steps, m.Budget, m.Priority = 3, 0.05, "batch"
	p := one(m)
	p.Providers = []plan.Provider{spec}
	var prompts []string
	var heads []http.Header
	got := meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		var q struct{ Messages []struct{ Content string } }
		if err := json.Unmarshal(body, &q); err != nil {
			panic(err)
		}
		prompts, heads = append(prompts, q.Messages[0].Content), append(heads, r.Header)
		mock.ServeHTTP(w, r)
	}), p)
	if len(got.workflows) != 1 || len(got.all) != 3 {
		t.Fatalf("%d workflows, %d samples", len(got.workflows), len(got.all))
	}
	w := got.workflows[0]
	if w.Steps != 3 || w.Done != 3 || w.Outcome != journal.OK || w.Total <= 0 || w.Request != plan.KindAgent || !strings.HasPrefix(w.ID, "agent-") {
		t.Errorf("%+v", w)
	}
	left := fmt.Sprint(m.Deadline.Milliseconds())
	for i, s := range got.all {
		if s.Workflow != w.ID || s.Step != i+1 || s.Marker != fmt.Sprintf("%s-%d", w.ID, i+1) {
			t.Errorf("step %d is %d of %q, %s", i+1, s.Step, s.Workflow, s.Marker)
		}
		if !strings.Contains(prompts[i], answer.Mark(s.Marker)) {
			t.Errorf("step %d asks %q", i+1, prompts[i])
		}
		h := heads[i]
		if h.Get("X-Brownout-Workflow") != w.ID || h.Get("X-Brownout-Budget-USD") != "0.05" || h.Get("X-Brownout-Priority") != "low" {
			t.Errorf("step %d says %v", i+1, h)
		}
		if i == 0 {
			continue
		}
		before := got.all[i-1]
		if said := answer.Text(before.Marker, m.Tokens); !strings.Contains(prompts[i], said[strings.Index(said, "[end:"):]) {
			t.Errorf("step %d does not carry the end of the answer before it: %q", i+1, prompts[i])
		}
		if s.Scheduled < before.Scheduled+before.Total {
			t.Errorf("step %d was due at %v, before the one before it had ended at %v", i+1, s.Scheduled, before.Scheduled+before.Total)
		}
		if now := h.Get(wire.HeaderDeadline); len(now) > len(left) || len(now) == len(left) && now > left {
			t.Errorf("step %d has %s ms left, the one before it %s", i+1, now, left)
		} else {
			left = now
		}
	}
}

// A step that fails ends its workflow, and so does the deadline of the whole.
func TestWorkflowEnds(t *testing.T) {
	for _, c := range []struct {
		name    string
		third   http.HandlerFunc
		outcome journal.Outcome
		reason  string
	}{
		{"an error", failing(&wire.Failure{Kind: wire.FailServer}), journal.Failed, "server_error"},
		{"a wrong answer", answering(func(a *wire.Answer, q question) { a.Text = firstHalf(q) }), journal.Corrupt, "truncated"},
		{"silence", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else nobody sees the client leave
			<-r.Context().Done()
		}, journal.Hung, "timeout"},
	} {
		m := of(plan.KindAgent)
		m.Deadline = 300 * time.Millisecond
		n := 0
		got := meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n++; n == 3 {
				c.third(w, r)
				return
			}
			good(w, r)
		}), one(m))
		if len(got.all) != 3 || len(got.workflows) != 1 {
			t.Fatalf("%s: %d samples, %d workflows", c.name, len(got.all), len(got.workflows))
		}
		s, w := got.all[2], got.workflows[0]
		if s.Outcome != c.outcome || s.Reason != c.reason || w.Outcome != c.outcome || w.Reason != c.reason || w.Done != 2 || w.Steps != 4 {
			t.Errorf("%s: %+v of %+v", c.name, s, w)
		}
		if c.outcome == journal.Hung && (w.Total != m.Deadline || s.Scheduled+s.Total != w.Scheduled+m.Deadline) {
			t.Errorf("%s: the workflow took %v, its last step ended at %v", c.name, w.Total, s.Scheduled+s.Total)
		}
	}
}

// The tools' requests are what OpenAI's own rules demand: the mock refuses a
// result without its call.
func TestResultsFollowTheirCalls(t *testing.T) {
	mock, spec := mocked(t, nil)
	p := one(of(plan.KindTools))
	p.Providers = []plan.Provider{spec}
	var last *wire.Request
	meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		last, _ = openAI.DecodeRequest(r, body)
		mock.ServeHTTP(w, r)
	}), p)
	if n := len(last.Messages); n != 3 || last.Messages[1].ToolCalls[0].ID != last.Messages[2].ToolCallID || len(last.Tools) != 2 {
		t.Errorf("%+v", last)
	}
}
