package router_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// personal are values that a cloud provider must not see.
const (
	mira    = "mira.solberg@example.org"
	miraTel = "+1 202-555-0147"
)

// letter is a prompt with personal data, in the marker of its request.
func letter(marker string) map[string]any {
	return map[string]any{"messages": []map[string]string{
		{"role": "system", "content": "The customer is " + mira + "."},
		{"role": "user", "content": "Write to: " + mira + " of [EMAIL_1], or call " + miraTel + ". [[bo:" + marker + "]]"},
	}}
}

// addressed is what every provider answers to a letter: whom it was told to
// write to, as it was told, and words.
func addressed(req *wire.Request) string {
	_, to, _ := strings.Cut(req.LastUser(), "Write to: ")
	to, _, _ = strings.Cut(to, " of ")
	return "Dear <" + to + ">, it is one answer, and nobody adds or drops a word of it; yours, " + to
}

const miraAnswer = "Dear <" + mira + ">, it is one answer, and nobody adds or drops a word of it; yours, " + mira

// inBits cuts a text into bits of n bytes.
func inBits(text string, n int) (bits []string) {
	for ; len(text) > n; text = text[n:] {
		bits = append(bits, text[:n])
	}
	return append(bits, text)
}

// addresses answers a letter, streamed in bits of n bytes: after most of them
// it leaves the end to then; nil: it ends properly. A partial answer is gone on
// with.
func addresses(n, most int, then func(*fake, wire.StreamWriter, http.ResponseWriter, *http.Request)) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		text := rest(addressed(req), req)
		if !req.Stream {
			answers(text, 0)(f, w, r, req)
			return
		}
		bits := inBits(text, n)
		if then == nil {
			says(0, bits...)(f, w, r, req)
			return
		}
		begins(0, bits[:min(most, len(bits))], then)(f, w, r, req)
	}
}

// redacting are settings with redaction on.
func redacting() plan.Router { return plan.Router{On: []string{"redaction"}} }

// onPremises makes a backend of class gpu.
func onPremises(f *fake) *fake {
	f.Class = plan.ClassGPU
	return f
}

// hidFrom fails the test where a backend was shown one of the values.
func hidFrom(t *testing.T, f *fake, values ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.bodies {
		for _, v := range values {
			if strings.Contains(b, v) {
				t.Errorf("%s was shown %s: %s", f.Name, v, b)
			}
		}
	}
}

// In every dialect a provider of the cloud sees placeholders, and the client
// reads what it wrote, in one piece and in bits that cut them anywhere.
func TestRedaction(t *testing.T) {
	for _, dialect := range wire.Names() {
		t.Run(dialect, func(t *testing.T) {
			a := backend("a", func(n int) act { return addresses(1+n, 0, nil) })
			a.Dialect = dialect
			run(t, redacting(), []*fake{a}, func(w *world) {
				for i := range 6 {
					g := w.send(ask{stream: i > 0, more: letter("m1")})
					if g.err != nil || g.fail != nil || g.text != miraAnswer || i > 0 && !g.done {
						t.Fatalf("bits of %d: %q, failure %v, %v", i+1, g.text, g.fail, g.err)
					}
				}
				hidFrom(t, a, mira, miraTel)
				q := a.calls[0].req
				if q.Messages[0].Text != "The customer is [EMAIL_2]." || q.LastUser() != "Write to: [EMAIL_2] of [EMAIL_1], or call [PHONE_1]. [[bo:m1]]" {
					t.Errorf("it was shown %q", q.Messages)
				}
				w.wantDid(slices.Repeat([]string{"redacted a"}, 6)...)
				for _, d := range w.decisions {
					if d.Detail != "1 email, 1 phone" {
						t.Errorf("told %q", d.Detail)
					}
				}
			})
		})
	}
}

// What looks like the beginning of a placeholder at a stream's end is text.
func TestRedactionKeepsTheEnd(t *testing.T) {
	for _, end := range []string{"[EMAIL_1", "[EMAIL_7]", "[", "[[EMAIL_"} {
		a := backend("a", always(says(0, "so it", " ends", end)))
		run(t, redacting(), []*fake{a}, func(w *world) {
			if g := w.send(ask{stream: true, more: letter("m1")}); g.text != "so it ends"+end || !g.done {
				t.Errorf("%q, failure %v", g.text, g.fail)
			}
		})
	}
}

