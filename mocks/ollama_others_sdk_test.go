//go:build !race

package mocks_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"
)

// Ollama also speaks OpenAI's responses and Anthropic's messages.
func TestOllamaOtherAPIs(t *testing.T) {
	r := start(t, spec(t, "ollama", nil))
	ctx, model := t.Context(), r.Spec().Models[0].ID
	o := openai.NewClient(openaioption.WithBaseURL(r.URL+"/v1"), openaioption.WithAPIKey("ollama"), openaioption.WithMaxRetries(0), openaioption.WithHTTPClient(r.client))
	p := responseParams(model, "Answer in 12 words. [[bo:one]]")
	whole, err := o.Responses.New(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	verified(t, whole.OutputText(), "one", 12)
	if last, text, _ := readResponse(t, o, p); text != whole.OutputText() || last.Status != "completed" {
		t.Errorf("%q, %s", text, last.RawJSON())
	}
	var oe *openai.Error
	if _, err := o.Responses.New(ctx, responseParams("gone", "hi")); !errors.As(err, &oe) || oe.StatusCode != 404 || oe.Type != "not_found_error" {
		t.Errorf("%v", err)
	}

	a := anthropic.NewClient(anthropicoption.WithBaseURL(r.URL), anthropicoption.WithAPIKey("ollama"), anthropicoption.WithMaxRetries(0), anthropicoption.WithHTTPClient(r.client))
	m, err := a.Messages.New(ctx, anthropicParams(model, "Answer in 12 words. [[bo:one]]"))
	if err != nil {
		t.Fatal(err)
	}
	if m.Content[0].Text != whole.OutputText() || m.StopReason != "end_turn" || !strings.HasPrefix(m.ID, "msg_") || string(m.Model) != model || m.Usage.InputTokens == 0 {
		t.Errorf("%+v", m)
	}
	s := a.Messages.NewStreaming(ctx, anthropicParams(model, "Answer in 12 words. [[bo:one]]"))
	var all anthropic.Message
	for s.Next() {
		if err := all.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	if s.Err() != nil || all.Content[0].Text != whole.OutputText() || all.Usage.OutputTokens != m.Usage.OutputTokens {
		t.Errorf("%v, %+v", s.Err(), all)
	}
	var ae *anthropic.Error
	if _, err := a.Messages.New(ctx, anthropicParams("gone", "hi")); !errors.As(err, &ae) || ae.StatusCode != 404 || ae.Type() != anthropic.ErrorTypeNotFoundError {
		t.Errorf("%v", err)
	}
	r.calls.take(t, 6)
	if status, body := r.send(t, "POST", "/v1/messages", "", "{"); status != 400 || !strings.Contains(body, `"type":"invalid_request_error"`) {
		t.Errorf("%d %s", status, body)
	}
	r.calls.take(t, 1)
}
