package router

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"brownout/mocks/wire"
)

// probePath is what a health probe asks for: something that costs nothing and
// that no model need answer.
type probePath struct {
	path string
	// open: the answer says nothing about the key, because the path needs none
	// or because the key's signature would not cover it.
	open bool
}

// probePaths by dialect: a health page where the server has one, else the list
// of models. AWS has neither at its runtime's address; any answer there shows
// that somebody is at home.
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

// badAnswer is an answer to a probe that shows that somebody is there, but not
// well.
type badAnswer struct {
	path   string
	status int
}

func (e *badAnswer) Error() string {
	return fmt.Sprintf("a health probe of %s was answered %d %s", e.path, e.status, http.StatusText(e.status))
}

// newProbe makes a probe of a backend. It takes any answer below 500 for a
// sign of life, a limit or an unknown path too, but for the refusal of a key,
// with which calls would fare no better.
func newProbe(b *backend) func(context.Context) error {
	p, known := probePaths[b.Dialect]
	if !known {
		p = probePath{path: "/", open: true}
	}
	return func(ctx context.Context) error {
		q, err := probeRequest(ctx, b, p)
		if err != nil {
			return err
		}
		res, err := b.trip.RoundTrip(q)
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
			return &badAnswer{p.path, res.StatusCode}
		}
		return nil
	}
}

// probeRequest is one that carries the backend's key. Where the key says
// nothing, it may be missing.
func probeRequest(ctx context.Context, b *backend, p probePath) (*http.Request, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, b.BaseURL+p.path, nil)
	if err != nil {
		return nil, err
	}
	if err := b.authorize(q); err != nil && !p.open {
		return nil, fmt.Errorf("no health probe in the %s dialect: %w", b.Dialect, err)
	}
	return q, nil
}

// authorize gives a request that is no call of a model the headers of one that
// is, so that the key travels in the dialect's own way.
func (b *backend) authorize(q *http.Request) error {
	chat, err := b.dialect.NewRequest(q.Context(), b.BaseURL, b.Key, &wire.Request{
		Model: b.model(""), MaxTokens: 1, Messages: []wire.Message{{Role: "user", Text: "ping"}},
	})
	if err != nil {
		return err
	}
	q.Header = chat.Header
	q.Header.Del("Content-Type")
	return nil
}
