//go:build !race

package mocks_test

import (
	"strings"
	"testing"

	older "github.com/anthropics/anthropic-sdk-go"
	olderoption "github.com/anthropics/anthropic-sdk-go/option"
)

// The older major of Anthropic's SDK, with its own API version and key header,
// against the preset.
func TestAnthropicOlderSDK(t *testing.T) {
	r := start(t, spec(t, "anthropic", nil))
	c := older.NewClient(olderoption.WithBaseURL(r.URL), olderoption.WithAPIKey("sk-test"), olderoption.WithMaxRetries(0), olderoption.WithHTTPClient(r.client))
	params := older.MessageNewParams{
		Model: "claude-sonnet-4-5", MaxTokens: 1000, Temperature: older.Float(0.5),
		Messages: []older.MessageParam{older.NewUserMessage(older.NewTextBlock("Answer in 12 words. [[bo:one]]"))},
	}
	m, err := c.Messages.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	verified(t, m.Content[0].Text, "one", 12)
	if m.Model != "claude-sonnet-4-5-20250929" || m.StopReason != "end_turn" {
		t.Errorf("%+v", m)
	}
	n, err := c.Messages.CountTokens(t.Context(), older.MessageCountTokensParams{Model: params.Model, Messages: params.Messages})
	if err != nil || n.InputTokens != m.Usage.InputTokens {
		t.Errorf("%+v, %v; billed were %d", n, err, m.Usage.InputTokens)
	}

	params.StopSequences = []string{strings.Fields(m.Content[0].Text)[3]}
	cut, err := c.Messages.New(t.Context(), params)
	if err != nil || cut.StopReason != "stop_sequence" || cut.StopSequence != params.StopSequences[0] || !strings.HasPrefix(m.Content[0].Text, cut.Content[0].Text) {
		t.Errorf("%+v, %v", cut, err)
	}

	params.StopSequences = nil
	params.Messages = []older.MessageParam{older.NewUserMessage(older.NewTextBlock("Please call get_weather. [[bo:two]]"))}
	params.Tools = []older.ToolUnionParam{{OfTool: &older.ToolParam{
		Name: "get_weather", InputSchema: older.ToolInputSchemaParam{Properties: map[string]any{"location": map[string]any{"type": "string"}}, Required: []string{"location"}},
	}}}
	s := c.Messages.NewStreaming(t.Context(), params)
	whole := older.Message{}
	for s.Next() {
		if err := whole.Accumulate(s.Current()); err != nil {
			t.Error(err)
		}
	}
	if s.Err() != nil || whole.StopReason != "tool_use" || len(whole.Content) == 0 {
		t.Fatalf("%+v, %v", whole, s.Err())
	}
	call := whole.Content[len(whole.Content)-1]
	if call.Name != "get_weather" || !strings.HasPrefix(call.ID, "toolu_01") || !strings.Contains(string(call.Input), `"location"`) {
		t.Errorf("%+v", call)
	}
	params.Messages = append(params.Messages, whole.ToParam(), older.NewUserMessage(older.NewToolResultBlock(call.ID, "15C", false)))
	if m, err = c.Messages.New(t.Context(), params); err != nil {
		t.Fatal(err)
	}
	verified(t, m.Content[0].Text, "two", 40)
	r.calls.take(t, 5)
}
