package router_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"brownout/mocks/wire"
	"brownout/plan"
)

// sdk is the official client, pointed at the router.
func (w *world) sdk(opts ...option.RequestOption) openai.Client {
	return openai.NewClient(append([]option.RequestOption{
		option.WithBaseURL("http://router/v1"), option.WithAPIKey("unused"), option.WithHTTPClient(w.client),
	}, opts...)...)
}

func params() openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:    "gpt-any",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("say it")},
		StreamOptions: openai.ChatCompletionStreamOptionsParam{
			IncludeUsage: openai.Bool(true),
		},
	}
}

// The official OpenAI client gets every dialect's answers through the router,
// failing over from a backend that is down.
func TestOpenAISDK(t *testing.T) {
	ctx := context.Background()
	for _, dialect := range wire.Names() {
		t.Run(dialect, func(t *testing.T) {
			down := backend("a", always(fails(wire.FailOverload, 0)))
			b := backend("b", always(answers("from b", 0)))
			down.Dialect, b.Dialect = dialect, dialect
			run(t, plan.Router{}, []*fake{down, b}, func(w *world) {
				client := w.sdk()
				var res *http.Response
				p := params()
				p.StreamOptions = openai.ChatCompletionStreamOptionsParam{}
				got, err := client.Chat.Completions.New(ctx, p, option.WithResponseInto(&res))
				if err != nil {
					t.Fatal(err)
				}
				c := got.Choices[0]
				if c.Message.Content != "from b" || c.FinishReason != "stop" || got.Model != "b-model" || got.Usage.CompletionTokens != 3 || got.ID == "" {
					t.Errorf("unary: %s", got.RawJSON())
				}
				if res.Header.Get(wire.HeaderProvider) != "b" || res.Header.Get(wire.HeaderAttempts) != "2" {
					t.Errorf("headers %v", res.Header)
				}
				var acc openai.ChatCompletionAccumulator
				s := client.Chat.Completions.NewStreaming(ctx, params())
				for s.Next() {
					if !acc.AddChunk(s.Current()) {
						t.Errorf("the SDK cannot add chunk %s", s.Current().RawJSON())
					}
				}
				if err := s.Close(); err != nil || s.Err() != nil {
					t.Fatal(err, s.Err())
				}
				if v := acc.Choices[0]; v.Message.Content != "from b" || v.FinishReason != "stop" || acc.Usage.PromptTokens != 11 || acc.Model != "b-model" {
					t.Errorf("stream: %+v", acc.ChatCompletion)
				}
				list, err := client.Models.List(ctx)
				if err != nil || len(list.Data) != 2 || list.Data[0].ID != "a-model" || list.Data[1].ID != "b-model" {
					t.Errorf("models: %v %v", list, err)
				}
				one, err := client.Models.Get(ctx, "b-model")
				if err != nil || one.ID != "b-model" {
					t.Errorf("model: %v %v", one, err)
				}
				var missing *openai.Error
				if _, err := client.Models.Get(ctx, "none"); !errors.As(err, &missing) || missing.StatusCode != 404 || missing.Code != "model_not_found" {
					t.Errorf("unknown model: %v", err)
				}
			})
		})
	}
}

// The SDK's typed errors carry what the router says.
func TestOpenAISDKErrors(t *testing.T) {
	ctx := context.Background()
	run(t, plan.Router{}, []*fake{backend("a", always(fails(wire.FailContextLength, 0)))}, func(w *world) {
		client := w.sdk()
		var e *openai.Error
		if _, err := client.Chat.Completions.New(ctx, params()); !errors.As(err, &e) || e.StatusCode != 400 || e.Code != "context_length_exceeded" {
			t.Errorf("got %v", err)
		}
		if err := client.Get(ctx, "nowhere", nil, nil); !errors.As(err, &e) || e.StatusCode != 404 {
			t.Errorf("unknown path: %v", err)
		}
		if err := client.Get(ctx, "chat/completions", nil, nil); !errors.As(err, &e) || e.StatusCode < 400 {
			t.Errorf("wrong method: %v", err)
		}
		if err := client.Post(ctx, "chat/completions", map[string]any{"messages": 7}, nil); !errors.As(err, &e) || e.StatusCode != 400 {
			t.Errorf("bad request: %v", err)
		}
	})
	run(t, plan.Router{}, []*fake{backend("a", always(begins(0, []string{"from "}, cuts)))}, func(w *world) {
		client := w.sdk()
		s := client.Chat.Completions.NewStreaming(ctx, params())
		for s.Next() {
		}
		if s.Err() == nil {
			t.Error("the SDK took a stream that broke off for a whole one")
		}
	})
}
