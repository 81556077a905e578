package wire_test

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

var weather = wire.Tool{Name: "get_weather", Description: "Today's \"weather\"", Schema: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`)}

// twoCalls is an answer that calls two functions.
var twoCalls = []wire.ToolCall{
	{ID: "call_1", Name: "get_weather", Arguments: `{"city":"Zürich \"West\""}`},
	{ID: "call_2", Name: "get_time", Arguments: `{}`},
}

func TestDecodeTools(t *testing.T) {
	const ask = `"model":"m","messages":[{"role":"user","content":"hi"}]`
	const tool = `"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true}},{"type":"web_search"},{"type":"function","function":{"name":"g"}}]`
	tools := []wire.Tool{{Name: "f", Description: "d", Schema: json.RawMessage(`{"type":"object"}`)}, {Name: "g"}}
	for _, name := range []string{"openai", "vllm"} {
		for _, c := range []struct {
			body string
			want wire.Request
		}{
			{tool, wire.Request{Tools: tools}},
			{tool + `,"tool_choice":null`, wire.Request{Tools: tools}},
			{tool + `,"tool_choice":"auto"`, wire.Request{Tools: tools, ToolChoice: wire.ToolAuto}},
			{tool + `,"tool_choice":"none"`, wire.Request{Tools: tools, ToolChoice: wire.ToolNone}},
			{tool + `,"tool_choice":"required","parallel_tool_calls":false`, wire.Request{Tools: tools, ToolChoice: wire.ToolRequired, SingleCall: true}},
			{tool + `,"tool_choice":{"type":"function","function":{"name":"g"}},"parallel_tool_calls":true`, wire.Request{Tools: tools, ToolChoice: "g"}},
			{tool + `,"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}`, wire.Request{Tools: tools[1:], ToolChoice: wire.ToolRequired}},
			{tool + `,"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"}]}`, wire.Request{Tools: tools[:1], ToolChoice: wire.ToolAuto}},
			{tool + `,"tool_choice":{"type":"web_search"}`, wire.Request{Tools: tools}},
			{`"tool_choice":"auto","tools":[]`, wire.Request{ToolChoice: wire.ToolAuto}},
			{`"tools":null,"response_format":{"type":"text"}`, wire.Request{}},
			{`"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}`, wire.Request{JSON: true, Schema: json.RawMessage(`{"type":"object"}`)}},
		} {
			c.want.Model, c.want.Messages = "m", []wire.Message{{Role: "user", Text: "hi"}}
			got, fail := dialect(t, name).DecodeRequest(post("/v1/chat/completions", ""), []byte(`{`+ask+`,`+c.body+`}`))
			if fail != nil || !reflect.DeepEqual(got, &c.want) {
				t.Errorf("%s %s\n got %+v, %v\nwant %+v", name, c.body, got, fail, &c.want)
			}
		}
		for body, want := range map[string]string{
			`"tools":[{"type":"function","function":{}}]`: "function.name",
			`"tools":"f"`:                                               "tools",
			`"tool_choice":"required"`:                                  "only allowed when 'tools' are specified",
			tool + `,"tool_choice":"sometimes"`:                         "Supported values are: 'none', 'auto', and 'required'.",
			tool + `,"tool_choice":{"function":{"name":"h"}}`:           "Tool choice 'h' not found",
			tool + `,"tool_choice":7`:                                   "tool_choice",
			`"response_format":{"type":"xml"}`:                          "Supported values are: 'json_object', 'json_schema', and 'text'.",
			`"response_format":{"type":"json_schema","json_schema":{}}`: "json_schema",
		} {
			_, fail := dialect(t, name).DecodeRequest(post("/v1/chat/completions", ""), []byte(`{`+ask+`,`+body+`}`))
			if fail == nil || fail.Kind != wire.FailBadRequest || !strings.Contains(fail.Message+fail.Param, want) {
				t.Errorf("%s %s: %v, want %q", name, body, fail, want)
			}
		}
	}
}

