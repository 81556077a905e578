package harness_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/anthropics/anthropic-sdk-go"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"
	sdk "github.com/openai/openai-go/v3/shared"

	"brownout/mocks/answer"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

// clientCalls are what the official clients ask of the router. Each says what
// is wrong with what it got.
var clientCalls = []struct {
	name string
	ask  func(b *behind) error
}{
	{"chat", func(b *behind) error { return b.ask("m", false) }},
	{"every model", (*behind).everyModel},
	{"chat stream", func(b *behind) error { return b.ask("m", true) }},
	{"tools", func(b *behind) error { return b.callTools(false) }},
	{"tools stream", func(b *behind) error { return b.callTools(true) }},
	{"responses", (*behind).respond},
	{"responses stream", (*behind).respondStreamed},
	{"responses tools", (*behind).respondTools},
	{"embeddings", (*behind).embed},
	{"models", (*behind).list},
	{"messages", (*behind).message},
	{"messages stream", (*behind).messageStreamed},
	{"messages tools", func(b *behind) error { return b.messageTools(false) }},
	{"messages tools stream", func(b *behind) error { return b.messageTools(true) }},
	{"messages models", (*behind).listClaude},
}

const prompt = "how is the weather? [[bo:m]]"

// words says what is wrong with a text.
func words(text string) error {
	if v := answer.Verify(text, "m"); !v.OK() {
		return fmt.Errorf("%s: %q", v.Reason, text)
	}
	return nil
}

// weather is the schema of a function.
var weather = map[string]any{
	"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"},
}

// argued says what is wrong with the arguments of a call.
func argued(name, arguments string) error {
	var in struct{ City *string }
	if err := json.Unmarshal([]byte(arguments), &in); err != nil || name != "weather" || in.City == nil {
		return fmt.Errorf("it calls %s(%s)", name, arguments)
	}
	return nil
}

// everyModel asks for each of the provider's models by its name.
func (b *behind) everyModel() error {
	for _, m := range b.fleet.Providers()[0].Spec().Models {
		if m.Embedding > 0 {
			continue
		}
		got, err := b.openai.Chat.Completions.New(context.Background(), openai.ChatCompletionNewParams{
			Model: m.ID, Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)}, MaxCompletionTokens: openai.Int(60),
		})
		if err != nil {
			return fmt.Errorf("%s: %w", m.ID, err)
		}
		if err := right(got, "m"); err != nil {
			return fmt.Errorf("%s: %w", m.ID, err)
		}
	}
	return nil
}

// callTools has a function called, and gives its result.
func (b *behind) callTools(stream bool) error {
	ctx := context.Background()
	p := openai.ChatCompletionNewParams{
		Model:    "any",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.SystemMessage("Be brief."), openai.UserMessage(prompt)},
		Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(sdk.FunctionDefinitionParam{
			Name: "weather", Parameters: weather,
		})},
		MaxCompletionTokens: openai.Int(60),
	}
	var got openai.ChatCompletion
	if stream {
		var acc openai.ChatCompletionAccumulator
		s := b.openai.Chat.Completions.NewStreaming(ctx, p)
		defer s.Close()
		for s.Next() {
			acc.AddChunk(s.Current())
		}
		if s.Err() != nil {
			return s.Err()
		}
		got = acc.ChatCompletion
	} else {
		v, err := b.openai.Chat.Completions.New(ctx, p)
		if err != nil {
			return err
		}
		got = *v
	}
	m := got.Choices[0].Message
	if len(m.ToolCalls) != 1 || got.Choices[0].FinishReason != "tool_calls" || m.ToolCalls[0].ID == "" {
		return fmt.Errorf("no call: %s", got.RawJSON())
	}
	call := m.ToolCalls[0]
	if err := argued(call.Function.Name, call.Function.Arguments); err != nil {
		return err
	}
	p.Messages = append(p.Messages, m.ToParam(), openai.ToolMessage("rain", call.ID))
	end, err := b.openai.Chat.Completions.New(ctx, p)
	if err != nil {
		return fmt.Errorf("with the result: %w", err)
	}
	return words(end.Choices[0].Message.Content)
}

func responseParams() responses.ResponseNewParams {
	return responses.ResponseNewParams{
		Model: "any", Instructions: openai.String("Be brief."), MaxOutputTokens: openai.Int(60),
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(prompt)},
	}
}

