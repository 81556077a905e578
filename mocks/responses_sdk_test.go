package mocks_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/responses"

	"brownout/mocks/wire"
	"brownout/plan"
)

func responseParams(model, prompt string) responses.ResponseNewParams {
	return responses.ResponseNewParams{Model: model, Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(prompt)}}
}

func TestResponsesSDK(t *testing.T) {
	ctx := context.Background()
	for _, preset := range family {
		t.Run(preset, func(t *testing.T) {
			r, client, model := familyRig(t, preset)
			p := responseParams(model, "Answer in 12 words. [[bo:resp]]")
			p.Instructions = openai.String("Be brief.")
			got, err := client.Responses.New(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			verified(t, got.OutputText(), "resp", 12)
			if got.Status != "completed" || !strings.HasPrefix(got.ID, "resp_") || got.Model != model || got.Usage.OutputTokens != 14 || got.Usage.TotalTokens != got.Usage.InputTokens+14 || got.CreatedAt == 0 || got.Instructions.OfString != "Be brief." {
				t.Errorf("%s", got.RawJSON())
			}

			last, text, order := readResponse(t, client, p)
			if text != got.OutputText() || last.OutputText() != text || last.Usage.TotalTokens != got.Usage.TotalTokens {
				t.Errorf("streamed %q, last %s", text, last.RawJSON())
			}
			const want = "response.created response.in_progress response.output_item.added response.content_part.added response.output_text.delta response.output_text.done response.content_part.done response.output_item.done response.completed"
			if order != want {
				t.Errorf("events in the order %s", order)
			}

			p.MaxOutputTokens = openai.Int(16)
			p.Input.OfString = openai.String("Answer in 30 words. [[bo:resp]]")
			short, err := client.Responses.New(ctx, p)
			if err != nil || short.Status != "incomplete" || short.IncompleteDetails.Reason != "max_output_tokens" || short.Usage.OutputTokens != 16 {
				t.Errorf("cut off: %v, %+v", err, short)
			}
			if last, _, order := readResponse(t, client, p); last.Status != "incomplete" || !strings.HasSuffix(order, " response.incomplete") {
				t.Errorf("cut off: %s, %s", last.RawJSON(), order)
			}
			for i, o := range r.calls.take(t, 4) {
				if o.Marker != "resp" || o.Status != 200 || o.Stream != (i%2 == 1) || o.Aborted {
					t.Errorf("%+v", o)
				}
			}
		})
	}
}

// readResponse streams a response: the last event's response, the text of the
// deltas, and the events' types, each once.
func readResponse(t testing.TB, client openai.Client, p responses.ResponseNewParams) (last responses.Response, text, order string) {
	t.Helper()
	stream := client.Responses.NewStreaming(context.Background(), p)
	number := int64(0)
	var types []string
	for stream.Next() {
		e := stream.Current()
		if e.SequenceNumber != number {
			t.Errorf("event %d has the number %d", number, e.SequenceNumber)
		}
		number++
		if len(types) == 0 || types[len(types)-1] != e.Type {
			types = append(types, e.Type)
		}
		text += e.AsResponseOutputTextDelta().Delta
		last = e.Response
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	return last, text, strings.Join(types, " ")
}

func TestResponsesSDKTools(t *testing.T) {
	ctx := context.Background()
	for _, preset := range family {
		t.Run(preset, func(t *testing.T) {
			r, client, model := familyRig(t, preset)
			p := responseParams(model, "")
			p.Input = responses.ResponseNewParamsInputUnion{OfInputItemList: responses.ResponseInputParam{
				responses.ResponseInputItemParamOfMessage("Answer in 12 words with get_weather. [[bo:resp]]", "user"),
			}}
			p.Tools = []responses.ToolUnionParam{responses.ToolParamOfFunction(weather.Name, weather.Parameters, true)}
			got, err := client.Responses.New(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Output) != 1 || got.Output[0].Type != "function_call" || got.Status != "completed" {
				t.Fatalf("%s", got.RawJSON())
			}
			call := got.Output[0].AsFunctionCall()
			if call.Name != weather.Name || call.CallID == "" || !strings.HasPrefix(call.ID, "fc_") {
				t.Errorf("%+v", call)
			}
			checkWeather(t, call.Arguments)

			last, _, order := readResponse(t, client, p)
			const want = "response.created response.in_progress response.output_item.added response.function_call_arguments.delta response.function_call_arguments.done response.output_item.done response.completed"
			if order != want || len(last.Output) != 1 || last.Output[0].AsFunctionCall().Arguments != call.Arguments {
				t.Errorf("%s: %s", order, last.RawJSON())
			}

			items := p.Input.OfInputItemList
			output := responses.ResponseInputItemParamOfFunctionCallOutput("sunny")
			output.OfFunctionCallOutput.CallID = openai.String(call.CallID)
			p.Input.OfInputItemList = append(items, responses.ResponseInputItemParamOfFunctionCall(call.Arguments, call.CallID, call.Name), output)
			after, err := client.Responses.New(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			verified(t, after.OutputText(), "resp", 12)
			r.calls.take(t, 3)
		})
	}
}

func TestResponsesSDKJSON(t *testing.T) {
	r, client, model := familyRig(t, "openai")
	p := responseParams(model, "Answer in 12 words. [[bo:resp]]")
	p.Text.Format = responses.ResponseFormatTextConfigParamOfJSONSchema("reply", map[string]any{
		"type": "object", "properties": map[string]any{"reply": map[string]any{"type": "string"}}, "required": []string{"reply"},
	})
	got, err := client.Responses.New(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	var in struct{ Reply string }
	if err := json.Unmarshal([]byte(got.OutputText()), &in); err != nil {
		t.Fatalf("%q: %v", got.OutputText(), err)
	}
	verified(t, in.Reply, "resp", 12)
	r.calls.take(t, 1)
}

// A context that is too short has words of its own on this API, whole and
// streamed.
func TestResponsesSDKContext(t *testing.T) {
	r := start(t, spec(t, "openai", func(p *plan.Provider) { p.Models[0].Context = 20 }))
	client := openAIClient(r, "sk-test")
	p := responseParams(r.Spec().Models[0].ID, strings.Repeat("word ", 30))
	_, err := client.Responses.New(context.Background(), p)
	s := client.Responses.NewStreaming(context.Background(), p)
	for s.Next() {
		t.Error("an event")
	}
	for _, err := range []error{err, s.Err()} {
		var e *openai.Error
		if !errors.As(err, &e) || e.StatusCode != 400 || e.Code != "context_length_exceeded" || e.Param != "input" || !strings.HasPrefix(e.Message, "Your input exceeds the context window") {
			t.Errorf("%v", err)
		}
	}
	for _, o := range r.calls.take(t, 2) {
		if o.Failure != wire.FailContextLength {
			t.Errorf("%+v", o)
		}
	}
}
