package load_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/mocks"
	"brownout/mocks/answer"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

// mocked is a real mock of OpenAI that answers at once, and its specification.
func mocked(t *testing.T, edit func(*plan.Provider)) (http.Handler, plan.Provider) {
	t.Helper()
	p, ok := presets.Get("openai")
	if !ok {
		t.Fatal("no preset of OpenAI")
	}
	p.Name, p.Limits, p.Service = "openai", plan.Limits{}, plan.Service{Model: plan.ServiceCloud}
	if edit != nil {
		edit(&p)
	}
	f, err := mocks.NewFleet(mocks.Config{Seed: 7, Providers: []plan.Provider{p}})
	if err != nil {
		t.Fatal(err)
	}
	return f.Providers()[0], p
}

// meet sends a plan to a handler over the network, with the models that a run
// would ask for.
func meet(t *testing.T, h http.Handler, p *plan.Plan) *samples {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	got := new(samples)
	r, err := load.New(load.Config{
		Plan: p, BaseURL: server.URL, Key: testKey, Model: cmp.Or(p.FirstModel(), "gpt-test"), Embedding: p.FirstEmbedding(), Start: time.Now(), Emit: got.emit,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	got.all = got.scheduled()
	return got
}

func streamed(kind string) plan.Mix {
	m := of(kind)
	m.Stream = true
	return m
}

func twice(kind string) plan.Mix {
	m := of(kind)
	m.Twice = true
	return m
}

func personal(kind string) plan.Mix {
	m := of(kind)
	m.Personal = []string{plan.ClassGPU}
	return m
}

// An answer to a person comes back to that one: what a gateway has put in the
// person's place is no right answer, and neither is one to nobody.
func TestAnswersAreToThePerson(t *testing.T) {
	email := regexp.MustCompile(`[a-z0-9.]+@example\.[a-z]+`)
	for _, c := range []struct {
		name    string
		gateway func(body string) string
		want    journal.Outcome
		reason  string
	}{
		{"as it is", func(s string) string { return s }, journal.OK, ""},
		{"a placeholder", func(s string) string { return email.ReplaceAllString(s, "[EMAIL_1]") }, journal.Corrupt, "misaddressed"},
		{"a placeholder with spaces", func(s string) string { return email.ReplaceAllString(s, "(an address)") }, journal.Corrupt, "misaddressed"},
		{"somebody else", func(s string) string { return email.ReplaceAllString(s, answer.PersonOf("x").Email) }, journal.Corrupt, "misaddressed"},
		{"nobody", func(s string) string { return strings.ReplaceAll(s, "Write to", "Forget") }, journal.Corrupt, "misaddressed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mock, spec := mocked(t, nil)
			p := steady(20, 500*time.Millisecond, personal(plan.KindChat), personal(plan.KindStream))
			p.Providers = []plan.Provider{spec}
			var mu sync.Mutex
			var seen []string
			got := meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return
				}
				mu.Lock()
				seen = append(seen, string(body))
				mu.Unlock()
				r.Body = io.NopCloser(strings.NewReader(c.gateway(string(body))))
				mock.ServeHTTP(w, r)
			}), p)
			for _, s := range got.all {
				if s.Outcome != c.want || s.Reason != c.reason {
					t.Errorf("%s is %s %q: %s", s.Marker, s.Outcome, s.Reason, s.Detail)
				}
				all := strings.Join(seen, "")
				for _, v := range answer.PersonOf(s.Marker).Values() {
					if !strings.Contains(all, v) {
						t.Errorf("nobody sent %s of %s", v, s.Marker)
					}
				}
			}
			if len(got.all) != 10 {
				t.Errorf("%d samples", len(got.all))
			}
		})
	}
}

