package wire

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// askBedrock is a request as the SDK would send it.
func askBedrock(model, action, body string) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/model/"+escapeModel(model)+"/"+action, strings.NewReader(body))
}

func TestConverseRefuses(t *testing.T) {
	const user = `{"role":"user","content":[{"text":"hi"}]}`
	for body, says := range map[string]string{
		`{`:                         "Unexpected end of input",
		`{"messages":"x"}`:          "STRING_VALUE can not be converted to Array",
		`{"messages":[{"role":5}]}`: "NUMBER_VALUE can not be converted to String",
		`{}`:                        "A conversation must start with a user message.",
		`{"messages":[{"role":"assistant","content":[{"text":"hi"}]}]}`:                                                   "A conversation must start with a user message.",
		`{"messages":[{"role":"king","content":[{"text":"hi"}]}]}`:                                                        "1 validation error detected: Value 'king' at 'messages.1.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant]",
		`{"messages":[` + user + `,` + user + `]}`:                                                                        "A conversation must alternate between user and assistant roles.",
		`{"messages":[{"role":"user","content":[]}]}`:                                                                     "The content field in the Message object at messages.0 is empty.",
		`{"messages":[{"role":"user","content":[{"text":" "}]}]}`:                                                         "The text field in the ContentBlock object at messages.0.content.0 is blank.",
		`{"messages":[` + user + `],"inferenceConfig":{"maxTokens":0}}`:                                                   "1 validation error detected: Value '0' at 'inferenceConfig.maxTokens'",
		`{"messages":[` + user + `],"inferenceConfig":{"temperature":1.5}}`:                                               "1 validation error detected: Value '1.5' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value less than or equal to 1",
		`{"messages":[` + user + `],"inferenceConfig":{"temperature":-1}}`:                                                "1 validation error detected: Value '-1' at 'inferenceConfig.temperature'",
		`{"messages":[` + user + `],"toolConfig":{"tools":[]}}`:                                                           "1 validation error detected: Value '[]' at 'toolConfig.tools'",
		`{"messages":[` + user + `],"toolConfig":{"tools":[{"toolSpec":{}}]}}`:                                            "1 validation error detected: Value '' at 'toolConfig.tools.1.member.toolSpec.name'",
		`{"messages":[` + user + `],"toolConfig":{"tools":[{"toolSpec":{"name":"f"}}]}}`:                                  "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.",
		`{"messages":[` + user + `,{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":7}}]}]}`: "The format of the value at messages.1.content.0.toolUse.input is invalid.",
	} {
		d := bedrock{bedrockAWS}
		req, fail := d.DecodeRequest(askBedrock("m", "converse", body), []byte(body))
		if fail == nil || !strings.HasPrefix(fail.Message, says) {
			t.Errorf("%s\n got %+v, %v\nwant %s", body, req, fail, says)
			continue
		}
		w := httptest.NewRecorder()
		d.WriteFailure(w, fail)
		if w.Code != http.StatusBadRequest || d.DecodeFailure(w.Code, w.Header(), w.Body.Bytes()).Kind != FailBadRequest {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
}

// Turns of one side that follow one another are one, since Bedrock wants them
// to alternate.
func TestConverseClient(t *testing.T) {
	half := 1.5
	calls := []ToolCall{{ID: "a", Name: "f", Arguments: `{"x":1}`}, {ID: "b", Name: "g", Arguments: "broken"}}
	for _, c := range []struct {
		req  Request
		want string
	}{
		{Request{Messages: []Message{{Role: "user", Text: "hi"}}}, `{"messages":[{"role":"user","content":[{"text":"hi"}]}]}`},
		{Request{
			Messages: []Message{
				{Role: "system", Text: "A"},
				{Role: "user", Text: "x"},
				{Role: "user", Text: "y"},
				{Role: "system", Text: "B"},
				{Role: "assistant", Text: "z", ToolCalls: calls},
				{Role: "tool", ToolCallID: "a", Text: "1"},
				{Role: "tool", ToolCallID: "b", Text: "2"},
				{Role: "user", Text: "so?"},
			},
			MaxTokens: 5, Temperature: &half, Stop: []string{"S"}, Tools: []Tool{{Name: "f", Description: "d"}}, ToolChoice: ToolNone,
		}, `{"messages":[{"role":"user","content":[{"text":"x"},{"text":"y"}]},{"role":"assistant","content":[{"text":"z"},{"toolUse":{"input":{"x":1},"name":"f","toolUseId":"a"}},{"toolUse":{"input":{},"name":"g","toolUseId":"b"}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"1"}]}},{"toolResult":{"toolUseId":"b","content":[{"text":"2"}]}},{"text":"so?"}]}],"system":[{"text":"A\n\nB"}],"inferenceConfig":{"maxTokens":5,"temperature":1,"stopSequences":["S"]},"toolConfig":{"tools":[{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object","properties":{}}}}}]}}`},
		{Request{Messages: []Message{{Role: "user", Text: "hi"}}, Tools: []Tool{{Name: "f"}}, ToolChoice: ToolNone}, `{"messages":[{"role":"user","content":[{"text":"hi"}]}]}`},
		{Request{Messages: []Message{{Role: "user", Text: "hi"}}, Stop: []string{"S"}, JSON: true, Schema: json.RawMessage(`{"a":1}`)}, `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"stopSequences":["S"]},"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"answer","schema":"{\"a\":1}"}}}}}`},
	} {
		if got := string(bedrock{bedrockAWS}.appendBody(nil, &c.req)); got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
}

func TestConverseToolsRoundTrip(t *testing.T) {
	for _, choice := range []string{"", ToolAuto, ToolRequired, "f"} {
		want := &Request{
			Model: "m", IncludeUsage: true, ToolChoice: choice, Tools: []Tool{{Name: "f", Description: "d", Schema: json.RawMessage(`{"type":"object"}`)}},
			JSON: true, Schema: json.RawMessage(`{"type":"object"}`),
			Messages: []Message{
				{Role: "user", Text: "hi"},
				{Role: "assistant", Text: "t", ToolCalls: []ToolCall{{ID: "a", Name: "f", Arguments: `{"x":1}`}}},
				{Role: "tool", Text: "r", ToolCallID: "a"},
			},
		}
		d := bedrock{bedrockAWS}
		r, err := d.NewRequest(t.Context(), "http://h", "k", want)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, fail := d.DecodeRequest(r, body); fail != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %s\n got %+v, %v\nwant %+v", choice, body, got, fail, want)
		}
	}
}

func TestBedrockRoute(t *testing.T) {
	for _, c := range []struct {
		method, path, model string
		op                  Operation
		kind                FailureKind
	}{
		{"POST", "/model/a.b-v1%3A0/converse", "a.b-v1:0", OpChat, ""},
		{"POST", "/model/a.b-v1:0/converse-stream", "a.b-v1:0", OpChat, ""},
		{"POST", "/model/arn%3Aaws%3Abedrock%3Ar%3A1%3Ainference-profile%2Fus.a.b/invoke", "arn:aws:bedrock:r:1:inference-profile/us.a.b", OpChat, ""},
		{"POST", "/model/arn:aws:bedrock:r:1:inference-profile/us.a.b/invoke-with-response-stream", "arn:aws:bedrock:r:1:inference-profile/us.a.b", OpChat, ""},
		{"POST", "/model/m/count-tokens", "m", OpCountTokens, ""},
		{"GET", "/model/m/converse", "m", OpChat, FailMethod},
		{"POST", "/model/m/sing", "m", OpUnknown, FailNotFound},
		{"POST", "/model//converse", "", OpUnknown, FailNotFound},
		{"POST", "/model/m", "", OpUnknown, FailNotFound},
		{"GET", "/foundation-models", "", OpModels, ""},
		{"GET", "/foundation-models/a.b-v1:0", "", OpOther, ""},
		{"POST", "/foundation-models", "", OpModels, FailMethod},
		{"GET", "/", "", OpUnknown, FailNotFound},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		op, _, fail := bedrock{bedrockAWS}.Route(r)
		model, _, _ := bedrockPath(r.URL)
		if op != c.op || model != c.model || (fail == nil) != (c.kind == "") || fail != nil && fail.Kind != c.kind {
			t.Errorf("%s %s: %v of %q, %v", c.method, c.path, op, model, fail)
		}
	}
}

// What a 200 may hold that is no answer.
func TestBedrockAnswersThatAreNone(t *testing.T) {
	for _, body := range []string{``, `{}`, `{"message":"The model returned the following errors: x"}`, `<html>`, `{"output":{}}`, `{"output":{"message":null}}`, `{"output":{"message":{"content":[{"text":5}]}}}`} {
		if a, err := (bedrock{bedrockAWS}).DecodeAnswer([]byte(body)); !isMalformed(err) {
			t.Errorf("%s is %+v, %v", body, a, err)
		}
	}
}

func TestBedrockDecodeFailure(t *testing.T) {
	const coral = ":http://internal.amazon.com/coral/com.amazon.bedrock/"
	for _, c := range []struct {
		status            int
		typ, after, body  string
		kind              FailureKind
		message, wantType string
	}{
		{429, "ThrottlingException" + coral, "", `{"message":"Too many tokens, please wait before trying again."}`, FailRateLimit, "Too many tokens, please wait before trying again.", "ThrottlingException"},
		{429, "ThrottlingException", "", `{"message":"Too many tokens per day, please wait before trying again."}`, FailQuota, "Too many tokens per day, please wait before trying again.", "ThrottlingException"},
		{429, "", "", `{"__type":"com.amazonaws.bedrockruntime#ThrottlingException","Message":"m"}`, FailRateLimit, "m", "ThrottlingException"},
		{429, "ThrottlingException", "1500", ``, FailRateLimit, "", "ThrottlingException"},
		{429, "", "", `{"message":"m"}`, FailRateLimit, "m", ""},
		{400, "ThrottlingException", "", `{"message":"m"}`, FailRateLimit, "m", "ThrottlingException"},
		{403, "", "", `{"Message":"Authentication failed: Please make sure your API Key is valid."}`, FailAuth, "Authentication failed: Please make sure your API Key is valid.", ""},
		{403, "AccessDeniedException", "", `{"Message":"User: x is not authorized"}`, FailPermission, "User: x is not authorized", "AccessDeniedException"},
		{404, "ResourceNotFoundException", "", `{"message":"This model version has reached the end of its life."}`, FailModelNotFound, "This model version has reached the end of its life.", "ResourceNotFoundException"},
		{400, "ValidationException", "", `{"message":"This Model is marked by provider as Legacy and you have not been actively using the model"}`, FailModelNotFound, "This Model is marked by provider as Legacy and you have not been actively using the model", "ValidationException"},
		{400, "ValidationException", "", `{"message":"Invocation of model ID x with on-demand throughput isn’t supported."}`, FailModelNotFound, "Invocation of model ID x with on-demand throughput isn’t supported.", "ValidationException"},
		{400, "ValidationException", "", `{"message":"The model returned the following errors: Input is too long for requested model."}`, FailContextLength, "The model returned the following errors: Input is too long for requested model.", "ValidationException"},
		{424, "ModelErrorException", "", `{"message":"m","originalStatusCode":500,"resourceName":"r"}`, FailServer, "m", "ModelErrorException"},
		{503, "", "", `{"exceptionMetadata":{"qosTier":"10"},"message":"Too many connections, please wait before trying again."}`, FailOverload, "Too many connections, please wait before trying again.", ""},
		{503, "ServiceUnavailableException", "", `<html>`, FailOverload, "", "ServiceUnavailableException"},
		{529, "", "", `{"type":"error","error":{"type":"overloaded_error"}}`, FailOverload, "", ""},
		{404, "UnknownOperationException", "", `{}`, FailNotFound, "", "UnknownOperationException"},
	} {
		h := http.Header{"X-Amzn-Errortype": {c.typ}, "X-Amzn-Requestid": {"id"}}
		if c.after != "" {
			h.Set("X-Amz-Retry-After", c.after)
		}
		f := bedrock{bedrockAWS}.DecodeFailure(c.status, h, []byte(c.body))
		if f.Kind != c.kind || f.Message != c.message || f.Type != c.wantType || f.RequestID != "id" || f.Status != c.status || (f.RetryAfter > 0) != (c.after != "") {
			t.Errorf("%d %s %s: %+v", c.status, c.typ, c.body, f)
		}
	}
}

// Any body is accepted or refused in words, and what is accepted the client can
// write again.
func FuzzBedrockRequest(f *testing.F) {
	f.Add("m", "converse", `{"messages":[{"role":"user","content":[{"text":"x"},{"toolResult":{"toolUseId":"a","content":[{"json":{}}]}}]}],"system":[{"text":"s"}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}],"toolChoice":{"any":{}}}}`)
	f.Add("m", "converse", `{"messages":[{"role":"user","content":[{}]}],"toolConfig":{}}`)
	f.Add("us.anthropic.c-v1:0", "invoke", `{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"role":"user","content":"x"}]}`)
	f.Add("amazon.nova-lite-v1:0", "invoke-with-response-stream", `{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"max_new_tokens":5}}`)
	f.Add("meta.llama", "invoke", `{"prompt":"x","max_gen_len":5}`)
	f.Add("arn:aws:bedrock:r::foundation-model/a.b", "count-tokens", `{"input":{"invokeModel":{"body":"e30="}}}`)
	f.Fuzz(func(t *testing.T, model, action, body string) {
		d := bedrock{bedrockAWS}
		r := askBedrock("m", "converse", "")
		r.URL.Path, r.URL.RawPath = "/model/"+model+"/"+action, ""
		for name, decode := range map[string]func(*http.Request, []byte) (*Request, *Failure){"chat": d.DecodeRequest, "count": d.DecodeCount} {
			req, fail := decode(r, []byte(body))
			if (req == nil) == (fail == nil) {
				t.Fatalf("%s: request %v, failure %v", name, req, fail)
			}
			if fail != nil {
				w := httptest.NewRecorder()
				d.WriteFailure(w, fail)
				if w.Code != http.StatusBadRequest || !json.Valid(w.Body.Bytes()) {
					t.Fatalf("%s: %d %s", name, w.Code, w.Body)
				}
				continue
			}
			out, err := d.NewRequest(t.Context(), "http://localhost", "k:s", req)
			if err != nil {
				t.Fatal(err)
			}
			if b, _ := io.ReadAll(out.Body); !json.Valid(b) {
				t.Fatalf("%s: the client writes %s", name, b)
			}
		}
	})
}

func FuzzSageMakerRequest(f *testing.F) {
	f.Add("e", `{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f"}}]}`)
	f.Add("", `{`)
	f.Fuzz(func(t *testing.T, endpoint, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.URL.Path = "/endpoints/" + endpoint + "/invocations"
		req, fail := sageMakerAWS.DecodeRequest(r, []byte(body))
		if (req == nil) == (fail == nil) {
			t.Fatalf("request %v, failure %v", req, fail)
		}
		if fail != nil {
			w := httptest.NewRecorder()
			sageMakerAWS.WriteFailure(w, fail)
			if w.Code != http.StatusBadRequest && w.Code != http.StatusFailedDependency || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
	})
}

// No form of a stream allocates for a token, whether of text or of a call.
func TestBedrockStreamsDoNotAllocate(t *testing.T) {
	for _, surface := range []string{"", "invoke-anthropic", "invoke-nova", "invoke-llama"} {
		s, err := bedrock{bedrockAWS}.StartStream(httptest.NewRecorder(), &Request{Surface: surface}, &Answer{Model: "m"})
		if err != nil {
			t.Fatal(err)
		}
		switch w := s.(type) {
		case *converseStream:
			w.w = void{}
		case *chunkStream:
			w.chunks.w = void{}
		}
		if n := testing.AllocsPerRun(100, func() { _ = s.Text(" \"token\"") }); n != 0 {
			t.Errorf("%q: %v allocations per text", surface, n)
		}
		calls := s.(ToolStreamWriter)
		_ = calls.ToolCall(ToolCallDelta{ID: "i", Name: "f"})
		if n := testing.AllocsPerRun(100, func() { _ = calls.ToolCall(ToolCallDelta{Arguments: `{"a":`}) }); n != 0 {
			t.Errorf("%q: %v allocations per piece of a call", surface, n)
		}
	}
}

// void takes every byte.
type void struct{ http.ResponseWriter }

func (void) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkBedrockNewRequest(b *testing.B) {
	req := &Request{Model: "amazon.nova-lite-v1:0", MaxTokens: 100, Messages: []Message{{Role: "user", Text: strings.Repeat("word ", 50)}}}
	for name, key := range map[string]string{"signed": "AKID:secret", "bearer": "key"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := (bedrock{bedrockAWS}).NewRequest(b.Context(), "http://127.0.0.1:1", key, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
