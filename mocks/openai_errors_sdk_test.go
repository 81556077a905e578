package mocks_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"

	"brownout/mocks"
	"brownout/mocks/wire"
)

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
