package mocks_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

func openAIClient(r *rig, key string) openai.Client {
	return openai.NewClient(
		openaioption.WithBaseURL(r.URL+"/v1"), openaioption.WithAPIKey(key),
		openaioption.WithMaxRetries(0), openaioption.WithHTTPClient(r.client),
	)
}

func openAIParams(model, prompt string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)},
	}
}

// The family of servers that openai-go speaks to in OpenAI's own dialect.
var family = []string{"openai", "vllm"}

// familyRig is a preset with an embedding model, an alias and a tuned model.
func familyRig(t testing.TB, preset string) (*rig, openai.Client, string) {
	t.Helper()
	r := start(t, spec(t, preset, func(p *plan.Provider) {
		p.Models[0].Aliases = []string{"latest"}
		p.Models = append(
			p.Models,
			plan.Model{ID: "embed-1", Context: 8192, MaxOutput: 1, Embedding: 256, PriceIn: 0.02},
			plan.Model{ID: "tuned-1", Context: 8192, MaxOutput: 100, Base: p.Models[0].ID},
		)
	}))
	return r, openAIClient(r, "sk-test"), r.Spec().Models[0].ID
}

var weather = shared.FunctionDefinitionParam{
	Name: "get_weather", Description: openai.String("Get the weather"),
	Parameters: shared.FunctionParameters{
		"type": "object",
		"properties": map[string]any{
			"city": map[string]any{"type": "string"},
			"unit": map[string]any{"type": "string", "enum": []string{"celsius", "fahrenheit"}},
			"days": map[string]any{"type": "integer", "minimum": 1, "maximum": 7},
			"note": map[string]any{"type": "string"},
		},
		"required": []string{"city", "unit", "days"},
	},
}

// checkWeather holds arguments against the schema of get_weather.
func checkWeather(t testing.TB, arguments string) {
	t.Helper()
	var in map[string]any
	if err := json.Unmarshal([]byte(arguments), &in); err != nil {
		t.Errorf("arguments %q: %v", arguments, err)
		return
	}
	city, _ := in["city"].(string)
	unit, _ := in["unit"].(string)
	days, _ := in["days"].(float64)
	if city == "" || unit != "celsius" && unit != "fahrenheit" || days < 1 || days > 7 || days != math.Trunc(days) || len(in) != 3 {
		t.Errorf("arguments %q are not of the schema", arguments)
	}
}

func withTools(model, prompt string) openai.ChatCompletionNewParams {
	p := openAIParams(model, prompt)
	p.Tools = []openai.ChatCompletionToolUnionParam{
		openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "get_time"}),
		openai.ChatCompletionFunctionTool(weather),
	}
	return p
}