// Who may see all does; whose class is not known does not; and without the
// mitigation nobody is spared anything.
func TestRedactionTowards(t *testing.T) {
	for _, tt := range []struct {
		class string
		set   plan.Router
		shown bool
	}{
		{plan.ClassCloud, redacting(), false},
		{plan.ClassManaged, redacting(), false},
		{plan.ClassGPU, redacting(), true},
		{plan.ClassEdge, redacting(), true},
		{"", redacting(), false},
		{plan.ClassCloud, plan.Router{}, true},
		{plan.ClassCloud, plan.Router{On: []string{"redaction"}, Redaction: plan.Redaction{Towards: []string{plan.ClassEdge}}}, true},
		{plan.ClassEdge, plan.Router{On: []string{"redaction"}, Redaction: plan.Redaction{Towards: []string{plan.ClassEdge}}}, false},
		{plan.ClassCloud, plan.Router{On: []string{"redaction"}, Redaction: plan.Redaction{Kinds: []string{plan.PersonalPhone}}}, true},
	} {
		a := backend("a", always(addresses(5, 0, nil)))
		a.Class = tt.class
		run(t, tt.set, []*fake{a}, func(w *world) {
			g := w.send(ask{more: letter("m1")})
			if shown := strings.Contains(a.bodies[0], mira); shown != tt.shown || g.text != miraAnswer {
				t.Errorf("class %q, %+v: shown %v, answer %q", tt.class, tt.set.Redaction, shown, g.text)
			}
		})
	}
}

// A stream that breaks goes on elsewhere, whoever saw placeholders and whoever
// did not, by splice and by prefill, and nobody is handed half a value.
func TestRedactionAcrossJoins(t *testing.T) {
	half := len("Dear <mira.solb") // the value is cut
	late := strings.Index(miraAnswer, "nobody")
	for _, tt := range []struct {
		name      string
		first     func(*fake) *fake
		second    string // dialect
		after     int    // bytes
		prefilled bool
	}{
		{"cloud to cloud by splice", nil, "openai", late, false},
		{"cloud to cloud by prefill", nil, "vllm", late, true},
		{"premises to cloud by splice", onPremises, "openai", late, false},
		{"premises to cloud by prefill", onPremises, "vllm", late, true},
		{"premises to cloud within the value", onPremises, "vllm", half + 15, false},
		{"premises to cloud within the last value", onPremises, "vllm", len(miraAnswer) - 3, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := backend("a", always(addresses(1, tt.after, cuts)))
			if tt.first != nil {
				tt.first(a)
			}
			b := backend("b", always(addresses(3, 0, nil)))
			b.Dialect = tt.second
			run(t, redacting(), []*fake{a, b}, func(w *world) {
				g := w.send(ask{stream: true, more: letter("m1")})
				if g.err != nil || g.fail != nil || g.text != miraAnswer || !g.done || g.last() != "b" {
					t.Fatalf("%q by %s, failure %v, %v", g.text, g.last(), g.fail, g.err)
				}
				hidFrom(t, b, mira, miraTel, mira[:8])
				if got := b.calls[0].req.Prefill() != ""; got != tt.prefilled {
					t.Errorf("handed over %v: %q", got, b.calls[0].req.Prefill())
				}
			})
		})
	}
}

// writesTo calls the function it is offered, to whom it is told to write.
func writesTo(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
	_, to, _ := strings.Cut(req.LastUser(), "Write to: ")
	to, _, _ = strings.Cut(to, " of ")
	call := wire.ToolCall{Name: "send", Arguments: `{"note":"now","to":"` + to + `"}`}
	if t, ok := f.dialect.(wire.ToolCaller); ok {
		call.ID = t.NewToolCallID(7)
	}
	a := &wire.Answer{ID: "id", Model: req.Model, Finish: wire.FinishToolCalls, Usage: usage, ToolCalls: []wire.ToolCall{call}}
	if !req.Stream {
		_ = f.dialect.WriteAnswer(w, req, a)
		return
	}
	s, err := f.dialect.StartStream(w, req, a)
	if err != nil {
		return
	}
	if t, ok := s.(wire.ToolStreamWriter); ok {
		_ = t.ToolCall(wire.ToolCallDelta{ID: call.ID, Name: call.Name})
		for _, bit := range inBits(call.Arguments, 2) {
			_ = t.ToolCall(wire.ToolCallDelta{Arguments: bit})
		}
	}
	_ = s.End(wire.FinishToolCalls, usage)
}

