package wire_test

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

func TestDecodeResponses(t *testing.T) {
	half := 0.5
	user := wire.Message{Role: "user", Text: "hi"}
	for _, c := range []struct {
		body string
		want wire.Request
	}{
		{`{"model":"m","input":"hi"}`, wire.Request{Messages: []wire.Message{user}}},
		{`{"model":"m","instructions":"Be brief.","input":[{"role":"user","content":"hi"}],"max_output_tokens":16,"temperature":0.5,"stream":true,"parallel_tool_calls":false,"store":false}`, wire.Request{
			Messages: []wire.Message{{Role: "system", Text: "Be brief."}, user}, MaxTokens: 16, Temperature: &half, Stream: true, SingleCall: true, Instructed: true, Unkept: true,
		}},
		{`{"model":"m","input":"hi","previous_response_id":"resp_1","store":true}`, wire.Request{Messages: []wire.Message{user}, Previous: "resp_1"}},
		{`{"model":"m","input":[{"type":"message","role":"developer","content":[{"type":"input_text","text":"d"}]},{"role":"user","content":[{"type":"input_text","text":"h"},{"type":"input_image"},{"type":"input_text","text":"i"}]},{"type":"reasoning","summary":[]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"o"}]},{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"r"},{"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"s"}]}]}`, wire.Request{
			Messages: []wire.Message{
				{Role: "system", Text: "d"},
				user,
				{Role: "assistant", Text: "o", ToolCalls: []wire.ToolCall{{ID: "c1", Name: "f", Arguments: "{}"}, {ID: "c2", Name: "g", Arguments: "{}"}}},
				{Role: "tool", Text: "r", ToolCallID: "c1"},
				{Role: "tool", Text: "s", ToolCallID: "c2"},
			},
		}},
		{`{"model":"m","input":"hi","tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true},{"type":"web_search"}],"tool_choice":{"type":"function","name":"f"},"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}}}`, wire.Request{
			Messages: []wire.Message{user}, Tools: []wire.Tool{{Name: "f", Description: "d", Schema: json.RawMessage(`{"type":"object"}`)}}, ToolChoice: "f",
			JSON: true, Schema: json.RawMessage(`{"type":"object"}`),
		}},
	} {
		c.want.Model, c.want.Surface, c.want.IncludeUsage, c.want.Keepable = "m", "responses", true, true
		got, fail := dialect(t, "openai").DecodeRequest(post("/v1/responses", ""), []byte(c.body))
		if fail != nil || !reflect.DeepEqual(got, &c.want) {
			t.Errorf("%s\n got %+v, %v\nwant %+v", c.body, got, fail, &c.want)
		}
	}
	for body, want := range map[string]string{
		`{`:                         "JSON body",
		`{"input":"x"}`:             "model",
		`{"model":"m"}`:             "'input'",
		`{"model":"m","input":7}`:   "'input'",
		`{"model":"m","input":[]}`:  "empty array",
		`{"model":"m","input":[7]}`: "JSON body",
		`{"model":"m","input":[{"role":"judge","content":"x"}]}`:      "judge",
		`{"model":"m","input":[{"type":"function_call_output"}]}`:     "call_id",
		`{"model":"m","input":[{"role":"user","content":7}]}`:         "content",
		`{"model":"m","input":"x","max_output_tokens":15}`:            ">= 16",
		`{"model":"m","input":"x","temperature":3}`:                   "temperature",
		`{"model":"m","input":"x","tool_choice":"required"}`:          "only allowed when 'tools'",
		`{"model":"m","input":"x","text":{"format":{"type":"yaml"}}}`: "yaml",
		`{"model":"m","input":"x","tools":[{"type":"function"}]}`:     "tools[0].name",
	} {
		if _, fail := dialect(t, "openai").DecodeRequest(post("/v1/responses", ""), []byte(body)); fail == nil || fail.Kind != wire.FailBadRequest || !strings.Contains(fail.Message, want) {
			t.Errorf("%s: %v, want %q", body, fail, want)
		}
	}
}

// respond is a streamed answer of the responses API.
func respond(t testing.TB, req *wire.Request, write func(wire.StreamWriter)) string {
	t.Helper()
	w := httptest.NewRecorder()
	req.Surface = "responses"
	s, err := dialect(t, "openai").StartStream(w, req, &wire.Answer{ID: "id-1", Model: "m-1", Created: created})
	if err != nil {
		t.Fatal(err)
	}
	write(s)
	return w.Body.String()
}

