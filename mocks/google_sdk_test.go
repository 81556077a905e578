//go:build !race

package mocks_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/auth"
	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	anthropicvertex "github.com/anthropics/anthropic-sdk-go/v2/vertex"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/genai"

	"brownout/mocks"
	"brownout/plan"
)

// googleToken is a source of one OAuth token.
type googleToken string

func (s googleToken) Token(context.Context) (*auth.Token, error) {
	return &auth.Token{Value: string(s)}, nil
}

func genaiClient(t *testing.T, r *rig, key string) *genai.Client {
	t.Helper()
	config := &genai.ClientConfig{Backend: genai.BackendGeminiAPI, APIKey: key, HTTPClient: r.client, HTTPOptions: genai.HTTPOptions{BaseURL: r.URL}}
	if r.Spec().Dialect == "vertex" {
		config.Backend, config.APIKey = genai.BackendVertexAI, ""
		config.Project, config.Location = "p-1", "us-central1"
		config.HTTPClient = nil // the SDK's own client signs
		config.Credentials = auth.NewCredentials(&auth.CredentialsOptions{TokenProvider: googleToken(key)})
	}
	c, err := genai.NewClient(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if config.HTTPClient != nil {
		t.Cleanup(config.HTTPClient.CloseIdleConnections)
	}
	t.Cleanup(c.ClientConfig().HTTPClient.CloseIdleConnections)
	return c
}

// eachGoogle runs a test against the presets of the Gemini API and Vertex AI.
func eachGoogle(t *testing.T, edit func(*plan.Provider), test func(t *testing.T, r *rig, c *genai.Client)) {
	for _, preset := range []string{"gemini", "vertex"} {
		t.Run(preset, func(t *testing.T) {
			r := start(t, spec(t, preset, edit))
			test(t, r, genaiClient(t, r, "key-1"))
		})
	}
}

const flash = "gemini-3.5-flash"

func TestGenaiSDK(t *testing.T) {
	eachGoogle(t, nil, func(t *testing.T, r *rig, c *genai.Client) {
		ctx := t.Context()
		got, err := c.Models.GenerateContent(ctx, flash, genai.Text("Answer in 12 words. [[bo:one]]"), nil)
		if err != nil {
			t.Fatal(err)
		}
		verified(t, got.Text(), "one", 12)
		o := r.calls.take(t, 1)[0]
		if u := got.UsageMetadata; got.ModelVersion != flash || int(u.PromptTokenCount) != o.Prompt || int(u.CandidatesTokenCount) != o.Completion || o.Marker != "one" || o.CostUSD <= 0 {
			t.Errorf("%+v, seen as %+v", got, o)
		}

		text, chunks := "", 0
		var last *genai.GenerateContentResponse
		for chunk, err := range c.Models.GenerateContentStream(ctx, flash, genai.Text("Answer in 30 words. [[bo:two]]"), nil) {
			if err != nil {
				t.Fatal(err)
			}
			text += chunk.Text()
			chunks++
			last = chunk
		}
		verified(t, text, "two", 30)
		if last.Candidates[0].FinishReason != genai.FinishReasonStop || chunks < 2 {
			t.Errorf("%d chunks, the last %+v", chunks, last)
		}

		got, err = c.Models.GenerateContent(ctx, flash, genai.Text("Answer in 30 words. [[bo:three]]"), &genai.GenerateContentConfig{MaxOutputTokens: 5})
		if err != nil || got.Candidates[0].FinishReason != genai.FinishReasonMaxTokens || got.UsageMetadata.CandidatesTokenCount != 5 {
			t.Errorf("cut off: %+v, %v", got, err)
		}

		n, err := c.Models.CountTokens(ctx, flash, genai.Text("Answer in 12 words. [[bo:one]]"), nil)
		if err != nil || int(n.TotalTokens) != o.Prompt {
			t.Errorf("%+v tokens, billed were %d, %v", n, o.Prompt, err)
		}
		e, err := c.Models.EmbedContent(ctx, "gemini-embedding-001", genai.Text("hi"), nil)
		if err != nil || len(e.Embeddings) != 1 || len(e.Embeddings[0].Values) != 3072 {
			t.Errorf("embeddings: %v", err)
		}
		page, err := c.Models.List(ctx, nil)
		if err != nil || len(page.Items) != len(r.Spec().Models) {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

func TestGenaiSDKCallsFunctions(t *testing.T) {
	eachGoogle(t, nil, func(t *testing.T, r *rig, c *genai.Client) {
		config := &genai.GenerateContentConfig{Tools: []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{
			Name: "get_weather", Parameters: &genai.Schema{Type: genai.TypeObject, Properties: map[string]*genai.Schema{"location": {Type: genai.TypeString}}, Required: []string{"location"}},
		}}}}}
		talk := genai.Text("Please call get_weather. [[bo:one]]")
		got, err := c.Models.GenerateContent(t.Context(), flash, talk, config)
		if err != nil {
			t.Fatal(err)
		}
		calls := got.FunctionCalls()
		if len(calls) != 1 || calls[0].Name != "get_weather" {
			t.Fatalf("%+v", got.Candidates[0])
		}
		if _, ok := calls[0].Args["location"].(string); !ok {
			t.Errorf("arguments %v", calls[0].Args)
		}
		streamed := 0
		for chunk, err := range c.Models.GenerateContentStream(t.Context(), flash, talk, config) {
			if err != nil {
				t.Fatal(err)
			}
			streamed += len(chunk.FunctionCalls())
		}
		if streamed != 1 {
			t.Errorf("%d calls in the stream", streamed)
		}
		result := &genai.Part{FunctionResponse: &genai.FunctionResponse{ID: calls[0].ID, Name: "get_weather", Response: map[string]any{"output": "15C"}}}
		talk = append(talk, got.Candidates[0].Content, genai.NewContentFromParts([]*genai.Part{result}, genai.RoleUser))
		got, err = c.Models.GenerateContent(t.Context(), flash, talk, config)
		if err != nil || len(got.FunctionCalls()) != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		verified(t, got.Text(), "one", 40)
	})
}

func TestGenaiSDKSeesLimitsAndRetirement(t *testing.T) {
	eachGoogle(t, func(p *plan.Provider) { p.Limits.RequestsPerMinute = 1 }, func(t *testing.T, r *rig, c *genai.Client) {
		var e genai.APIError
		restore := r.SetLifecycle("sunset", "gemini-2.5-flash", mocks.Lifecycle{Retired: true})
		_, err := c.Models.GenerateContent(t.Context(), "gemini-2.5-flash", genai.Text("hi"), nil)
		if !errors.As(err, &e) || e.Code != 404 || e.Status != "NOT_FOUND" || !strings.Contains(e.Message, "gemini-2.5-flash") {
			t.Errorf("retired: %v", err)
		}
		if r.Spec().Name == "gemini" && !strings.Contains(e.Message, "to use models/"+flash) {
			t.Errorf("the successor is not named: %v", err)
		}
		restore()
		if _, err = c.Models.GenerateContent(t.Context(), "gemini-0", genai.Text("hi"), nil); !errors.As(err, &e) || e.Code != 404 {
			t.Errorf("unknown: %v", err)
		}

		r.SetLifecycle("sunset", flash, mocks.Lifecycle{Deprecated: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Shutdown: time.Date(2027, 2, 3, 0, 0, 0, 0, time.UTC)})
		got, err := c.Models.GenerateContent(t.Context(), flash, genai.Text("hi"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if s := got.ModelStatus; r.Spec().Name == "gemini" && (s == nil || s.RetirementTime.Format(time.DateOnly) != "2027-02-03") {
			t.Errorf("announced: %+v", s)
		}
		_, err = c.Models.GenerateContent(t.Context(), flash, genai.Text("hi"), nil)
		if !errors.As(err, &e) || e.Code != 429 || e.Status != "RESOURCE_EXHAUSTED" {
			t.Fatalf("limited: %v", err)
		}
		if delay := strings.Contains(e.Message, "Please retry in "); delay != (r.Spec().Name == "gemini") {
			t.Errorf("limited: %v, %v", err, e.Details)
		}
		if r.Spec().Name == "gemini" && len(e.Details) != 3 {
			t.Errorf("details %v", e.Details)
		}
	})
}

func TestVertexClaudeSDK(t *testing.T) {
	r := start(t, spec(t, "vertex", nil))
	token := &google.Credentials{TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ya29.x"})}
	c := anthropic.NewClient(anthropicvertex.WithCredentials(t.Context(), "us-central1", "p-1", token), anthropicoption.WithBaseURL(r.URL), anthropicoption.WithMaxRetries(0))
	params := anthropicParams("claude-sonnet-4-5@20250929", "Answer in 12 words. [[bo:one]]")
	m, err := c.Messages.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	verified(t, m.Content[0].Text, "one", 12)
	if m.Model != "claude-sonnet-4-5-20250929" || !strings.HasPrefix(m.ID, "msg_vrtx_") {
		t.Errorf("%+v", m)
	}
	s := c.Messages.NewStreaming(t.Context(), params)
	whole := anthropic.Message{}
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	verified(t, whole.Content[0].Text, "one", 12)
	n, err := c.Messages.CountTokens(t.Context(), anthropic.MessageCountTokensParams{Model: params.Model, Messages: params.Messages})
	if err != nil || n.InputTokens != m.Usage.InputTokens {
		t.Errorf("%+v, %v; billed were %d", n, err, m.Usage.InputTokens)
	}
	params.Model = "claude-0"
	var e *anthropic.Error
	if _, err = c.Messages.New(t.Context(), params); !errors.As(err, &e) || e.StatusCode != 404 || !strings.Contains(e.RawJSON(), "publishers/anthropic/models/claude-0") {
		t.Errorf("%v", err)
	}
}
