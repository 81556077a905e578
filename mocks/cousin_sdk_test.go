//go:build !race

package mocks_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// Providers that openai-go speaks to at paths of their own.
var cousins = []string{"azure", "xai", "groq", "mistral", "deepseek", "databricks", "azureml"}

func cousinClient(r *rig, key string) openai.Client {
	opts := []openaioption.RequestOption{openaioption.WithMaxRetries(0), openaioption.WithHTTPClient(r.client)}
	at := "/v1"
	switch r.Spec().Dialect {
	case "azure":
		return openai.NewClient(append(opts, azure.WithEndpoint(r.URL, "2024-10-21"), azure.WithAPIKey(key), azure.WithUnsafeAllowHTTP())...)
	case "groq":
		at = "/openai/v1"
	case "deepseek":
		at = ""
	case "databricks":
		at = "/serving-endpoints"
	}
	return openai.NewClient(append(opts, openaioption.WithBaseURL(r.URL+at), openaioption.WithAPIKey(key))...)
}

// Every preset serves whole answers, streamed and not, with the same usage and
// the right bill.
func TestCousinSDK(t *testing.T) {
	ctx := context.Background()
	for _, preset := range cousins {
		t.Run(preset, func(t *testing.T) {
			r := start(t, spec(t, preset, nil))
			client, m := cousinClient(r, "sk-test"), r.Spec().Models[0]
			got, err := client.Chat.Completions.New(ctx, openAIParams(m.ID, "Answer in 12 words. [[bo:one]]"))
			if err != nil {
				t.Fatal(err)
			}
			text := got.Choices[0].Message.Content
			verified(t, text, "one", 12)
			if got.Model != m.ID || got.Choices[0].FinishReason != "stop" {
				t.Errorf("model %q, finish %q", got.Model, got.Choices[0].FinishReason)
			}
			params := openAIParams(m.ID, "Answer in 12 words. [[bo:one]]")
			params.StreamOptions.IncludeUsage = openai.Bool(true)
			stream := client.Chat.Completions.NewStreaming(ctx, params)
			var acc openai.ChatCompletionAccumulator
			for stream.Next() {
				acc.AddChunk(stream.Current())
			}
			if err := stream.Err(); err != nil {
				t.Fatal(err)
			}
			if acc.Choices[0].Message.Content != text || acc.Usage.PromptTokens != got.Usage.PromptTokens || acc.Usage.CompletionTokens != got.Usage.CompletionTokens {
				t.Errorf("streamed %q with usage %+v, want %q with %+v", acc.Choices[0].Message.Content, acc.Usage, text, got.Usage)
			}
			for i, o := range r.calls.take(t, 2) {
				want := (float64(o.Prompt)*m.PriceIn + float64(o.Completion)*m.PriceOut) / 1e6
				if o.Marker != "one" || o.Attempt != i+1 || o.Status != 200 || o.CostUSD != want || o.Prompt != int(got.Usage.PromptTokens) {
					t.Errorf("observation %+v, want a bill of %v", o, want)
				}
			}
		})
	}
}