// OpenAI refuses what other servers of its dialect let pass.
func TestOpenAIIsStrict(t *testing.T) {
	const call = `{"role":"assistant","tool_calls":[{"id":"c1","function":{"name":"f"}},{"id":"c2","function":{"name":"f"}}]}`
	for messages, want := range map[string]string{
		`[{"role":"tool","content":"r","tool_call_id":"c1"}]`:                                                                               "must be a response to a preceeding message with 'tool_calls'",
		`[` + call + `,{"role":"user","content":"json"}]`:                                                                                   "did not have response messages: c1, c2",
		`[` + call + `,{"role":"tool","tool_call_id":"c1"}]`:                                                                                "did not have response messages: c2",
		`[` + call + `,{"role":"tool","tool_call_id":"c1"},{"role":"tool","tool_call_id":"c2"},{"role":"user","content":"x"}]`:              "must contain the word 'json'",
		`[` + call + `,{"role":"tool","tool_call_id":"c2"},{"role":"tool","tool_call_id":"c1"},{"role":"system","content":"JSON, please"}]`: "",
	} {
		body := []byte(`{"model":"m","response_format":{"type":"json_object"},"messages":` + messages + `}`)
		_, fail := dialect(t, "openai").DecodeRequest(post("/v1/chat/completions", ""), body)
		if (fail == nil) != (want == "") || fail != nil && !strings.Contains(fail.Message, want) {
			t.Errorf("%s: %v, want %q", messages, fail, want)
		}
		if _, fail := dialect(t, "vllm").DecodeRequest(post("/v1/chat/completions", ""), body); fail != nil {
			t.Errorf("vllm %s: %v", messages, fail)
		}
	}
}

// What the client writes of tools its server understands.
func TestToolsRoundTrip(t *testing.T) {
	for _, choice := range []string{"", wire.ToolAuto, wire.ToolNone, wire.ToolRequired, "get_weather"} {
		for _, name := range []string{"openai", "vllm"} {
			want := &wire.Request{
				Model: "m", Tools: []wire.Tool{weather, {Name: "get_time"}}, ToolChoice: choice, SingleCall: choice == wire.ToolRequired,
				JSON: choice != "", Messages: []wire.Message{
					{Role: "user", Text: "hi, as JSON"},
					{Role: "assistant", Text: "Let me see.", ToolCalls: twoCalls},
					{Role: "tool", Text: "sunny", ToolCallID: "call_1"},
					{Role: "tool", Text: "noon", ToolCallID: "call_2"},
				},
			}
			if choice == wire.ToolAuto {
				want.Schema = weather.Schema
			}
			r, err := dialect(t, name).NewRequest(t.Context(), "http://localhost", goodKey, want)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			got, fail := dialect(t, name).DecodeRequest(r, body)
			if fail != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s %q: %s\n got %+v, %v\nwant %+v", name, choice, body, got, fail, want)
			}
		}
	}
}

// calledIn is what a stream says of calls, put together.
func calledIn(events []wire.Event) (calls []wire.ToolCall, finish wire.Finish) {
	for _, e := range events {
		if c := e.ToolCall; c != nil {
			for c.Index >= len(calls) {
				calls = append(calls, wire.ToolCall{})
			}
			at := &calls[c.Index]
			at.ID, at.Name, at.Arguments = at.ID+c.ID, at.Name+c.Name, at.Arguments+c.Arguments
		}
		if e.Finish != "" {
			finish = e.Finish
		}
	}
	return calls, finish
}

