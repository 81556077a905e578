package router

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"brownout/mocks/wire"
)

func TestSameModel(t *testing.T) {
	for _, c := range []struct {
		asked, answered string
		want            bool
	}{
		{"gpt-4o", "gpt-4o", true},
		{"gpt-4o", "gpt-4o-2024-08-06", true},
		{"gpt-4o-2024-08-06", "gpt-4o-2024-11-20", false},
		{"gpt-4o", "gpt-4o-mini", false},
		{"gpt-4o", "gpt-4o-mini-2024-07-18", false},
		{"gpt-5.4", "gpt-5.5", false},
		{"gpt-4", "gpt-4-0613", true},
		{"claude-sonnet-4-5", "claude-sonnet-4-5-20250929", true},
		{"claude-sonnet-4-5", "claude-sonnet-4-6", false},
		{"claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929", true},
		{"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", true},
		{"us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-haiku-4-5-20251001", false},
		{"gemini-2.5-flash", "models/gemini-2.5-flash", true},
		{"gemini-2.5-flash", "gemini-2.5-flash-001", true},
		{"gemini-2.5-flash", "gemini-2.5-pro", false},
		{"mistral-medium-latest", "mistral-medium-2505", true},
		{"openai/gpt-oss-120b", "openai/gpt-oss-120b", true},
		{"databricks-meta-llama-3-3-70b-instruct", "meta-llama-3.3-70b-instruct-121024", true},
		{"meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct", true},
		{"llama-3.1-8b-instruct", "llama-3.1-70b-instruct", false},
		{"phi3:3.8b", "phi3:3.8b", true},
		{"gemma2:latest", "gemma2", true},
		{"m", "", true},
	} {
		if got := sameModel(c.asked, c.answered); got != c.want {
			t.Errorf("%s and %s: %v", c.asked, c.answered, got)
		}
	}
}

var (
	point  = json.RawMessage(`{"type":"object","properties":{"x":{"type":"number"}},"required":["x"],"additionalProperties":false}`)
	judged = []struct {
		name  string
		req   wire.Request
		a     wire.Answer
		wrong string // "": it is good
		check string // by which
	}{
		{"good", wire.Request{}, wire.Answer{Text: "yes", Finish: "stop", Model: "m"}, "", ""},
		{"empty", wire.Request{}, wire.Answer{Finish: "stop"}, "empty", "empty"},
		{"white", wire.Request{}, wire.Answer{Text: " ", Finish: "stop"}, "", ""},
		{"empty by a stop sequence", wire.Request{Stop: []string{"."}}, wire.Answer{Finish: "stop"}, "", ""},
		{"empty refusal", wire.Request{}, wire.Answer{Finish: "content_filter"}, "", ""},
		{"nothing to add", wire.Request{Messages: []wire.Message{{Role: "assistant", Text: "all"}}}, wire.Answer{Finish: "stop"}, "", ""},
		{"no reason", wire.Request{}, wire.Answer{Text: "yes"}, "does not say why", "finish"},
		{"cut", wire.Request{}, wire.Answer{Text: "ye", Finish: "length", Usage: wire.Usage{Completion: 9}}, "no limit was asked for", "finish"},
		{"cut by its own limit", wire.Request{}, wire.Answer{Text: "ye", Finish: "length", Usage: wire.Usage{Completion: 4096}}, "", ""},
		{"cut as asked", wire.Request{MaxTokens: 10}, wire.Answer{Text: "ye", Finish: "length", Usage: wire.Usage{Completion: 10}}, "", ""},
		{"cut early", wire.Request{MaxTokens: 100}, wire.Answer{Text: "ye", Finish: "length", Usage: wire.Usage{Completion: 10}}, "after 10 tokens", "finish"},
		{"calls none", wire.Request{}, wire.Answer{Text: "yes", Finish: "tool_calls"}, "calls none", "finish"},
		{"json", wire.Request{JSON: true}, wire.Answer{Text: ` {"a":1}` + "\n", Finish: "stop"}, "", ""},
		{"no json", wire.Request{JSON: true}, wire.Answer{Text: "Sure! {}", Finish: "stop"}, "not the JSON", "schema"},
		{"torn json", wire.Request{JSON: true}, wire.Answer{Text: `{"a":`, Finish: "stop"}, "not the JSON", "schema"},
		{"two objects", wire.Request{JSON: true}, wire.Answer{Text: `{}{}`, Finish: "stop"}, "not the JSON", "schema"},
		{"fenced json", wire.Request{JSON: true}, wire.Answer{Text: "```json\n{}\n```", Finish: "stop"}, "not the JSON", "schema"},
		{"a list", wire.Request{JSON: true}, wire.Answer{Text: `[1]`, Finish: "stop"}, "no object", "schema"},
		{"json cut as asked", wire.Request{JSON: true, MaxTokens: 2}, wire.Answer{Text: `{"a":`, Finish: "length"}, "", ""},
		{"schema", wire.Request{JSON: true, Schema: point}, wire.Answer{Text: `{"x":1.5}`, Finish: "stop"}, "", ""},
		{"off schema", wire.Request{JSON: true, Schema: point}, wire.Answer{Text: `{"x":"far"}`, Finish: "stop"}, "/x", "schema"},
		{"lacks a field", wire.Request{JSON: true, Schema: point}, wire.Answer{Text: `{}`, Finish: "stop"}, "missing property 'x'", "schema"},
		{"client's bad schema", wire.Request{JSON: true, Schema: json.RawMessage(`{"type":7}`)}, wire.Answer{Text: `{}`, Finish: "stop"}, "", ""},
		{"schema that would fetch", wire.Request{JSON: true, Schema: json.RawMessage(`{"$ref":"http://127.0.0.1:1/x"}`)}, wire.Answer{Text: `{}`, Finish: "stop"}, "", ""},
		{
			"call",
			wire.Request{Tools: []wire.Tool{{Name: "go", Schema: point}}},
			wire.Answer{Finish: "tool_calls", ToolCalls: []wire.ToolCall{{Name: "go", Arguments: `{"x":1}`}}},
			"", "",
		},
		{
			"call of nothing offered",
			wire.Request{Tools: []wire.Tool{{Name: "go"}}},
			wire.Answer{Finish: "tool_calls", ToolCalls: []wire.ToolCall{{Name: "rm", Arguments: `{}`}}},
			`"rm", which was not offered`, "schema",
		},
		{
			"torn arguments",
			wire.Request{Tools: []wire.Tool{{Name: "go"}}},
			wire.Answer{Finish: "tool_calls", ToolCalls: []wire.ToolCall{{Name: "go", Arguments: `{"x"`}}},
			`call of "go"`, "schema",
		},
		{
			"wrong arguments",
			wire.Request{Tools: []wire.Tool{{Name: "go", Schema: point}}},
			wire.Answer{Finish: "tool_calls", ToolCalls: []wire.ToolCall{{Name: "go"}}},
			"missing property", "schema",
		},
	}
)