func TestCousinTools(t *testing.T) {
	ctx := context.Background()
	for _, preset := range cousins {
		t.Run(preset, func(t *testing.T) {
			r := start(t, spec(t, preset, nil))
			client, model := cousinClient(r, "sk-test"), r.Spec().Models[0].ID
			params := withTools(model, "What does get_weather say? [[bo:tool]]")
			got, err := client.Chat.Completions.New(ctx, params)
			if err != nil {
				t.Fatal(err)
			}
			calls := got.Choices[0].Message.ToolCalls
			if len(calls) != 1 || calls[0].Function.Name != "get_weather" || calls[0].ID == "" || got.Choices[0].FinishReason != "tool_calls" {
				t.Fatalf("answer %+v", got.Choices[0])
			}
			checkWeather(t, calls[0].Function.Arguments)
			if preset == "mistral" && len(calls[0].ID) != 9 {
				t.Errorf("id %q", calls[0].ID)
			}
			stream := client.Chat.Completions.NewStreaming(ctx, params)
			var acc openai.ChatCompletionAccumulator
			for stream.Next() {
				acc.AddChunk(stream.Current())
			}
			if err := stream.Err(); err != nil || len(acc.Choices[0].Message.ToolCalls) != 1 || acc.Choices[0].Message.ToolCalls[0].Function.Name != "get_weather" {
				t.Errorf("streamed %+v, %v", acc.Choices, err)
			} else {
				checkWeather(t, acc.Choices[0].Message.ToolCalls[0].Function.Arguments)
			}
			params.Messages = append(params.Messages, got.Choices[0].Message.ToParam(), openai.ToolMessage("sunny", calls[0].ID))
			after, err := client.Chat.Completions.New(ctx, params)
			if err != nil || after.Choices[0].FinishReason != "stop" || after.Choices[0].Message.Content == "" {
				t.Errorf("after the result: %+v, %v", after, err)
			}
			r.calls.take(t, 3)
		})
	}
}

func TestCousinEmbeddings(t *testing.T) {
	for _, preset := range []string{"azure", "mistral", "databricks"} {
		r := start(t, spec(t, preset, nil))
		var model plan.Model
		for _, m := range r.Spec().Models {
			if m.Embedding > 0 {
				model = m
			}
		}
		got, err := new(cousinClient(r, "sk-test")).Embeddings.New(context.Background(), openai.EmbeddingNewParams{
			Model: model.ID, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"a [[bo:e]]", "b"}},
		})
		if err != nil || len(got.Data) != 2 || len(got.Data[0].Embedding) != model.Embedding || got.Usage.PromptTokens == 0 {
			t.Errorf("%s: %v", preset, err)
		}
		r.calls.take(t, 1)
	}
}

// The responses API, where there is one.
func TestCousinResponses(t *testing.T) {
	for _, preset := range []string{"azure", "xai", "groq", "deepseek", "databricks"} {
		r := start(t, spec(t, preset, nil))
		client, model := cousinClient(r, "sk-test"), r.Spec().Models[0].ID
		params := responses.ResponseNewParams{Model: model, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("Answer in 12 words. [[bo:resp]]")}}
		got, err := client.Responses.New(context.Background(), params)
		if err != nil {
			t.Errorf("%s: %v", preset, err)
			continue
		}
		verified(t, got.OutputText(), "resp", 12)
		stream := client.Responses.NewStreaming(context.Background(), params)
		text := ""
		for stream.Next() {
			if e := stream.Current(); e.Type == "response.output_text.delta" {
				text += e.Delta
			}
		}
		if stream.Err() != nil || text != got.OutputText() {
			t.Errorf("%s: streamed %q, %v", preset, text, stream.Err())
		}
		r.calls.take(t, 2)
	}
}

