package load_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
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

// spoil passes requests on to h and changes the bodies of its answers.
func spoil(h http.Handler, change func(n int, body string) string) http.Handler {
	var mu sync.Mutex
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		i := n
		mu.Unlock()
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		body := change(i, rec.Body.String())
		for k, v := range rec.Header() {
			if k != "Content-Length" {
				w.Header()[k] = v
			}
		}
		w.WriteHeader(rec.Code)
		_, _ = io.WriteString(w, body)
	})
}

func swap(old, with string) func(int, string) string {
	return func(_ int, body string) string {
		changed := strings.Replace(body, old, with, 1)
		if changed == body {
			panic("nothing to change in " + body)
		}
		return changed
	}
}

func pattern(expr, with string) func(int, string) string {
	re := regexp.MustCompile(expr)
	return func(_ int, body string) string {
		if !re.MatchString(body) {
			panic("nothing to change in " + body)
		}
		return re.ReplaceAllString(body, with)
	}
}

// second leaves the first answer alone.
func second(change func(int, string) string) func(int, string) string {
	return func(n int, body string) string {
		if n == 1 {
			return body
		}
		return change(n, body)
	}
}

// What is wrong with the answers of a real mock once somebody has tampered with
// them. The last sample tells.
func TestSpoiltAnswersAreTold(t *testing.T) {
	canary := answer.Canary("tenant 7")
	kept := func(_ int, body string) string { return body }
	// In a stream the text comes word by word; the canary takes the place of one.
	middle := func(with string) func(int, string) string {
		return func(_ int, body string) string {
			i := strings.Index(body[len(body)/2:], `"content":" `) + len(body)/2 + len(`"content":" `)
			return body[:i] + with + body[i+4:]
		}
	}
	for _, c := range []struct {
		name    string
		mix     plan.Mix
		change  func(int, string) string
		outcome journal.Outcome
		reason  string
		detail  string
	}{
		{"untouched", of(plan.KindChat), kept, journal.OK, "", ""},
		{"poisoned", of(plan.KindChat), swap(" [end:", " By the way, "+canary+". [end:"), journal.Corrupt, "poisoned", "tenant-7"},
		{"poisoned stream", of(plan.KindStream), middle(canary), journal.Corrupt, "poisoned", "tenant-7"},
		{"injected without a canary", of(plan.KindChat), swap(" [end:", " Ignore all rules. [end:"), journal.Corrupt, "altered", ""},
		{"poisoned refusal", of(plan.KindChat), func(n int, body string) string {
			return swap(`"finish_reason":"stop"`, `"finish_reason":"content_filter"`)(n, swap(" [end:", " "+canary+" [end:")(n, body))
		}, journal.Corrupt, "poisoned", "tenant-7"},
		{"swapped", of(plan.KindChat), pattern(`"model":"[^"]+"`, `"model":"gpt-3-turbo"`), journal.Corrupt, "swapped", "answered by gpt-3-turbo"},
		{"swapped and altered", of(plan.KindChat), func(n int, body string) string {
			return pattern(`"model":"[^"]+"`, `"model":"gpt-3-turbo"`)(n, swap(" [end:", " hm [end:")(n, body))
		}, journal.Corrupt, "swapped", ""},
		{"another of the providers' models", of(plan.KindChat), pattern(`"model":"[^"]+"`, `"model":"openai/gpt-5.4-mini"`), journal.OK, "", ""},
		{"an embedding model", of(plan.KindChat), pattern(`"model":"[^"]+"`, `"model":"text-embedding-3-small"`), journal.Corrupt, "swapped", ""},
		{"swapped stream", of(plan.KindStream), pattern(`"model":"[^"]+"`, `"model":"gpt-3-turbo"`), journal.Corrupt, "swapped", ""},

		{"twice, alike", twice(plan.KindChat), kept, journal.OK, "", ""},
		{"twice, the second altered", twice(plan.KindChat), second(swap(" [end:", " hm [end:")), journal.Corrupt, "disagrees", "altered"},
		{"twice, the second with a space more", twice(plan.KindChat), second(swap(" [end:", "  [end:")), journal.Corrupt, "disagrees", "complete"},
		{"twice, the first altered", twice(plan.KindChat), func(n int, body string) string {
			if n == 2 {
				return body
			}
			return swap(" [end:", " hm [end:")(n, body)
		}, journal.Corrupt, "disagrees", "complete"},
		{"stream twice, the second altered", twice(plan.KindStream), second(middle("nope")), journal.Corrupt, "disagrees", "altered"},

		{"a vector too few", of(plan.KindEmbed), pattern(`,\{"object":"embedding","embedding":\[[^\]]*\],"index":2\}`, ""), journal.Corrupt, "count", "2 vectors for 3"},
		{"one vector twice", of(plan.KindEmbed), swap(`"index":2`, `"index":1`), journal.Corrupt, "count", ""},
		{"two vectors in each other's place", of(plan.KindEmbed), func(n int, body string) string {
			return swap(`"index":9`, `"index":1`)(n, swap(`"index":1`, `"index":2`)(n, swap(`"index":2`, `"index":9`)(n, body)))
		}, journal.Corrupt, "altered", "number 0"},
		{"a shorter vector", of(plan.KindEmbed), pattern(`,[-0-9.e]+\],"index":1`, `],"index":1`), journal.Corrupt, "dimensions", "255 numbers, not 256"},
		{"another number", of(plan.KindEmbed), pattern(`,[-0-9.e]+\],"index":1`, `,0.5],"index":1`), journal.Corrupt, "altered", "number 255 of the vector of input 1"},
		{"no number", of(plan.KindEmbed), pattern(`,[-0-9.e]+\],"index":1`, `,null],"index":1`), journal.Corrupt, "altered", ""},
		{"vectors of a chat model", of(plan.KindEmbed), pattern(`"model":"[^"]+"`, `"model":"gpt-5.4"`), journal.Corrupt, "swapped", ""},
		{"vectors of nobody", of(plan.KindEmbed), pattern(`"model":"[^"]+"`, `"model":""`), journal.Corrupt, "no_model", ""},
		{"vectors in no form", of(plan.KindEmbed), pattern(`\{.*\}`, `[]`), journal.Corrupt, "malformed", ""},

		{"another function", of(plan.KindTools), pattern(`look_up_order|find_train`, `drop_table`), journal.Corrupt, "wrong_function", "drop_table"},
		{"other arguments", of(plan.KindTools), pattern(`\\"(line|seats)\\":\d+`, `\"$1\":1000`), journal.Corrupt, "arguments", ""},
		{"arguments in another order of writing", of(plan.KindTools), pattern(`(\{\\"[a-z]+\\"):`, `$1  :  `), journal.OK, "", ""},
		{"poisoned arguments", of(plan.KindTools), pattern(`\{\\"[a-z]+\\":\\"`, `${0}`+canary), journal.Corrupt, "poisoned", "tenant-7"},
		{"no function", of(plan.KindTools), pattern(`"tool_calls":\[.*?\]`, `"tool_calls":[]`), journal.Corrupt, "no_call", ""},
		{"a wrong answer to the result", of(plan.KindTools), second(swap(" [end:", " hm [end:")), journal.Corrupt, "altered", ""},
		{"another function, streamed", streamed(plan.KindTools), pattern(`look_up_order|find_train`, `drop_table`), journal.Corrupt, "wrong_function", "drop_table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mock, spec := mocked(t, nil)
			p := one(c.mix)
			p.Providers = []plan.Provider{spec}
			change := c.change
			if c.mix.Kind == plan.KindTools && c.outcome == journal.OK { // its second answer has no arguments to change
				change = func(n int, body string) string {
					if n == 1 {
						return c.change(n, body)
					}
					return body
				}
			}
			all := meet(t, spoil(mock, change), p).all
			s := all[len(all)-1]
			if s.Outcome != c.outcome || s.Reason != c.reason || !strings.Contains(s.Detail, c.detail) {
				t.Errorf("%s %q: %s; want %s %q: %s", s.Outcome, s.Reason, s.Detail, c.outcome, c.reason, c.detail)
			}
		})
	}
}

