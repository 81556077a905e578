//go:build !race

package mocks_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ollama/ollama/api"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// Ollama's own Go client is the judge of its native API.

func ollamaClient(t *testing.T, r *rig) *api.Client {
	t.Helper()
	base, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	return api.NewClient(base, r.client)
}

// quick is the Ollama preset, thousands of times as fast.
func quick(p *plan.Provider) {
	p.Service = plan.Service{
		Model: plan.ServiceEdge, FirstToken: 2 * time.Millisecond, PerToken: 100 * time.Microsecond,
		Slots: 4, Queue: 8, ColdStart: 30 * time.Millisecond, KeepAlive: time.Hour,
	}
}

func TestOllamaSDK(t *testing.T) {
	r := start(t, spec(t, "ollama", quick))
	c := ollamaClient(t, r)
	model := r.Spec().Models[0].ID
	off := false

	if v, err := c.Version(t.Context()); err != nil || v != "0.17.4" {
		t.Errorf("version %q, %v", v, err)
	}
	if err := c.Heartbeat(t.Context()); err != nil {
		t.Error(err)
	}
	list, err := c.List(t.Context())
	if err != nil || len(list.Models) != len(r.Spec().Models) || list.Models[0].Name != model || list.Models[0].Details.QuantizationLevel != "Q4_K_M" || list.Models[0].Details.ParameterSize != "3.8B" || list.Models[0].Size == 0 {
		t.Errorf("models %+v, %v", list, err)
	}
	show, err := c.Show(t.Context(), &api.ShowRequest{Model: model})
	if err != nil || show.Details.Family != "phi3" || show.ModelInfo["phi3.context_length"] != 4096.0 || len(show.Capabilities) != 2 {
		t.Errorf("show %+v, %v", show, err)
	}

	// Nothing is in memory yet: the first answer says how long loading took.
	if ps, err := c.ListRunning(t.Context()); err != nil || len(ps.Models) != 0 {
		t.Errorf("running %+v, %v", ps, err)
	}
	for i, cold := range []bool{true, false} {
		var text strings.Builder
		var last api.ChatResponse
		lines := 0
		err := c.Chat(t.Context(), &api.ChatRequest{Model: model, Messages: []api.Message{{Role: "user", Content: "in 20 words [[bo:oc]]"}}}, func(a api.ChatResponse) error {
			text.WriteString(a.Message.Content)
			lines++
			last = a
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		verified(t, text.String(), "oc", 20)
		m := last.Metrics
		if !last.Done || last.DoneReason != "stop" || lines < 2 || m.PromptEvalCount == 0 || m.EvalCount < 20 || m.PromptEvalDuration <= 0 || m.EvalDuration <= 0 || m.TotalDuration < m.PromptEvalDuration+m.EvalDuration {
			t.Errorf("last line of answer %d: %+v", i, last)
		}
		if cold != (m.LoadDuration >= 30*time.Millisecond) || !cold && m.LoadDuration != 0 {
			t.Errorf("answer %d: loading took %v", i, m.LoadDuration)
		}
	}
	ps, err := c.ListRunning(t.Context())
	if err != nil || len(ps.Models) != 1 || ps.Models[0].Name != model || time.Until(ps.Models[0].ExpiresAt) < 50*time.Minute || ps.Models[0].ContextLength != 4096 {
		t.Errorf("running %+v, %v", ps, err)
	}

	var whole api.ChatResponse
	keep := func(a api.ChatResponse) error { whole = a; return nil }
	err = c.Chat(t.Context(), &api.ChatRequest{
		Model: model, Stream: &off, Options: map[string]any{"num_predict": 7},
		Messages: []api.Message{{Role: "system", Content: "Be brief."}, {Role: "user", Content: "in 50 words [[bo:cut]]"}},
	}, keep)
	if err != nil || whole.DoneReason != "length" || whole.EvalCount != 7 || whole.Message.Role != "assistant" {
		t.Errorf("a cut answer: %+v, %v", whole, err)
	}

	var words strings.Builder
	err = c.Generate(t.Context(), &api.GenerateRequest{Model: model, Prompt: "in 9 words [[bo:gen]]", System: "Be brief."}, func(a api.GenerateResponse) error {
		words.WriteString(a.Response)
		if a.Done && (a.DoneReason != "stop" || a.EvalCount == 0 || len(a.Context) == 0) {
			t.Errorf("last line of generate: %+v", a)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	verified(t, words.String(), "gen", 9)

	// Without a question the model is loaded, and nothing is said.
	err = c.Generate(t.Context(), &api.GenerateRequest{Model: model}, func(a api.GenerateResponse) error {
		if a.Response != "" || !a.Done || a.DoneReason != "load" {
			t.Errorf("loading: %+v", a)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}

	e, err := c.Embed(t.Context(), &api.EmbedRequest{Model: "nomic-embed-text", Input: []string{"one", "two"}})
	if err != nil || len(e.Embeddings) != 2 || len(e.Embeddings[0]) != 768 || e.PromptEvalCount == 0 {
		t.Errorf("embed: %d vectors, %+v", len(e.Embeddings), err)
	}
	old, err := c.Embeddings(t.Context(), &api.EmbeddingRequest{Model: "nomic-embed-text", Prompt: "one"})
	if err != nil || len(old.Embedding) != 768 || float32(old.Embedding[5]) != e.Embeddings[0][5] {
		t.Errorf("embeddings: %v", err)
	}
}

func TestOllamaSDKTools(t *testing.T) {
	r := start(t, spec(t, "ollama", quick))
	c := ollamaClient(t, r)
	var tools api.Tools
	if err := json.Unmarshal([]byte(`[{"type":"function","function":{"name":"weather","description":"The weather","parameters":{"type":"object","required":["city"],"properties":{"city":{"type":"string","description":"where"}}}}}]`), &tools); err != nil {
		t.Fatal(err)
	}
	for _, stream := range []bool{true, false} {
		asks := []api.Message{{Role: "user", Content: "call weather [[bo:tool]]"}}
		var call *api.ToolCall
		var text string
		each := func(a api.ChatResponse) error {
			text += a.Message.Content
			for i := range a.Message.ToolCalls {
				call = &a.Message.ToolCalls[i]
			}
			return nil
		}
		if err := c.Chat(t.Context(), &api.ChatRequest{Model: r.Spec().Models[0].ID, Stream: &stream, Tools: tools, Messages: asks}, each); err != nil {
			t.Fatal(err)
		}
		if call == nil || call.Function.Name != "weather" || call.ID == "" {
			t.Fatalf("stream %v: call %+v, text %q", stream, call, text)
		}
		if city, ok := call.Function.Arguments.Get("city"); !ok || city == "" {
			t.Errorf("arguments %v", call.Function.Arguments)
		}
		// The result in hand, it answers.
		text = ""
		asks = append(asks, api.Message{Role: "assistant", ToolCalls: []api.ToolCall{*call}}, api.Message{Role: "tool", ToolName: "weather", ToolCallID: call.ID, Content: "sunny"})
		call = nil
		if err := c.Chat(t.Context(), &api.ChatRequest{Model: r.Spec().Models[0].ID, Stream: &stream, Tools: tools, Messages: asks}, each); err != nil {
			t.Fatal(err)
		}
		if call != nil || text == "" {
			t.Errorf("stream %v: after the result: call %+v, text %q", stream, call, text)
		}
	}
}

// Every kind of failure comes out of the client as its own error type, in
// Ollama's words.
func TestOllamaSDKErrors(t *testing.T) {
	ask := func(r *rig, model string) error {
		off := false
		return ollamaClient(t, r).Chat(t.Context(), &api.ChatRequest{Model: model, Stream: &off, Messages: []api.Message{{Role: "user", Content: "hi [[bo:e]]"}}}, func(api.ChatResponse) error { return nil })
	}
	for _, c := range []struct {
		kind   wire.FailureKind
		status int
		says   string
	}{
		{wire.FailOverload, 503, "server busy, please try again.  maximum pending requests exceeded"},
		{wire.FailServer, 500, "an error was encountered while running the model"},
		{wire.FailModelNotFound, 404, "not found"},
		{wire.FailContextLength, 400, "the prompt is longer than the context length"},
		{wire.FailRateLimit, 429, "too many requests"},
		{wire.FailBadRequest, 400, "invalid request"},
	} {
		r := start(t, spec(t, "ollama", nil))
		r.Inject("f", always(mocks.Effect{Fail: &wire.Failure{Kind: c.kind, Model: "m"}}))
		err := ask(r, r.Spec().Models[0].ID)
		var e api.StatusError
		if !errors.As(err, &e) || e.StatusCode != c.status || !strings.Contains(e.ErrorMessage, c.says) {
			t.Errorf("%s: %#v", c.kind, err)
		}
	}
	r := start(t, spec(t, "ollama", nil))
	var e api.StatusError
	if err := ask(r, "nothing"); !errors.As(err, &e) || e.StatusCode != 404 || e.ErrorMessage != "model 'nothing' not found" {
		t.Errorf("an unknown model: %#v", err)
	}
	if _, err := ollamaClient(t, r).Show(t.Context(), &api.ShowRequest{Model: "nothing"}); !errors.As(err, &e) || e.StatusCode != 404 {
		t.Errorf("show of an unknown model: %#v", err)
	}
	// While a model loads, as many as the queue holds may wait for it.
	r = start(t, spec(t, "ollama", func(p *plan.Provider) {
		quick(p)
		p.Service.ColdStart, p.Service.Queue = time.Hour, 1
	}))
	waits := make(chan error, 1)
	first := request(r.Spec(), "first", "hi", false)
	go func() {
		d, _ := wire.Lookup("ollama")
		hr, err := d.NewRequest(t.Context(), r.URL, "", first)
		if err == nil {
			var resp *http.Response
			if resp, err = r.client.Do(hr); err == nil {
				resp.Body.Close()
			}
		}
		waits <- err
	}()
	poll(t, func() bool { return r.Gauge().Waiting == 1 })
	if err := ask(r, r.Spec().Models[0].ID); !errors.As(err, &e) || e.StatusCode != 503 || !strings.Contains(e.ErrorMessage, "maximum pending requests exceeded") {
		t.Errorf("a full queue: %#v", err)
	}
	r.client.CloseIdleConnections()
	t.Cleanup(func() { <-waits })
}

// OpenAI's client is the judge of the paths below /v1.
func TestOllamaCompatSDK(t *testing.T) {
	r := start(t, spec(t, "ollama", quick))
	c := openai.NewClient(option.WithBaseURL(r.URL+"/v1"), option.WithAPIKey("ollama"), option.WithMaxRetries(0), option.WithHTTPClient(r.client))
	model := r.Spec().Models[0].ID
	asks := openai.ChatCompletionNewParams{Model: model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("in 12 words [[bo:oo]]")}}
	a, err := c.Chat.Completions.New(t.Context(), asks)
	if err != nil {
		t.Fatal(err)
	}
	verified(t, a.Choices[0].Message.Content, "oo", 12)
	if number := strings.TrimPrefix(a.ID, "chatcmpl-"); len(number) > 3 || number == a.ID || !strings.Contains(a.RawJSON(), `"system_fingerprint":"fp_ollama"`) || a.Usage.CompletionTokens == 0 || a.Model != model {
		t.Errorf("answer %+v", a)
	}
	asks.StreamOptions.IncludeUsage = openai.Bool(true)
	s := c.Chat.Completions.NewStreaming(t.Context(), asks)
	whole := openai.ChatCompletionAccumulator{}
	for s.Next() {
		whole.AddChunk(s.Current())
	}
	if s.Err() != nil || whole.Choices[0].FinishReason != "stop" || whole.Usage.TotalTokens != a.Usage.TotalTokens {
		t.Errorf("stream %+v, %v", whole.ChatCompletion, s.Err())
	}
	verified(t, whole.Choices[0].Message.Content, "oo", 12)

	list, err := c.Models.List(t.Context())
	if err != nil || len(list.Data) != len(r.Spec().Models) || list.Data[0].OwnedBy != "library" {
		t.Errorf("models %+v, %v", list, err)
	}
	if m, err := c.Models.Get(t.Context(), url.PathEscape(model)); err != nil || m.ID != model {
		t.Errorf("model %+v, %v", m, err)
	}
	e, err := c.Embeddings.New(t.Context(), openai.EmbeddingNewParams{Model: "nomic-embed-text", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("one")}})
	if err != nil || len(e.Data) != 1 || len(e.Data[0].Embedding) != 768 {
		t.Errorf("embeddings %v", err)
	}

	var failed *openai.Error
	asks.Model = "nothing"
	if _, err := c.Chat.Completions.New(t.Context(), asks); !errors.As(err, &failed) || failed.StatusCode != 404 || failed.Type != "not_found_error" || failed.Code != "" || failed.Message != "model 'nothing' not found" {
		t.Errorf("an unknown model: %v", err)
	}
	if _, err := c.Models.Get(t.Context(), "nothing"); !errors.As(err, &failed) || failed.StatusCode != 404 || failed.Type != "not_found_error" {
		t.Errorf("the entry of an unknown model: %v", err)
	}
	asks.Model, asks.Messages = model, []openai.ChatCompletionMessageParamUnion{}
	if _, err := c.Chat.Completions.New(t.Context(), asks); !errors.As(err, &failed) || failed.StatusCode != 400 || failed.Type != "invalid_request_error" || failed.Message != "[] is too short - 'messages'" {
		t.Errorf("no messages: %v", err)
	}
	asks.Messages = []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")}
	clear := r.Inject("f", always(mocks.Effect{Fail: &wire.Failure{Kind: wire.FailOverload}}))
	if _, err := c.Chat.Completions.New(t.Context(), asks); !errors.As(err, &failed) || failed.StatusCode != 503 || failed.Type != "api_error" {
		t.Errorf("overload: %v", err)
	}
	clear()
}

// What no client sends is answered in Ollama's words too.
func TestOllamaRefusals(t *testing.T) {
	r := start(t, spec(t, "ollama", nil))
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "/api/chat", ``, 400, `{"error":"missing request body"}`},
		{"POST", "/api/chat", `{`, 400, `{"error":"unexpected end of JSON input"}`},
		{"POST", "/api/chat", `{"messages":[]}`, 400, `{"error":"model is required"}`},
		{"POST", "/api/chat", `{"model":"m","messages":7}`, 400, `ChatRequest.messages of type`},
		{"POST", "/api/chat", `{"model":"m","messages":[{"role":"king","content":"x"}]}`, 400, `{"error":"invalid role: king, must be one of [system, user, assistant, tool]"}`},
		{"POST", "/api/generate", `{}`, 404, `{"error":"model '' not found"}`},
		{"POST", "/api/embed", `{"model":"m","input":7}`, 400, `{"error":"invalid input type"}`},
		{"POST", "/api/show", `{}`, 400, `{"error":"model is required"}`},
		{"POST", "/v1/chat/completions", `{`, 400, `{"error":{"message":"unexpected end of JSON input","type":"invalid_request_error","param":null,"code":null}}`},
		{"GET", "/api/chat", ``, 405, `405 method not allowed`},
		{"GET", "/api/nothing", ``, 404, `404 page not found`},
		{"GET", "/", ``, 200, `Ollama is running`},
	} {
		req, err := http.NewRequest(c.method, r.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || !strings.Contains(string(body), c.says) {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, resp.StatusCode, body)
		}
	}
}
