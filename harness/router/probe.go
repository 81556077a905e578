package router

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"brownout/mocks/wire"
)

// probePath is what a health probe asks for: something that costs nothing and
// that the model itself need not answer.
type probePath struct {
	path string
	// open: the answer says nothing about the key, because the path needs none
	// or because the key's signature would not cover it.
	open bool
}

// probePaths by dialect: a health page where the server has one, else the
// list of models. AWS has neither at its runtime's address; any answer there
// shows that somebody is at home.
var probePaths = map[string]probePath{
	"openai":     {path: "/v1/models"},
	"anthropic":  {path: "/v1/models"},
	"vllm":       {path: "/health", open: true},
	"llamacpp":   {path: "/health", open: true},
	"ollama":     {path: "/api/version", open: true},
	"azure":      {path: "/openai/models?api-version=2024-10-21"},
	"xai":        {path: "/v1/models"},
	"groq":       {path: "/openai/v1/models"},
	"mistral":    {path: "/v1/models"},
	"deepseek":   {path: "/models"},
	"databricks": {path: "/api/2.0/serving-endpoints"},
	"azureml":    {path: "/", open: true},
	"bedrock":    {path: "/foundation-models", open: true},
	"sagemaker":  {path: "/", open: true},
	"gemini":     {path: "/v1beta/models"},
	"vertex":     {path: "/v1beta1/publishers/google/models"},
}

// newProbe makes a probe of a backend that goes over trip. It takes any answer
// below 500 for a sign of life, a limit or an unknown path too, but for the
// refusal of a key, with which calls would fare no better.
func newProbe(b Backend, d wire.Dialect, trip http.RoundTripper) func(context.Context) error {
	p, known := probePaths[b.Dialect]
	if !known {
		p = probePath{path: "/", open: true}
	}
	return func(ctx context.Context) error {
		q, err := probeRequest(ctx, b, d, p)
		if err != nil {
			return err
		}
		res, err := trip.RoundTrip(q)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		// Read to its end, so that the connection can be used again.
		if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxFailure)); err != nil {
			return err
		}
		refused := res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden
		if res.StatusCode >= 500 || refused && !p.open {
			return fmt.Errorf("a health probe of %s was answered %d %s", p.path, res.StatusCode, http.StatusText(res.StatusCode))
		}
		return nil
	}
}

// probeRequest borrows the headers of a chat request, so that the key travels
// in the dialect's own way. Where the key says nothing, it may be missing.
func probeRequest(ctx context.Context, b Backend, d wire.Dialect, p probePath) (*http.Request, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(b.BaseURL, "/")+p.path, nil)
	if err != nil {
		return nil, err
	}
	chat, err := d.NewRequest(ctx, b.BaseURL, b.Key, &wire.Request{
		Model: b.model(""), MaxTokens: 1, Messages: []wire.Message{{Role: "user", Text: "ping"}},
	})
	switch {
	case err == nil:
		q.Header = chat.Header
		q.Header.Del("Content-Type")
	case !p.open:
		return nil, fmt.Errorf("no health probe in the %s dialect: %w", b.Dialect, err)
	}
	return q, nil
}
