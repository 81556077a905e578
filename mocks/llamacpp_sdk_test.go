package mocks_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

func llamaClient(r *rig, key string) openai.Client {
	return openai.NewClient(option.WithBaseURL(r.URL+"/v1"), option.WithAPIKey(key), option.WithMaxRetries(0), option.WithHTTPClient(r.client))
}

// timings are what only llama.cpp adds to an answer.
type timings struct {
	Timings struct {
		PromptN      int     `json:"prompt_n"`
		PromptMS     float64 `json:"prompt_ms"`
		PredictedN   int     `json:"predicted_n"`
		PredictedMS  float64 `json:"predicted_ms"`
		PredictedPer float64 `json:"predicted_per_second"`
	} `json:"timings"`
}

func TestLlamaCppSDK(t *testing.T) {
	r := start(t, spec(t, "llamacpp", func(p *plan.Provider) {
		p.Service = plan.Service{Model: plan.ServiceEdge, FirstToken: 2 * time.Millisecond, PerToken: 100 * time.Microsecond, Slots: 2, Warm: true, Cold: plan.ColdRefuse}
	}))
	c := llamaClient(r, "none needed")
	model := r.Spec().Models[0].ID
	asks := openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("in 12 words [[bo:ll]]")}}
	a, err := c.Chat.Completions.New(t.Context(), asks)
	if err != nil {
		t.Fatal(err)
	}
	verified(t, a.Choices[0].Message.Content, "ll", 12)
	var took timings
	if err := json.Unmarshal([]byte(a.RawJSON()), &took); err != nil || took.Timings.PromptN == 0 || took.Timings.PromptMS < 2 || took.Timings.PredictedN != int(a.Usage.CompletionTokens) || took.Timings.PredictedPer < 1000 {
		t.Errorf("timings %+v, %v", took, err)
	}
	for _, usage := range []bool{true, false} {
		asks.StreamOptions.IncludeUsage = openai.Bool(usage)
		s := c.Chat.Completions.NewStreaming(t.Context(), asks)
		whole := openai.ChatCompletionAccumulator{}
		for s.Next() {
			whole.AddChunk(s.Current())
			took = timings{}
			if err := json.Unmarshal([]byte(s.Current().RawJSON()), &took); err != nil {
				t.Error(err)
			}
		}
		if s.Err() != nil || whole.Choices[0].FinishReason != "stop" || (whole.Usage.TotalTokens == a.Usage.TotalTokens) != usage || took.Timings.PredictedN != int(a.Usage.CompletionTokens) {
			t.Errorf("stream %+v, %v, %+v", whole.ChatCompletion, s.Err(), took)
		}
		verified(t, whole.Choices[0].Message.Content, "ll", 12)
	}
	asks.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "get_time"})}
	asks.ToolChoice = openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("required")}
	if a, err = c.Chat.Completions.New(t.Context(), asks); err != nil || a.Choices[0].FinishReason != "tool_calls" || len(a.Choices[0].Message.ToolCalls) != 1 || len(a.Choices[0].Message.ToolCalls[0].ID) != 32 {
		t.Errorf("a tool: %+v, %v", a, err)
	}
	list, err := c.Models.List(t.Context())
	if err != nil || len(list.Data) != len(r.Spec().Models) || list.Data[0].OwnedBy != "llamacpp" {
		t.Errorf("models %+v, %v", list, err)
	}

	for path, says := range map[string]string{
		"/health": `{"status":"ok"}`, "/v1/health": `{"status":"ok"}`, "/models": `"owned_by":"llamacpp"`,
		"/slots": `{"id":1,"n_ctx":4096,"is_processing":false}`, "/props": `"total_slots":2`,
		"/metrics": "llamacpp:tokens_predicted_total ", "/slots?fail_on_no_slot=1": `"id":0`,
	} {
		if status, body := get(t, r, path); status != http.StatusOK || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for path, says := range map[string]string{"/nothing": "File Not Found", "/v1/chat/completions": "File Not Found", "/v1/models/x": "File Not Found"} {
		if status, body := get(t, r, path); status != http.StatusNotFound || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func get(t *testing.T, r *rig, path string) (int, string) {
	t.Helper()
	resp, err := r.client.Get(r.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestLlamaCppSDKErrors(t *testing.T) {
	r := start(t, spec(t, "llamacpp", func(p *plan.Provider) { p.Key = "secret" }))
	asks := openai.ChatCompletionNewParams{Model: r.Spec().Models[0].ID, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi [[bo:e]]")}}
	try := func(key string) *openai.Error {
		t.Helper()
		c := llamaClient(r, key)
		_, err := c.Chat.Completions.New(t.Context(), asks)
		var e *openai.Error
		if !errors.As(err, &e) {
			t.Fatalf("not an API error: %v", err)
		}
		return e
	}
	if e := try("wrong"); e.StatusCode != 401 || e.Type != "authentication_error" || e.Message != "Invalid API Key" || e.Code != "401" {
		t.Errorf("a wrong key: %v", e)
	}
	for _, path := range []string{"/health", "/v1/models"} {
		if status, _ := get(t, r, path); status != http.StatusOK {
			t.Errorf("%s asks for a key: %d", path, status)
		}
	}
	if status, _ := get(t, r, "/slots"); status != http.StatusUnauthorized {
		t.Errorf("/slots asks for no key: %d", status)
	}
	for _, c := range []struct {
		kind   wire.FailureKind
		status int
		typ    string
	}{
		{wire.FailOverload, 503, "unavailable_error"},
		{wire.FailServer, 500, "server_error"},
		{wire.FailModelNotFound, 404, "not_found_error"},
		{wire.FailContextLength, 400, "exceed_context_size_error"},
		{wire.FailBadRequest, 400, "invalid_request_error"},
	} {
		clear := r.Inject("f", always(mocks.Effect{Fail: &wire.Failure{Kind: c.kind, Model: "m", Asked: 9, LimitValue: 8}}))
		if e := try("secret"); e.StatusCode != c.status || e.Type != c.typ {
			t.Errorf("%s: %v", c.kind, e)
		}
		clear()
	}
	asks.Messages = []openai.ChatCompletionMessageParamUnion{openai.UserMessage(strings.Repeat("word ", 5000))}
	if e := try("secret"); e.StatusCode != 400 || e.Type != "exceed_context_size_error" || !strings.Contains(e.RawJSON(), `"n_ctx":4096`) {
		t.Errorf("a prompt that is too long: %v", e)
	}
}

// While its model loads the server refuses everything and says so; calls
// beyond its slots wait.
func TestLlamaCppLoads(t *testing.T) {
	r := start(t, spec(t, "llamacpp", func(p *plan.Provider) {
		p.Service = plan.Service{Model: plan.ServiceEdge, Slots: 1, Cold: plan.ColdRefuse, ColdStart: time.Hour}
	}))
	c := llamaClient(r, "k")
	asks := openai.ChatCompletionNewParams{Model: r.Spec().Models[0].ID, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")}}
	var e *openai.Error
	if _, err := c.Chat.Completions.New(t.Context(), asks); !errors.As(err, &e) || e.StatusCode != 503 || e.Type != "unavailable_error" || e.Message != "Loading model" {
		t.Errorf("while it loads: %v", err)
	}
	if status, body := get(t, r, "/health"); status != 503 || !strings.Contains(body, "Loading model") {
		t.Errorf("health: %d %s", status, body)
	}
	for path, want := range map[string]int{"/metrics": 503, "/slots": 503, "/props": 503, "/v1/models": 200} {
		if status, body := get(t, r, path); status != want || (status == 503) != strings.Contains(body, "Loading model") {
			t.Errorf("%s while it loads: %d %s", path, status, body)
		}
	}
}

// A stream that has nothing to say yet shows that it lives.
func TestLlamaCppPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := provider(t, spec(t, "llamacpp", func(p *plan.Provider) {
			p.Service = plan.Service{Model: plan.ServiceEdge, Slots: 1, Warm: true, FirstToken: 2500 * time.Millisecond}
		}), nil)
		out := play(t, t.Context(), p, request(p.Spec(), "ping", "in 3 words", true))
		if body := out.body.String(); !strings.HasPrefix(body, ":\n\n:\n\ndata: {") || !strings.HasSuffix(body, "data: [DONE]\n\n") || out.status != 200 || out.header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
			t.Errorf("status %d, %v, %s", out.status, out.header, body)
		}
		unary := play(t, t.Context(), p, request(p.Spec(), "ping", "in 3 words", false))
		if strings.Contains(unary.body.String(), ":\n") || unary.status != 200 {
			t.Errorf("a whole answer: %s", unary.body.String())
		}
	})
}

// A GPU server that is full makes calls wait instead of refusing them, and its
// page says so.
func TestGPUProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := provider(t, spec(t, "vllm", func(p *plan.Provider) {
			p.Service = plan.Service{
				Model: plan.ServiceGPU, PrefillRate: 1000, StepBase: 10 * time.Millisecond,
				MaxSequences: 1, KVBlocks: 100, BlockTokens: 16,
			}
		}), nil)
		first, second := make(chan *tape), make(chan *tape)
		go func() { first <- play(t, t.Context(), p, request(p.Spec(), "one", "in 5 words", true)) }()
		synctest.Wait()
		go func() { second <- play(t, t.Context(), p, request(p.Spec(), "two", "in 5 words", true)) }()
		synctest.Wait()
		if g := p.Gauge(); g.Busy != 1 || g.Waiting != 1 {
			t.Errorf("%+v", g)
		}
		page := newTape()
		p.ServeHTTP(page, httpGet(t, "/metrics"))
		for _, line := range []string{"vllm:num_requests_running{", "vllm:num_requests_waiting{", "vllm:kv_cache_usage_perc{"} {
			if !strings.Contains(page.body.String(), line) {
				t.Errorf("the page lacks %s: %s", line, page.body.String())
			}
		}
		if strings.Contains(page.body.String(), `kv_cache_usage_perc{engine="0",model_name="`+p.Spec().Models[0].ID+`"} 0`+"\n") {
			t.Errorf("nothing is in the cache: %s", page.body.String())
		}
		a, b := <-first, <-second
		if a.status != 200 || b.status != 200 || b.writes[0] <= a.writes[len(a.writes)-1] {
			t.Errorf("first until %v, second from %v", a.writes[len(a.writes)-1], b.writes[0])
		}
	})
}

func httpGet(t *testing.T, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://mock"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RequestURI = path
	return r
}
