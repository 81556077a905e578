package chaos_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/chaos"
	"brownout/mocks"
	"brownout/mocks/answer"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

// heard is what the house's own client has of an answer.
type heard struct {
	text, model string
	finish      wire.Finish
	fail        *wire.Failure
	err         error // of reading
	head        http.Header
	seen        mocks.Observation
}

// whole tells whether the answer is the marker's, complete, with its own finish
// and by the model that was asked for.
func (h heard) whole(marker, model string) bool {
	return h.err == nil && h.fail == nil && h.finish == wire.FinishStop && answer.Verify(h.text, marker).OK() && (h.model == "" || h.model == model)
}

// hear asks a provider in its own dialect, without a network between.
func hear(t *testing.T, p *mocks.Provider, seen *mocks.Observation, stream bool) (h heard) {
	t.Helper()
	spec := p.Spec()
	d, _ := wire.Lookup(spec.Dialect)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := d.NewRequest(ctx, "http://mock", "key", &wire.Request{
		Model: spec.Models[0].ID, Stream: stream, IncludeUsage: true, MaxTokens: 500,
		Messages: []wire.Message{{Role: "user", Text: "Answer in 20 words. [[bo:m]]"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if r := recover(); r != nil && r != http.ErrAbortHandler {
				panic(r)
			}
		}()
		p.ServeHTTP(w, r)
	}()
	h.seen, h.head = *seen, w.Header()
	switch {
	case w.Code != http.StatusOK:
		h.fail = d.DecodeFailure(w.Code, w.Header(), w.Body.Bytes())
	case !stream:
		a, err := d.DecodeAnswer(w.Body.Bytes())
		if h.err = err; err == nil {
			h.text, h.model, h.finish = a.Text, a.Model, a.Finish
		}
	default:
		h.read(d.NewStreamReader(w.Body))
	}
	return h
}

func (h *heard) read(s wire.StreamReader) {
	for {
		e, err := s.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				h.err = err
			}
			return
		}
		h.text += e.Text
		h.fail = e.Fail
		if e.Model != "" {
			h.model = e.Model
		}
		if e.Finish != "" {
			h.finish = e.Finish
		}
	}
}

