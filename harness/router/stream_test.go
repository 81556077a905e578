package router_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

func contextWithTimeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

func failsInStream(k wire.FailureKind) func(*fake, wire.StreamWriter, httpWriter, *httpRequest) {
	return func(_ *fake, s wire.StreamWriter, _ httpWriter, _ *httpRequest) { _ = s.Fail(&wire.Failure{Kind: k}) }
}

// What breaks before the first token becomes another provider's answer, and
// the client sees nothing of it.
func TestStreamFailsBeforeFirstToken(t *testing.T) {
	tests := []struct {
		name     string
		then     func(*fake, wire.StreamWriter, httpWriter, *httpRequest)
		attempts int
		took     time.Duration
	}{
		{"error in the stream", failsInStream(wire.FailOverload), 2, 0},
		{"cut", cuts, 3, 0},
		{"reset", resets, 3, 0},
		{"silent after the head", stalls, 2, 1500 * time.Millisecond},
		{"whole but empty", func(_ *fake, s wire.StreamWriter, _ httpWriter, _ *httpRequest) {
			_ = s.End(wire.FinishStop, usage)
		}, 2, 0},
	}
	for _, dialect := range wire.Names() {
		for _, tt := range tests {
			t.Run(dialect+"/"+tt.name, func(t *testing.T) {
				a := backend("a", always(begins(0, nil, tt.then)))
				a.Dialect = dialect
				run(t, instant, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
					g := w.send(ask{stream: true, usage: true})
					w.want(g, "b", tt.attempts, -1)
					if late := g.took - tt.took - 10*time.Millisecond; late < 0 || late > time.Microsecond {
						t.Errorf("took %v, want %v and the two words", g.took, tt.took)
					}
					if !g.done || g.usage != usage || strings.Contains(g.body, "id-a") {
						t.Errorf("done %v usage %v body %s", g.done, g.usage, g.body)
					}
				})
			})
		}
	}
}

// An error in the stream that is the request's own fault becomes a real
// status, since nothing has been sent.
func TestStreamRefusedBeforeFirstToken(t *testing.T) {
	a := backend("a", always(begins(0, nil, failsInStream(wire.FailContextLength))))
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		if g := w.send(ask{stream: true}); g.status != 400 || g.fail.Kind != wire.FailContextLength {
			t.Errorf("status %d failure %v, want 400 context_length", g.status, g.fail)
		}
	})
}

// What breaks after the first token, and is not continued, is told in the
// stream, names the cause and never looks whole.
func TestStreamFailsAfterFirstToken(t *testing.T) {
	tests := []struct {
		name string
		then func(*fake, wire.StreamWriter, httpWriter, *httpRequest)
		says string // type of the in-stream error
		took time.Duration
		did  []string
	}{
		{"error in the stream", failsInStream(wire.FailOverload), "service_unavailable_error", 0, nil},
		{"cut", cuts, "transport", 0, nil},
		{"reset", resets, "transport", 0, nil},
		{"silent", stalls, "timeout", 1500 * time.Millisecond, []string{"gap_timeout a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := backend("a", always(begins(0, []string{"from "}, tt.then))), backend("b", always(answers("from b", 0)))
			run(t, plan.Router{Off: []string{"continuation"}}, []*fake{a, b}, func(w *world) {
				g := w.send(ask{stream: true})
				if g.status != 200 || g.text != "from " || g.done || strings.Contains(g.body, "[DONE]") || strings.Contains(g.body, `"finish_reason":"`) {
					t.Errorf("status %d done %v body %s", g.status, g.done, g.body)
				}
				if g.fail == nil || g.fail.Type != tt.says || !strings.Contains(g.fail.Message, "a: ") {
					t.Errorf("failure %+v, want type %s naming a", g.fail, tt.says)
				}
				if g.took != tt.took || b.count() != 0 {
					t.Errorf("took %v, b asked %d times; want %v and none", g.took, b.count(), tt.took)
				}
				w.wantDid(tt.did...)
				synctest.Wait()
				if tt.name == "silent" && a.gone != 1 {
					t.Error("the silent call was not ended")
				}
			})
		})
	}
}

// Streams that keep breaking in the middle open the breaker.
func TestBrokenStreamsOpenTheBreaker(t *testing.T) {
	a := backend("a", always(begins(0, []string{"from "}, cuts)))
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		for range 20 {
			w.send(ask{stream: true})
		}
		w.want(w.send(ask{stream: true}), "b", 1, -1)
	})
}

// Words that come steadily are no silence, however long the whole takes.
func TestGapIsBetweenTokens(t *testing.T) {
	words := strings.SplitAfter("from "+strings.Repeat("x ", 300), " ")
	run(t, plan.Router{StreamGapTimeout: 11 * time.Millisecond}, []*fake{backend("a", always(says(0, words...)))}, func(w *world) {
		g := w.send(ask{stream: true})
		if !g.done || g.fail != nil || g.took < 3*time.Second {
			t.Errorf("done %v failure %v after %v", g.done, g.fail, g.took)
		}
	})
	run(t, plan.Router{StreamGapTimeout: 9 * time.Millisecond}, []*fake{backend("a", always(says(0, words...)))}, func(w *world) {
		if g := w.send(ask{stream: true}); g.done || g.fail == nil || g.took != 9*time.Millisecond {
			t.Errorf("done %v failure %v after %v, want a gap noticed at 9ms", g.done, g.fail, g.took)
		}
	})
}