// A request with a history is a conversation, whose last question asks; what the
// target says it left out is noted.
func TestHistory(t *testing.T) {
	mock, spec := mocked(t, nil)
	long := of(plan.KindLong)
	long.History, long.Prompt = 3, 700
	p := steady(10, 500*time.Millisecond, long)
	p.Providers = []plan.Provider{spec}
	openai, _ := wire.Lookup("openai")
	var mu sync.Mutex
	n := 0
	got := meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		req, fail := openai.DecodeRequest(r, body)
		mu.Lock()
		defer mu.Unlock()
		if fail != nil || len(req.Messages) != 7 {
			t.Errorf("%v: %s", fail, body)
			return
		}
		for i, m := range req.Messages {
			_, marked := answer.FindMarker(m.Text)
			if role := []string{"user", "assistant"}[i%2]; m.Role != role || len(strings.Fields(m.Text)) != 100 || marked != (i == 6) {
				t.Errorf("turn %d of %s: %d words, marked %v", i, m.Role, len(strings.Fields(m.Text)), marked)
			}
		}
		if n++; n > 2 {
			w.Header().Set(wire.HeaderTrimmed, "4")
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		mock.ServeHTTP(w, r)
	}), p)
	trimmed := 0
	for _, s := range got.all {
		if s.Outcome != journal.OK {
			t.Errorf("%s is %s %q: %s", s.Marker, s.Outcome, s.Reason, s.Detail)
		}
		if s.Trimmed {
			trimmed++
		}
	}
	if len(got.all) != 5 || trimmed != 3 {
		t.Errorf("%d samples, %d trimmed", len(got.all), trimmed)
	}
}

// Every kind, as a real mock answers it.
func TestKindsAreAnsweredRightly(t *testing.T) {
	ownLength, tuned := of(plan.KindEmbed), of(plan.KindChat)
	ownLength.Dimensions, ownLength.Inputs = 0, 5
	tuned.Model = "gpt-4o-mini"
	for _, c := range []struct {
		name string
		mix  plan.Mix
	}{
		{"chat", of(plan.KindChat)},
		{"stream", of(plan.KindStream)},
		{"faq", of(plan.KindFAQ)},
		{"sensitive", plan.DefaultMix[plan.KindSensitive]},
		{"long", of(plan.KindLong)},
		{"long, streamed", streamed(plan.KindLong)},
		{"embed", of(plan.KindEmbed)},
		{"embed, the model's own length", ownLength},
		{"tools", of(plan.KindTools)},
		{"tools, streamed", streamed(plan.KindTools)},
		{"agent", of(plan.KindAgent)},
		{"agent, streamed", streamed(plan.KindAgent)},
		{"fanout, by requests of their own", of(plan.KindFanout)},
		{"chat twice", twice(plan.KindChat)},
		{"stream twice", twice(plan.KindStream)},
		{"another model", tuned},
		{"chat of a person", personal(plan.KindChat)},
		{"stream of a person", personal(plan.KindStream)},
		{"long of a person", personal(plan.KindLong)},
		{"tools of a person", personal(plan.KindTools)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mock, spec := mocked(t, func(p *plan.Provider) { p.Class = plan.ClassGPU })
			c.mix.Deadline = time.Minute // however slow the machine is
			p := steady(40, 500*time.Millisecond, c.mix)
			p.Providers = []plan.Provider{spec}
			got := meet(t, mock, p)
			if want := 20 * c.mix.Turns(); len(got.all) != want {
				t.Errorf("%d samples, want %d", len(got.all), want)
			}
			steps := map[int]int{}
			for _, s := range got.all {
				steps[s.Step]++
				if s.Outcome != journal.OK || s.Reason != "" || s.Value != 1 || s.Status != 200 {
					t.Fatalf("%s step %d is %s %q: %s", s.Marker, s.Step, s.Outcome, s.Reason, s.Detail)
				}
				if want := c.mix.Model; want != "" && s.Model != want {
					t.Errorf("answered by %s, want %s", s.Model, want)
				}
				if (s.TTFT > 0) != c.mix.Streams() || s.Prompt == 0 || (s.Completion == 0) != (c.mix.Kind == plan.KindEmbed) {
					t.Errorf("first token after %v, %d and %d tokens", s.TTFT, s.Prompt, s.Completion)
				}
				if kind, _, _ := strings.Cut(s.Marker, "-"); kind != c.mix.Kind || s.Request != kind {
					t.Errorf("a %s request has the marker %s", s.Request, s.Marker)
				}
			}
			first := 1
			if c.mix.Turns() == 1 {
				first = 0
			}
			for i := range c.mix.Turns() {
				if steps[first+i] != 20 {
					t.Errorf("samples by step: %v", steps)
				}
			}
			if want := map[bool]int{true: 20}[c.mix.Workflow()]; len(got.workflows) != want {
				t.Errorf("%d workflows, want %d", len(got.workflows), want)
			}
		})
	}
}