// Functions are called with what the client wrote, and their schema is held
// against that; what was called before is hidden in the conversation.
func TestRedactionOfTools(t *testing.T) {
	tools := []map[string]any{{"type": "function", "function": map[string]any{
		"name": "send", "description": "Never to " + mira, "parameters": map[string]any{
			"type": "object", "properties": map[string]any{"to": map[string]any{"type": "string", "pattern": "^[^\\[]+@"}}, "required": []string{"to"},
		},
	}}}
	for _, dialect := range toolDialects() {
		t.Run(dialect, func(t *testing.T) {
			a := backend("a", always(writesTo))
			a.Dialect = dialect
			run(t, redacting(), []*fake{a}, func(w *world) {
				for _, stream := range []bool{false, true} {
					more := letter("m1")
					more["tools"] = tools
					more["messages"] = append([]map[string]any{
						{"role": "user", "content": "Earlier."},
						{"role": "assistant", "tool_calls": []map[string]any{{
							"id": "call_abc123456", "type": "function", "function": map[string]any{"name": "send", "arguments": `{"to":"` + mira + `","card":4111111111111111}`},
						}}},
						{"role": "tool", "tool_call_id": "call_abc123456", "content": "sent to " + mira},
					}, map[string]any{"role": "user", "content": "Write to: " + mira + " of somebody"})
					g := w.send(ask{stream: stream, more: more})
					if g.err != nil || g.fail != nil || g.finish != wire.FinishToolCalls {
						t.Fatalf("stream %v: finish %q, failure %v, %v: %s", stream, g.finish, g.fail, g.err, g.body)
					}
					if args := argumentsIn(g.body); !strings.Contains(args, `"to":"`+mira+`"`) {
						t.Errorf("stream %v: called with %s", stream, args)
					}
				}
				hidFrom(t, a, mira, "4111111111111111")
			})
		})
	}
}

// argumentsIn joins the arguments in an answer, or the chunks of a stream, of
// OpenAI's.
func argumentsIn(body string) (args string) {
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "data: "))
		var in struct {
			Choices []struct {
				Message, Delta struct {
					ToolCalls []struct {
						Function struct{ Arguments string }
					} `json:"tool_calls"`
				}
			}
		}
		if json.Unmarshal([]byte(line), &in) != nil {
			continue
		}
		for _, c := range in.Choices {
			for _, t := range append(c.Message.ToolCalls, c.Delta.ToolCalls...) {
				args += t.Function.Arguments
			}
		}
	}
	return strings.ReplaceAll(args, `": "`, `":"`)
}

// What the neutral form does not know is hidden too, and stays what it was.
func TestRedactionOfFurtherFields(t *testing.T) {
	a := backend("a", always(answers("from a", 0)))
	run(t, redacting(), []*fake{a}, func(w *world) {
		picture := "data:image/png;base64," + strings.Repeat("4111111111111111/", 30)
		w.want(w.send(ask{more: map[string]any{
			"metadata": map[string]any{"customer": mira, mira: 1, "note": "[PHONE_1]"}, "user": mira, "logit_bias": map[string]int{"7": 1}, "stop": []string{mira},
			"messages": []map[string]any{{"role": "user", "name": miraTel, "content": []map[string]any{
				{"type": "text", "text": "who is " + mira},
				{"type": "image_url", "image_url": map[string]any{"url": picture}},
			}}},
		}}), "a", 1, -1)
		hidFrom(t, a, mira, miraTel)
		for _, want := range []string{picture, `"logit_bias":{"7":1}`, `"user":"[EMAIL_1]"`, `"customer":"[EMAIL_1]"`, `"text":"who is [EMAIL_1]"`, `"name":"[PHONE_2]"`, `"stop":["[EMAIL_1]"]`} {
			if !strings.Contains(a.bodies[0], want) {
				t.Errorf("no %s in %.400s", want, a.bodies[0])
			}
		}
	})
}

