package router_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
	aoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"

	"brownout/mocks/wire"
	"brownout/plan"
)

// anthropicSDK is the official client, pointed at the router.
func (w *world) anthropicSDK() anthropic.Client {
	return anthropic.NewClient(aoption.WithBaseURL("http://router"), aoption.WithAPIKey("unused"),
		aoption.WithHTTPClient(w.client), aoption.WithMaxRetries(0))
}

// calls answers with a call of the tool it was offered, and with text once the
// result of a call is in the conversation.
func calls(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
	if last := req.Messages[len(req.Messages)-1]; last.Role == "tool" {
		answers("from "+f.Name+" "+last.Text, 0)(f, w, r, req)
		return
	}
	call := wire.ToolCall{Name: req.Tools[0].Name, Arguments: `{"city":"Oslo"}`}
	if t, ok := f.dialect.(wire.ToolCaller); ok {
		call.ID = t.NewToolCallID(7)
	}
	a := &wire.Answer{ID: "id-" + f.Name, Model: req.Model, Finish: wire.FinishToolCalls, Usage: usage, ToolCalls: []wire.ToolCall{call}}
	if !req.Stream {
		_ = f.dialect.WriteAnswer(w, req, a)
		return
	}
	s, err := f.dialect.StartStream(w, req, a)
	if err != nil {
		return
	}
	if t, ok := s.(wire.ToolStreamWriter); ok {
		_ = t.ToolCall(wire.ToolCallDelta{ID: call.ID, Name: call.Name, Arguments: call.Arguments})
	}
	_ = s.End(wire.FinishToolCalls, usage)
}

// toolDialects are those with tools in them on both sides.
func toolDialects() []string {
	var names []string
	for _, name := range wire.Names() {
		if d, _ := wire.Lookup(name); name != "sagemaker" && name != "azureml" {
			if _, ok := d.(wire.ToolCaller); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// Anthropic's official client gets every dialect's answers through the router:
// unary and streamed, with a system prompt and tools, failing over from a
// backend that is down.
func TestAnthropicSDK(t *testing.T) {
	ctx := context.Background()
	for _, dialect := range toolDialects() {
		t.Run(dialect, func(t *testing.T) {
			down, b := backend("a", always(fails(wire.FailOverload, 0))), backend("b", always(calls))
			down.Dialect, b.Dialect = dialect, dialect
			run(t, plan.Router{}, []*fake{down, b}, func(w *world) {
				client := w.anthropicSDK()
				p := anthropic.MessageNewParams{
					Model: "claude-any", MaxTokens: 100, TopP: anthropic.Float(0.5), StopSequences: []string{"END"},
					System:   []anthropic.TextBlockParam{{Text: "Be brief."}},
					Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("weather?"))},
					Tools: []anthropic.ToolUnionParam{{OfTool: &anthropic.ToolParam{
						Name: "weather", InputSchema: anthropic.ToolInputSchemaParam{Properties: map[string]any{"city": map[string]any{"type": "string"}}},
					}}},
				}
				m, err := client.Messages.New(ctx, p)
				if err != nil {
					t.Fatal(err)
				}
				use := m.Content[0].AsToolUse()
				if m.StopReason != "tool_use" || use.Name != "weather" || !strings.Contains(string(use.Input), "Oslo") || m.Usage.OutputTokens != 3 {
					t.Fatalf("unary: %s", m.RawJSON())
				}
				whole := anthropic.Message{}
				s := client.Messages.NewStreaming(ctx, p)
				for s.Next() {
					if err := whole.Accumulate(s.Current()); err != nil {
						t.Fatal(err)
					}
				}
				if s.Err() != nil || len(whole.Content) != 1 || whole.Content[0].Name != "weather" || !strings.Contains(string(whole.Content[0].Input), "Oslo") {
					t.Errorf("stream: %v %+v", s.Err(), whole)
				}
				p.Messages = append(p.Messages, m.ToParam(), anthropic.NewUserMessage(anthropic.NewToolResultBlock(use.ID, "rain", false)))
				m, err = client.Messages.New(ctx, p)
				if err != nil || m.Content[0].Text != "from b rain" || m.StopReason != "end_turn" {
					t.Errorf("with the result: %v %v", err, m)
				}
				seen := b.calls[len(b.calls)-1].req
				if seen.MaxTokens != 100 || len(seen.Stop) != 1 || seen.Messages[0].Role != "system" || seen.Messages[0].Text != "Be brief." || len(seen.Tools) != 1 {
					t.Errorf("the provider understood %+v", seen)
				}
				list, err := client.Models.List(ctx, anthropic.ModelListParams{})
				if err != nil || len(list.Data) != 2 || list.Data[1].ID != "b-model" || list.Data[1].Type != "model" {
					t.Errorf("models: %v %v", err, list)
				}
			})
		})
	}
}

// What goes wrong comes in Anthropic's own words, before a stream and in it.
func TestAnthropicSDKErrors(t *testing.T) {
	ctx := context.Background()
	p := anthropic.MessageNewParams{Model: "m", MaxTokens: 10, Messages: []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock("x"))}}
	run(t, plan.Router{}, []*fake{backend("a", always(drops))}, func(w *world) {
		client := w.anthropicSDK()
		var e *anthropic.Error
		if _, err := client.Messages.New(ctx, p); !errors.As(err, &e) || e.StatusCode != http.StatusBadGateway || !strings.Contains(e.RawJSON(), "a: transport") {
			t.Errorf("got %v", err)
		}
	})
	run(t, plan.Router{}, []*fake{backend("a", always(begins(0, []string{"from "}, cuts)))}, func(w *world) {
		client := w.anthropicSDK()
		s := client.Messages.NewStreaming(ctx, p)
		for s.Next() {
		}
		defer s.Close()
		if s.Err() == nil || !strings.Contains(s.Err().Error(), "broke off") {
			t.Errorf("the stream ended with %v", s.Err())
		}
	})
}

