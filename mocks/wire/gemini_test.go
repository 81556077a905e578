//go:build !race

package wire_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"brownout/mocks/wire"
)

const claudeModel = "claude-sonnet-4-5@20250929" // Claude as Vertex names it

// callThrough sends a neutral request through a dialect's own client.
func callThrough(t *testing.T, d wire.Dialect, base string, req *wire.Request) *http.Response {
	t.Helper()
	r, err := d.NewRequest(t.Context(), base, goodKey, req)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// Tools through client and server of each of these dialects: what is asked
// for, the calls, whole and streamed, and the results on their way back.
func TestToolsOfClaudeAndGemini(t *testing.T) {
	for _, c := range []struct{ dialect, model string }{{"anthropic", "alpha-1"}, {"gemini", "alpha-1"}, {"vertex", "alpha-1"}, {"vertex", claudeModel}} {
		t.Run(c.dialect+"/"+c.model, func(t *testing.T) {
			u := &upstream{d: dialect(t, c.dialect), text: "Let me look.", calls: bothCalls, finish: wire.FinishToolCalls}
			base := u.start(t)
			req := &wire.Request{
				Model: c.model, MaxTokens: 77, IncludeUsage: true, ToolChoice: wire.ToolRequired,
				Tools: []wire.Tool{{Name: "get_weather", Description: "d", Schema: json.RawMessage(placeSchema)}, {Name: "get_time", Schema: json.RawMessage(`{"type":"object"}`)}},
				Messages: []wire.Message{
					{Role: "system", Text: "Be brief."},
					{Role: "user", Text: "hi"},
					{Role: "assistant", Text: "hm", ToolCalls: []wire.ToolCall{{ID: "c1", Name: "get_time", Arguments: `{"zone":"UTC"}`}, {ID: "c2", Name: "get_weather", Arguments: `{}`}}},
					{Role: "tool", Text: "noon", ToolCallID: "c1"},
					{Role: "tool", Text: `{"sky":"blue"}`, ToolCallID: "c2"},
					{Role: "user", Text: "and now? [[bo:1]]"},
				},
			}
			for _, choice := range []string{wire.ToolRequired, wire.ToolAuto, wire.ToolNone, "get_time", ""} {
				req.ToolChoice = choice
				callThrough(t, u.d, base, req)
				heard := *u.seen
				heard.Surface = "" // Claude's at Vertex AI is never empty
				if !reflect.DeepEqual(&heard, req) {
					t.Fatalf("the server understood\n%+v, asked was\n%+v", &heard, req)
				}
			}

			body, _ := io.ReadAll(callThrough(t, u.d, base, req).Body)
			a, err := u.d.DecodeAnswer(body)
			if err != nil {
				t.Fatal(err)
			}
			if a.Text != u.text || !reflect.DeepEqual(a.ToolCalls, bothCalls) || a.Finish != wire.FinishToolCalls || a.Usage != (wire.Usage{Prompt: 11, Completion: 5}) {
				t.Errorf("answer %+v", a)
			}

			req.Stream = true
			events, bad, end := readAll(u.d.NewStreamReader(callThrough(t, u.d, base, req).Body))
			got := sumOf(events)
			if calls := callsOf(events); got.text != u.text || !reflect.DeepEqual(calls, bothCalls) || got.finish != wire.FinishToolCalls || !got.done || got.usage.Completion != 5 || bad != 0 || end != io.EOF {
				t.Errorf("stream %+v, calls %+v, %d bad, end %v", got, calls, bad, end)
			}
		})
	}
}

// callsOf puts streamed calls together.
func callsOf(events []wire.Event) (calls []wire.ToolCall) {
	for _, e := range events {
		if d := e.ToolCall; d != nil {
			if d.Index == len(calls) {
				calls = append(calls, wire.ToolCall{ID: d.ID, Name: d.Name})
			}
			calls[d.Index].Arguments += d.Arguments
		}
	}
	for i := range calls {
		if calls[i].Arguments == "" {
			calls[i].Arguments = "{}"
		}
	}
	return calls
}

// The form of an answer in JSON, both ways.
func TestJSONModeOfClaudeAndGemini(t *testing.T) {
	for _, c := range []struct{ dialect, model, schema string }{
		{"gemini", "alpha-1", placeSchema},
		{"gemini", "alpha-1", ""},
		{"vertex", "alpha-1", placeSchema},
		{"anthropic", "alpha-1", placeSchema},
		{"vertex", claudeModel, placeSchema},
	} {
		u := &upstream{d: dialect(t, c.dialect), text: "{}", finish: wire.FinishStop}
		callThrough(t, u.d, u.start(t), &wire.Request{Model: c.model, JSON: true, Schema: json.RawMessage(c.schema), Messages: []wire.Message{{Role: "user", Text: "hi"}}})
		if s := u.seen; s == nil || !s.JSON || string(s.Schema) != c.schema {
			t.Errorf("%s %s: the server understood %+v", c.dialect, c.model, s)
		}
	}
}

// A prompt that is blocked is an answer that was filtered, to this package's
// client too.
func TestGeminiBlockedPrompt(t *testing.T) {
	for _, name := range []string{"gemini", "vertex"} {
		u := &upstream{d: dialect(t, name), fail: &wire.Failure{Kind: wire.FailContentFilter, Model: "m"}}
		base := u.start(t)
		req := &wire.Request{Model: "m", Messages: []wire.Message{{Role: "user", Text: "hi"}}}
		resp := callThrough(t, u.d, base, req)
		body, _ := io.ReadAll(resp.Body)
		if a, err := u.d.DecodeAnswer(body); err != nil || resp.StatusCode != 200 || a.Finish != wire.FinishContentFilter || a.Text != "" {
			t.Errorf("%s: %d, %+v, %v", name, resp.StatusCode, a, err)
		}
		req.Stream = true
		events, bad, end := readAll(u.d.NewStreamReader(callThrough(t, u.d, base, req).Body))
		if got := sumOf(events); got.finish != wire.FinishContentFilter || !got.done || bad != 0 || end != io.EOF {
			t.Errorf("%s: stream %+v, %d bad, end %v", name, got, bad, end)
		}
	}
}

// Without alt=sse a stream is one array, and so are the errors before and
// inside it.
func TestGeminiArrayMode(t *testing.T) {
	u := geminiUpstream(t, "gemini")
	u.calls = bothCalls[:1]
	base := u.start(t)
	get := func() (*http.Response, []map[string]any, string) {
		t.Helper()
		r := post("/", `{"contents":[{"parts":[{"text":"hi"}]}]}`)
		resp, err := http.Post(base+"/v1/models/alpha-1:streamGenerateContent?key="+goodKey, "application/json", r.Body)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, _ := io.ReadAll(resp.Body)
		var all []map[string]any
		if err := json.Unmarshal(raw, &all); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		return resp, all, string(raw)
	}
	resp, all, raw := get()
	if len(all) != 5 || !strings.HasPrefix(raw, "[{\n") || !strings.Contains(raw, "}\n,\r\n{") || !strings.HasSuffix(raw, "}\n]") || resp.Header.Get("Content-Type") != "application/json; charset=UTF-8" {
		t.Errorf("%d members, %v in\n%s", len(all), resp.Header, raw)
	}
	if all[4]["usageMetadata"].(map[string]any)["totalTokenCount"] != 16.0 || !strings.Contains(raw, `"finishReason": "STOP"`) {
		t.Errorf("the last member is %v", all[4])
	}
	u.midway = &wire.Failure{Kind: wire.FailOverload}
	if _, all, raw = get(); all[len(all)-1]["error"].(map[string]any)["code"] != 503.0 {
		t.Errorf("an error inside: %s", raw)
	}
	u.fail = &wire.Failure{Kind: wire.FailServer}
	resp, all, _ = get()
	if e := all[0]["error"].(map[string]any); resp.StatusCode != 500 || len(all) != 1 || e["status"] != "INTERNAL" {
		t.Errorf("an error before: %d %v", resp.StatusCode, all)
	}
	u.fail = &wire.Failure{Kind: wire.FailModelNotFound, Model: "alpha-1"}
	_, _, raw = get()
	if !strings.Contains(raw, "is not found for API version v1, or is not supported for streamGenerateContent.") {
		t.Errorf("a model that is not there: %s", raw)
	}
}

func TestGeminiRoute(t *testing.T) {
	const vertex = "/v1beta1/projects/p/locations/l/publishers/"
	all := []route{
		{"gemini", "POST", "/v1beta/models/g:generateContent", wire.OpChat, "", ""},
		{"gemini", "POST", "/v1/models/g:streamGenerateContent?alt=sse", wire.OpChat, "", ""},
		{"gemini", "POST", "/v1beta/tunedModels/mine:generateContent", wire.OpChat, "", ""},
		{"gemini", "POST", "/v1beta/models/g:countTokens", wire.OpCountTokens, "", ""},
		{"gemini", "POST", "/v1beta/models/g:embedContent", wire.OpEmbed, "", ""},
		{"gemini", "POST", "/v1beta/models/g:batchEmbedContents", wire.OpEmbed, "", ""},
		{"gemini", "GET", "/v1beta/models?pageSize=5", wire.OpModels, "", ""},
		{"gemini", "GET", "/v1beta/models/g-1.5", wire.OpModel, "g-1.5", ""},
		{"gemini", "GET", "/v1beta/tunedModels/mine", wire.OpModel, "tunedModels/mine", ""},
		{"gemini", "GET", "/v1beta/models/g:generateContent", wire.OpChat, "", wire.FailMethod},
		{"gemini", "POST", "/v1beta/models", wire.OpModels, "", wire.FailMethod},
		{"gemini", "POST", "/v1beta/models/g:fly", wire.OpUnknown, "", wire.FailNotFound},
		{"gemini", "POST", "/v1beta/models/:generateContent", wire.OpUnknown, "", wire.FailNotFound},
		{"gemini", "POST", "/v2/models/g:generateContent", wire.OpUnknown, "", wire.FailNotFound},
		{"gemini", "POST", vertex + "google/models/g:generateContent", wire.OpUnknown, "", wire.FailNotFound},
		{"gemini", "GET", "/", wire.OpUnknown, "", wire.FailNotFound},
		{"gemini", "GET", "/v1beta/models/", wire.OpUnknown, "", wire.FailNotFound},
		{"vertex", "POST", vertex + "google/models/g:generateContent", wire.OpChat, "", ""},
		{"vertex", "POST", vertex + "google/models/g:predict", wire.OpEmbed, "", ""},
		{"vertex", "POST", vertex + "google/models/g:countTokens", wire.OpCountTokens, "", ""},
		{"vertex", "POST", "/v1beta1/publishers/google/models/g:generateContent", wire.OpChat, "", ""},
		{"vertex", "POST", "/v1/projects/p/locations/l/endpoints/77:generateContent", wire.OpChat, "", ""},
		{"vertex", "POST", vertex + "anthropic/models/claude-x@1:rawPredict", wire.OpChat, "", ""},
		{"vertex", "POST", vertex + "anthropic/models/claude-x%401:streamRawPredict", wire.OpChat, "", ""},
		{"vertex", "POST", vertex + "anthropic/models/count-tokens:rawPredict", wire.OpCountTokens, "", ""},
		{"vertex", "POST", vertex + "anthropic/models/claude-x:generateContent", wire.OpUnknown, "", wire.FailNotFound},
		{"vertex", "POST", vertex + "google/models/g:rawPredict", wire.OpUnknown, "", wire.FailNotFound},
		{"vertex", "GET", "/v1beta1/publishers/google/models", wire.OpModels, "", ""},
		{"vertex", "GET", "/v1/publishers/google/models/g", wire.OpModel, "g", ""},
		{"vertex", "POST", "/v1beta/models/g:generateContent", wire.OpUnknown, "", wire.FailNotFound},
		{"vertex", "POST", "/v1/projects//locations/l/publishers/google/models/g:generateContent", wire.OpUnknown, "", wire.FailNotFound},
	}
	for i, fail := range routes(t, all) {
		if fail == nil {
			continue
		}
		resp := written(dialect(t, all[i].dialect), fail)
		if path, _, _ := strings.Cut(all[i].path, "?"); resp.status != 404 || !strings.Contains(resp.body, "<code>"+path+"</code>") {
			t.Errorf("%s: %d %s", path, resp.status, resp.body)
		}
	}
}

func TestGeminiAuthorized(t *testing.T) {
	const project, bare = "/v1/projects/p/locations/l/publishers/google/models/g:generateContent", "/v1/publishers/google/models/g:generateContent"
	for _, c := range []struct {
		dialect, path, header, value string
		status                       int // 0: accepted
		code, says                   string
	}{
		{"gemini", "/v1beta/models/g:generateContent", "X-Goog-Api-Key", goodKey, 0, "", ""},
		{"gemini", "/v1beta/models?key=" + goodKey, "", "", 0, "", ""},
		{"gemini", "/v1beta/models?key=bad", "", "", 400, "API_KEY_INVALID", "API key not valid."},
		{"gemini", "/v1beta/models", "", "", 403, "", "Method doesn't allow unregistered callers"},
		{"vertex", project, "Authorization", "Bearer " + goodKey, 0, "", ""},
		{"vertex", project, "Authorization", "Bearer bad", 401, "ACCESS_TOKEN_TYPE_UNSUPPORTED", "Request had invalid"},
		{"vertex", project, "X-Goog-Api-Key", goodKey, 401, "CREDENTIALS_MISSING", "API keys are not supported by this API."},
		{"vertex", project, "", "", 401, "CREDENTIALS_MISSING", "Request is missing required"},
		{"vertex", bare, "X-Goog-Api-Key", goodKey, 0, "", ""},
		{"vertex", bare, "X-Goog-Api-Key", "bad", 401, "", "Request had invalid"},
	} {
		d := dialect(t, c.dialect)
		r := httptest.NewRequest("POST", c.path, nil)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		fail := d.Authorized(r, func(key string) bool { return key == goodKey })
		if c.status == 0 {
			if fail != nil {
				t.Errorf("%s %s: %v", c.dialect, c.path, fail)
			}
			continue
		}
		if fail == nil {
			t.Errorf("%s %s %s: accepted", c.dialect, c.path, c.header)
			continue
		}
		resp := written(d, fail)
		if resp.status != c.status || !strings.Contains(resp.body, c.says) || !strings.Contains(resp.body, c.code) {
			t.Errorf("%s %s: %d %s", c.dialect, c.path, resp.status, resp.body)
		}
		if f := d.DecodeFailure(resp.status, nil, []byte(resp.body)); f.Kind != wire.FailAuth {
			t.Errorf("%s %s: read as %s", c.dialect, c.path, f.Kind)
		}
	}
}

func TestGeminiRefuses(t *testing.T) {
	const path = "/v1beta/models/g:generateContent"
	const hi = `"contents":[{"parts":[{"text":"hi"}]}]`
	for body, says := range map[string]string{
		``:                  "Invalid JSON payload received. Unexpected end of JSON input.",
		`{`:                 "Invalid JSON payload received. ",
		`{}`:                "* GenerateContentRequest.contents: contents is not specified\n",
		`{"contents":[]}`:   "* GenerateContentRequest.contents: contents is not specified\n",
		`{"contents":"hi"}`: "Invalid value at 'contents' (TYPE_MESSAGE), string",
		`{"contents":[{"role":"system","parts":[{"text":"hi"}]}]}`: "Please use a valid role: user, model.",
		`{"contents":[{"role":"user"}]}`:                           "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n",
		`{` + hi + `,"generationConfig":{"temperature":"hot"}}`:    "Invalid value at 'generationConfig.temperature' (TYPE_FLOAT), string",
		`{` + hi + `,"generation_config":{"temperature":3}}`:       "* GenerateContentRequest.generation_config.temperature: ",
		`{` + hi + `,"generationConfig":{"maxOutputTokens":-1}}`:   "* GenerateContentRequest.generation_config.max_output_tokens: ",
		`{` + hi + `,"pad":"` + strings.Repeat("x", 20<<20) + `"}`: "Request payload size exceeds the limit: 20971520 bytes.",
	} {
		if len(body) > 200 && testing.Short() {
			continue
		}
		d := dialect(t, "gemini")
		req, fail := d.DecodeRequest(post(path, ""), []byte(body))
		if fail == nil {
			t.Errorf("%.80s: accepted as %+v", body, req)
			continue
		}
		resp := written(d, fail)
		var in struct {
			Error struct{ Message, Status string }
		}
		if err := json.Unmarshal([]byte(resp.body), &in); err != nil || resp.status != 400 || in.Error.Status != "INVALID_ARGUMENT" || !strings.HasPrefix(in.Error.Message, says) {
			t.Errorf("%.80s: %d %s", body, resp.status, resp.body)
		}
	}
}

// Google's servers take snake_case too, and types in capitals.
func TestGeminiNames(t *testing.T) {
	d := dialect(t, "gemini")
	req, fail := d.DecodeRequest(post("/v1beta/models/g:generateContent", ""), []byte(`{
		"system_instruction" : {"parts":[{"text":"s_s"}]}, "contents":[{"parts":[{"text":"max_output_tokens"},{"text":"!","thought":true}]}],
		"generation_config":{"max_output_tokens":9,"stop_sequences":["max_output_tokens"],"response_mime_type":"application/json","response_schema":{"type":"OBJECT","properties":{"type":{"type":"STRING"}}}},
		"tools":[{"function_declarations":[{"name":"f","parameters":{"type":"OBJECT"}}]},{"googleSearch":{}}],"tool_config":{"function_calling_config":{"mode":"ANY"}}}`))
	want := &wire.Request{
		Model: "g", MaxTokens: 9, Stop: []string{"max_output_tokens"}, JSON: true, Schema: json.RawMessage(`{"properties":{"type":{"type":"string"}},"type":"object"}`),
		Messages: []wire.Message{{Role: "system", Text: "s_s"}, {Role: "user", Text: "max_output_tokens"}}, IncludeUsage: true,
		Tools: []wire.Tool{{Name: "f", Schema: json.RawMessage(`{"type":"object"}`)}}, ToolChoice: wire.ToolRequired,
	}
	if fail != nil || !reflect.DeepEqual(req, want) {
		t.Errorf("got %+v, %v\nwant %+v", req, fail, want)
	}
}
