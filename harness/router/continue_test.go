package router_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// A stream that breaks in the middle goes on elsewhere, by prefill where the
// model takes one and by splice where not, as one answer of one id. Who went on
// is named.
func TestContinuation(t *testing.T) {
	words := strings.SplitAfter(wholeText, " ")
	tests := []struct {
		name      string
		after     int    // words delivered before the break
		dialect   string // of the second provider
		mode      string
		second    act
		third     act    // of a third provider; nil: it answers
		prefilled bool   // the second was handed the beginning
		by        string // who finished it; "": nobody
	}{
		{name: "splice", after: 8, dialect: "openai", second: unless(0), by: "b"},
		{name: "prefill", after: 8, dialect: "vllm", second: unless(0), prefilled: true, by: "b"},
		{name: "too short for a prefill", after: 2, dialect: "vllm", second: unless(0), by: "b"},
		{name: "prefill forbidden", after: 8, dialect: "vllm", mode: plan.ContinueSplice, second: unless(0), by: "b"},
		{name: "splice forbidden", after: 8, dialect: "openai", mode: plan.ContinuePrefill, second: unless(0), by: ""},
		{name: "begins anew", after: 8, dialect: "vllm", second: answers(wholeText, 0), prefilled: true, by: "b"},
		{name: "another answer", after: 8, dialect: "openai", second: answers("it is quite another answer", 0), by: "c"},
		{name: "a shorter answer", after: 8, dialect: "openai", second: answers("it is one ", 0), by: "c"},
		{name: "breaks again", after: 8, dialect: "openai", second: begins(0, words[:10], cuts), by: "c"},
		{name: "breaks again by prefill", after: 8, dialect: "vllm", second: resumes(words[:2], cuts), prefilled: true, by: "c"},
		{name: "refuses prefill", after: 8, dialect: "vllm", second: refusesPrefill, by: "b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := backend("a", always(begins(0, words[:tt.after], cuts)))
			b, c := backend("b", always(tt.second)), backend("c", always(unless(0)))
			b.Dialect = tt.dialect
			set := plan.Router{Continuation: plan.Continuation{Mode: tt.mode}}
			run(t, set, []*fake{a, b, c}, func(w *world) {
				g := w.send(ask{stream: true, usage: true})
				if tt.by == "" {
					if g.fail == nil || g.done || g.fail.Kind != wire.FailTransport || !strings.Contains(g.fail.Message, "the answer broke off: a: ") {
						t.Errorf("failure %v done %v", g.fail, g.done)
					}
					return
				}
				if g.err != nil || g.fail != nil || g.text != wholeText || !g.done || g.finish != wire.FinishStop {
					t.Fatalf("text %q done %v finish %q failure %v", g.text, g.done, g.finish, g.fail)
				}
				// One answer has one id; each piece names whose words it is.
				if strings.Contains(g.body, "id-b") || strings.Contains(g.body, "id-c") {
					t.Errorf("the joined stream has more than the first id: %s", g.body)
				}
				if n := strings.Count(g.body, `"model":"a-model"`); g.model != tt.by+"-model" || n != 1+tt.after {
					t.Errorf("%d chunks name the first model, the last names %q: %s", n, g.model, g.body)
				}
				if by := g.trailer.Get(router.HeaderContinued); !strings.HasSuffix(by, tt.by+"/"+tt.by+"-model") {
					t.Errorf("the trailer names %q", by)
				}
				if got := b.calls[0].req.Prefill() != "" || len(b.calls) > 1; got != (tt.prefilled || tt.name == "refuses prefill") {
					t.Errorf("handed over %v", got)
				}
				if n := len(w.did()); n == 0 || !slices.Contains(w.did(), "continued "+tt.by) {
					t.Errorf("decisions %q", w.did())
				}
			})
		})
	}
}

// refusesPrefill answers only what ends with the user's turn.
func refusesPrefill(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
	if req.Prefill() != "" {
		f.dialect.WriteFailure(w, &wire.Failure{Kind: wire.FailBadRequest, Message: "This model does not support assistant message prefill."})
		return
	}
	unless(0)(f, w, r, req)
}

