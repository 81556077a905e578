package load_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/load"
	"brownout/plan"
)

// What a target wants in a body is put there once: its own name for a model in
// the place of the plan's, also of the model that the mix asks for, and of those
// for embeddings.
func TestModelOfTheTarget(t *testing.T) {
	for _, c := range []struct{ kind, model string }{
		{plan.KindChat, ""}, {plan.KindStream, "gpt-test-2"}, {plan.KindEmbed, ""}, {plan.KindTools, ""},
	} {
		m := of(c.kind)
		m.Model = c.model
		var bodies []string
		synctest.Test(t, func(t *testing.T) {
			r, err := load.New(load.Config{
				Plan: one(m), BaseURL: "http://target.test", Model: "gpt-test", Embedding: "embed-test",
				Start: time.Now(), Emit: new(samples).emit,
				Extra: func(m plan.Mix) (map[string]string, map[string]json.RawMessage, error) {
					return nil, map[string]json.RawMessage{"model": json.RawMessage(`"theirs/` + m.Kind + `"`), "fallbacks": json.RawMessage(`["other"]`)}, nil
				},
				Transport: memory{func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					bodies = append(bodies, string(body))
					w.WriteHeader(http.StatusTeapot)
				}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
		if len(bodies) != 1 || strings.Count(bodies[0], `"model":`) != 1 || !strings.Contains(bodies[0], `"model":"theirs/`+c.kind+`"`) ||
			!strings.HasSuffix(strings.TrimSpace(bodies[0]), `"fallbacks":["other"]}`) {
			t.Errorf("%s: sent %q", c.kind, bodies)
		}
	}
}

func TestModelThatIsNoText(t *testing.T) {
	_, err := load.New(load.Config{
		Plan: one(of(plan.KindChat)), BaseURL: "http://target.test", Emit: new(samples).emit,
		Extra: func(plan.Mix) (map[string]string, map[string]json.RawMessage, error) {
			return nil, map[string]json.RawMessage{"model": json.RawMessage(`7`)}, nil
		},
	})
	if err == nil || !strings.Contains(err.Error(), "body field model") {
		t.Error(err)
	}
}