func TestFamilyTools(t *testing.T) {
	ctx := context.Background()
	for _, preset := range family {
		t.Run(preset, func(t *testing.T) {
			r, client, model := familyRig(t, preset)
			ask := func(p openai.ChatCompletionNewParams) openai.ChatCompletionChoice {
				t.Helper()
				got, err := client.Chat.Completions.New(ctx, p)
				if err != nil {
					t.Fatal(err)
				}
				r.calls.take(t, 1)
				return got.Choices[0]
			}

			asked := withTools(model, "Answer in 12 words with get_weather. [[bo:tool]]")
			called := ask(asked)
			calls := called.Message.ToolCalls
			if called.FinishReason != "tool_calls" || len(calls) != 1 || calls[0].Function.Name != "get_weather" || calls[0].ID == "" || called.Message.Content != "" {
				t.Fatalf("%+v", called)
			}
			checkWeather(t, calls[0].Function.Arguments)

			// The result is handed back: the text that the user asked for follows.
			asked.Messages = append(asked.Messages, called.Message.ToParam(), openai.ToolMessage("sunny", calls[0].ID))
			after := ask(asked)
			if after.FinishReason != "stop" || len(after.Message.ToolCalls) != 0 {
				t.Errorf("after the result: %+v", after)
			}
			verified(t, after.Message.Content, "tool", 12)

			// Another turn of the same conversation.
			asked.Messages = append(asked.Messages, after.Message.ToParam(), openai.UserMessage("And in 9 words? [[bo:turn-2]]"))
			verified(t, ask(asked).Message.Content, "turn-2", 9)

			streamed := withTools(model, "Answer in 12 words with get_weather. [[bo:tool]]")
			streamed.StreamOptions.IncludeUsage = openai.Bool(true)
			stream := client.Chat.Completions.NewStreaming(ctx, streamed)
			var acc openai.ChatCompletionAccumulator
			pieces, finished := 0, 0
			for stream.Next() {
				for _, c := range stream.Current().Choices {
					pieces += len(c.Delta.ToolCalls)
				}
				if !acc.AddChunk(stream.Current()) {
					t.Error("a chunk does not belong to the others")
				}
				if call, ok := acc.JustFinishedToolCall(); ok && call.Name == "get_weather" {
					finished++
				}
			}
			if err := stream.Err(); err != nil {
				t.Fatal(err)
			}
			r.calls.take(t, 1)
			if c := acc.Choices[0]; c.FinishReason != "tool_calls" || len(c.Message.ToolCalls) != 1 || c.Message.ToolCalls[0].Function.Arguments != calls[0].Function.Arguments || pieces < 2 || finished != 1 || acc.Usage.CompletionTokens < 4 {
				t.Errorf("%d pieces, %d finished, %+v", pieces, finished, acc.ChatCompletion)
			}

			for _, c := range []struct {
				name   string
				choice openai.ChatCompletionToolChoiceOptionUnionParam
				prompt string
				want   string
			}{
				{"auto, not asked for", openai.ChatCompletionToolChoiceOptionUnionParam{}, "What's the weather like?", ""},
				{"auto, part of another word", openai.ChatCompletionToolChoiceOptionUnionParam{}, "forget_weather", ""},
				{"auto, the tool", openai.ChatCompletionToolChoiceOptionUnionParam{}, "Use the tool!", "get_time"},
				{"auto, both named", openai.ChatCompletionToolChoiceOptionUnionParam{}, "get_weather, then get_time", "get_time get_weather"},
				{"none", openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("none")}, "Call the tool get_time.", ""},
				{"required", openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("required")}, "hi", "get_time"},
				{"required, named in the prompt", openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("required")}, "get_weather", "get_weather"},
				{"the named one", openai.ToolChoiceOptionFunctionToolChoice(openai.ChatCompletionNamedToolChoiceFunctionParam{Name: "get_weather"}), "get_time", "get_weather"},
			} {
				p := withTools(model, c.prompt)
				p.ToolChoice = c.choice
				got := ask(p)
				var names []string
				for _, call := range got.Message.ToolCalls {
					names = append(names, call.Function.Name)
				}
				if strings.Join(names, " ") != c.want || (got.FinishReason == "tool_calls") != (c.want != "") || (got.Message.Content == "") != (c.want != "") {
					t.Errorf("%s: called %q, finish %q, text %q", c.name, names, got.FinishReason, got.Message.Content)
				}
			}
			single := withTools(model, "get_weather, then get_time")
			single.ParallelToolCalls = openai.Bool(false)
			if got := ask(single); len(got.Message.ToolCalls) != 1 {
				t.Errorf("one call at a time: %+v", got.Message.ToolCalls)
			}
			cut := withTools(model, "get_weather")
			cut.MaxTokens = openai.Int(3)
			if got := ask(cut); got.FinishReason != "length" || len(got.Message.ToolCalls) != 1 || json.Valid([]byte(got.Message.ToolCalls[0].Function.Arguments)) {
				t.Errorf("cut off: %+v", got)
			}
		})
	}
}