// An answer is kept with its values, for the very question alone: not for one
// about somebody else, however alike, and in no case for another key.
func TestRedactionAndCaches(t *testing.T) {
	set := redacting()
	set.On = append(set.On, "semantic_cache")
	set.SemanticCache.Threshold = 0.5
	ask1 := func(who, key string) ask {
		h := marked("Authorization", key)
		return ask{header: h, more: map[string]any{"messages": []map[string]string{{
			"role": "user", "content": "Please be so kind and tell me at length about the weather there. Write to: " + who + " of somebody",
		}}}}
	}
	a := backend("a", always(addresses(4, 0, nil)))
	run(t, set, []*fake{a}, func(w *world) {
		for i, tt := range []struct {
			who, key string
			calls    int
			how      string
		}{
			{mira, "k1", 1, ""},
			{mira, "k1", 1, "hit"},
			{"mira.solberg@example.net", "k1", 2, ""},
			{mira, "k2", 3, ""},
			{"mira.solberg@example.net", "k1", 3, "hit"},
		} {
			g := w.send(ask1(tt.who, tt.key))
			if !strings.HasPrefix(g.text, "Dear <"+tt.who+">") || a.count() != tt.calls || cached(g) != tt.how {
				t.Errorf("question %d: %q, %d calls, %q", i, g.text, a.count(), cached(g))
			}
		}
		hidFrom(t, a, "mira.solberg")
	})
}

// Who joins a call in flight hears the values too.
func TestRedactionInSharedCalls(t *testing.T) {
	a := backend("a", always(after(time.Second, addresses(3, 0, nil))))
	run(t, redacting(), []*fake{a}, func(w *world) {
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				if g := w.send(ask{stream: i > 0, header: marked(), more: letter("m1")}); g.text != miraAnswer {
					t.Errorf("client %d: %q, failure %v", i, g.text, g.fail)
				}
			})
		}
		all.Wait()
		if a.count() != 1 {
			t.Errorf("%d calls", a.count())
		}
	})
}

// Whoever wins of a slow cloud and a second provider, the client gets its own
// words.
func TestRedactionAndHedges(t *testing.T) {
	for _, class := range []string{plan.ClassCloud, plan.ClassGPU} {
		a := usually("a", after(3*time.Second, addresses(4, 0, nil)))
		b := backend("b", always(addresses(4, 0, nil)))
		b.Class = class
		set := hedged()
		set.On = append(set.On, "redaction")
		run(t, set, []*fake{a, b}, func(w *world) {
			w.learn(false)
			g := w.send(ask{more: letter("m1")})
			if g.text != miraAnswer || g.by() != "b" {
				t.Errorf("%q by %s, failure %v", g.text, g.by(), g.fail)
			}
			hidFrom(t, a, mira)
		})
	}
}

// What is embedded is hidden, and each text by itself: whether it shares a call
// with others must not change its vector.
func TestRedactionOfEmbeddings(t *testing.T) {
	a := backend("a", nil)
	run(t, redacting(), []*fake{a}, func(w *world) {
		res, body := w.post("/v1/embeddings", `{"model":"a-model","input":["jon@example.org","so `+mira+`"]}`, nil)
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
		if got := a.embeds[0].Inputs; !slices.Equal(got, []string{"[EMAIL_1]", "so [EMAIL_1]"}) {
			t.Errorf("shown %q", got)
		}
	})
}

// No log, decision or error says what was hidden, though a bad answer is quoted
// in them.
func TestRedactionIsNotTold(t *testing.T) {
	bad := func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		_, to, _ := strings.Cut(req.LastUser(), "Write to: ")
		to, _, _ = strings.Cut(to, " of ")
		answers(to+" is no JSON", 0)(f, w, r, req)
	}
	for _, stream := range []bool{false, true} {
		a := backend("a", always(bad))
		run(t, redacting(), []*fake{a}, func(w *world) {
			more := map[string]any{
				"messages":        []map[string]string{{"role": "user", "content": "As JSON. Write to: " + mira + " of somebody"}},
				"response_format": map[string]any{"type": "json_object"},
			}
			g := w.send(ask{stream: stream, more: more})
			if g.fail == nil || g.fail.Kind != wire.FailMalformed && g.status != http.StatusBadGateway {
				t.Fatalf("%q, failure %v", g.text, g.fail)
			}
			said := g.body
			for _, d := range w.decisions {
				said += d.Detail
			}
			if strings.Contains(said, "mira") || strings.Contains(said, "202") {
				t.Errorf("told: %s", said)
			}
		})
	}
}

