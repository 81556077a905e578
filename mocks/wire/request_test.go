package wire_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/mocks/wire"
)

func post(path, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func TestDecodeRequest(t *testing.T) {
	half := 0.5
	user := wire.Message{Role: "user", Text: "hi"}
	for _, c := range []struct {
		dialect, body string
		want          wire.Request
	}{
		{"openai", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, wire.Request{Model: "m", Messages: []wire.Message{user}}},
		{"openai", `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"h"},{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"i"}]}]}`, wire.Request{Model: "m", Messages: []wire.Message{user}}},
		{"openai", `{"model":"m","messages":[{"role":"developer","content":"d"},{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","content":"r","tool_call_id":"c1"}],"max_tokens":5,"max_completion_tokens":6,"stop":"x","temperature":0.5,"stream":true,"stream_options":{"include_usage":true},"unknown":1}`, wire.Request{
			Model: "m", Messages: []wire.Message{{Role: "system", Text: "d"}, user, {Role: "assistant", ToolCalls: []wire.ToolCall{{ID: "c1", Name: "f", Arguments: "{}"}}}, {Role: "tool", Text: "r", ToolCallID: "c1"}},
			MaxTokens: 6, Stop: []string{"x"}, Temperature: &half, Stream: true, IncludeUsage: true,
		}},
		{"openai", `{"model":"m","messages":[{"role":"user","content":"\u0068i"}],"stop":["x","y"],"max_tokens":null}`, wire.Request{Model: "m", Messages: []wire.Message{user}, Stop: []string{"x", "y"}}},
		{"vllm", `{"messages":[{"role":"user","content":"hi"}],"max_tokens":5}`, wire.Request{Messages: []wire.Message{user}, MaxTokens: 5}},
		{"anthropic", `{"model":"m","max_tokens":9,"system":"s","messages":[{"role":"user","content":"hi"}]}`, wire.Request{Model: "m", MaxTokens: 9, Messages: []wire.Message{{Role: "system", Text: "s"}, user}, IncludeUsage: true}},
		{"anthropic", `{"model":"m","max_tokens":9,"system":[{"type":"text","text":"s"},{"type":"text","text":"t"}],"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":"pre"}],"stop_sequences":["x"],"stream":true,"temperature":0.5}`, wire.Request{
			Model: "m", MaxTokens: 9, Messages: []wire.Message{{Role: "system", Text: "st"}, user, {Role: "assistant", Text: "pre"}}, Stop: []string{"x"}, Stream: true, Temperature: &half, IncludeUsage: true,
		}},
		{"ollama", `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, wire.Request{Model: "m", Messages: []wire.Message{user}, Stream: true, IncludeUsage: true, Truncate: true}},
		{"ollama", `{"model":"m","stream":false,"messages":[{"role":"user","content":"hi"}],"options":{"num_predict":5,"temperature":0.5,"stop":["x"]}}`, wire.Request{Model: "m", Messages: []wire.Message{user}, MaxTokens: 5, Temperature: &half, Stop: []string{"x"}, IncludeUsage: true, Truncate: true}},
		{"ollama", `{"model":"m","stream":false,"messages":[{"role":"user","content":"hi"}],"options":{"num_predict":-1}}`, wire.Request{Model: "m", Messages: []wire.Message{user}, IncludeUsage: true, Truncate: true}},
	} {
		got, fail := dialect(t, c.dialect).DecodeRequest(post("/", "", "anthropic-version", "2023-06-01"), []byte(c.body))
		if fail != nil || !reflect.DeepEqual(got, &c.want) {
			t.Errorf("%s %s\n got %+v, %v\nwant %+v", c.dialect, c.body, got, fail, &c.want)
		}
	}
}

func TestDecodeRequestRefuses(t *testing.T) {
	const messages = `"messages":[{"role":"user","content":"hi"}]`
	for _, c := range []struct{ dialect, version, body, message, param, code string }{
		{"openai", "", `{`, "We could not parse the JSON body of your request.", "", ""},
		{"openai", "", ``, "We could not parse the JSON body of your request.", "", ""},
		{"openai", "", `[]`, "We could not parse the JSON body of your request.", "", ""},
		{"openai", "", `{` + messages + `}`, "you must provide a model parameter", "", ""},
		{"openai", "", `{"model":"m"}`, "Missing required parameter: 'messages'.", "messages", "missing_required_parameter"},
		{"openai", "", `{"model":"m","messages":[]}`, "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.", "messages", "empty_array"},
		{"openai", "", `{"model":"m","messages":"hi"}`, "Invalid type for 'messages': expected an array, but got a string instead.", "messages", "invalid_type"},
		{"openai", "", `{"model":"m","messages":[{"role":"user","content":5}]}`, "Invalid type for 'messages[0].content': expected one of a string or array of objects, but got a number instead.", "messages[0].content", "invalid_type"},
		{"openai", "", `{"model":"m","messages":[{"content":"x"}]}`, "Missing required parameter: 'messages[0].role'.", "messages[0].role", "missing_required_parameter"},
		{"openai", "", `{"model":"m","messages":[{"role":"king","content":"x"}]}`, "Invalid value: 'king'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.", "messages[0].role", "invalid_value"},
		{"openai", "", `{"model":"m",` + messages + `,"temperature":"hot"}`, "Invalid type for 'temperature': expected a decimal, but got a string instead.", "temperature", "invalid_type"},
		{"openai", "", `{"model":"m",` + messages + `,"temperature":3}`, "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.", "temperature", "decimal_above_max_value"},
		{"openai", "", `{"model":"m",` + messages + `,"max_tokens":0}`, "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got 0 instead.", "max_tokens", "integer_below_min_value"},
		{"openai", "", `{"model":"m",` + messages + `,"stream":"yes"}`, "Invalid type for 'stream': expected a boolean, but got a string instead.", "stream", "invalid_type"},
		{"openai", "", `{"model":"m",` + messages + `,"stop":5}`, "Invalid type for 'stop': expected one of a string or array of strings, but got a number instead.", "stop", "invalid_type"},
		{"vllm", "", `{"model":"m"}`, "[{'type': 'missing', 'loc': ('body', 'messages'), 'msg': 'Field required'}]", "", ""},
		{"vllm", "", `{"model":"m","messages":7}`, "[{'type': 'type_error', 'loc': ('body', 'messages'), 'msg': 'Input should be a valid list'}]", "", ""},
		{"vllm", "", `{`, "[{'type': 'json_invalid', 'loc': ('body', 1), 'msg': 'JSON decode error'}]", "", ""},
		{"anthropic", "", `{}`, "anthropic-version: header is required", "", ""},
		{"anthropic", "2024-01-01", `{}`, `anthropic-version: "2024-01-01" is not a valid version`, "", ""},
		{"anthropic", "2023-06-01", `{`, "The request body is not valid JSON: ", "", ""},
		{"anthropic", "2023-06-01", `{"max_tokens":1,` + messages + `}`, "model: Field required", "", ""},
		{"anthropic", "2023-06-01", `{"model":"m",` + messages + `}`, "max_tokens: Field required", "", ""},
		{"anthropic", "2023-06-01", `{"model":"m","max_tokens":1}`, "messages: Field required", "", ""},
		{"anthropic", "2023-06-01", `{"model":"m","max_tokens":1,"messages":[]}`, "messages: at least one message is required", "", ""},
		{"anthropic", "2023-06-01", `{"model":"m","max_tokens":"1",` + messages + `}`, "max_tokens: Input should be a valid integer", "", ""},
		{"anthropic", "2023-06-01", `{"model":"m","max_tokens":1,"messages":[{"role":"system","content":"x"}]}`, `messages: Unexpected role "system".`, "", ""},
		{"anthropic", "2023-06-01", `{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}`, "messages.0.content: Field required", "", ""},
		{"anthropic", "2026-10-21", `{"model":"m","max_tokens":1,` + messages + `,"temperature":1}`, "temperature: Extra inputs are not permitted", "", ""},
		{"anthropic", "2026-10-21", `{"model":"m","max_tokens":1,` + messages + `,"top_p":1}`, "top_p: Extra inputs are not permitted", "", ""},
		{"anthropic", "2026-10-21", `{"model":"m","max_tokens":1,` + messages + `,"top_k":1}`, "top_k: Extra inputs are not permitted", "", ""},
		{"ollama", "", ``, "missing request body", "", ""},
		{"ollama", "", `{`, "unexpected end of JSON input", "", ""},
		{"ollama", "", `{` + messages + `}`, "model is required", "", ""},
		{"ollama", "", `{"model":"m","messages":"x"}`, "json: cannot unmarshal string into Go struct field ChatRequest.messages of type []", "", ""},
		{"ollama", "", `{"model":"m","messages":[{"role":"king","content":"x"}]}`, "invalid role: king", "", ""},
	} {
		r := post("/", "")
		if c.version != "" {
			r.Header.Set("anthropic-version", c.version)
		}
		got, fail := dialect(t, c.dialect).DecodeRequest(r, []byte(c.body))
		if fail == nil {
			t.Errorf("%s %s: accepted as %+v", c.dialect, c.body, got)
			continue
		}
		if fail.Kind != wire.FailBadRequest || !strings.HasPrefix(fail.Message, c.message) || fail.Param != c.param || fail.Code != c.code {
			t.Errorf("%s %s\n got %+v\nwant %+v", c.dialect, c.body, *fail, c)
		}
		if resp := written(dialect(t, c.dialect), fail); resp.status != http.StatusBadRequest {
			t.Errorf("%s %s: written with status %d", c.dialect, c.body, resp.status)
		}
	}
	if _, fail := dialect(t, "anthropic").DecodeRequest(post("/", "", "anthropic-version", "2023-06-01", "anthropic-version", "2023-06-01"), []byte("{}")); fail == nil || fail.Message != `anthropic-version: "2023-06-01, 2023-06-01" is not a valid version` {
		t.Errorf("a doubled version header: %v", fail)
	}
}

func TestRoute(t *testing.T) {
	routes(t, []route{
		{"openai", "POST", "/v1/chat/completions", wire.OpChat, "", ""},
		{"openai", "GET", "/v1/models", wire.OpModels, "", ""},
		{"openai", "GET", "/v1/models/gpt-x", wire.OpModel, "gpt-x", ""},
		{"openai", "GET", "/v1/chat/completions", wire.OpChat, "", wire.FailMethod},
		{"openai", "GET", "/health", wire.OpUnknown, "", wire.FailNotFound},
		{"openai", "POST", "/chat/completions", wire.OpUnknown, "", wire.FailNotFound},
		{"vllm", "GET", "/health", wire.OpHealth, "", ""},
		{"vllm", "GET", "/version", wire.OpVersion, "", ""},
		{"vllm", "GET", "/v1/models/org/name", wire.OpModel, "org/name", ""},
		{"anthropic", "POST", "/v1/messages?beta=true", wire.OpChat, "", ""},
		{"anthropic", "GET", "/v1/models/claude-x", wire.OpModel, "claude-x", ""},
		{"anthropic", "GET", "/v1/messages", wire.OpChat, "", wire.FailMethod},
		{"anthropic", "POST", "/v1/chat/completions", wire.OpUnknown, "", wire.FailNotFound},
		{"ollama", "POST", "/api/chat", wire.OpChat, "", ""},
		{"ollama", "GET", "/api/tags", wire.OpModels, "", ""},
		{"ollama", "HEAD", "/", wire.OpHealth, "", ""},
		{"ollama", "GET", "/api/version", wire.OpVersion, "", ""},
		{"ollama", "HEAD", "/api/chat", wire.OpChat, "", wire.FailMethod},
	})
	_, _, fail := dialect(t, "anthropic").Route(httptest.NewRequest("GET", "/v1/models", nil))
	if fail == nil || fail.Message != "anthropic-version: header is required" {
		t.Errorf("a model list without a version: %v", fail)
	}
}

func TestAuthorized(t *testing.T) {
	const secret = "sk-PMafPxxxxxxxxxxxxxxxxxxxxxxxxE873"
	for _, c := range []struct {
		dialect, path, header, value string
		message                      string // "": accepted
	}{
		{"openai", "/v1/models", "Authorization", "Bearer " + goodKey, ""},
		{"openai", "/v1/models", "Authorization", "bearer " + goodKey, ""},
		{"openai", "/v1/models", "Authorization", "Bearer " + secret, "Incorrect API key provided: sk-PMafP****E873. You can find your API key at https://platform.openai.com/account/api-keys."},
		{"openai", "/v1/models", "Authorization", "Bearer abc", "Incorrect API key provided: a****. You can find your API key at https://platform.openai.com/account/api-keys."},
		{"openai", "/v1/models", "Authorization", "Basic " + goodKey, "You didn't provide an API key."},
		{"openai", "/v1/models", "X-Api-Key", goodKey, "You didn't provide an API key."},
		{"vllm", "/v1/models", "Authorization", "Bearer " + secret, "Unauthorized"},
		{"vllm", "/health", "", "", ""},
		{"anthropic", "/v1/models", "X-Api-Key", goodKey, ""},
		{"anthropic", "/v1/models", "Authorization", "Bearer " + goodKey, ""},
		{"anthropic", "/v1/models", "X-Api-Key", secret, "invalid x-api-key"},
		{"anthropic", "/v1/models", "Authorization", "Bearer " + secret, "Invalid bearer token"},
		{"anthropic", "/v1/models", "", "", "x-api-key header is required"},
		{"ollama", "/api/tags", "", "", ""},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		if c.header != "" {
			r.Header.Set(c.header, c.value)
		}
		fail := dialect(t, c.dialect).Authorized(r, func(key string) bool { return key == goodKey })
		switch {
		case fail == nil && c.message == "":
		case fail == nil || c.message == "" || fail.Kind != wire.FailAuth || !strings.HasPrefix(fail.Message, c.message):
			t.Errorf("%s %s %s: %v, want %q", c.dialect, c.header, c.value, fail, c.message)
		case strings.Contains(written(dialect(t, c.dialect), fail).body, secret):
			t.Errorf("%s: the answer holds the whole key", c.dialect)
		}
	}
	r := httptest.NewRequest("GET", "/v1/models", nil)
	r.Header.Set("X-Api-Key", secret)
	r.Header.Set("Authorization", "Bearer "+goodKey)
	if dialect(t, "anthropic").Authorized(r, func(key string) bool { return key == goodKey }) == nil {
		t.Error("anthropic: of two keys x-api-key must count")
	}
}

// Headers, model lists, health, unary answers: all that is not an error.
func TestAnswersGolden(t *testing.T) {
	for _, name := range wire.Names() {
		d := dialect(t, name)
		var out strings.Builder
		show := func(title string, write func(w http.ResponseWriter)) {
			w := httptest.NewRecorder()
			write(w)
			out.WriteString("== " + title + "\n")
			_ = w.Header().Write(&out)
			out.WriteString("\n" + w.Body.String() + "\n")
		}
		show("headers", func(w http.ResponseWriter) {
			d.WriteHeaders(w.Header(), requestID, wire.Budgets{Requests: &wire.Budget{Limit: 100, Remaining: -1, Reset: 6 * time.Minute}, Tokens: &wire.Budget{Limit: 160000, Remaining: 159976, Reset: 9 * time.Millisecond}}, now)
		})
		show("headers without limits", func(w http.ResponseWriter) { d.WriteHeaders(w.Header(), requestID, wire.Budgets{}, now) })
		show("models", func(w http.ResponseWriter) { d.WriteModels(w, httptest.NewRequest("GET", "/", nil), catalogue) })
		show("no models", func(w http.ResponseWriter) { d.WriteModels(w, httptest.NewRequest("GET", "/", nil), nil) })
		show("model", func(w http.ResponseWriter) { d.WriteModel(w, catalogue[1]) })
		show("health", func(w http.ResponseWriter) { d.WriteHealth(w, wire.OpHealth, true) })
		show("bad health", func(w http.ResponseWriter) { d.WriteHealth(w, wire.OpHealth, false) })
		show("version", func(w http.ResponseWriter) { d.WriteHealth(w, wire.OpVersion, true) })
		for _, f := range []wire.Finish{wire.FinishStop, wire.FinishLength, wire.FinishContentFilter} {
			show("answer "+string(f), func(w http.ResponseWriter) {
				_ = d.WriteAnswer(w, &wire.Request{}, &wire.Answer{ID: "id-1", Model: "m-1", Text: "Hi \"you\"", Finish: f, Usage: wire.Usage{Prompt: 19, Completion: 10}, Created: created})
			})
		}
		out.WriteString("== ids\n" + d.NewRequestID(1) + "\n" + d.NewRequestID(2) + "\n" + d.NewAnswerID(1) + "\n")
		golden(t, "answers_"+name+".txt", out.String())
	}
}

func TestDecodeAnswerRefuses(t *testing.T) {
	for _, name := range wire.Names() {
		for _, body := range []string{"", "null", "{}", "[]", "<html>", `"x"`, `{"choices":[]}`, `{"choices":[{}]}`, `{"type":"message"}`, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, `{"error":"boom"}`, `{"error":{"message":"m"}}`, `{"message":{"content":"x"},"done":false}`} {
			a, err := dialect(t, name).DecodeAnswer([]byte(body))
			f, ok := err.(*wire.Failure)
			if !ok || f.Kind != wire.FailMalformed {
				t.Errorf("%s %q: %+v, %v", name, body, a, err)
			}
		}
	}
}
