package router_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

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
