package router_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// roomy answers prompts of at most so many tokens, as a mock counts them, and
// refuses longer ones in its dialect's words.
func roomy(most int) act { return roomyIn(most, 1) }

// roomyIn counts each token so many times.
func roomyIn(most, times int) act {
	return func(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
		n := max(1, req.MaxTokens)
		for _, m := range req.Messages {
			n += times * (3 + max(len(strings.Fields(m.Text)), (len(m.Text)+3)/4))
		}
		if n > most {
			f.dialect.WriteFailure(w, &wire.Failure{Kind: wire.FailContextLength, LimitValue: most, Asked: n, Model: req.Model})
			return
		}
		answers("from "+f.Name, 0)(f, w, r, req)
	}
}

// longTalk is a conversation of so many questions and answers before the last
// question, of fifty words each.
func longTalk(before int) map[string]any {
	turns := []map[string]string{{"role": "system", "content": "Be brief."}}
	for i := range before {
		words := strings.Repeat(" word", 49)
		turns = append(turns, map[string]string{"role": "user", "content": fmt.Sprint("q", i) + words}, map[string]string{"role": "assistant", "content": fmt.Sprint("a", i) + words})
	}
	return map[string]any{"messages": append(turns, map[string]string{"role": "user", "content": "last [[bo:m1]]"}), "max_tokens": 50}
}

// saw lists how the turns of a backend's last call begin.
func (f *fake) saw() string {
	var list []string
	for _, m := range f.calls[len(f.calls)-1].req.Messages {
		list = append(list, strings.Fields(m.Text)[0])
	}
	return strings.Join(list, " ")
}

// A conversation that is too long for everybody loses its oldest turns, once
// nobody has room for all of it, and the client is told; or it is refused as it
// was, where the settings do not say so.
func TestTrim(t *testing.T) {
	for _, tt := range []struct {
		name   string
		set    plan.Router
		a, b   int // context of each, in tokens
		known  int // context of a in the catalogue
		by     string
		saw    string
		header string
		calls  [2]int
		did    []string
	}{
		{"off", plan.Router{}, 400, 0, 500, "", "", "", [2]int{1, 0}, nil},
		{"oldest", trimming("oldest", ""), 400, 0, 0, "a", "Be q4 a4 q5 a5 last", "8", [2]int{2, 0}, []string{"trimmed a"}},
		{"middle", trimming("middle", ""), 400, 0, 0, "a", "Be q0 a0 q5 a5 last", "8", [2]int{2, 0}, []string{"trimmed a"}},
		{"a longer context first", trimming("oldest", ""), 400, 5000, 1000, "b", "", "", [2]int{1, 1}, []string{"longer_context a", "failover b"}},
		{"trimmed first", trimming("oldest", "trim"), 400, 5000, 0, "a", "Be q4 a4 q5 a5 last", "8", [2]int{2, 0}, []string{"trimmed a"}},
		{"known beforehand", trimming("oldest", ""), 400, 0, 400, "a", "Be q4 a4 q5 a5 last", "8", [2]int{1, 0}, []string{"trimmed"}},
		{"no room for the last question", trimming("oldest", ""), 64, 0, 0, "", "", "", [2]int{1, 0}, nil},
		{"switched off", func() plan.Router { s := trimming("oldest", ""); s.Off = []string{"context_fallback"}; return s }(), 400, 0, 0, "", "", "", [2]int{1, 0}, nil},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, " ", stream), func(t *testing.T) {
				a := backend("a", always(roomy(tt.a)))
				a.Catalogue = []router.Model{{ID: a.Model, Context: tt.known}}
				fakes := []*fake{a}
				b := backend("b", always(roomy(tt.b)))
				b.Catalogue = []router.Model{{ID: b.Model, Context: tt.b}}
				if tt.b > 0 {
					fakes = append(fakes, b)
				}
				set := tt.set
				set.Retries = -1
				run(t, set, fakes, func(w *world) {
					g := w.send(ask{stream: stream, more: longTalk(6)})
					if tt.by == "" {
						if g.fail == nil || g.fail.Kind != wire.FailContextLength {
							t.Errorf("%q, failure %v", g.text, g.fail)
						}
					} else if g.text != "from "+tt.by || g.header.Get(wire.HeaderTrimmed) != tt.header {
						t.Errorf("%q, failure %v, headers %v", g.text, g.fail, g.header)
					}
					if got := [2]int{a.count(), b.count()}; got != tt.calls {
						t.Errorf("%v calls", got)
					}
					if tt.saw != "" && a.saw() != tt.saw {
						t.Errorf("a saw %s", a.saw())
					}
					w.wantTold(tt.did...)
				})
			})
		}
	}
}

func trimming(how, prefer string) plan.Router {
	return plan.Router{ContextFallback: plan.ContextFallback{Trim: how, Prefer: prefer}}
}

// wantTold is wantDid of what is decided about contexts and who is asked.
func (w *world) wantTold(want ...string) {
	w.t.Helper()
	var did []string
	for _, d := range w.did() {
		if !strings.HasPrefix(d, "exhausted") && !strings.HasPrefix(d, "retry") {
			did = append(did, d)
		}
	}
	if !slices.Equal(did, want) {
		w.t.Errorf("decisions %q, want %q", did, want)
	}
}

// In every dialect that tells how long is too long, one refusal is enough.
func TestTrimInEveryDialect(t *testing.T) {
	for _, dialect := range wire.Names() {
		t.Run(dialect, func(t *testing.T) {
			a := backend("a", always(roomy(400)))
			a.Dialect = dialect
			set := trimming("oldest", "")
			run(t, set, []*fake{a}, func(w *world) {
				g := w.send(ask{more: longTalk(6)})
				if g.text != "from a" || a.count() > 4 {
					t.Fatalf("%q after %d calls, failure %v", g.text, a.count(), g.fail)
				}
				if saw := a.saw(); !strings.HasPrefix(saw, "Be ") || !strings.HasSuffix(saw, " last") {
					t.Errorf("it saw %s", saw)
				}
			})
		})
	}
}

// Who counts more tokens than others is trimmed for as it counts, at once.
func TestTrimAsTheProviderCounts(t *testing.T) {
	a := backend("a", always(roomyIn(800, 3)))
	run(t, trimming("oldest", ""), []*fake{a}, func(w *world) {
		if g := w.send(ask{more: longTalk(6)}); g.text != "from a" || a.count() != 2 || a.saw() != "Be q5 a5 last" && a.saw() != "Be q4 a4 q5 a5 last" {
			t.Errorf("%q after %d calls, saw %s", g.text, a.count(), a.saw())
		}
	})
}

// What a trimmed prompt was answered is not given again.
func TestTrimmedIsNotKept(t *testing.T) {
	a := backend("a", always(roomy(400)))
	run(t, trimming("oldest", ""), []*fake{a}, func(w *world) {
		for range 2 {
			if g := w.send(ask{header: marked(), more: longTalk(6)}); g.text != "from a" || cached(g) != "" || g.header.Get(wire.HeaderTrimmed) == "" {
				t.Errorf("%q %v", g.text, g.header)
			}
		}
	})
}