func TestResponsesGolden(t *testing.T) {
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	usage := wire.Usage{Prompt: 11, Completion: 7}
	half := 0.5
	asked := &wire.Request{Instructed: true, Model: "m-1", MaxTokens: 20, Temperature: &half, Tools: []wire.Tool{weather}, ToolChoice: "get_weather", Messages: []wire.Message{{Role: "system", Text: "Be brief."}, {Role: "user", Text: "hi"}}}
	out := ""
	for _, a := range []wire.Answer{
		{Text: "Hi \"you\"", Finish: wire.FinishStop},
		{Text: "Hi", Finish: wire.FinishLength},
		{ToolCalls: twoCalls, Finish: wire.FinishToolCalls},
		{Finish: wire.FinishContentFilter},
	} {
		a.ID, a.Model, a.Created, a.Usage = "id-1", "m-1", created, usage
		asked.Surface = "responses"
		w := httptest.NewRecorder()
		must(dialect(t, "openai").WriteAnswer(w, asked, &a))
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("not JSON: %s", w.Body)
		}
		out += "== unary, " + string(a.Finish) + "\n" + w.Body.String() + "\n"
	}
	out += "== text\n" + respond(t, &wire.Request{JSON: true}, func(s wire.StreamWriter) {
		must(s.Text("Hi"))
		must(s.Text(" \"you\""))
		must(s.End(wire.FinishStop, usage))
	})
	out += "== cut off\n" + respond(t, &wire.Request{}, func(s wire.StreamWriter) {
		must(s.Text("Hi"))
		must(s.End(wire.FinishLength, usage))
	})
	out += "== calls\n" + respond(t, &wire.Request{}, func(s wire.StreamWriter) { streamCalls(t, s, twoCalls) })
	out += "== nothing\n" + respond(t, &wire.Request{}, func(s wire.StreamWriter) { must(s.End(wire.FinishStop, usage)) })
	out += "== failure\n" + respond(t, &wire.Request{}, func(s wire.StreamWriter) {
		must(s.Text("Hi"))
		must(s.Fail(&wire.Failure{Kind: wire.FailOverload}))
	})
	golden(t, "responses_openai.txt", out)

	// Every event is JSON, of the type its name says, numbered without a gap.
	number := 0
	for _, event := range strings.Split(out[strings.Index(out, "== text"):], "\n\n") {
		if at := strings.Index(event, "== "); at >= 0 {
			number = 0
			_, event, _ = strings.Cut(event[at:], "\n")
		}
		name, data, ok := strings.Cut(event, "\ndata: ")
		if !ok {
			continue
		}
		var in struct {
			Type   string
			Number int `json:"sequence_number"`
		}
		if err := json.Unmarshal([]byte(data), &in); err != nil || "event: "+in.Type != name || in.Number != number {
			t.Errorf("%v in %s", err, event)
		}
		number++
	}
}

func TestResponsesContextLength(t *testing.T) {
	w := httptest.NewRecorder()
	dialect(t, "openai").WriteFailure(w, &wire.Failure{Kind: wire.FailContextLength, LimitValue: 5, Asked: 9, Surface: "responses"})
	const want = `{"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try again.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"}}`
	if w.Code != 400 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func FuzzDecodeResponses(f *testing.F) {
	for _, s := range []string{`{"model":"m","input":"x"}`, `{"model":"m","input":[{"type":"function_call"}],"tools":[{"type":"function","name":"f"}]}`, `{"input":[{}]}`, `[`, `{"model":"m","input":[{"role":"user","content":[{"type":"input_text"}]}],"text":{}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		d := dialect(t, "openai")
		req, fail := d.DecodeRequest(post("/v1/responses", ""), []byte(body))
		if (req == nil) == (fail == nil) {
			t.Fatalf("%+v, %v", req, fail)
		}
		if fail != nil {
			return
		}
		w := httptest.NewRecorder()
		if err := d.WriteAnswer(w, req, &wire.Answer{Text: "x"}); err != nil || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%v: %s", err, w.Body)
		}
	})
}
