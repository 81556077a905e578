//go:build !race

package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/v2/option"
	"github.com/openai/openai-go/v3"
	openaioption "github.com/openai/openai-go/v3/option"

	"brownout/mocks/answer"
)

// asking is what is asked for, and how.
type asking struct {
	model     string // "": the provider's first
	words     int    // 0: 5
	stream    bool
	maxTokens int  // by the older name
	cold      bool // temperature 0
}

// seen is what the SDK shows of one call.
type seen struct {
	status     int
	code       string // OpenAI's code, Anthropic's type
	message    string
	text       string
	whole      bool // the text is all of the marker's
	retryAfter string
	took       time.Duration
	err        error
}

// sdk is a program that uses the provider's own SDK, with one pool of
// connections.
type sdk struct {
	p      *path
	openai openai.Client
	claude *anthropic.Client
	number int
	mu     sync.Mutex
}

func newSDK(p *path) *sdk {
	base := "http://" + p.Link.Addr
	s := &sdk{p: p, openai: openai.NewClient(
		openaioption.WithBaseURL(base+"/v1"), openaioption.WithAPIKey("sk-test"),
		openaioption.WithMaxRetries(0), openaioption.WithHTTPClient(p.client),
	)}
	if p.Provider.Spec().Dialect == "anthropic" {
		c := anthropic.NewClient(
			anthropicoption.WithBaseURL(base), anthropicoption.WithAPIKey("sk-ant-test"),
			anthropicoption.WithHeader("anthropic-version", "2023-06-01"),
			anthropicoption.WithMaxRetries(0), anthropicoption.WithHTTPClient(p.client),
		)
		s.claude = &c
	}
	return s
}

// ask makes one call with a marker of its own.
func (s *sdk) ask(ctx context.Context, a asking) seen {
	s.mu.Lock()
	s.number++
	marker := fmt.Sprintf("chat-0000-%x", s.number)
	s.mu.Unlock()
	if a.model == "" {
		a.model = s.p.Provider.Spec().Models[0].ID
	}
	if a.words == 0 {
		a.words = 5
	}
	prompt := fmt.Sprintf("Answer in %d words. [[bo:%s]]", a.words, marker)
	start := time.Now()
	var out seen
	var raw *http.Response
	if s.claude != nil {
		out.text, out.err = s.askClaude(ctx, a, prompt, &raw)
	} else {
		out.text, out.err = s.askOpenAI(ctx, a, prompt, &raw)
	}
	out.took = time.Since(start)
	out.whole = answer.Verify(out.text, marker).OK()
	if raw != nil {
		out.status, out.retryAfter = raw.StatusCode, raw.Header.Get("Retry-After")
	}
	var o *openai.Error
	var c *anthropic.Error
	switch {
	case errors.As(out.err, &o):
		out.code, out.message = o.Code, o.Message
	case errors.As(out.err, &c):
		out.code, out.message = string(c.Type()), c.Error()
	}
	return out
}

func (s *sdk) askOpenAI(ctx context.Context, a asking, prompt string, raw **http.Response) (string, error) {
	q := openai.ChatCompletionNewParams{
		Model: a.model, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)},
	}
	if a.maxTokens > 0 {
		q.MaxTokens = openai.Int(int64(a.maxTokens))
	}
	if a.cold {
		q.Temperature = openai.Float(0)
	}
	if a.stream {
		st := s.openai.Chat.Completions.NewStreaming(ctx, q, openaioption.WithResponseInto(raw))
		defer st.Close()
		var text strings.Builder
		for st.Next() {
			for _, c := range st.Current().Choices {
				text.WriteString(c.Delta.Content)
			}
		}
		return text.String(), st.Err()
	}
	got, err := s.openai.Chat.Completions.New(ctx, q, openaioption.WithResponseInto(raw))
	if err != nil || len(got.Choices) == 0 {
		return "", err
	}
	return got.Choices[0].Message.Content, nil
}

func (s *sdk) askClaude(ctx context.Context, a asking, prompt string, raw **http.Response) (string, error) {
	q := anthropic.MessageNewParams{
		Model: anthropic.Model(a.model), MaxTokens: 1000,
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(prompt))},
	}
	if a.stream {
		st := s.claude.Messages.NewStreaming(ctx, q, anthropicoption.WithResponseInto(raw))
		defer st.Close()
		var text strings.Builder
		for st.Next() {
			text.WriteString(st.Current().Delta.Text)
		}
		return text.String(), st.Err()
	}
	got, err := s.claude.Messages.New(ctx, q, anthropicoption.WithResponseInto(raw))
	if err != nil || len(got.Content) == 0 {
		return "", err
	}
	return got.Content[0].Text, nil
}

// models asks for the model list.
func (s *sdk) models(ctx context.Context) (ids []string, err error) {
	if s.claude != nil {
		l, err := s.claude.Models.List(ctx, anthropic.ModelListParams{})
		if err == nil {
			for _, m := range l.Data {
				ids = append(ids, m.ID)
			}
		}
		return ids, err
	}
	l, err := s.openai.Models.List(ctx)
	if err == nil {
		for _, m := range l.Data {
			ids = append(ids, m.ID)
		}
	}
	return ids, err
}