func (b *behind) respond() error {
	r, err := b.openai.Responses.New(context.Background(), responseParams())
	if err != nil {
		return err
	}
	if r.Status != "completed" || r.Usage.OutputTokens == 0 {
		return fmt.Errorf("status %s, usage %+v", r.Status, r.Usage)
	}
	return words(r.OutputText())
}

func (b *behind) respondStreamed() error {
	s := b.openai.Responses.NewStreaming(context.Background(), responseParams())
	defer s.Close()
	text, done := "", false
	for s.Next() {
		e := s.Current()
		if e.Type == "response.output_text.delta" {
			text += e.Delta
		}
		done = done || e.Type == "response.completed" && e.Response.Usage.OutputTokens > 0
	}
	if s.Err() != nil {
		return s.Err()
	}
	if !done {
		return errors.New("it is not completed")
	}
	return words(text)
}

func (b *behind) respondTools() error {
	p := responseParams()
	p.Tools = []responses.ToolUnionParam{{OfFunction: &responses.FunctionToolParam{Name: "weather", Parameters: weather, Strict: openai.Bool(false)}}}
	r, err := b.openai.Responses.New(context.Background(), p)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(r.Output, func(v responses.ResponseOutputItemUnion) bool { return v.Type == "function_call" })
	if i < 0 {
		return fmt.Errorf("no call: %s", r.RawJSON())
	}
	call := r.Output[i].AsFunctionCall()
	if err := argued(call.Name, call.Arguments); err != nil {
		return err
	}
	result := responses.ResponseInputItemParamOfFunctionCallOutput("rain")
	result.OfFunctionCallOutput.CallID = openai.String(call.CallID)
	p.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{
		responses.ResponseInputItemParamOfMessage(prompt, responses.EasyInputMessageRoleUser),
		responses.ResponseInputItemParamOfFunctionCall(call.Arguments, call.CallID, call.Name),
		result,
	}}
	if r, err = b.openai.Responses.New(context.Background(), p); err != nil {
		return fmt.Errorf("with the result: %w", err)
	}
	return words(r.OutputText())
}

// errNone says that there is no such thing at a provider, as it should be.
var errNone = errors.New("none")

// embed asks for vectors of each of the provider's embedding models.
func (b *behind) embed() error {
	spec := b.fleet.Providers()[0].Spec()
	d, _ := wire.Lookup(spec.Dialect)
	if !wire.CanEmbed(d) {
		_, err := b.vectors(spec.Models[0].ID, "one [[bo:e1]]")
		var e *openai.Error
		if !errors.As(err, &e) || e.StatusCode != http.StatusNotFound || e.Code != "model_not_found" || !strings.Contains(e.Message, "no provider gives embeddings") {
			return fmt.Errorf("refused by %w", err)
		}
		if n := b.asked(spec.Name); n > 0 {
			return fmt.Errorf("it was asked %d times", n)
		}
		return errNone
	}
	for _, m := range spec.Models {
		if m.Embedding == 0 {
			continue
		}
		texts := make([]string, 20)
		for i := range texts {
			texts[i] = fmt.Sprintf("text %d [[bo:e%d]]", i%10, i%10)
		}
		got, err := b.vectors(m.ID, texts...)
		if err != nil {
			return err
		}
		for i, v := range got {
			if len(v) < 256 || slices.Equal(v, got[(i+1)%len(got)]) || !slices.Equal(v, got[(i+10)%len(got)]) {
				return fmt.Errorf("%s: vector %d is not that of its text", m.ID, i)
			}
		}
	}
	return nil
}

// vectors asks for those of some texts.
func (b *behind) vectors(model string, texts ...string) ([][]float64, error) {
	got, err := b.openai.Embeddings.New(context.Background(), openai.EmbeddingNewParams{
		Model: model, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
	})
	if err != nil {
		return nil, err
	}
	if len(got.Data) != len(texts) || got.Model == "" {
		return nil, fmt.Errorf("%d vectors of %q", len(got.Data), got.Model)
	}
	list := make([][]float64, len(texts))
	for i, v := range got.Data {
		list[i] = v.Embedding
	}
	return list, nil
}

func (b *behind) list() error {
	list, err := b.openai.Models.List(context.Background())
	if err != nil {
		return err
	}
	want := b.fleet.Providers()[0].Spec().Models
	if len(list.Data) != len(want) || list.Data[0].ID != want[0].ID {
		return fmt.Errorf("%d models, want %d", len(list.Data), len(want))
	}
	one, err := b.openai.Models.Get(context.Background(), want[0].ID)
	if err == nil && one.ID != want[0].ID {
		err = fmt.Errorf("model %s", one.ID)
	}
	return err
}