// OpenAI's responses API is served too, from every dialect.
func TestResponsesAPI(t *testing.T) {
	ctx := context.Background()
	for _, dialect := range []string{"openai", "anthropic", "gemini", "bedrock"} {
		t.Run(dialect, func(t *testing.T) {
			b := backend("b", always(answers("from b", 0)))
			b.Dialect = dialect
			run(t, plan.Router{}, []*fake{b}, func(w *world) {
				client := w.sdk()
				p := responses.ResponseNewParams{
					Model: "any", Instructions: openai.String("Be brief."),
					Input: responses.ResponseNewParamsInputUnion{OfString: openai.String("hi")},
				}
				r, err := client.Responses.New(ctx, p)
				if err != nil || r.OutputText() != "from b" || r.Model != "b-model" {
					t.Fatalf("unary: %v %v", err, r)
				}
				s := client.Responses.NewStreaming(ctx, p)
				text, done := "", false
				for s.Next() {
					e := s.Current()
					text += e.Delta
					done = done || e.Type == "response.completed"
				}
				if s.Err() != nil || text != "from b" || !done {
					t.Errorf("stream: %v %q %v", s.Err(), text, done)
				}
				if m := b.calls[0].req.Messages; len(m) != 2 || m[0].Text != "Be brief." {
					t.Errorf("the provider understood %+v", m)
				}
				// Nothing is kept, and that is said rather than a conversation lost.
				if !strings.Contains(r.RawJSON(), `"store":false`) {
					t.Errorf("it says that it is kept: %s", r.RawJSON())
				}
				calls := b.count()
				p.PreviousResponseID = openai.String(r.ID)
				var e *openai.Error
				if _, err := client.Responses.New(ctx, p); !errors.As(err, &e) || e.StatusCode != http.StatusBadRequest || e.Code != "previous_response_not_found" || b.count() != calls {
					t.Errorf("to go on from it: %v", err)
				}
			})
		})
	}
}

