package router_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// insists answers in these words where the request is not as the provider wants
// it now, and else as the other act does.
func insists(wanted func(r *http.Request) bool, refusal wire.Failure, then act) func(int) act {
	return always(func(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
		if wanted(r) {
			then(f, w, r, req)
			return
		}
		refusal.Kind = wire.FailBadRequest
		f.dialect.WriteFailure(w, &refusal)
	})
}

// details are what was told of a kind of decision.
func (w *world) details(what string) (list []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.decisions {
		if d.What == what {
			list = append(list, d.Provider+": "+d.Detail)
		}
	}
	return list
}

// askSDK asks once through the official client, streamed or not.
func (w *world) askSDK(stream bool) (string, error) {
	client := w.sdk(option.WithMaxRetries(0))
	p := params()
	if !stream {
		p.StreamOptions = openai.ChatCompletionStreamOptionsParam{}
		got, err := client.Chat.Completions.New(context.Background(), p)
		if err != nil {
			return "", err
		}
		return got.Choices[0].Message.Content, nil
	}
	text := ""
	s := client.Chat.Completions.NewStreaming(context.Background(), p)
	defer s.Close()
	for s.Next() {
		if c := s.Current().Choices; len(c) > 0 {
			text += c[0].Delta.Content
		}
	}
	return text, s.Err()
}

// A provider that no longer takes the version, or wants a header, is asked as
// it wants to be where that can be known; only the first call pays, and it is
// told once. No client ever sees a 400 for it.
func TestInterfacesAreMet(t *testing.T) {
	header := func(name, value string) func(*http.Request) bool {
		return func(r *http.Request) bool { return r.Header.Get(name) == value }
	}
	for _, tt := range []struct {
		name, dialect, refusal string
		wanted                 func(*http.Request) bool
		told                   string
	}{
		{"Anthropic's version", "anthropic", `anthropic-version: "2023-06-01" is not a valid version`, header("Anthropic-Version", "2026-10-21"), "2026-10-21 is named"},
		{
			"Azure's, which it tells", "azure", "Model a-model is enabled only for api versions 2024-12-01-preview and later",
			func(r *http.Request) bool { return r.URL.Query().Get("api-version") == "2024-12-01-preview" }, "2024-12-01-preview is named",
		},
		{
			"Azure's, of a list", "azure", "The api-version '2024-10-21' is invalid. The supported versions are '2025-04-01-preview,2025-03-01-preview'.",
			func(r *http.Request) bool { return r.URL.Query().Get("api-version") == "2025-04-01-preview" }, "2025-04-01-preview is named",
		},
		{
			"Azure's, which it does not tell", "azure", "API version not supported",
			func(r *http.Request) bool { return r.URL.Query().Get("api-version") == "2025-03-01-preview" }, "2025-03-01-preview is named",
		},
		{
			"the path's", "gemini", "API version v1beta is no longer supported. Please migrate to a newer version.",
			func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/") }, "v1 is named",
		},
		{"a header", "openai", "You must provide the 'OpenAI-Beta' header to access this API. Please try again by setting the header 'OpenAI-Beta: chat=v2'.", header("Openai-Beta", "chat=v2"), "Openai-Beta: chat=v2 is sent"},
		{"a header of signed calls", "bedrock", "x-api-revision: header is required. Please try again by setting the header 'x-api-revision: 7'.", header("X-Api-Revision", "7"), "X-Api-Revision: 7 is sent"},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(tt.name, func(t *testing.T) {
				fleet := func() []*fake {
					a := backend("a", insists(tt.wanted, wire.Failure{Message: tt.refusal}, answers("from a", 0)))
					a.Dialect = tt.dialect
					return []*fake{a, backend("b", always(answers("from b", 0)))}
				}
				run(t, plan.Router{}, fleet(), func(w *world) {
					for i := range 3 {
						if text, err := w.askSDK(stream); err != nil || text != "from a" {
							t.Fatalf("request %d: %q %v", i, text, err)
						}
						if i == 0 {
							w.mu.Lock()
							w.decisions = slices.DeleteFunc(w.decisions, func(d decision) bool { return d.What == router.Retry })
							w.mu.Unlock()
						}
					}
					told := w.details(router.APIChanged)
					if len(told) == 0 || !strings.Contains(told[len(told)-1], tt.told) || !strings.Contains(told[0], tt.refusal) || len(told) != w.fakes["a"].count()-3 {
						t.Errorf("told %q after %d calls", told, w.fakes["a"].count())
					}
					if d := w.did(); len(d) != len(told) { // the later requests needed nothing
						t.Errorf("did %q", d)
					}
					// It may have been undone: after a while it is asked as before.
					before := w.fakes["a"].count()
					w.pass(11 * time.Minute)
					if text, err := w.askSDK(stream); err != nil || text != "from a" || w.fakes["a"].count() < before+2 {
						t.Errorf("later: %q %v after %d more calls", text, err, w.fakes["a"].count()-before)
					}
				})
				run(t, plan.Router{Off: []string{"api_shim"}}, fleet(), func(w *world) {
					var e *openai.Error
					if _, err := w.askSDK(stream); !errors.As(err, &e) || e.StatusCode != http.StatusBadRequest || w.fakes["b"].count() > 0 {
						t.Errorf("with the shim off: %v, and b was asked %d times", err, w.fakes["b"].count())
					}
				})
			})
		}
	}
}