func TestFamilyJSON(t *testing.T) {
	ctx := context.Background()
	for _, preset := range family {
		t.Run(preset, func(t *testing.T) {
			r, client, model := familyRig(t, preset)
			p := openAIParams(model, "Answer in 12 words, as JSON. [[bo:json]]")
			p.ResponseFormat = openai.ChatCompletionNewParamsResponseFormatUnion{OfJSONObject: &shared.ResponseFormatJSONObjectParam{}}
			got, err := client.Chat.Completions.New(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			var object struct{ Answer string }
			if err := json.Unmarshal([]byte(got.Choices[0].Message.Content), &object); err != nil {
				t.Errorf("%q: %v", got.Choices[0].Message.Content, err)
			}
			verified(t, object.Answer, "json", 12)
			if text, _ := readChat(t, client, p); text != got.Choices[0].Message.Content {
				t.Errorf("streamed %q", text)
			}
			p.MaxTokens = openai.Int(5)
			if text, finish := readChat(t, client, p); finish != "length" || json.Valid([]byte(text)) || !strings.HasPrefix(got.Choices[0].Message.Content, text) {
				t.Errorf("cut off: %q, %q", text, finish)
			}

			p = openAIParams(model, "Answer in 12 words. [[bo:json]]")
			p.ResponseFormat = openai.ChatCompletionNewParamsResponseFormatUnion{OfJSONSchema: &shared.ResponseFormatJSONSchemaParam{
				JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "reply", Strict: openai.Bool(true), Schema: map[string]any{
					"type": "object", "required": []string{"score", "reply", "tags"}, "additionalProperties": false,
					"properties": map[string]any{
						"score": map[string]any{"type": "number", "minimum": 0.25, "maximum": 0.5},
						"reply": map[string]any{"$ref": "#/$defs/text"},
						"tags":  map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
					},
					"$defs": map[string]any{"text": map[string]any{"type": "string"}},
				}},
			}}
			text, _ := readChat(t, client, p)
			var shaped struct {
				Score float64
				Reply string
				Tags  []string
			}
			if err := json.Unmarshal([]byte(text), &shaped); err != nil || shaped.Score < 0.25 || shaped.Score > 0.5 || len(shaped.Tags) != 1 {
				t.Errorf("%q: %v", text, err)
			}
			verified(t, shaped.Reply, "json", 12)
			r.calls.take(t, 4)
		})
	}
}