// Wrong keys, unknown and retired models, limits, and requests that are none:
// each in the provider's own words.
func TestCousinRefusals(t *testing.T) {
	type refusal struct {
		status int
		says   string
	}
	for preset, want := range map[string]struct {
		key, unknown, retired, limited, path, method, body refusal
	}{
		"azure": {
			key: refusal{401, `"code":"401"`}, unknown: refusal{404, "DeploymentNotFound"}, retired: refusal{400, "does not work with the specified model"},
			limited: refusal{429, "have exceeded the call rate limit"}, path: refusal{404, `"message": "Resource not found"`}, method: refusal{404, `"message": "Resource not found"`}, body: refusal{400, "could not parse the JSON body"},
		},
		"xai": {
			key: refusal{400, "Incorrect API key provided"}, unknown: refusal{404, "does not exist or your team"}, retired: refusal{404, "does not exist or your team"},
			limited: refusal{429, "Too many requests for team"}, path: refusal{404, "No handler found on route"}, method: refusal{405, "Method not allowed"}, body: refusal{400, "Failed to parse the request body as JSON"},
		},
		"groq": {
			key: refusal{401, "Invalid API Key"}, unknown: refusal{404, "model_not_found"}, retired: refusal{400, "model_decommissioned"},
			limited: refusal{429, "on requests per minute (RPM)"}, path: refusal{404, "Unknown request URL: POST /nowhere"}, method: refusal{405, "Unknown request URL: PUT"}, body: refusal{400, "could not parse"},
		},
		"mistral": {
			key: refusal{401, `{"detail":"Unauthorized"}`}, unknown: refusal{400, `"code":"1500"`}, retired: refusal{400, `"type":"invalid_model"`},
			limited: refusal{429, `"code":"1300"`}, path: refusal{404, "no Route matched"}, method: refusal{405, `{"detail":"Method Not Allowed"}`}, body: refusal{422, "json_invalid"},
		},
		"deepseek": {
			key: refusal{401, "Authentication Fails, Your api key: ****rong is invalid"}, unknown: refusal{400, "Model Not Exist"}, retired: refusal{400, "Model Not Exist"},
			limited: refusal{429, "Rate Limit Reached"}, path: refusal{404, "Not Found"}, method: refusal{405, "Method Not Allowed"}, body: refusal{400, "Failed to parse the request body as JSON"},
		},
		"databricks": {
			key: refusal{403, "Invalid access token."}, unknown: refusal{404, "Endpoint with name 'nobody' does not exist."}, retired: refusal{404, "RESOURCE_DOES_NOT_EXIST"},
			limited: refusal{429, "Exceeded workspace QPS rate limit"}, path: refusal{404, "No API found for 'POST /nowhere'"}, method: refusal{404, "No API found for 'PUT "}, body: refusal{400, "Bad request: "},
		},
		"azureml": {
			key: refusal{401, "Access token is missing"}, unknown: refusal{404, "valid deployment with positive weight"}, retired: refusal{404, "valid deployment with positive weight"},
			limited: refusal{429, "Rate-limiting"}, path: refusal{404, "Not Found"}, method: refusal{405, "Method Not Allowed"}, body: refusal{424, "json_invalid"},
		},
	} {
		t.Run(preset, func(t *testing.T) {
			s := spec(t, preset, func(p *plan.Provider) { p.Key = "sk-right" })
			p := provider(t, s, nil)
			d, _ := wire.Lookup(s.Dialect)
			do := func(p *mocks.Provider, r *http.Request) *httptest.ResponseRecorder {
				w := httptest.NewRecorder()
				p.ServeHTTP(w, r)
				return w
			}
			ask := func(key, model string) *http.Request {
				q := request(s, "x", "Answer in 5 words.", false)
				q.Model = model
				r, err := d.NewRequest(t.Context(), "http://mock", key, q)
				if err != nil {
					t.Fatal(err)
				}
				return r
			}
			check := func(what string, w *httptest.ResponseRecorder, want refusal, kind wire.FailureKind) {
				t.Helper()
				if w.Code != want.status || !strings.Contains(w.Body.String(), want.says) {
					t.Errorf("%s: %d %s, want %d with %q", what, w.Code, w.Body, want.status, want.says)
				}
				if f := d.DecodeFailure(w.Code, w.Header(), w.Body.Bytes()); f.Kind != kind {
					t.Errorf("%s: read as %s", what, f.Kind)
				}
			}
			right := ask("sk-right", s.Models[0].ID)
			check("wrong key", do(p, ask("sk-wrong", s.Models[0].ID)), want.key, wire.FailAuth)
			check("unknown model", do(p, ask("sk-right", "nobody")), want.unknown, wire.FailModelNotFound)
			restore := p.SetLifecycle("sunset", s.Models[0].ID, mocks.Lifecycle{Retired: true})
			check("retired model", do(p, ask("sk-right", s.Models[0].ID)), want.retired, wire.FailModelNotFound)
			restore()

			r := ask("sk-right", s.Models[0].ID)
			r.URL.Path, r.URL.RawPath = "/nowhere", ""
			check("unknown path", do(p, r), want.path, wire.FailNotFound)
			method := wire.FailMethod
			if want.method.status == 404 {
				method = wire.FailNotFound
			}
			r = right.Clone(t.Context())
			r.Method = http.MethodPut
			check("wrong method", do(p, r), want.method, method)
			r = right.Clone(t.Context())
			r.Body = io.NopCloser(strings.NewReader(`{"model":`))
			check("broken JSON", do(p, r), want.body, wire.FailBadRequest)
			r = right.Clone(t.Context())
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), wire.MaxBody+1
			check("oversized body", do(p, r), refusal{413, ""}, wire.FailTooLarge)

			limited := provider(t, spec(t, preset, func(p *plan.Provider) { p.Limits.RequestsPerMinute = 6 }), nil)
			if w := do(limited, ask("sk-right", s.Models[0].ID)); w.Code != 200 {
				t.Errorf("first of a bucket of one: %d %s", w.Code, w.Body)
			}
			check("rate limit", do(limited, ask("sk-right", s.Models[0].ID)), want.limited, wire.FailRateLimit)
		})
	}
}

