//go:build !race

package wire_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"brownout/mocks/wire"
)

// The official SDKs are the judges of the server side.

func openAIClient(base, key string) openai.Client {
	return openai.NewClient(option.WithBaseURL(base+"/v1"), option.WithAPIKey(key), option.WithMaxRetries(0))
}

var openAIAsks = openai.ChatCompletionNewParams{
	Model:    "alpha-1",
	Messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage("Be brief."), openai.UserMessage("hi [[bo:1]]")},
	Stop:     openai.ChatCompletionNewParamsStopUnion{OfString: openai.String("END")},
}

// asksBoth asks once in one piece and once as a stream, and returns the first
// answer.
func asksBoth(t *testing.T, c *openai.Client, p *provider) *openai.ChatCompletion {
	t.Helper()
	a, err := c.Chat.Completions.New(t.Context(), openAIAsks)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Choices) != 1 || a.Choices[0].Message.Content != joined() || a.Choices[0].FinishReason != "stop" || a.Usage.TotalTokens != int64(11+len(words)) || a.Model != "alpha-1" || a.Created != created.Unix() {
		t.Errorf("answer %+v", a)
	}
	if p.seen.LastUser() != "hi [[bo:1]]" || len(p.seen.Stop) != 1 {
		t.Errorf("the server understood %+v", p.seen)
	}

	asks := openAIAsks
	asks.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	s := c.Chat.Completions.NewStreaming(t.Context(), asks)
	whole := openai.ChatCompletionAccumulator{}
	for s.Next() {
		if !whole.AddChunk(s.Current()) {
			t.Error("a chunk does not belong to the others")
		}
	}
	if s.Err() != nil || len(whole.Choices) != 1 || whole.Choices[0].Message.Content != joined() || whole.Choices[0].FinishReason != "stop" || whole.Usage.PromptTokens != 11 || whole.Usage.CompletionTokens != int64(len(words)) {
		t.Errorf("stream %+v, %v", whole.ChatCompletion, s.Err())
	}
	return a
}

func TestOpenAISDK(t *testing.T) {
	for _, name := range []string{"openai", "vllm"} {
		t.Run(name, func(t *testing.T) {
			p := &provider{d: dialect(t, name)}
			c := openAIClient(serve(t, p), goodKey)
			asksBoth(t, &c, p)

			list, err := c.Models.List(t.Context())
			if err != nil || len(list.Data) != 2 || list.Data[0].ID != "alpha-1" {
				t.Errorf("models %+v, %v", list, err)
			}
			m, err := c.Models.Get(t.Context(), "alpha-0")
			if err != nil || m.ID != "alpha-0" {
				t.Errorf("model %+v, %v", m, err)
			}
			if name == "openai" && m.ShutdownDate.Format(time.DateOnly) != "2027-01-01" {
				t.Errorf("shutdown date %v", m.ShutdownDate)
			}
		})
	}
}

func TestOpenAISDKErrors(t *testing.T) {
	for _, c := range []struct {
		dialect    string
		fail       *wire.Failure
		status     int
		code, typ  string
		retryAfter string
	}{
		{"openai", &wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", LimitValue: 9, RetryAfter: 1500 * time.Millisecond}, 429, "rate_limit_exceeded", "tokens", "2"},
		{"openai", &wire.Failure{Kind: wire.FailQuota}, 429, "insufficient_quota", "insufficient_quota", ""},
		{"openai", &wire.Failure{Kind: wire.FailModelNotFound, Model: "m"}, 404, "model_not_found", "invalid_request_error", ""},
		{"openai", &wire.Failure{Kind: wire.FailOverload}, 503, "server_is_overloaded", "service_unavailable_error", ""},
		{"openai", &wire.Failure{Kind: wire.FailServer}, 500, "", "server_error", ""},
		{"openai", &wire.Failure{Kind: wire.FailTimeout}, 504, "", "", ""}, // an HTML page
		{"vllm", &wire.Failure{Kind: wire.FailModelNotFound, Model: "m"}, 404, "404", "NotFoundError", ""},
		{"vllm", &wire.Failure{Kind: wire.FailContextLength, Asked: 9, LimitValue: 8}, 400, "400", "BadRequestError", ""},
	} {
		p := &provider{d: dialect(t, c.dialect), fail: c.fail}
		client := openAIClient(serve(t, p), goodKey)
		_, err := client.Chat.Completions.New(t.Context(), openAIAsks)
		var e *openai.Error
		if !errors.As(err, &e) {
			t.Errorf("%s %s: not an API error: %v", c.dialect, c.fail.Kind, err)
			continue
		}
		if e.StatusCode != c.status || e.Code != c.code || e.Type != c.typ || e.Response.Header.Get("Retry-After") != c.retryAfter {
			t.Errorf("%s %s: status %d, code %q, type %q, retry-after %q", c.dialect, c.fail.Kind, e.StatusCode, e.Code, e.Type, e.Response.Header.Get("Retry-After"))
		}
	}

	p := &provider{d: dialect(t, "openai")}
	bad := openAIClient(serve(t, p), "sk-bad-0123456789")
	_, err := bad.Chat.Completions.New(t.Context(), openAIAsks)
	var e *openai.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusUnauthorized || e.Code != "invalid_api_key" {
		t.Errorf("a wrong key: %v", err)
	}
	// vLLM's refusal is a bare string, which this SDK cannot type.
	p = &provider{d: dialect(t, "vllm")}
	bad = openAIClient(serve(t, p), "sk-bad-0123456789")
	if _, err := bad.Chat.Completions.New(t.Context(), openAIAsks); err == nil || errors.As(err, new(*openai.Error)) {
		t.Errorf("vLLM, a wrong key: %v", err)
	}

	for _, name := range []string{"openai", "vllm"} {
		p := &provider{d: dialect(t, name), midway: &wire.Failure{Kind: wire.FailServer}}
		client := openAIClient(serve(t, p), goodKey)
		s := client.Chat.Completions.NewStreaming(t.Context(), openAIAsks)
		text := ""
		for s.Next() {
			for _, c := range s.Current().Choices {
				text += c.Delta.Content
			}
		}
		if s.Err() == nil || text != joined() {
			t.Errorf("%s: an error inside the stream: %q, %v", name, text, s.Err())
		}
	}
}

func anthropicClient(base, key string) anthropic.Client {
	return anthropic.NewClient(anthropicoption.WithBaseURL(base), anthropicoption.WithAPIKey(key), anthropicoption.WithMaxRetries(0))
}

var anthropicAsks = anthropic.MessageNewParams{
	Model:     "alpha-1",
	MaxTokens: 64,
	System:    []anthropic.TextBlockParam{{Text: "Be brief."}},
	Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("hi [[bo:1]]"))},
}