// readChat streams a chat and gives its text and the reason it ended.
func readChat(t testing.TB, client openai.Client, p openai.ChatCompletionNewParams) (text, finish string) {
	t.Helper()
	stream := client.Chat.Completions.NewStreaming(context.Background(), p)
	for stream.Next() {
		for _, c := range stream.Current().Choices {
			text += c.Delta.Content
			finish += c.FinishReason
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	return text, finish
}

func TestFamilyEmbeddings(t *testing.T) {
	ctx := context.Background()
	vectors := map[string][]float64{}
	for _, preset := range family {
		t.Run(preset, func(t *testing.T) {
			r, client, model := familyRig(t, preset)
			p := openai.EmbeddingNewParams{Model: "embed-1", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one two [[bo:e]]", "three"}}}
			got, err := client.Embeddings.New(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Data) != 2 || got.Model != "embed-1" || got.Usage.PromptTokens != 6 || got.Usage.TotalTokens != 6 {
				t.Fatalf("%d vectors, model %q, usage %+v", len(got.Data), got.Model, got.Usage)
			}
			for i, d := range got.Data {
				norm := 0.0
				for _, x := range d.Embedding {
					norm += x * x
				}
				if len(d.Embedding) != 256 || math.Abs(norm-1) > 1e-5 || d.Index != int64(i) {
					t.Errorf("vector %d: %d numbers, norm %v", i, len(d.Embedding), norm)
				}
			}
			vectors[preset] = got.Data[1].Embedding
			o := r.calls.take(t, 1)[0]
			if o.Operation != mocks.OperationEmbed || o.Marker != "e" || o.Model != "embed-1" || o.Prompt != 6 || o.Completion != 0 || math.Abs(o.CostUSD-6*0.02/1e6) > 1e-15 || o.Status != 200 {
				t.Errorf("%+v", o)
			}

			// The same text alone, shorter, and as base64: the same direction.
			p.Input = openai.EmbeddingNewParamsInputUnion{OfString: openai.String("three")}
			p.Dimensions = openai.Int(64)
			short, err := client.Embeddings.New(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			ratio := got.Data[1].Embedding[0] / short.Data[0].Embedding[0]
			if v := short.Data[0].Embedding; len(v) != 64 || math.Abs(v[63]*ratio-got.Data[1].Embedding[63]) > 1e-6 {
				t.Errorf("%d numbers, %v", len(v), v[:2])
			}
			p.EncodingFormat = openai.EmbeddingNewParamsEncodingFormatBase64
			var raw struct {
				Data []struct{ Embedding string }
			}
			if err := client.Post(ctx, "embeddings", p, &raw); err != nil || len(raw.Data) != 1 || len(raw.Data[0].Embedding) != 344 { // 64 numbers of 4 bytes
				t.Errorf("base64: %+v, %v", raw, err)
			}

			var e *openai.Error
			p.Dimensions = openai.Int(257)
			if _, err := client.Embeddings.New(ctx, p); !errors.As(err, &e) || e.StatusCode != 400 || !strings.Contains(e.Message, "dimensions") {
				t.Errorf("more dimensions than there are: %v", err)
			}
			p.Model, p.Dimensions = openai.EmbeddingModel(model), openai.EmbeddingNewParams{}.Dimensions
			if _, err := client.Embeddings.New(ctx, p); !errors.As(err, &e) || !strings.Contains(strings.ToLower(e.Message), "embeddings") {
				t.Errorf("a chat model: %v", err)
			}
			if _, err := client.Chat.Completions.New(ctx, openAIParams("embed-1", "hi")); !errors.As(err, &e) || e.StatusCode != map[string]int{"openai": 403, "vllm": 400}[preset] {
				t.Errorf("an embedding model asked to chat: %v", err)
			}
			p.Model, p.Input.OfString = "embed-1", openai.String(strings.Repeat("word ", 9000))
			if _, err := client.Embeddings.New(ctx, p); !errors.As(err, &e) || e.StatusCode != 400 || r.calls.take(t, 6)[6].Failure != wire.FailContextLength {
				t.Errorf("a text too long: %v", err)
			}
		})
	}
	for i, x := range vectors["openai"] {
		if vectors["vllm"][i] != x {
			t.Fatalf("number %d: %v and %v", i, x, vectors["vllm"][i])
		}
	}
}

func TestFamilyModels(t *testing.T) {
	ctx := context.Background()
	for _, preset := range family {
		r, client, model := familyRig(t, preset)
		list, err := client.Models.List(ctx)
		if err != nil || len(list.Data) != len(r.Spec().Models) {
			t.Errorf("%s: %+v, %v", preset, list, err)
		}
		for _, id := range []string{model, "latest"} {
			if m, err := client.Models.Get(ctx, id); err != nil || m.ID != model {
				t.Errorf("%s: %q is %+v, %v", preset, id, m, err)
			}
		}
		got, err := client.Chat.Completions.New(ctx, openAIParams("latest", "hi"))
		if err != nil || got.Model != model {
			t.Errorf("%s: the alias answers %+v, %v", preset, got, err)
		}
		if o := r.calls.take(t, 1)[0]; o.Model != model || o.Operation != mocks.OperationChat {
			t.Errorf("%s: %+v", preset, o)
		}
		restore := r.SetLifecycle("sunset", model, mocks.Lifecycle{Retired: true})
		var e *openai.Error
		if _, err := client.Chat.Completions.New(ctx, openAIParams("latest", "hi")); !errors.As(err, &e) || e.StatusCode != 404 {
			t.Errorf("%s: the alias of a retired model: %v", preset, err)
		}
		if got, err := client.Chat.Completions.New(ctx, openAIParams("tuned-1", "hi")); err != nil || got.Model != "tuned-1" {
			t.Errorf("%s: a model tuned from it: %v", preset, err)
		}
		restore()
		r.calls.take(t, 2)
	}
}

// failing is a fault that fails every call the same way.
type failing struct{ fail wire.Failure }

func (f failing) Meet(*mocks.Call) mocks.Effect {
	return mocks.Effect{Touched: true, Fail: &f.fail}
}

// What each kind of failure is in the SDK's own error type, on each API.
func TestFamilyErrors(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		preset    string
		fail      wire.Failure
		status    int
		typ, code string
	}{
		{"openai", wire.Failure{Kind: wire.FailRateLimit, Limit: "requests", LimitValue: 3, RetryAfter: 20 * time.Second}, 429, "requests", "rate_limit_exceeded"},
		{"openai", wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", LimitValue: 3}, 429, "tokens", "rate_limit_exceeded"},
		{"openai", wire.Failure{Kind: wire.FailQuota}, 429, "insufficient_quota", "insufficient_quota"},
		{"openai", wire.Failure{Kind: wire.FailOverload}, 503, "service_unavailable_error", "server_is_overloaded"},
		{"openai", wire.Failure{Kind: wire.FailServer}, 500, "server_error", ""},
		{"openai", wire.Failure{Kind: wire.FailTimeout}, 504, "", ""}, // an edge's page
		{"openai", wire.Failure{Kind: wire.FailAuth}, 401, "invalid_request_error", "invalid_api_key"},
		{"openai", wire.Failure{Kind: wire.FailPermission, Model: "m"}, 403, "invalid_request_error", "model_not_found"},
		{"openai", wire.Failure{Kind: wire.FailModelNotFound, Model: "m"}, 404, "invalid_request_error", "model_not_found"},
		{"openai", wire.Failure{Kind: wire.FailContextLength, LimitValue: 10, Asked: 20}, 400, "invalid_request_error", "context_length_exceeded"},
		{"openai", wire.Failure{Kind: wire.FailContentFilter}, 400, "invalid_request_error", "invalid_prompt"},
		{"openai", wire.Failure{Kind: wire.FailTooLarge}, 413, "invalid_request_error", ""},
		{"vllm", wire.Failure{Kind: wire.FailOverload}, 503, "ServiceUnavailableError", "503"},
		{"vllm", wire.Failure{Kind: wire.FailServer}, 500, "InternalServerError", "500"},
		{"vllm", wire.Failure{Kind: wire.FailModelNotFound, Model: "m"}, 404, "NotFoundError", "404"},
		{"vllm", wire.Failure{Kind: wire.FailContextLength, LimitValue: 10, Asked: 20}, 400, "BadRequestError", "400"},
		{"vllm", wire.Failure{Kind: wire.FailRateLimit}, 429, "Too Many Requests", "429"},
		{"vllm", wire.Failure{Kind: wire.FailTimeout}, 504, "Gateway Timeout", "504"},
		{"vllm", wire.Failure{Kind: wire.FailTooLarge}, 413, "Request Entity Too Large", "413"},
	} {
		r, client, model := familyRig(t, c.preset)
		r.Inject("failing", failing{c.fail})
		check := func(api string, err error) {
			t.Helper()
			var e *openai.Error
			if !errors.As(err, &e) {
				t.Errorf("%s %s, %s: not an API error: %v", c.preset, c.fail.Kind, api, err)
				return
			}
			if e.StatusCode != c.status || e.Type != c.typ || e.Code != c.code || (e.Message == "") != (c.typ == "") {
				t.Errorf("%s %s, %s: status %d, type %q, code %q, message %q", c.preset, c.fail.Kind, api, e.StatusCode, e.Type, e.Code, e.Message)
			}
		}
		_, err := client.Chat.Completions.New(ctx, openAIParams(model, "hi"))
		check("chat", err)
		s := client.Chat.Completions.NewStreaming(ctx, openAIParams(model, "hi"))
		for s.Next() {
		}
		check("stream", s.Err())
		_, err = client.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: "embed-1", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("x")}})
		check("embeddings", err)
		_, err = client.Responses.New(ctx, responseParams(model, "hi"))
		check("responses", err)
		for i, o := range r.calls.take(t, 4) {
			if o.Failure != c.fail.Kind || o.Status != c.status || len(o.Faults) != 1 {
				t.Errorf("call %d: %+v", i, o)
			}
		}
	}
}

// The SDK's own retries count as attempts of one marker.
func TestFamilyRetries(t *testing.T) {
	r := start(t, spec(t, "openai", nil))
	r.Inject("failing", failing{wire.Failure{Kind: wire.FailServer}})
	client := openai.NewClient(
		openaioption.WithBaseURL(r.URL+"/v1"), openaioption.WithAPIKey("k"), openaioption.WithHTTPClient(r.client),
		openaioption.WithMaxRetries(1), openaioption.WithMiddleware(),
	)
	if _, err := client.Chat.Completions.New(context.Background(), openAIParams("gpt-5.4", "hi [[bo:again]]")); err == nil {
		t.Error("no error")
	}
	for i, o := range r.calls.take(t, 2) {
		if o.Marker != "again" || o.Attempt != i+1 {
			t.Errorf("%+v", o)
		}
	}
}