// The buckets that drain show in the headers of those who tell them.
func TestCousinLimitHeaders(t *testing.T) {
	for preset, header := range map[string]string{"azure": "X-Ratelimit-Remaining-Requests", "groq": "X-Ratelimit-Remaining-Requests", "mistral": "X-Ratelimit-Remaining-Req-Minute"} {
		r := start(t, spec(t, preset, func(p *plan.Provider) { p.Limits.RequestsPerMinute = 18 }))
		for i := range 4 {
			var raw *http.Response
			_, err := new(cousinClient(r, "sk-test")).Chat.Completions.New(context.Background(), openAIParams(r.Spec().Models[0].ID, "hi"), openaioption.WithResponseInto(&raw))
			if got, want := raw.Header.Get(header), []string{"2", "1", "0", "0"}[i]; got != want || (err != nil) != (i == 3) {
				t.Errorf("%s, call %d: %s remain, want %s; %v", preset, i+1, got, want, err)
			}
			var e *openai.Error
			if i == 3 && (!errors.As(err, &e) || e.StatusCode != 429) {
				t.Errorf("%s: %v", preset, err)
			}
		}
		r.calls.take(t, 4)
	}
}

// While a call waits, DeepSeek shows signs of life; what comes behind them is
// as if they had not been.
func TestDeepSeekSignsOfLife(t *testing.T) {
	for _, stream := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var o mocks.Observation
			s := spec(t, "deepseek", func(p *plan.Provider) { p.Service.FirstToken = 3500 * time.Millisecond })
			p := provider(t, s, func(got mocks.Observation) { o = got })
			d, _ := wire.Lookup("deepseek")
			r, err := d.NewRequest(t.Context(), "http://mock", "key", request(s, "slow", "Answer in 9 words.", stream))
			if err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			p.ServeHTTP(w, r)
			sign, text := "\n", ""
			if stream {
				sign = ": keep-alive\n\n"
				res := result{}
				res.readStream(d.NewStreamReader(strings.NewReader(w.Body.String())))
				text = res.text
			} else if a, err := d.DecodeAnswer(w.Body.Bytes()); err != nil {
				t.Error(err)
			} else {
				text = a.Text
			}
			verified(t, text, "slow", 9)
			if got := strings.Count(w.Body.String(), sign); !strings.HasPrefix(w.Body.String(), strings.Repeat(sign, 3)) || stream && got != 3 || w.Header().Get("X-Ds-Trace-Id") == "" {
				t.Errorf("%d signs of life in %q", got, w.Body)
			}
			if o.Status != 200 || o.FirstToken-o.Arrived != 3500*time.Millisecond {
				t.Errorf("observation %+v", o)
			}
		})
	}
}