// The gap counts from the latest token, not from the first.
func TestGapAfterManyTokens(t *testing.T) {
	words := strings.SplitAfter("from "+strings.Repeat("x ", 9), " ")[:10]
	a := backend("a", always(begins(0, words, stalls)))
	run(t, plan.Router{StreamGapTimeout: 25 * time.Millisecond}, []*fake{a}, func(w *world) {
		if g := w.send(ask{stream: true, deadline: 5 * time.Second}); g.fail == nil || g.took != (90+25)*time.Millisecond {
			t.Errorf("failure %v after %v, want the gap noticed 25ms after the tenth word at 90ms", g.fail, g.took)
		}
	})
}

// Tokens are passed on as they come, not gathered.
func TestTokensFlow(t *testing.T) {
	run(t, plan.Router{}, []*fake{backend("a", always(says(200*time.Millisecond, "from ", "a")))}, func(w *world) {
		g := w.send(ask{stream: true})
		w.want(g, "a", 1, 210*time.Millisecond)
		if g.first != 200*time.Millisecond {
			t.Errorf("first token after %v, want 200ms", g.first)
		}
	})
}

// chunks are a whole OpenAI stream but for its end marker.
const chunks = `data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"a-model","choices":[{"index":0,"delta":{"role":"assistant","content":"from a"},"finish_reason":null}]}

data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"a-model","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

`

const meter = `data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"a-model","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":3,"total_tokens":14}}

`

// A stream that has said everything but its end marker is whole; one that
// lacks more is not.
func TestMissingEndMarker(t *testing.T) {
	raw := func(body string, then act) act {
		return func(f *fake, w httpWriter, r *httpRequest, req *wire.Request) {
			writes(200, "text/event-stream", body)(f, w, r, req)
			w.(interface{ Flush() }).Flush()
			then(f, w, r, req)
		}
	}
	end := func(*fake, httpWriter, *httpRequest, *wire.Request) {}
	tests := []struct {
		name  string
		act   act
		whole bool
		took  time.Duration
	}{
		{"closed", raw(chunks+meter, end), true, 0},
		{"reset", raw(chunks+meter, drops), true, 0},
		{"left open", raw(chunks+meter, hangs), true, 50 * time.Millisecond},
		{"without usage", raw(chunks, end), false, 0},
		{"without finish reason", raw(strings.Split(chunks, "\n\n")[0]+"\n\n"+meter, end), false, 0},
		{"end marker without finish reason", raw(strings.Split(chunks, "\n\n")[0]+"\n\ndata: [DONE]\n\n", end), false, 0},
		{"end marker without usage", raw(chunks+"data: [DONE]\n\n", end), true, 0},
		{"broken chunk", raw(strings.Split(chunks, "\n\n")[0]+"\n\ndata: {\"id\":\"x\",\n\n"+chunks+meter+"data: [DONE]\n\n", end), false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run(t, plan.Router{}, []*fake{backend("a", always(tt.act))}, func(w *world) {
				g := w.send(ask{stream: true, usage: true})
				if g.done != tt.whole || (g.fail == nil) != tt.whole || g.took != tt.took {
					t.Errorf("done %v failure %v after %v, want whole %v after %v", g.done, g.fail, g.took, tt.whole, tt.took)
				}
			})
		})
	}
}

// Every dialect's answers come out as OpenAI's, unary and streamed.
func TestDialects(t *testing.T) {
	for _, dialect := range wire.Names() {
		t.Run(dialect, func(t *testing.T) {
			a := backend("a", always(answers("from a", 0)))
			a.Dialect = dialect
			run(t, plan.Router{}, []*fake{a}, func(w *world) {
				for _, v := range []ask{{}, {stream: true}, {stream: true, usage: true}} {
					g := w.send(v)
					w.want(g, "a", 1, -1)
					owed := !v.stream || v.usage
					if owed && g.usage != usage || !owed && strings.Contains(g.body, `"usage"`) {
						t.Errorf("stream %v usage asked %v: got %v", v.stream, v.usage, g.usage)
					}
					if !strings.Contains(g.body, `"id":"`) || strings.Contains(g.body, `"id":""`) {
						t.Errorf("the answer has no id: %s", g.body)
					}
				}
			})
		})
	}
}

// The upstream connection of a finished stream is used again.
func TestConnectionsAreReused(t *testing.T) {
	a := backend("a", always(answers("from a", 0)))
	run(t, plan.Router{}, []*fake{a}, func(w *world) {
		for range 10 {
			w.send(ask{stream: true})
			synctest.Wait() // a connection is back in its pool a moment after its answer's end
			w.send(ask{})
			synctest.Wait()
		}
		if a.dials != 1 {
			t.Errorf("%d connections for 20 requests, want 1", a.dials)
		}
	})
}