// counts says a text, or what a request leaves of it, and counts its words: of
// the prompt 7 and those of the partial answer.
func counts(text func(*wire.Request) string) act {
	return func(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
		said := text(req)
		u := wire.Usage{Prompt: 7 + len(strings.Fields(req.Prefill())), Completion: len(strings.Fields(said))}
		begins(0, strings.SplitAfter(said, " "), func(_ *fake, s wire.StreamWriter, _ httpWriter, _ *httpRequest) {
			_ = s.End(wire.FinishStop, u)
		})(f, w, r, req)
	}
}

// The bill of a joined stream is for one prompt and each word once, however the
// second provider went on.
func TestUsageOfAJoinedStream(t *testing.T) {
	words := strings.SplitAfter(wholeText, " ")
	anew := func(*wire.Request) string { return wholeText }
	left := func(req *wire.Request) string { return rest(wholeText, req) }
	for _, tt := range []struct {
		name, dialect string
		second, third act
	}{
		{"splice", "openai", counts(anew), nil},
		{"prefill", "vllm", counts(left), nil},
		{"prefill that begins anew", "vllm", counts(anew), nil},
		{"prefill twice", "vllm", begins(0, []string{" drops ", "a "}, cuts), counts(left)},
		{"splice after prefill", "vllm", begins(0, []string{" drops ", "a "}, cuts), counts(anew)},
	} {
		a, b, c := backend("a", always(begins(0, words[:8], cuts))), backend("b", always(tt.second)), backend("c", always(tt.third))
		b.Dialect, c.Dialect = tt.dialect, "vllm"
		if tt.name == "splice after prefill" {
			c.Dialect = "openai"
		}
		run(t, plan.Router{}, []*fake{a, b, c}, func(w *world) {
			g := w.send(ask{stream: true, usage: true})
			if want := (wire.Usage{Prompt: 7, Completion: len(words)}); g.usage != want || g.text != wholeText {
				t.Errorf("%s: usage %+v of %q, want %+v", tt.name, g.usage, g.text, want)
			}
		})
	}
}

// The time-out of a provider that is known to be quick is short.
func TestFirstTokenTimeoutShrinks(t *testing.T) {
	a := backend("a", func(n int) act {
		if n < 30 {
			return answers("from a", 20*time.Millisecond)
		}
		return hangs
	})
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 30 {
			w.want(w.send(ask{stream: true}), "a", 1, 30*time.Millisecond)
		}
		w.want(w.send(ask{stream: true}), "b", 2, 310*time.Millisecond)
	})
}

// A stream in which a function was called is not gone on with, for half a call
// cannot be joined; nor is one that was joined as often as is allowed. The
// client is told in the stream.
func TestWhatIsNotContinued(t *testing.T) {
	calls := begins(0, nil, func(_ *fake, s wire.StreamWriter, _ httpWriter, _ *httpRequest) {
		_ = s.(wire.ToolStreamWriter).ToolCall(wire.ToolCallDelta{ID: "call_1", Name: "pay", Arguments: `{"usd":`})
	})
	breaks := func(words int) act { return begins(0, strings.SplitAfter(wholeText, " ")[:words], cuts) }
	for name, tt := range map[string]struct{ a, b act }{
		"a call of a function": {calls, calls},
		"one join too many":    {breaks(4), breaks(8)},
	} {
		t.Run(name, func(t *testing.T) {
			c := backend("c", always(unless(0)))
			set := plan.Router{Continuation: plan.Continuation{Most: 1}}
			run(t, set, []*fake{backend("a", always(tt.a)), backend("b", always(tt.b)), c}, func(w *world) {
				g := w.send(ask{stream: true, more: map[string]any{"tools": []map[string]any{{
					"type": "function", "function": map[string]any{"name": "pay", "parameters": map[string]any{"type": "object"}},
				}}}})
				if g.fail == nil || g.done || c.count() > 0 {
					t.Errorf("failure %v, end %v, %d calls to c; want a failure in the stream, no end marker and none", g.fail, g.done, c.count())
				}
			})
		})
	}
}