// What cannot be met is the provider's failure: another one answers, and it is
// left alone; a client that can reach no other is told of a gateway's failure
// and not of a mistake of its own.
func TestInterfacesThatCannotBeMet(t *testing.T) {
	never := func(*http.Request) bool { return false }
	for _, tt := range []struct {
		name, dialect, refusal string
		calls                  int // until it is given up
	}{
		{"no versions to choose from", "openai", "API version v1 is no longer supported. Please migrate to a newer version.", 1},
		{"every version refused", "anthropic", `anthropic-version: "x" is not a valid version`, 2},
		{"the version told is refused too", "gemini", "This version of the API is no longer supported.", 2},
		{"more versions than are worth trying", "azure", "API version not supported", 5},
		{"a header without its value", "anthropic", "anthropic-beta: header is required", 1},
		{"a header that is sent already", "openai", "You must provide the 'X-Mode' header. Please try again by setting the header 'X-Mode: 1'.", 2},
		{"the version of another house's body", "bedrock", "anthropic_version: Input should be 'bedrock-2026-10-21'", 1},
		{"the header of the key", "openai", "You must provide the 'Authorization' header. Please try again by setting the header 'Authorization: mine'.", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fleet := func() []*fake {
				a := backend("a", insists(never, wire.Failure{Message: tt.refusal}, nil))
				a.Dialect = tt.dialect
				return []*fake{a, backend("b", always(answers("from b", 0)))}
			}
			run(t, plan.Router{RetryBudget: plan.RetryBudget{Floor: 100}}, fleet(), func(w *world) {
				for i := range 3 {
					if text, err := w.askSDK(i == 1); err != nil || text != "from b" {
						t.Fatalf("request %d: %q %v", i, text, err)
					}
				}
				if n := w.fakes["a"].count(); n != tt.calls {
					t.Errorf("a was asked %d times, want %d", n, tt.calls)
				}
				if told := w.details(router.APIChanged); len(told) != tt.calls || !strings.Contains(told[len(told)-1], "left alone") {
					t.Errorf("told %q", told)
				}
				if d := w.did(); !slices.Contains(d, "breaker_open a") {
					t.Errorf("did %q", d)
				}
				if tt.calls > 1 {
					return
				}
				w.pass(6 * time.Second) // it is asked whether it is back, and what it says is no news
				if text, err := w.askSDK(false); err != nil || text != "from b" || w.fakes["a"].count() != 2 || len(w.details(router.APIChanged)) != 1 {
					t.Errorf("%q %v after %d calls, told %q", text, err, w.fakes["a"].count(), w.details(router.APIChanged))
				}
			})
			run(t, plan.Router{}, fleet()[:1], func(w *world) {
				var e *openai.Error
				if _, err := w.askSDK(false); !errors.As(err, &e) || e.StatusCode != http.StatusBadGateway || e.Type != "api_changed" || !strings.Contains(e.Message, tt.refusal) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// A call that was changed after it was signed is signed anew: as if the
// parameter had never been in it.
func TestChangedCallsAreSigned(t *testing.T) {
	for dialect, banned := range map[string]string{"bedrock": "extraneous key [temperature] is not permitted", "sagemaker": "Unsupported parameter: 'temperature'"} {
		var signatures []string
		a := backend("a", always(func(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
			if req.Temperature != nil {
				f.dialect.WriteFailure(w, &wire.Failure{Kind: wire.FailBadRequest, Message: banned})
				return
			}
			signatures = append(signatures, r.Header.Get("Authorization"))
			answers("from a", 0)(f, w, r, req)
		}))
		a.Dialect = dialect
		run(t, plan.Router{}, []*fake{a}, func(w *world) {
			for _, more := range []map[string]any{{"max_tokens": 9, "temperature": 0.5}, {"max_tokens": 9}} {
				if g := w.send(ask{more: more}); g.text != "from a" {
					t.Errorf("%s: %v %v", dialect, g.fail, g.err)
				}
			}
			if len(signatures) != 2 || signatures[0] == "" || signatures[0] != signatures[1] {
				t.Errorf("%s: signatures %q", dialect, signatures)
			}
		})
	}
}

// A mistake of the client's stays one, whatever words it makes a provider
// repeat.
func TestMistakesAreNoChanges(t *testing.T) {
	for _, message := range []string{
		"Unknown parameter: 'API version v1 is no longer supported'.",
		"messages.0.x-foo: header is required",
		"x: header is required: Extra inputs are not permitted", // a field of that name
		"Invalid value: 'The api-version 'x' is invalid'.",
	} {
		a := backend("a", always(func(f *fake, w httpWriter, _ *httpRequest, _ *wire.Request) {
			f.dialect.WriteFailure(w, &wire.Failure{Kind: wire.FailBadRequest, Message: message})
		}))
		run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
			var e *openai.Error
			if _, err := w.askSDK(false); !errors.As(err, &e) || e.StatusCode != http.StatusBadRequest || w.fakes["b"].count() > 0 {
				t.Errorf("%s: %v", message, err)
			}
			if told := w.details(router.APIChanged); told != nil {
				t.Errorf("%s: told %q", message, told)
			}
		})
	}
}

// renamer sends bytes with fields under other names, or without them.
type renamer struct {
	http.ResponseWriter
	from, to []string
}

func (r *renamer) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *renamer) WriteHeader(status int) {
	r.Header().Del("Content-Length") // it will be another
	r.ResponseWriter.WriteHeader(status)
}

func (r *renamer) Write(b []byte) (int, error) {
	out := b
	for i := range r.from {
		out = bytes.ReplaceAll(out, []byte(`"`+r.from[i]+`":`), []byte(`"`+r.to[i]+`":`))
	}
	if _, err := r.ResponseWriter.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// renames has an act answer with fields under other names.
func renames(then act, from ...string) func(int) act {
	return always(func(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
		v := &renamer{ResponseWriter: w, from: from}
		for _, name := range from {
			v.to = append(v.to, "new_"+name)
		}
		then(f, v, r, req)
	})
}

// An answer that lacks a field is told of once, and carried on with where it is
// whole; one that is not is another provider's.
func TestMissingFields(t *testing.T) {
	const text = "from a with many words more to count than a few"
	for _, tt := range []struct {
		name, dialect string
		fields        []string
		by            string // who answers in the end
		told          string // of unary answers; of streams where it can be seen there
		stream        bool   // it can
		usage         wire.Usage
	}{
		{"the usage", "openai", []string{"usage"}, "a", "usage", true, wire.Usage{Prompt: 4, Completion: 11}},
		{"half the usage", "openai", []string{"completion_tokens"}, "a", "whole usage", true, wire.Usage{Prompt: 11, Completion: 11}},
		{"the other half, at Anthropic", "anthropic", []string{"input_tokens"}, "a", "whole usage", true, wire.Usage{Prompt: 4, Completion: 3}},
		{"the usage of Gemini", "gemini", []string{"usageMetadata"}, "a", "usage", true, wire.Usage{Prompt: 4, Completion: 11}},
		{"the usage of Bedrock", "bedrock", []string{"outputTokens"}, "a", "whole usage", false, wire.Usage{Prompt: 11, Completion: 11}},
		{"the model", "openai", []string{"model"}, "a", "model", true, usage},
		{"the text", "openai", []string{"content"}, "b", "text", true, usage},
		{"the text, at Anthropic", "anthropic", []string{"text"}, "b", "text", true, usage},
		{"the list of choices", "openai", []string{"choices"}, "b", "choice with a message", false, usage},
		{"the candidates", "gemini", []string{"candidates"}, "b", "candidates", false, usage},
		{"why it ended", "openai", []string{"finish_reason"}, "b", "", false, usage},
	} {
		for _, stream := range []bool{false, true} {
			if stream && tt.dialect == "bedrock" {
				continue // its frames have checksums
			}
			t.Run(tt.name, func(t *testing.T) {
				fleet := func() []*fake {
					a := backend("a", renames(answers(text, 0), tt.fields...))
					a.Dialect = tt.dialect
					return []*fake{a, backend("b", always(answers(text, 0)))}
				}
				run(t, plan.Router{}, fleet(), func(w *world) {
					for i := range 2 {
						g := w.send(ask{stream: stream, usage: true})
						if g.err != nil || g.fail != nil || g.text != text || g.by() != tt.by && g.last() != tt.by {
							t.Fatalf("request %d: %q by %s, %v %v", i, g.text, g.by(), g.fail, g.err)
						}
						if want := tt.usage; tt.by == "a" && g.usage != want {
							t.Errorf("usage %+v, want %+v", g.usage, want)
						}
					}
					told := w.details(router.APIChanged)
					if want := tt.told != "" && (!stream || tt.stream); want != (len(told) == 1) || want && !strings.Contains(told[0], "have no "+tt.told+":") {
						t.Errorf("told %q", told)
					}
				})
				run(t, plan.Router{Off: []string{"api_shim"}}, fleet(), func(w *world) {
					g := w.send(ask{stream: stream, usage: true})
					if told := w.details(router.APIChanged); told != nil || tt.by == "a" && tt.usage != usage && g.usage == tt.usage {
						t.Errorf("with the shim off: usage %+v, told %q", g.usage, told)
					}
				})
			})
		}
	}
}

// Tokens that nobody counted are no excuse to spend more: what was reserved for
// the call counts.
func TestMissingUsageIsPaidInFull(t *testing.T) {
	a := backend("a", renames(answers("from a", 0), "usage"))
	a.Catalogue = []router.Model{{ID: "a-model", PriceIn: 1, PriceOut: 1e6}} // a dollar a token
	run(t, plan.Router{Budgets: plan.Budgets{PerKey: 25}}, []*fake{a}, func(w *world) {
		for i, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
			if g := w.send(ask{more: map[string]any{"max_tokens": 10}}); g.status != want {
				t.Errorf("request %d: status %d, %v", i, g.status, g.fail)
			}
		}
	})
}
