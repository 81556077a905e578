package mocks_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

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
