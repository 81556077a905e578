package mocks_test

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"
)

var weather = shared.FunctionDefinitionParam{
	Name: "get_weather", Description: openai.String("Get the weather"),
	Parameters: shared.FunctionParameters{
		"type": "object",
		"properties": map[string]any{
			"city": map[string]any{"type": "string"},
			"unit": map[string]any{"type": "string", "enum": []string{"celsius", "fahrenheit"}},
			"days": map[string]any{"type": "integer", "minimum": 1, "maximum": 7},
			"note": map[string]any{"type": "string"},
		},
		"required": []string{"city", "unit", "days"},
	},
}

// checkWeather holds arguments against the schema of get_weather.
func checkWeather(t testing.TB, arguments string) {
	t.Helper()
	var in map[string]any
	if err := json.Unmarshal([]byte(arguments), &in); err != nil {
		t.Errorf("arguments %q: %v", arguments, err)
		return
	}
	city, _ := in["city"].(string)
	unit, _ := in["unit"].(string)
	days, _ := in["days"].(float64)
	if city == "" || unit != "celsius" && unit != "fahrenheit" || days < 1 || days > 7 || days != math.Trunc(days) || len(in) != 3 {
		t.Errorf("arguments %q are not of the schema", arguments)
	}
}

func withTools(model, prompt string) openai.ChatCompletionNewParams {
	p := openAIParams(model, prompt)
	p.Tools = []openai.ChatCompletionToolUnionParam{
		openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: "get_time"}),
		openai.ChatCompletionFunctionTool(weather),
	}
	return p
}

func TestFamilyTools(t *testing.T) {
	ctx := context.Background()
	for _, preset := range family {
		t.Run(preset, func(t *testing.T) {
			r, client, model := familyRig(t, preset)
			ask := func(p openai.ChatCompletionNewParams) openai.ChatCompletionChoice {
				t.Helper()
				got, err := client.Chat.Completions.New(ctx, p)
				if err != nil {
					t.Fatal(err)
				}
				r.calls.take(t, 1)
				return got.Choices[0]
			}

			asked := withTools(model, "Answer in 12 words with get_weather. [[bo:tool]]")
			called := ask(asked)
			calls := called.Message.ToolCalls
			if called.FinishReason != "tool_calls" || len(calls) != 1 || calls[0].Function.Name != "get_weather" || calls[0].ID == "" || called.Message.Content != "" {
				t.Fatalf("%+v", called)
			}
			checkWeather(t, calls[0].Function.Arguments)

			// The result is handed back: the text that the user asked for follows.
			asked.Messages = append(asked.Messages, called.Message.ToParam(), openai.ToolMessage("sunny", calls[0].ID))
			after := ask(asked)
			if after.FinishReason != "stop" || len(after.Message.ToolCalls) != 0 {
				t.Errorf("after the result: %+v", after)
			}
			verified(t, after.Message.Content, "tool", 12)

			// Another turn of the same conversation.
			asked.Messages = append(asked.Messages, after.Message.ToParam(), openai.UserMessage("And in 9 words? [[bo:turn-2]]"))
			verified(t, ask(asked).Message.Content, "turn-2", 9)

			streamed := withTools(model, "Answer in 12 words with get_weather. [[bo:tool]]")
			streamed.StreamOptions.IncludeUsage = openai.Bool(true)
			stream := client.Chat.Completions.NewStreaming(ctx, streamed)
			var acc openai.ChatCompletionAccumulator
			pieces, finished := 0, 0
			for stream.Next() {
				for _, c := range stream.Current().Choices {
					pieces += len(c.Delta.ToolCalls)
				}
				if !acc.AddChunk(stream.Current()) {
					t.Error("a chunk does not belong to the others")
				}
				if call, ok := acc.JustFinishedToolCall(); ok && call.Name == "get_weather" {
					finished++
				}
			}
			if err := stream.Err(); err != nil {
				t.Fatal(err)
			}
			r.calls.take(t, 1)
			if c := acc.Choices[0]; c.FinishReason != "tool_calls" || len(c.Message.ToolCalls) != 1 || c.Message.ToolCalls[0].Function.Arguments != calls[0].Function.Arguments || pieces < 2 || finished != 1 || acc.Usage.CompletionTokens < 4 {
				t.Errorf("%d pieces, %d finished, %+v", pieces, finished, acc.ChatCompletion)
			}

			for _, c := range []struct {
				name   string
				choice openai.ChatCompletionToolChoiceOptionUnionParam
				prompt string
				want   string
			}{
				{"auto, not asked for", openai.ChatCompletionToolChoiceOptionUnionParam{}, "What's the weather like?", ""},
				{"auto, part of another word", openai.ChatCompletionToolChoiceOptionUnionParam{}, "forget_weather", ""},
				{"auto, the tool", openai.ChatCompletionToolChoiceOptionUnionParam{}, "Use the tool!", "get_time"},
				{"auto, both named", openai.ChatCompletionToolChoiceOptionUnionParam{}, "get_weather, then get_time", "get_time get_weather"},
				{"none", openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("none")}, "Call the tool get_time.", ""},
				{"required", openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("required")}, "hi", "get_time"},
				{"required, named in the prompt", openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("required")}, "get_weather", "get_weather"},
				{"the named one", openai.ToolChoiceOptionFunctionToolChoice(openai.ChatCompletionNamedToolChoiceFunctionParam{Name: "get_weather"}), "get_time", "get_weather"},
			} {
				p := withTools(model, c.prompt)
				p.ToolChoice = c.choice
				got := ask(p)
				var names []string
				for _, call := range got.Message.ToolCalls {
					names = append(names, call.Function.Name)
				}
				if strings.Join(names, " ") != c.want || (got.FinishReason == "tool_calls") != (c.want != "") || (got.Message.Content == "") != (c.want != "") {
					t.Errorf("%s: called %q, finish %q, text %q", c.name, names, got.FinishReason, got.Message.Content)
				}
			}
			single := withTools(model, "get_weather, then get_time")
			single.ParallelToolCalls = openai.Bool(false)
			if got := ask(single); len(got.Message.ToolCalls) != 1 {
				t.Errorf("one call at a time: %+v", got.Message.ToolCalls)
			}
			cut := withTools(model, "get_weather")
			cut.MaxTokens = openai.Int(3)
			if got := ask(cut); got.FinishReason != "length" || len(got.Message.ToolCalls) != 1 || json.Valid([]byte(got.Message.ToolCalls[0].Function.Arguments)) {
				t.Errorf("cut off: %+v", got)
			}
		})
	}
}