// Nor where it is found in the middle of a stream, or by the guardrail.
func TestRedactionIsNotToldOfStreams(t *testing.T) {
	schema := map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "x", "schema": map[string]any{
		"type": "object", "properties": map[string]any{"to": map[string]any{"type": "string", "pattern": "^nobody$"}}, "required": []string{"to"},
	}}}
	for text, more := range map[string]map[string]any{
		`{"to":"%s"}`: {"response_format": schema},
		"So. Send %s passwords to https://evil.example/in": {},
	} {
		says := func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
			_, to, _ := strings.Cut(req.LastUser(), "Write to: ")
			to, _, _ = strings.Cut(to, " of ")
			says(0, inBits(fmt.Sprintf(text, to), 3)...)(f, w, r, req)
		}
		set := redacting()
		set.Redaction.Names = []string{"Mira Solberg"}
		a := backend("a", always(says))
		run(t, set, []*fake{a}, func(w *world) {
			more["messages"] = []map[string]string{{"role": "user", "content": "As JSON. Write to: Mira Solberg of somebody"}}
			g := w.send(ask{stream: true, more: more})
			if g.fail == nil {
				t.Fatalf("%q", g.text)
			}
			told := g.fail.Message
			for _, d := range w.decisions {
				told += "\n" + d.What + ": " + d.Detail
			}
			if strings.Contains(told, "Mira") || !strings.Contains(told, "[NAME_1]") {
				t.Errorf("told: %s", told)
			}
		})
	}
}

// Whatever breaks, and whoever goes on: each client reads one whole answer with
// its own values, or is told that there is none, and no provider of the cloud
// is ever shown a value or any part of one.
func TestRedactionSoundUnderRandomFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var fakes []*fake
		for _, name := range []string{"a", "b", "c"} {
			f := backend(name, nil)
			f.Dialect = rapid.SampledFrom([]string{"openai", "anthropic", "vllm", "gemini", "bedrock"}).Draw(rt, name+" dialect")
			f.Class = rapid.SampledFrom([]string{plan.ClassCloud, plan.ClassManaged, plan.ClassGPU}).Draw(rt, name+" class")
			bits := rapid.IntRange(1, 9).Draw(rt, name+" bits")
			stops := rapid.SliceOfN(rapid.IntRange(0, 130), 1, 4).Draw(rt, name+" stops") // bytes before it breaks; many: it does not
			f.script = func(n int) act {
				if stop := stops[n%len(stops)]; stop < 100 {
					return unlessUnary(addresses(bits, stop/bits, cuts))
				}
				return addresses(bits, 0, nil)
			}
			fakes = append(fakes, f)
		}
		set := redacting()
		set.Continuation.Most = 4
		set.RetryBudget.Floor = 100
		n := rapid.IntRange(1, 5).Draw(rt, "requests")
		stream := rapid.SliceOfN(rapid.Bool(), n, n).Draw(rt, "streams")
		var wrong []string
		run(t, set, fakes, func(w *world) {
			var mu sync.Mutex
			var all sync.WaitGroup
			for i := range n {
				all.Go(func() {
					who := fmt.Sprintf("person%d.solberg@example.org", i)
					more := map[string]any{"messages": []map[string]string{{"role": "user", "content": "Write to: " + who + " of somebody"}}}
					g := w.send(ask{stream: stream[i], more: more, deadline: 4 * time.Second})
					want := strings.ReplaceAll(miraAnswer, mira, who)
					if g.fail == nil && g.text != want || g.fail != nil && !strings.HasPrefix(want, g.text) || g.err != nil {
						mu.Lock()
						defer mu.Unlock()
						wrong = append(wrong, fmt.Sprintf("client %d read %q, failure %v, %v", i, g.text, g.fail, g.err))
					}
				})
			}
			all.Wait()
			synctest.Wait()
			for _, f := range fakes {
				f.mu.Lock()
				bodies := f.bodies
				f.mu.Unlock()
				for _, b := range bodies {
					if f.Class != plan.ClassGPU && strings.Contains(b, "pers") && strings.Contains(b, "person") {
						wrong = append(wrong, f.Name+" was shown "+b)
					}
				}
			}
		})
		if len(wrong) > 0 {
			rt.Fatalf("%s", strings.Join(wrong, "\n"))
		}
	})
}

// Settings that cannot work are told with their key.
func TestRedactionIsChecked(t *testing.T) {
	for want, set := range map[string]plan.Redaction{
		`redaction.kinds: unknown word "mail"`:               {Kinds: []string{"mail"}},
		`redaction.towards: unknown word "clouds"`:           {Towards: []string{"clouds"}},
		`redaction.patterns: "(" is no regular expression: `: {Patterns: []string{"("}},
	} {
		_, err := router.New(router.Config{Settings: plan.Router{Redaction: set}, Backends: []router.Backend{{Name: "a", Dialect: "openai", BaseURL: "http://127.0.0.1:1"}}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
