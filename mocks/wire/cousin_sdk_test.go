//go:build !race

package wire_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/azure"
	"github.com/openai/openai-go/v3/option"

	"brownout/mocks/wire"
)

// cousinClient is OpenAI's SDK, pointed at a provider as its users do.
func cousinClient(dialect, base, key string) openai.Client {
	opts := []option.RequestOption{option.WithMaxRetries(0)}
	if dialect == "azure" {
		return openai.NewClient(append(opts, azure.WithEndpoint(base, "2024-10-21"), azure.WithAPIKey(key), azure.WithUnsafeAllowHTTP())...)
	}
	path := map[string]string{"groq": "/openai/v1", "deepseek": "", "databricks": "/serving-endpoints"}
	at, own := path[dialect]
	if !own {
		at = "/v1"
	}
	return openai.NewClient(append(opts, option.WithBaseURL(base+at), option.WithAPIKey(key))...)
}

func TestCousinSDK(t *testing.T) {
	for _, name := range cousins {
		t.Run(name, func(t *testing.T) {
			p := &provider{d: dialect(t, name)}
			c := cousinClient(name, serve(t, p), goodKey)
			if a := asksBoth(t, &c, p); a.ID != p.d.NewAnswerID(7) || p.seen.Model != "alpha-1" {
				t.Errorf("answer %s, the server understood %+v", a.ID, p.seen)
			}

			if name == "databricks" || name == "azureml" { // no list where this SDK looks for it, or no way to one entry
				return
			}
			list, err := c.Models.List(t.Context())
			if err != nil || len(list.Data) != 2 || list.Data[0].ID != "alpha-1" {
				t.Errorf("models %+v, %v", list, err)
			}
			m, err := c.Models.Get(t.Context(), "alpha-0")
			if name != "deepseek" && (err != nil || m.ID != "alpha-0") {
				t.Errorf("model %+v, %v", m, err)
			}
		})
	}
}

