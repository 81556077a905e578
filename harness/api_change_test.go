package harness_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"

	"brownout/harness/router"
	"brownout/mocks/answer"
	"brownout/mocks/presets"
	"brownout/plan"
)

// ask asks through OpenAI's client, with every parameter that a provider may
// turn against, and says what is wrong with the answer.
func (b *behind) ask(marker string, stream bool) error {
	p := openai.ChatCompletionNewParams{
		Model:               "any",
		Messages:            []openai.ChatCompletionMessageParamUnion{openai.UserMessage("say it [[bo:" + marker + "]]")},
		Temperature:         openai.Float(0.5),
		MaxCompletionTokens: openai.Int(60),
	}
	if !stream {
		got, err := b.openai.Chat.Completions.New(context.Background(), p)
		if err != nil {
			return err
		}
		return right(got, marker)
	}
	p.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	var acc openai.ChatCompletionAccumulator
	s := b.openai.Chat.Completions.NewStreaming(context.Background(), p)
	defer s.Close()
	for s.Next() {
		acc.AddChunk(s.Current())
	}
	if s.Err() != nil {
		return s.Err()
	}
	return right(&acc.ChatCompletion, marker)
}

// right says what is wrong with an answer; nil: nothing.
func right(got *openai.ChatCompletion, marker string) error {
	if len(got.Choices) == 0 {
		return fmt.Errorf("no choice: %s", got.RawJSON())
	}
	if v := answer.Verify(got.Choices[0].Message.Content, marker); !v.OK() {
		return fmt.Errorf("%s: %q", v.Reason, got.Choices[0].Message.Content)
	}
	if u := got.Usage; u.PromptTokens == 0 || u.CompletionTokens == 0 || u.CompletionTokens > 60 {
		return fmt.Errorf("usage %+v", u)
	}
	return nil
}

// Whatever a provider changes of its interface, no client sees it: the router
// meets the change where it can be known, at the cost of the first calls, and
// else goes to another provider.
func TestEveryProviderChangesItsInterface(t *testing.T) {
	for _, mode := range []struct {
		name   string
		params map[string]any
		leaves []string // presets that are left for another; "*": all
		told   string   // the decision, where the provider is kept
	}{
		{"version", map[string]any{"mode": "version"}, all("anthropic", "azure"), router.APIChanged},
		{"header", map[string]any{"mode": "required_header"}, nil, router.APIChanged},
		{"header, untold", map[string]any{"mode": "required_header", "untold": true}, all(), router.APIChanged},
		{"removed", map[string]any{"mode": "removed_param"}, nil, router.Shimmed},
		{"renamed", map[string]any{"mode": "renamed_param", "param": "temperature", "to": "heat"}, nil, router.Shimmed},
		{"renamed limit", map[string]any{"mode": "renamed_param"}, nil, ""},
		{"count", map[string]any{"mode": "renamed_field", "field": "completion_tokens"}, nil, ""},
		{"text", map[string]any{"mode": "renamed_field"}, all(), ""},
	} {
		for _, name := range presets.Names() {
			if strings.HasPrefix(name, "vllm-") {
				continue // the same dialect
			}
			other := "openai"
			if name == other {
				other = "anthropic"
			}
			t.Run(mode.name+"/"+name, func(t *testing.T) {
				withBehind(t, plan.Router{}, []string{name, other}, func(b *behind) {
					if err := b.ask("warm", false); err != nil {
						t.Fatal(err)
					}
					b.asked(name)
					b.asked(other)
					end := b.inject(name, "api_change", mode.params)
					for i := range 4 {
						if err := b.ask(fmt.Sprint("m", i), i%2 == 1); err != nil {
							t.Errorf("request %d: %v", i, err)
						}
					}
					n, away := b.asked(name), b.asked(other)
					if left := slices.Contains(mode.leaves, name); left != (away > 0) || !left && n > 5 {
						t.Errorf("%d calls to it and %d to another; %q %q", n, away, b.told(router.APIChanged), b.told(router.Shimmed))
					}
					if told := b.told(mode.told); mode.told != "" && (len(told) == 0 || len(told) > 4) {
						t.Errorf("told %q", told)
					}
					end()
				})
			})
		}
	}
}

// all are the presets but these.
func all(but ...string) []string {
	return slices.DeleteFunc(presets.Names(), func(name string) bool { return slices.Contains(but, name) })
}