// streamCalls writes calls as the mocks do: the name first, then the arguments
// in pieces.
func streamCalls(t testing.TB, out wire.StreamWriter, calls []wire.ToolCall) {
	t.Helper()
	w := out.(wire.ToolStreamWriter)
	for i, c := range calls {
		pieces := []wire.ToolCallDelta{{Index: i, ID: c.ID, Name: c.Name}}
		for rest := []rune(c.Arguments); len(rest) > 0; {
			n := min(4, len(rest))
			pieces = append(pieces, wire.ToolCallDelta{Index: i, Arguments: string(rest[:n])})
			rest = rest[n:]
		}
		for _, p := range pieces {
			if err := w.ToolCall(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := out.End(wire.FinishToolCalls, wire.Usage{Prompt: 11, Completion: 7}); err != nil {
		t.Fatal(err)
	}
}

func TestToolAnswers(t *testing.T) {
	for _, name := range []string{"openai", "vllm"} {
		d := dialect(t, name)
		w := httptest.NewRecorder()
		a := &wire.Answer{ID: "id-1", Model: "m", Created: created, ToolCalls: twoCalls, Finish: wire.FinishToolCalls, Usage: wire.Usage{Prompt: 11, Completion: 7}}
		if err := d.WriteAnswer(w, &wire.Request{}, a); err != nil {
			t.Fatal(err)
		}
		out := "== unary\n" + w.Body.String() + "\n"
		got, err := d.DecodeAnswer(w.Body.Bytes())
		if err != nil || !reflect.DeepEqual(got.ToolCalls, twoCalls) || got.Finish != wire.FinishToolCalls || got.Text != "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}

		w = httptest.NewRecorder()
		s, err := d.StartStream(w, &wire.Request{IncludeUsage: true}, a)
		if err != nil {
			t.Fatal(err)
		}
		streamCalls(t, s, twoCalls)
		golden(t, "tools_"+name+".txt", out+"== stream\n"+w.Body.String())
		events, bad, end := readAll(d.NewStreamReader(w.Body))
		if calls, finish := calledIn(events); !reflect.DeepEqual(calls, twoCalls) || finish != wire.FinishToolCalls || bad != 0 || end != io.EOF {
			t.Errorf("%s: %+v, %q, %d bad, %v", name, calls, finish, bad, end)
		}
	}
}

// Some servers put pieces of several calls, and the reason to finish, into one
// chunk.
func TestManyCallsInOneChunk(t *testing.T) {
	const chunk = `data: {"id":"i","choices":[{"index":0,"delta":{"content":"x","tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}` + "\n\ndata: [DONE]\n\n"
	events, bad, end := readAll(dialect(t, "openai").NewStreamReader(strings.NewReader(chunk)))
	calls, finish := calledIn(events)
	if len(events) != 3 || len(calls) != 2 || calls[1].Name != "g" || events[1].Finish != finish || finish != wire.FinishToolCalls || bad != 0 || end != io.EOF {
		t.Errorf("%+v, %d bad, %v", events, bad, end)
	}
}

// A piece of a call costs no allocation.
func TestStreamToolCallDoesNotAllocate(t *testing.T) {
	for _, name := range []string{"openai", "vllm"} {
		s, err := dialect(t, name).StartStream(discard{map[string][]string{}}, &wire.Request{}, &wire.Answer{ID: "chatcmpl-1", Model: "m"})
		if err != nil {
			t.Fatal(err)
		}
		w := s.(wire.ToolStreamWriter)
		for range 2 { // the buffer grows to the size of a chunk once
			_ = w.ToolCall(wire.ToolCallDelta{ID: "call_1", Name: "f"})
		}
		if n := testing.AllocsPerRun(100, func() { _ = w.ToolCall(wire.ToolCallDelta{Arguments: `{"a"`}) }); n != 0 {
			t.Errorf("%s: %v allocations per piece", name, n)
		}
	}
}

func TestToolCallIDs(t *testing.T) {
	for name, want := range map[string]string{"openai": "call_", "vllm": "chatcmpl-tool-"} {
		d := dialect(t, name).(wire.ToolCaller)
		if a, b := d.NewToolCallID(1), d.NewToolCallID(2); a == b || !strings.HasPrefix(a, want) || a != d.NewToolCallID(1) {
			t.Errorf("%s: %q, %q", name, a, b)
		}
	}
}