// Fields beyond the neutral form survive between providers of one family, and
// are left out for one that refuses them.
func TestFieldsSurvive(t *testing.T) {
	const body = `{"model":"any","messages":[{"role":"user","content":"x","name":"bob"}],"logprobs":true,"top_p":0.5,"seed":3,"user":"u","max_tokens":9,
		"metadata":{"a":[1,{"b":"c\"}"}]},"stop":["END"]}`
	var seen map[string]any
	decode := func(t *testing.T, raw string) {
		t.Helper()
		seen = nil
		if err := json.Unmarshal([]byte(raw), &seen); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
	}
	t.Run("one family", func(t *testing.T) {
		a := backend("a", always(answers("from a", 0)))
		run(t, plan.Router{}, []*fake{a}, func(w *world) {
			if res, answer := w.post("/v1/chat/completions", body, nil); res.StatusCode != http.StatusOK {
				t.Fatal(answer)
			}
			decode(t, a.bodies[0])
			turn := seen["messages"].([]any)[0].(map[string]any)
			if seen["model"] != "a-model" || seen["logprobs"] != true || seen["top_p"] != 0.5 || seen["seed"] != 3.0 || seen["user"] != "u" ||
				seen["max_completion_tokens"] != 9.0 || seen["max_tokens"] != nil || seen["metadata"] == nil || turn["name"] != "bob" {
				t.Errorf("sent %s", a.bodies[0])
			}
		})
	})
	t.Run("refused", func(t *testing.T) {
		a := backend("a", inTurn(fails(wire.FailBadRequest, 0), answers("from a", 0)))
		run(t, plan.Router{}, []*fake{a}, func(w *world) {
			if res, answer := w.post("/v1/chat/completions", body, nil); res.StatusCode != http.StatusOK || len(a.bodies) != 2 {
				t.Fatal(answer)
			}
			if decode(t, a.bodies[1]); seen["logprobs"] != nil || seen["seed"] != 3.0 {
				t.Errorf("sent %s", a.bodies[1])
			}
			w.wantDid("shimmed a", "retry a")
		})
	})
	t.Run("another family", func(t *testing.T) {
		a := backend("a", always(answers("from a", 0)))
		a.Dialect = "anthropic"
		run(t, plan.Router{}, []*fake{a}, func(w *world) {
			if res, answer := w.post("/v1/chat/completions", body, nil); res.StatusCode != http.StatusOK {
				t.Fatal(answer)
			}
			if decode(t, a.bodies[0]); seen["logprobs"] != nil || seen["top_p"] != 0.5 || seen["max_tokens"] != 9.0 {
				t.Errorf("sent %s", a.bodies[0])
			}
		})
	})
	t.Run("switched off", func(t *testing.T) {
		a := backend("a", always(answers("from a", 0)))
		run(t, plan.Router{Off: []string{"api_shim"}}, []*fake{a}, func(w *world) {
			w.post("/v1/chat/completions", body, nil)
			if decode(t, a.bodies[0]); seen["logprobs"] != nil {
				t.Errorf("sent %s", a.bodies[0])
			}
		})
	})
}

// A field that a provider refuses is left out, or sent under its new name, from
// then on: only the first request pays for it.
func TestShimLearns(t *testing.T) {
	strict := func(message string, banned ...string) func(int) act {
		return always(func(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
			for _, word := range banned {
				if strings.Contains(f.bodies[len(f.bodies)-1], `"`+word+`"`) {
					f.dialect.WriteFailure(w, &wire.Failure{Kind: wire.FailBadRequest, Message: message})
					return
				}
			}
			answers("from a", 0)(f, w, r, req)
		})
	}
	const body = `{"model":"any","messages":[{"role":"user","content":"x"}],"temperature":0.5,"max_tokens":9}`
	for _, tt := range []struct{ name, message, banned, wanted string }{
		{"removed", "Unsupported parameter: 'temperature' is not supported with this model.", "temperature", `"max_completion_tokens":9`},
		{"renamed", "Unsupported parameter: 'max_completion_tokens' is not supported. Use 'max_tokens' instead.", "max_completion_tokens", `"max_tokens":9`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := backend("a", strict(tt.message, tt.banned))
			run(t, plan.Router{}, []*fake{a}, func(w *world) {
				for i, calls := range []int{2, 3} {
					if res, answer := w.post("/v1/chat/completions", body, nil); res.StatusCode != http.StatusOK || len(a.bodies) != calls {
						t.Fatalf("request %d after %d calls: %s", i, len(a.bodies), answer)
					}
				}
				if !strings.Contains(a.bodies[2], tt.wanted) {
					t.Errorf("sent %s", a.bodies[2])
				}
			})
			a = backend("a", strict(tt.message, tt.banned))
			run(t, plan.Router{Off: []string{"api_shim"}}, []*fake{a}, func(w *world) {
				if res, _ := w.post("/v1/chat/completions", body, nil); res.StatusCode != http.StatusBadRequest || len(a.bodies) != 1 {
					t.Errorf("status %d after %d calls with the shim off", res.StatusCode, len(a.bodies))
				}
			})
		})
	}
	// What no request can do without is no business of the shim.
	a := backend("a", strict("Unsupported parameter: 'messages'", "messages"))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		if res, _ := w.post("/v1/chat/completions", body, nil); res.StatusCode != http.StatusBadRequest || len(a.bodies) != 1 {
			t.Errorf("status %d after %d calls", res.StatusCode, len(a.bodies))
		}
	})
}