// What the SDK makes of each provider's errors, quirks included: where "error"
// is a string it loses status and message, and where there is no "error" it
// keeps the status alone (openai-go 3.96.0).
func TestCousinSDKErrors(t *testing.T) {
	const untyped = -1
	fails := map[string]*wire.Failure{
		"rate limit": {Kind: wire.FailRateLimit, Model: "m", Limit: "tokens", LimitValue: 9, RetryAfter: 1500 * time.Millisecond},
		"quota":      {Kind: wire.FailQuota},
		"overload":   {Kind: wire.FailOverload, Model: "m"},
		"unknown":    {Kind: wire.FailModelNotFound, Model: "m"},
		"retired":    {Kind: wire.FailModelNotFound, Model: "m", Retired: true},
		"context":    {Kind: wire.FailContextLength, LimitValue: 8, Asked: 9},
		"filter":     {Kind: wire.FailContentFilter},
		"server":     {Kind: wire.FailServer},
	}
	for _, c := range []struct {
		dialect, fail string
		status        int
		code, typ     string
		retryAfter    string
	}{
		{"azure", "rate limit", 429, "429", "", "2"},
		{"azure", "quota", 403, "403", "", ""},
		{"azure", "overload", 429, "429", "", ""},
		{"azure", "unknown", 404, "DeploymentNotFound", "", ""},
		{"azure", "retired", 400, "OperationNotSupported", "", ""},
		{"azure", "context", 400, "context_length_exceeded", "invalid_request_error", ""},
		{"azure", "filter", 400, "content_filter", "", ""},
		{"azure", "server", 500, "", "server_error", ""},
		{"xai", "rate limit", untyped, "", "", ""},
		{"xai", "quota", untyped, "", "", ""},
		{"xai", "unknown", untyped, "", "", ""},
		{"xai", "overload", untyped, "", "", ""},
		{"groq", "rate limit", 429, "rate_limit_exceeded", "tokens", "2"},
		{"groq", "overload", 503, "", "internal_server_error", ""},
		{"groq", "unknown", 404, "model_not_found", "invalid_request_error", ""},
		{"groq", "retired", 400, "model_decommissioned", "invalid_request_error", ""},
		{"groq", "context", 400, "context_length_exceeded", "invalid_request_error", ""},
		{"groq", "server", 500, "", "internal_server_error", ""},
		{"mistral", "rate limit", 429, "", "", ""},
		{"mistral", "overload", 503, "", "", ""},
		{"mistral", "unknown", 400, "", "", ""},
		{"mistral", "server", 500, "", "", ""},
		{"deepseek", "rate limit", 429, "invalid_request_error", "rate_limit_reached_error", ""},
		{"deepseek", "quota", 402, "invalid_request_error", "unknown_error", ""},
		{"deepseek", "overload", 503, "service_unavailable_error", "service_unavailable_error", ""},
		{"deepseek", "unknown", 400, "invalid_request_error", "invalid_request_error", ""},
		{"deepseek", "filter", 400, "invalid_request_error", "invalid_request_error", ""},
		{"databricks", "rate limit", 429, "", "", ""},
		{"databricks", "unknown", 404, "", "", ""},
		{"databricks", "overload", 503, "", "", ""},
		{"azureml", "overload", 429, "TooManyRequests", "", ""},
		{"azureml", "unknown", 404, "NotFound", "", ""},
		{"azureml", "server", 424, "InternalServerError", "", ""},
		{"azureml", "context", 424, "BadRequestError", "", ""},
	} {
		p := &provider{d: dialect(t, c.dialect), fail: fails[c.fail]}
		client := cousinClient(c.dialect, serve(t, p), goodKey)
		var raw *http.Response
		_, err := client.Chat.Completions.New(t.Context(), openAIAsks, option.WithResponseInto(&raw))
		var e *openai.Error
		typed := errors.As(err, &e)
		switch {
		case c.status == untyped:
			if typed || err == nil || !strings.Contains(err.Error(), "cannot unmarshal string") {
				t.Errorf("%s %s: %v, want one that the SDK cannot type", c.dialect, c.fail, err)
			}
		case !typed:
			t.Errorf("%s %s: not an API error: %v", c.dialect, c.fail, err)
		case e.StatusCode != c.status || e.Code != c.code || e.Type != c.typ || raw.Header.Get("Retry-After") != c.retryAfter:
			t.Errorf("%s %s: status %d, code %q, type %q, retry-after %q", c.dialect, c.fail, e.StatusCode, e.Code, e.Type, raw.Header.Get("Retry-After"))
		}
	}
}

func TestCousinSDKWrongKey(t *testing.T) {
	for name, status := range map[string]int{"azure": 401, "xai": 0, "groq": 401, "mistral": 401, "deepseek": 401, "databricks": 403, "azureml": 401} {
		p := &provider{d: dialect(t, name)}
		c := cousinClient(name, serve(t, p), "sk-bad-0123456789")
		_, err := c.Chat.Completions.New(t.Context(), openAIAsks)
		var e *openai.Error
		if typed := errors.As(err, &e); err == nil || typed != (status != 0) || typed && e.StatusCode != status {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An error inside a stream: the SDK tells of it where a chunk has "error", and
// takes Groq's, Mistral's and Databricks' for nothing.
func TestCousinSDKStreamErrors(t *testing.T) {
	for name, told := range map[string]bool{"azure": true, "xai": true, "groq": false, "mistral": false, "deepseek": true, "databricks": false, "azureml": true} {
		p := &provider{d: dialect(t, name), midway: &wire.Failure{Kind: wire.FailServer}}
		client := cousinClient(name, serve(t, p), goodKey)
		s := client.Chat.Completions.NewStreaming(t.Context(), openAIAsks)
		text := ""
		for s.Next() {
			for _, c := range s.Current().Choices {
				text += c.Delta.Content
			}
		}
		if (s.Err() != nil) != told || text != joined() {
			t.Errorf("%s: %q, %v", name, text, s.Err())
		}
	}
}