func (b *behind) listClaude() error {
	list, err := b.claude.Models.List(context.Background(), anthropic.ModelListParams{})
	if err != nil {
		return err
	}
	if want := b.fleet.Providers()[0].Spec().Models; len(list.Data) != len(want) || list.Data[0].ID != want[0].ID {
		return fmt.Errorf("%d models, want %d", len(list.Data), len(want))
	}
	return nil
}

func messageParams() anthropic.MessageNewParams {
	return anthropic.MessageNewParams{
		Model: "any", MaxTokens: 60, System: []anthropic.TextBlockParam{{Text: "Be brief."}},
		Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(prompt))},
	}
}

// said says what is wrong with a message.
func said(m *anthropic.Message) error {
	if len(m.Content) != 1 || m.StopReason != anthropic.StopReasonEndTurn || m.Usage.OutputTokens == 0 || m.Usage.InputTokens == 0 {
		return fmt.Errorf("got %s", m.RawJSON())
	}
	return words(m.Content[0].Text)
}

func (b *behind) message() error {
	m, err := b.claude.Messages.New(context.Background(), messageParams())
	if err != nil {
		return err
	}
	return said(m)
}

// streamed gathers a streamed message.
func (b *behind) streamed(p anthropic.MessageNewParams) (*anthropic.Message, error) {
	m := &anthropic.Message{}
	s := b.claude.Messages.NewStreaming(context.Background(), p)
	defer s.Close()
	for s.Next() {
		if err := m.Accumulate(s.Current()); err != nil {
			return nil, err
		}
	}
	return m, s.Err()
}

func (b *behind) messageStreamed() error {
	m, err := b.streamed(messageParams())
	if err == nil && m.Usage.InputTokens == 0 { // most dialects tell it at the end, where this SDK's accumulator does not look
		m.Usage.InputTokens = 1
	}
	if err != nil {
		return err
	}
	return said(m)
}

func (b *behind) messageTools(stream bool) error {
	p := messageParams()
	p.Tools = []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{
		Name: "weather", InputSchema: anthropic.ToolInputSchemaParam{Properties: weather["properties"], Required: []string{"city"}},
	}}}
	ask := func() (*anthropic.Message, error) { return b.claude.Messages.New(context.Background(), p) }
	if stream {
		ask = func() (*anthropic.Message, error) { return b.streamed(p) }
	}
	m, err := ask()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(m.Content, func(c anthropic.ContentBlockUnion) bool { return c.Type == "tool_use" })
	if i < 0 || m.StopReason != anthropic.StopReasonToolUse {
		return fmt.Errorf("no call: %+v", m)
	}
	use := m.Content[i].AsToolUse()
	if err := argued(use.Name, string(use.Input)); err != nil {
		return err
	}
	p.Messages = append(p.Messages, m.ToParam(), anthropic.NewUserMessage(anthropic.NewToolResultBlock(use.ID, "rain", false)))
	if m, err = b.claude.Messages.New(context.Background(), p); err != nil {
		return fmt.Errorf("with the result: %w", err)
	}
	return said(m)
}

// Every official client gets everything that it can ask for from every
// provider, through the router; or hears that this provider has no such thing (–).
// With -v the table is printed.
func TestEveryClientAtEveryProvider(t *testing.T) {
	names := slices.DeleteFunc(presets.Names(), func(name string) bool { return strings.HasPrefix(name, "vllm-") }) // one dialect
	cells := make([][]string, len(names))
	for i, name := range names {
		cells[i] = make([]string, len(clientCalls))
		for j, call := range clientCalls {
			t.Run(name+"/"+call.name, func(t *testing.T) {
				withBehind(t, plan.Router{}, []string{name}, func(b *behind) {
					switch err := call.ask(b); {
					case err == nil:
						cells[i][j] = "yes"
					case errors.Is(err, errNone):
						cells[i][j] = "–"
					default:
						cells[i][j] = "NO"
						t.Error(err)
					}
				})
			})
		}
	}
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "provider")
	for _, c := range clientCalls {
		fmt.Fprintf(w, "\t%s", c.name)
	}
	for i, name := range names {
		fmt.Fprintf(w, "\n%s\t%s", name, strings.Join(cells[i], "\t"))
	}
	w.Flush()
	t.Logf("what the official clients get\n%s", out.String())
}
