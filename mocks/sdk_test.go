//go:build !race

package mocks_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"

	"brownout/plan"
)

// The official SDKs are the judges of the wire: what they cannot read, no user
// can.

func anthropicClient(r *rig, key string) anthropic.Client {
	return anthropic.NewClient(
		anthropicoption.WithBaseURL(r.URL), anthropicoption.WithAPIKey(key),
		anthropicoption.WithMaxRetries(0), anthropicoption.WithHTTPClient(r.client),
	)
}

func anthropicParams(model, prompt string) anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: anthropic.Model(model), MaxTokens: 1000,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(prompt))},
	}
}

func TestOpenAISDK(t *testing.T) {
	r := start(t, spec(t, "openai", nil))
	client := openAIClient(r, "sk-test")
	ctx := context.Background()

	got, err := client.Chat.Completions.New(ctx, openAIParams("gpt-5.4", "Answer in 12 words. [[bo:one]]"))
	if err != nil {
		t.Fatal(err)
	}
	text := got.Choices[0].Message.Content
	verified(t, text, "one", 12)
	if got.Model != "gpt-5.4" || got.Choices[0].FinishReason != "stop" || !strings.HasPrefix(got.ID, "chatcmpl-") {
		t.Errorf("model %q, finish %q, id %q", got.Model, got.Choices[0].FinishReason, got.ID)
	}

	params := openAIParams("gpt-5.4", "Answer in 12 words. [[bo:one]]")
	params.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(ctx, params)
	var acc openai.ChatCompletionAccumulator
	for stream.Next() {
		acc.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if acc.Choices[0].Message.Content != text || acc.Choices[0].FinishReason != "stop" {
		t.Errorf("streamed %q, want the unary answer %q", acc.Choices[0].Message.Content, text)
	}
	if acc.Usage.PromptTokens != got.Usage.PromptTokens || acc.Usage.CompletionTokens != got.Usage.CompletionTokens {
		t.Errorf("usage %+v streamed, %+v not", acc.Usage, got.Usage)
	}

	seen := r.calls.take(t, 2)
	for i, o := range seen {
		if o.Marker != "one" || o.Attempt != i+1 || o.Status != 200 || o.Failure != "" || o.Aborted || o.Stream != (i == 1) ||
			o.Prompt != int(got.Usage.PromptTokens) || o.Completion != int(got.Usage.CompletionTokens) {
			t.Errorf("observation %d: %+v", i, o)
		}
		if o.FirstToken < o.Arrived || o.Ended < o.FirstToken {
			t.Errorf("times out of order: %+v", o)
		}
		if want := (float64(o.Prompt)*2.5 + float64(o.Completion)*15) / 1e6; o.CostUSD != want {
			t.Errorf("billed %v USD, want %v", o.CostUSD, want)
		}
	}
}

func TestAnthropicSDK(t *testing.T) {
	r := start(t, spec(t, "anthropic", nil))
	client := anthropicClient(r, "sk-ant-test")
	ctx := context.Background()
	model := "claude-haiku-4-5-20251001"

	got, err := client.Messages.New(ctx, anthropicParams(model, "Answer in 12 words. [[bo:two]]"))
	if err != nil {
		t.Fatal(err)
	}
	text := got.Content[0].Text
	verified(t, text, "two", 12)
	if string(got.Model) != model || got.StopReason != anthropic.StopReasonEndTurn {
		t.Errorf("model %q, stop %q", got.Model, got.StopReason)
	}

	stream := client.Messages.NewStreaming(ctx, anthropicParams(model, "Answer in 12 words. [[bo:two]]"))
	var acc anthropic.Message
	for stream.Next() {
		if err := acc.Accumulate(stream.Current()); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if acc.Content[0].Text != text || acc.StopReason != anthropic.StopReasonEndTurn {
		t.Errorf("streamed %q, want the unary answer %q", acc.Content[0].Text, text)
	}
	if acc.Usage.InputTokens != got.Usage.InputTokens || acc.Usage.OutputTokens != got.Usage.OutputTokens {
		t.Errorf("usage %+v streamed, %+v not", acc.Usage, got.Usage)
	}
	r.calls.take(t, 2)
}

// Three requests at once, one more every third of ten seconds: real buckets,
// with headers that drain.
func TestSDKsSeeRateLimits(t *testing.T) {
	limit := func(p *plan.Provider) { p.Limits = plan.Limits{RequestsPerMinute: 18} }

	t.Run("openai", func(t *testing.T) {
		r := start(t, spec(t, "openai", limit))
		client := openAIClient(r, "sk-test")
		for i := range 4 {
			var raw *http.Response
			_, err := client.Chat.Completions.New(context.Background(), openAIParams("gpt-5.4", "hi"), openaioption.WithResponseInto(&raw))
			if got, want := raw.Header.Get("X-Ratelimit-Remaining-Requests"), strconv.Itoa(max(0, 2-i)); got != want {
				t.Errorf("call %d: %s requests remain, want %s", i+1, got, want)
			}
			if got := raw.Header.Get("X-Ratelimit-Limit-Requests"); got != "18" {
				t.Errorf("limit %q", got)
			}
			if i < 3 {
				if err != nil {
					t.Fatalf("call %d: %v", i+1, err)
				}
				continue
			}
			var apiErr *openai.Error
			if !errors.As(err, &apiErr) || apiErr.StatusCode != 429 || apiErr.Code != "rate_limit_exceeded" {
				t.Errorf("call 4: %v", err)
			}
			if ra := raw.Header.Get("Retry-After"); ra != "4" && ra != "3" {
				t.Errorf("retry-after %q, want what is left of 3.33 s, rounded up", ra)
			}
		}
		o := r.calls.take(t, 4)[3]
		if o.Status != 429 || o.Failure != "rate_limit" || o.CostUSD != 0 || o.Completion != 0 {
			t.Errorf("observation of the refused call: %+v", o)
		}
	})

	t.Run("anthropic", func(t *testing.T) {
		r := start(t, spec(t, "anthropic", limit))
		client := anthropicClient(r, "sk-ant-test")
		for i := range 4 {
			var raw *http.Response
			_, err := client.Messages.New(context.Background(), anthropicParams("claude-haiku-4-5-20251001", "hi"), anthropicoption.WithResponseInto(&raw))
			if got, want := raw.Header.Get("Anthropic-Ratelimit-Requests-Remaining"), strconv.Itoa(max(0, 2-i)); got != want {
				t.Errorf("call %d: %s requests remain, want %s", i+1, got, want)
			}
			if i < 3 {
				if err != nil {
					t.Fatalf("call %d: %v", i+1, err)
				}
				continue
			}
			var apiErr *anthropic.Error
			if !errors.As(err, &apiErr) || apiErr.StatusCode != 429 || apiErr.Type() != anthropic.ErrorTypeRateLimitError {
				t.Errorf("call 4: %v", err)
			}
		}
		r.calls.take(t, 4)
	})
}