func TestAnthropicSDK(t *testing.T) {
	p := &provider{d: dialect(t, "anthropic")}
	c := anthropicClient(serve(t, p), goodKey)

	m, err := c.Messages.New(t.Context(), anthropicAsks)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Content) != 1 || m.Content[0].Text != joined() || m.StopReason != "end_turn" || m.Usage.InputTokens != 11 || m.Usage.OutputTokens != int64(len(words)) || m.ID != p.d.NewAnswerID(7) {
		t.Errorf("message %+v", m)
	}
	if p.seen.LastUser() != "hi [[bo:1]]" || p.seen.MaxTokens != 64 || p.seen.Messages[0].Text != "Be brief." {
		t.Errorf("the server understood %+v", p.seen)
	}

	s := c.Messages.NewStreaming(t.Context(), anthropicAsks)
	whole := anthropic.Message{}
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	if s.Err() != nil || len(whole.Content) != 1 || whole.Content[0].Text != joined() || whole.StopReason != "end_turn" || whole.Usage.OutputTokens != int64(len(words)) {
		t.Errorf("stream %+v, %v", whole, s.Err())
	}

	list, err := c.Models.List(t.Context(), anthropic.ModelListParams{})
	if err != nil || len(list.Data) != 3 {
		t.Fatalf("models %+v, %v", list, err)
	}
	old := list.Data[1]
	if old.Lifecycle != "deprecated" || old.DeprecatedAt.IsZero() || old.RetiresAt.Format(time.DateOnly) != "2027-01-01" || list.Data[0].Lifecycle != "active" || list.Data[2].Lifecycle != "retired" {
		t.Errorf("models %+v", list.Data)
	}
}

func TestAnthropicSDKErrors(t *testing.T) {
	call := func(ctx context.Context, p *provider, key string) *anthropic.Error {
		c := anthropicClient(serve(t, p), key)
		_, err := c.Messages.New(ctx, anthropicAsks)
		var e *anthropic.Error
		if !errors.As(err, &e) {
			t.Fatalf("not an API error: %v", err)
		}
		return e
	}
	for _, c := range []struct {
		fail         *wire.Failure
		status       int
		typ          anthropic.ErrorType
		code         string
		retry, again string
	}{
		{&wire.Failure{Kind: wire.FailRateLimit, Limit: "tokens", LimitValue: 30000, RetryAfter: 16 * time.Second}, 429, "rate_limit_error", "", "16", "true"},
		{&wire.Failure{Kind: wire.FailQuota}, 400, "invalid_request_error", "", "", ""},
		{&wire.Failure{Kind: wire.FailQuota, Status: 429}, 429, "rate_limit_error", "enforced_spend_limit_reached", "", ""},
		{&wire.Failure{Kind: wire.FailOverload}, 529, "overloaded_error", "", "", ""},
		{&wire.Failure{Kind: wire.FailModelNotFound, Model: "m"}, 404, "not_found_error", "", "", ""},
		{&wire.Failure{Kind: wire.FailServer}, 500, "api_error", "", "", ""},
	} {
		e := call(t.Context(), &provider{d: dialect(t, "anthropic"), fail: c.fail}, goodKey)
		h := e.Response.Header
		if e.StatusCode != c.status || e.Type() != c.typ || string(e.ErrorCode()) != c.code || e.RequestID != requestID || e.Message == "" || h.Get("Retry-After") != c.retry || h.Get("X-Should-Retry") != c.again {
			t.Errorf("%s: status %d, type %q, code %q, id %q, headers %v", c.fail.Kind, e.StatusCode, e.Type(), e.ErrorCode(), e.RequestID, h)
		}
	}
	if e := call(t.Context(), &provider{d: dialect(t, "anthropic")}, "sk-ant-bad"); e.StatusCode != 401 || e.Type() != "authentication_error" {
		t.Errorf("a wrong key: %v", e)
	}

	p := &provider{d: dialect(t, "anthropic"), midway: &wire.Failure{Kind: wire.FailOverload}}
	c := anthropicClient(serve(t, p), goodKey)
	s := c.Messages.NewStreaming(t.Context(), anthropicAsks)
	for s.Next() {
	}
	var e *anthropic.Error
	if !errors.As(s.Err(), &e) || e.StatusCode != 200 || e.Type() != "overloaded_error" {
		t.Errorf("an error inside the stream: %v", s.Err())
	}
}