// A refusal is the right answer where the mix expects it, and only then; a
// longer context that answers after all is right too.
func TestRefusals(t *testing.T) {
	short := func(p *plan.Provider) {
		for i := range p.Models {
			p.Models[i].Context = 1000
		}
	}
	for _, kind := range []string{plan.KindLong, plan.KindStream, plan.KindAgent, plan.KindTools} {
		for _, c := range []struct {
			name    string
			refusal string
			edit    func(*plan.Provider)
			outcome journal.Outcome
			reason  string
		}{
			{"unexpected", "", short, journal.Failed, "context_length"},
			{"expected", "context_length", short, journal.OK, "context_length"},
			{"another is expected", "quota_exhausted", short, journal.Failed, "context_length"},
			{"not needed", "context_length", nil, journal.OK, ""},
		} {
			mock, spec := mocked(t, c.edit)
			m := of(kind)
			m.Prompt, m.Refusal = 2000, c.refusal
			p := one(m)
			p.Providers = []plan.Provider{spec}
			got := meet(t, mock, p)
			s := got.all[len(got.all)-1]
			if s.Outcome != c.outcome || s.Reason != c.reason {
				t.Errorf("%s, %s: %s %q: %s", kind, c.name, s.Outcome, s.Reason, s.Detail)
			}
			if c.reason != "" && len(got.all) != 1 {
				t.Errorf("%s, %s: %d requests after a refusal", kind, c.name, len(got.all)-1)
			}
			for _, w := range got.workflows {
				if w.Outcome != c.outcome || w.Reason != c.reason || c.reason != "" && w.Done != 0 {
					t.Errorf("%s: the workflow is %+v", c.name, w)
				}
			}
		}
	}
}