// Embeddings come from whoever has the asked model, in every dialect that has
// them, and never from another model.
func TestEmbeddings(t *testing.T) {
	ctx := context.Background()
	for _, dialect := range []string{"openai", "ollama", "gemini", "mistral"} {
		t.Run(dialect, func(t *testing.T) {
			other := backend("a", always(answers("x", 0)))
			down, b := backend("b", always(answers("x", 0))), backend("c", always(answers("x", 0)))
			down.Models, b.Models = []string{"embed-1"}, []string{"embed-1"}
			down.Dialect, b.Dialect = dialect, dialect
			down.vectors = always(fails(wire.FailOverload, 0))
			run(t, plan.Router{}, []*fake{other, down, b}, func(w *world) {
				client := w.sdk()
				got, err := client.Embeddings.New(ctx, openai.EmbeddingNewParams{
					Model: "embed-1", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"one", "three"}},
				})
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Data) != 2 || got.Data[0].Embedding[0] != 3 || got.Data[1].Embedding[0] != 5 || len(other.embeds) != 0 {
					t.Errorf("got %s", got.RawJSON())
				}
				if _, err := client.Embeddings.New(ctx, openai.EmbeddingNewParams{
					Model: "unknown", Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String("x")},
				}); err == nil {
					t.Error("vectors of another model were given")
				}
			})
		})
	}
}

// A provider that takes one text in a call gets as many calls, which are one
// attempt: the vectors are all its own, in order, or all another's.
func TestEmbeddingsInParts(t *testing.T) {
	ctx := context.Background()
	inputs := []string{"a", "bb", "ccc", "dddd", "eeeee", "ffffff", "ggggggg", "hhhhhhhh", "iiiiiiiii", "jjjjjjjjjj"}
	fleet := func(bad act) []*fake {
		a, b := backend("a", always(answers("x", 0))), backend("b", always(answers("x", 0)))
		for _, f := range []*fake{a, b} {
			f.Dialect, f.Models, f.after = "vertex", []string{"gemini-embedding-001"}, 10*time.Millisecond
		}
		a.vectors = func(n int) act {
			if n == 4 {
				return bad
			}
			return nil
		}
		return []*fake{a, b}
	}
	ask := func(w *world) (*openai.CreateEmbeddingResponse, error) {
		client := w.sdk(option.WithMaxRetries(0))
		return client.Embeddings.New(ctx, openai.EmbeddingNewParams{
			Model: "gemini-embedding-001", Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: inputs},
		})
	}
	check := func(t *testing.T, f *fake, got *openai.CreateEmbeddingResponse, err error) {
		t.Helper()
		if err != nil || len(got.Data) != len(inputs) || got.Usage.PromptTokens != int64(len(inputs)) {
			t.Fatalf("%v %v", got, err)
		}
		for i, v := range got.Data {
			if v.Embedding[0] != float64(len(inputs[i])) || v.Index != int64(i) {
				t.Errorf("vector %d is that of a text of %v letters", i, v.Embedding[0])
			}
		}
		for _, e := range f.embeds {
			if len(e.Inputs) != 1 {
				t.Errorf("a call with %d texts", len(e.Inputs))
			}
		}
	}
	run(t, plan.Router{}, fleet(nil), func(w *world) {
		got, err := ask(w)
		check(t, w.fakes["a"], got, err)
		if len(w.fakes["b"].embeds) > 0 || w.since() != 20*time.Millisecond {
			t.Errorf("%d calls to b, after %v", len(w.fakes["b"].embeds), w.since())
		}
	})
	run(t, plan.Router{}, fleet(fails(wire.FailQuota, 0)), func(w *world) {
		got, err := ask(w)
		check(t, w.fakes["b"], got, err)
		if len(w.fakes["b"].embeds) != len(inputs) || len(w.fakes["a"].embeds) == len(inputs) {
			t.Errorf("%d calls to a, %d to b", len(w.fakes["a"].embeds), len(w.fakes["b"].embeds))
		}
	})
	run(t, plan.Router{}, fleet(fails(wire.FailQuota, 0))[:1], func(w *world) {
		var e *openai.Error
		if got, err := ask(w); !errors.As(err, &e) || e.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%v %v", got, err)
		}
	})
}