// The faults of streams, answers and ids bite at every preset there is, or say
// that they do not fit it; no reader of the house takes what they leave for a
// whole answer; and they end when they are cleared.
func TestEveryProviderCanBeBitten(t *testing.T) {
	sameModel := func(h heard, _, model string) bool { return h.model == "" || h.model == model }
	faults := []struct {
		kind   string
		params map[string]any
		unary  bool                                     // whole answers are bitten, too
		bites  func(h heard, marker, model string) bool // nil: the answer is not whole
	}{
		{"stream_stall", nil, false, nil},
		{"stream_truncate", nil, false, nil},
		{"stream_truncate", map[string]any{"where": 1.0}, false, nil},
		{"stream_truncate", map[string]any{"mode": "abort"}, false, nil},
		{"stream_error", nil, false, nil},
		{"stream_error", map[string]any{"failure": "server"}, false, nil},
		{"stream_error", map[string]any{"failure": "rate_limit", "after_tokens": 2.0}, false, nil},
		{"malformed", nil, true, nil},
		{"malformed", map[string]any{"mode": "html"}, true, nil},
		{"malformed", map[string]any{"mode": "html", "status": 502.0}, true, nil},
		{"malformed", map[string]any{"mode": "empty"}, true, nil},
		{"malformed", map[string]any{"mode": "empty_answer"}, true, nil},
		{"malformed", map[string]any{"mode": "content_type"}, true, func(h heard, _, _ string) bool { return strings.HasPrefix(h.head.Get("Content-Type"), "text/html") }},
		{"malformed", map[string]any{"mode": "chunk"}, false, nil},
		{"model_swap", nil, true, func(h heard, marker, model string) bool {
			return !h.whole(marker, model) || !sameModel(h, marker, model)
		}},
		{"model_swap", map[string]any{"tells": false}, true, func(h heard, marker, model string) bool {
			return sameModel(h, marker, model) && answer.Verify(h.text, marker).Reason == answer.Altered
		}},
		{"content_filter", nil, true, nil},
		{"content_filter", map[string]any{"mode": "finish"}, true, nil},
		{"context_limit", map[string]any{"tokens": 8.0}, true, nil},
		{"poisoned_answer", nil, true, nil},
		{"request_ids", nil, true, func(heard, string, string) bool { return true }},
	}
	for _, preset := range presets.Names() {
		t.Run(preset, func(t *testing.T) {
			for _, f := range faults {
				synctest.Test(t, func(t *testing.T) {
					spec, _ := presets.Get(preset)
					spec.Limits = plan.Limits{}
					spec.Service = plan.Service{Model: plan.ServiceCloud, FirstToken: 10 * time.Millisecond, PerToken: time.Millisecond}
					var seen mocks.Observation
					fleet, err := mocks.NewFleet(mocks.Config{Seed: 1, Providers: []plan.Provider{spec}, Observe: func(o mocks.Observation) { seen = o }})
					if err != nil {
						t.Fatal(err)
					}
					p, model := fleet.Provider(preset), spec.Models[0].ID
					fault, _, err := chaos.Bind(f.kind, f.params)
					if err != nil {
						t.Fatal(err)
					}
					end, err := fault.Inject(t.Context(), chaos.Victim{Provider: p}, chaos.Env{Name: "f", Share: 1, Seed: 1, Note: func(string) {}})
					if fit, ok := fault.(interface{ Fits(plan.Provider) error }); ok && fit.Fits(spec) != nil {
						if err == nil {
							t.Errorf("%s does not fit, and is injected", f.kind)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					for _, stream := range []bool{false, true} {
						h := hear(t, p, &seen, stream)
						touched := slices.Contains(h.seen.Faults, "f")
						if !stream && !f.unary {
							if touched || !h.whole("m", model) {
								t.Errorf("%s %v: a whole answer is touched: %+v", f.kind, f.params, h)
							}
							continue
						}
						bitten := !h.whole("m", model)
						if f.bites != nil {
							bitten = f.bites(h, "m", model)
						}
						if !touched || !bitten {
							t.Errorf("%s %v, stream %v: touched %v, bitten %v: %+v", f.kind, f.params, stream, touched, bitten, h)
						}
					}
					if err := end(t.Context()); err != nil {
						t.Error(err)
					}
					for _, stream := range []bool{false, true} {
						if h := hear(t, p, &seen, stream); !h.whole("m", model) || len(h.seen.Faults) > 0 {
							t.Errorf("%s %v, cleared: %+v", f.kind, f.params, h)
						}
					}
				})
			}
		})
	}
}

// A shrunken context touches the calls that no longer fit, and no other: what
// the client makes room for counts where the provider counts it.
func TestContextLimitTouchesWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		preset string
		tokens float64
		touch  bool
	}{
		{"openai", 512, true}, // 500 for the answer and some for the prompt
		{"openai", 600, false},
		{"ollama", 512, false}, // num_predict claims no room
		{"ollama", 8, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			spec, _ := presets.Get(c.preset)
			spec.Limits, spec.Service = plan.Limits{}, plan.Service{Model: plan.ServiceCloud}
			var seen mocks.Observation
			fleet, err := mocks.NewFleet(mocks.Config{Seed: 1, Providers: []plan.Provider{spec}, Observe: func(o mocks.Observation) { seen = o }})
			if err != nil {
				t.Fatal(err)
			}
			fault, _, err := chaos.Bind("context_limit", map[string]any{"tokens": c.tokens})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fault.Inject(t.Context(), chaos.Victim{Provider: fleet.Provider(c.preset)}, chaos.Env{Name: "f", Share: 1, Seed: 1}); err != nil {
				t.Fatal(err)
			}
			h := hear(t, fleet.Provider(c.preset), &seen, false)
			if touched := len(h.seen.Faults) > 0; touched != c.touch || (h.fail != nil && h.fail.Kind == wire.FailContextLength) != c.touch {
				t.Errorf("%s with %v: touched %v, %+v", c.preset, c.tokens, touched, h)
			}
		})
	}
}