func TestValidation(t *testing.T) {
	all := []string{"empty", "finish", "schema"}
	for _, c := range judged {
		t.Run(c.name, func(t *testing.T) {
			fail := newValidator(nil).whole(&c.req, &c.a)
			if c.wrong == "" {
				if fail != nil {
					t.Fatal(fail)
				}
				return
			}
			if fail == nil || fail.Kind != wire.FailMalformed || !strings.Contains(fail.Message, c.wrong) {
				t.Fatalf("%v, want one that says %q", fail, c.wrong)
			}
			for _, check := range all { // each check finds what is its own, and no other does
				fail := newValidator([]string{check}).whole(&c.req, &c.a)
				if (fail != nil) != (check == c.check) {
					t.Errorf("by %s alone: %v", check, fail)
				}
			}
		})
	}
}

// A stream is judged as the whole answer is, however it is cut; what does not
// even begin as JSON is never let through.
func TestValidationOfStreams(t *testing.T) {
	for _, c := range judged {
		s := newValidator(nil).stream(&c.req)
		out := ""
		var fail *wire.Failure
		for _, r := range c.a.Text {
			var got string
			got, fail = s.text(string(r))
			if out += got; fail != nil {
				break
			}
		}
		for i, call := range c.a.ToolCalls {
			s.toolCall(wire.ToolCallDelta{Index: i, ID: "c", Name: call.Name})
			for _, r := range call.Arguments {
				s.toolCall(wire.ToolCallDelta{Index: i, Arguments: string(r)})
			}
		}
		s.counted(c.a.Usage)
		early := fail != nil
		if !early {
			var got string
			got, fail = s.end(c.a.Finish)
			out += got
		}
		switch want := newValidator(nil).whole(&c.req, &c.a); {
		case (fail != nil) != (want != nil), !early && fmt.Sprint(fail) != fmt.Sprint(want):
			t.Errorf("%s: %v, want %v", c.name, fail, want)
		case early && out != "", !early && out != c.a.Text:
			t.Errorf("%s: %q was let through", c.name, out)
		}
	}
}

func TestSchemasAreCompiledOnce(t *testing.T) {
	b := newSchemaBook()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if b.check(point, `{"x":1}`) != nil || b.check(point, `{}`) == nil {
					t.Error("a wrong verdict")
				}
			}
		})
	}
	all.Wait()
	for i := range 2 * keptSchemas {
		b.check(fmt.Appendf(nil, `{"minimum":%d}`, i), "1")
	}
	if n := len(b.by); n == 0 || n > keptSchemas {
		t.Errorf("%d schemas are kept", n)
	}
}
