package router_test

import (
	"encoding/json"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

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