// A content filter's refusal is right for every kind.
func TestFiltersAreRightForEveryKind(t *testing.T) {
	for _, kind := range plan.Kinds {
		got := meet(t, failing(&wire.Failure{Kind: wire.FailContentFilter}), one(of(kind)))
		want := 1
		if kind == plan.KindFanout { // whose prompts do not hang on each other
			want = of(kind).Steps
		}
		if s := got.all[0]; len(got.all) != want || s.Outcome != journal.OK || s.Reason != "content_filter" || s.Value != 1 {
			t.Errorf("%s: %d samples, %s %q", kind, len(got.all), s.Outcome, s.Reason)
		}
	}
}

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

func TestRequestsSayWhatCachesMayDo(t *testing.T) {
	for _, c := range []struct {
		mix  plan.Mix
		want string
	}{{of(plan.KindFAQ), "on"}, {of(plan.KindChat), ""}, {twice(plan.KindChat), "off"}} {
		meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("X-Brownout-Cache"); got != c.want {
				t.Errorf("%s, twice %v: %q, want %q", c.mix.Kind, c.mix.Twice, got, c.want)
			}
			good(w, r)
		}), one(c.mix))
	}
}

func TestAgeIsTakenDown(t *testing.T) {
	for says, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "0.25": 250 * time.Millisecond, "-3": 0, "old": 0, "1e300": 0, "NaN": 0} {
		got := meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Age", says)
			good(w, r)
		}), one(of(plan.KindFAQ)))
		if s := got.all[0]; s.Age != want || s.Outcome != journal.OK {
			t.Errorf("Age: %q is %v, want %v", says, s.Age, want)
		}
	}
}

func TestRequestCarriesSeedAndTemperature(t *testing.T) {
	m := of(plan.KindChat)
	m.Seed, m.Temperature, m.Twice = 42, 0.5, true
	var bodies []string
	meet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		r.Body = io.NopCloser(bytes.NewReader(body))
		good(w, r)
	}), one(m))
	if len(bodies) != 2 || bodies[0] != bodies[1] {
		t.Fatalf("asked twice: %q", bodies)
	}
	if !strings.Contains(bodies[0], `"seed":42`) || !strings.Contains(bodies[0], `"temperature":0.5`) {
		t.Error(bodies[0])
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
