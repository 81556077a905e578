package router_test

import (
	"strings"
	"testing"

	"brownout/mocks/wire"
	"brownout/plan"
)

func TestPassedOn(t *testing.T) {
	for kind, status := range map[wire.FailureKind]int{
		wire.FailContextLength: 400, wire.FailContentFilter: 400, wire.FailBadRequest: 400, wire.FailTooLarge: 413,
	} {
		t.Run(string(kind), func(t *testing.T) {
			a, b := backend("a", always(fails(kind, 0))), backend("b", always(answers("from b", 0)))
			run(t, plan.Router{}, []*fake{a, b}, func(w *world) {
				for _, stream := range []bool{false, true} {
					g := w.send(ask{stream: stream})
					if g.status != status || g.fail == nil || g.fail.Kind != kind {
						t.Errorf("status %d failure %v, want %d %s", g.status, g.fail, status, kind)
					}
				}
				if a.count() != 2 || b.count() != 0 {
					t.Errorf("calls a %d b %d, want one for each request to a and none to b", a.count(), b.count())
				}
				w.wantDid()
			})
		})
	}
}

// The reason given is the provider's own sentence, whatever its dialect.
func TestPassedOnAcrossDialects(t *testing.T) {
	a := backend("a", always(writes(400, "application/json",
		`{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}`)))
	a.Dialect = "anthropic"
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		g := w.send(ask{})
		if g.status != 400 || g.fail.Kind != wire.FailContextLength || !strings.Contains(g.body, "210000 tokens") {
			t.Errorf("status %d kind %v body %s", g.status, g.fail, g.body)
		}
	})
}

// OpenAI's own words are kept to the letter.
func TestPassedOnWithinTheDialect(t *testing.T) {
	a := backend("a", always(writes(422, "application/json",
		`{"error":{"message":"Too long a string.","type":"invalid_request_error","param":"messages[0]","code":"string_above_max_length"}}`)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		g := w.send(ask{})
		if g.status != 422 || g.fail.Code != "string_above_max_length" || g.fail.Param != "messages[0]" || g.fail.Message != "Too long a string." {
			t.Errorf("status %d failure %+v", g.status, g.fail)
		}
	})
}
