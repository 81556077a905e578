package router_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// claims answers in the name of another model than the one asked for.
func claims(model, text string) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		other := *req
		other.Model = model
		answers(text, 0)(f, w, r, &other)
	}
}

// ends answers with a reason to finish of its own.
func ends(text string, finish wire.Finish, u wire.Usage) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		if !req.Stream {
			_ = f.dialect.WriteAnswer(w, req, &wire.Answer{ID: "x", Model: req.Model, Text: text, Finish: finish, Usage: u})
			return
		}
		begins(0, []string{text}, func(_ *fake, s wire.StreamWriter, _ http.ResponseWriter, _ *http.Request) {
			_ = s.End(finish, u)
		})(f, w, r, req)
	}
}

var (
	wantsJSON = map[string]any{
		"response_format": map[string]any{"type": "json_object"},
		"messages":        []map[string]string{{"role": "user", "content": "say it as JSON [[bo:m1]]"}}, // OpenAI insists on the word
	}
	wantsPoint = map[string]any{"response_format": map[string]any{"type": "json_schema", "json_schema": map[string]any{
		"name": "point", "schema": json.RawMessage(`{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]}`),
	}}}
)

// A bad answer is a failure of its provider, and becomes another provider's
// answer; with validation off, or the one check out, it is passed on.
func TestBadAnswersBecomeAnothers(t *testing.T) {
	for _, tt := range []struct {
		name, check string
		bad         act
		good        string // what the other says
		more        map[string]any
		joins       bool // of a stream only its end tells, so that the other goes on with it
	}{
		{"empty", plan.CheckEmpty, answers("", 0), "from b", nil, false},
		{"another model", plan.CheckModel, claims("a-model-mini", "from a"), "from b", nil, false},
		{"prose for JSON", plan.CheckSchema, answers("Sure! {}", 0), "{}", wantsJSON, false},
		{"torn JSON", plan.CheckSchema, answers(`{"x": [`, 0), `{"x": [1]}`, wantsJSON, true},
		{"off the schema", plan.CheckSchema, answers(`["x"]`, 0), `{"x":1}`, wantsPoint, false},
		{"cut early", plan.CheckFinish, ends("from ", wire.FinishLength, wire.Usage{Completion: 2}), "from b", nil, true},
	} {
		for _, stream := range []bool{false, true} {
			name := tt.name
			if stream {
				name += ", streamed"
			}
			t.Run(name, func(t *testing.T) {
				fleet := func() []*fake {
					return []*fake{backend("a", always(tt.bad)), backend("b", always(answers(tt.good, 0)))}
				}
				run(t, plan.Router{}, fleet(), func(w *world) {
					g := w.send(ask{stream: stream, more: tt.more})
					by := "b"
					if stream && tt.joins {
						by = "a" // its headers were sent when all was well
					}
					if g.fail != nil || g.err != nil || g.text != tt.good || g.by() != by || stream && !g.done {
						t.Errorf("%q by %s, failure %v, error %v", g.text, g.by(), g.fail, g.err)
					}
					if n := w.fakes["a"].count(); n != 1 {
						t.Errorf("a was asked %d times", n)
					}
				})
				for _, set := range []plan.Router{
					{Off: []string{"validation"}},
					{Validation: plan.Validation{Checks: without(plan.AnswerChecks, tt.check)}},
				} {
					run(t, set, fleet(), func(w *world) {
						if g := w.send(ask{stream: stream, more: tt.more}); g.fail != nil || g.text == tt.good || w.fakes["b"].count() > 0 {
							t.Errorf("with %v off and checks %v: %q by %s, failure %v", set.Off, set.Validation.Checks, g.text, g.by(), g.fail)
						}
					})
				}
			})
		}
	}
}

func without(list []string, word string) (rest []string) {
	for _, w := range list {
		if w != word {
			rest = append(rest, w)
		}
	}
	return rest
}

// Where nobody gives what was asked for the client is told why, and a stream
// that has begun never looks whole.
func TestBadAnswersOfAll(t *testing.T) {
	fleet := []*fake{backend("a", always(claims("x", "from a"))), backend("b", always(answers(`{"x":`, 0)))}
	run(t, plan.Router{}, fleet, func(w *world) {
		g := w.send(ask{more: wantsJSON})
		if g.status != http.StatusBadGateway || !strings.Contains(g.fail.Message, `"x" has answered`) || !strings.Contains(g.fail.Message, "not the JSON") {
			t.Errorf("status %d, %v", g.status, g.fail)
		}
		g = w.send(ask{stream: true, more: wantsJSON})
		if g.status != http.StatusOK || g.done || g.fail == nil || !strings.Contains(g.fail.Message, "not the JSON") {
			t.Errorf("streamed: status %d, done %v, %v", g.status, g.done, g.fail)
		}
	})
}

// Names of one model are the same name: snapshots, aliases of the catalogue,
// names that float, deployments of the operator's own.
func TestModelsByOtherNames(t *testing.T) {
	for _, tt := range []struct {
		dialect, model, says string
		swap                 bool
	}{
		{"openai", "gpt-4o", "gpt-4o-2024-08-06", false},
		{"openai", "gpt-4o", "gpt-4o-mini", true},
		{"openai", "known", "known-as", false},
		{"openai", "known", "other", true},
		{"gemini", "gemini-flash-latest", "gemini-2.5-flash", false},
		{"gemini", "gemini-2.5-flash", "gemini-2.0-flash", true},
		{"azure", "prod-chat", "gpt-4o-2024-08-06", false},
		{"azure", "known", "other", true},
	} {
		a, b := backend("a", always(claims(tt.says, "from a"))), backend("b", always(answers("from b", 0)))
		a.Dialect, a.Model = tt.dialect, tt.model
		a.Catalogue = []router.Model{{ID: "known", Aliases: []string{"known-as"}}, {ID: "other"}}
		run(t, plan.Router{}, []*fake{a, b}, func(w *world) {
			if g := w.send(ask{}); (g.by() == "b") != tt.swap {
				t.Errorf("%s asked for %s says %s: answered by %s, %v", tt.dialect, tt.model, tt.says, g.by(), g.fail)
			}
		})
	}
}

// Whoever answers is who the client is told of, even where nothing judges it
// and nothing holds the stream back.
func TestAnswersNameWhoGaveThem(t *testing.T) {
	for _, off := range [][]string{{"validation"}, {"validation", "held_streams"}} {
		for _, stream := range []bool{false, true} {
			run(t, plan.Router{Off: off}, []*fake{backend("a", always(claims("a-other", "from a")))}, func(w *world) {
				if g := w.send(ask{stream: stream}); g.model != "a-other" || g.text != "from a" {
					t.Errorf("with %v off, streamed %v: %q in the name of %q", off, stream, g.text, g.model)
				}
			})
		}
	}
}
