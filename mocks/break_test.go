package mocks_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks"
	"brownout/mocks/answer"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

// eachDialect runs a test for one preset of every dialect.
func eachDialect(t *testing.T, test func(t *testing.T, preset string)) {
	left := map[string]bool{}
	for _, name := range wire.Names() {
		left[name] = true
	}
	for _, preset := range presets.Names() {
		p, _ := presets.Get(preset)
		if left[p.Dialect] {
			delete(left, p.Dialect)
			t.Run(p.Dialect, func(t *testing.T) { test(t, preset) })
		}
	}
	for name := range left {
		t.Errorf("no preset speaks %s", name)
	}
}

// priced is exact, and costs 1 USD a token of the prompt and 0.001 one of the
// answer.
func priced(p *plan.Provider) {
	exact(p)
	for i := range p.Models {
		p.Models[i].PriceIn, p.Models[i].PriceOut = 1e6, 1e3
	}
}

func bill(o mocks.Observation) float64 {
	return float64(o.Prompt) + 0.001*float64(o.Completion)
}

// overhear reads a stream off a tape, on beyond chunks that cannot be read.
func overhear(p *mocks.Provider, out *tape) (res result, spoilt int) {
	d, _ := wire.Lookup(p.Spec().Dialect)
	s := d.NewStreamReader(&out.body)
	for {
		var more result
		more.readStream(s)
		res.text += more.text
		res.err = more.err
		if more.finish != "" {
			res.finish = more.finish
		}
		if more.fail != nil {
			res.fail = more.fail
		}
		if more.model != "" {
			res.model = more.model
		}
		var f *wire.Failure
		if !errors.As(more.err, &f) || f.Kind != wire.FailMalformed {
			return res, spoilt
		}
		spoilt++
	}
}

// aborted plays a call whose connection may be cut, and tells whether it was.
func aborted(t *testing.T, ctx context.Context, p *mocks.Provider, req *wire.Request) (out *tape, cut bool) {
	t.Helper()
	out = newTape()
	defer func() {
		if r := recover(); r != nil {
			if r != http.ErrAbortHandler {
				panic(r)
			}
			cut = true
		}
	}()
	p.ServeHTTP(out, httpRequest(t, ctx, p, req))
	return out, false
}

const brokenWords = 20

// brokenText is what is said before a break behind so many tokens.
func brokenText(marker string, tokens int) string {
	return string(answer.NewGen(marker, brokenWords).AppendTokens(nil, 0, tokens))
}

// Every way in which a stream breaks, in every dialect, at its beginning, in
// the middle and behind its last token: what was said arrives, nothing looks
// whole that is not, and what was sent is billed.
func TestStreamsBreak(t *testing.T) {
	tokens := answer.Tokens(brokenWords)
	places := []struct {
		name  string
		b     mocks.Break
		after int
	}{
		{"before the first token", mocks.Break{At: 0}, 0},
		{"in the middle", mocks.Break{At: 0.5}, tokens / 2},
		{"behind the last token", mocks.Break{At: 1}, tokens},
		{"behind three tokens", mocks.Break{At: 1, After: 3}, 3},
		{"behind more than there are", mocks.Break{After: 1000}, tokens},
		{"a whole answer but for a token", mocks.Break{At: 0.999}, tokens - 1},
		{"one token", mocks.Break{At: 0.001}, 1},
	}
	const leaves = 30 * time.Second
	ways := []struct {
		name  string
		with  func(*mocks.Break)
		check func(t *testing.T, o mocks.Observation, res result, spoilt int, cut bool, n int)
	}{
		{"stall", func(b *mocks.Break) { b.How = mocks.BreakStall }, func(t *testing.T, o mocks.Observation, res result, _ int, cut bool, _ int) {
			if cut || !o.Aborted || o.Status != 200 || o.Failure != "" || o.Ended != leaves || !errors.Is(res.err, wire.ErrCut) {
				t.Errorf("%+v, reading ended with %v; want silence until the client leaves", o, res.err)
			}
		}},
		{"pause", func(b *mocks.Break) { b.How, b.For = mocks.BreakStall, 5*time.Second }, func(t *testing.T, o mocks.Observation, res result, _ int, cut bool, n int) {
			due := 100*time.Millisecond + time.Duration(max(0, n-1))*10*time.Millisecond + 5*time.Second
			late := o.Ended - due // what has become due meanwhile waits for a timer's quantum
			if cut || o.Aborted || o.Failure != "" || late < 0 || late > time.Millisecond || res.err != nil || res.finish != wire.FinishStop {
				t.Errorf("%+v, finish %q, %v; want a whole answer at %v", o, res.finish, res.err, due)
			}
		}},
		{"truncate", func(b *mocks.Break) { b.How = mocks.BreakTruncate }, func(t *testing.T, o mocks.Observation, res result, _ int, cut bool, _ int) {
			if cut || o.Failure != wire.FailTransport || !errors.Is(res.err, wire.ErrCut) || res.finish != "" {
				t.Errorf("%+v, reading ended with %v and finish %q; want a clean end without the end marker", o, res.err, res.finish)
			}
		}},
		{"abort", func(b *mocks.Break) { b.How = mocks.BreakAbort }, func(t *testing.T, o mocks.Observation, res result, _ int, cut bool, _ int) {
			if !cut || o.Failure != wire.FailTransport || !errors.Is(res.err, wire.ErrCut) {
				t.Errorf("cut %v, %+v, reading ended with %v; want the connection cut", cut, o, res.err)
			}
		}},
		{"error", func(b *mocks.Break) { b.How, b.Failure = mocks.BreakError, &wire.Failure{Kind: wire.FailOverload} }, func(t *testing.T, o mocks.Observation, res result, _ int, cut bool, _ int) {
			if cut || o.Failure != wire.FailOverload || o.Status != 200 || res.fail == nil || res.fail.Kind == wire.FailMalformed || res.finish != "" || res.err != nil {
				t.Errorf("%+v, told %+v and %v; want an in-stream error", o, res.fail, res.err)
			}
		}},
		{"chunk", func(b *mocks.Break) { b.How = mocks.BreakChunk }, func(t *testing.T, o mocks.Observation, res result, spoilt int, cut bool, _ int) {
			if cut || o.Failure != wire.FailMalformed || spoilt != 1 {
				t.Errorf("%+v, %d chunks unreadable; want one", o, spoilt)
			}
		}},
	}
	eachDialect(t, func(t *testing.T, preset string) {
		for _, way := range ways {
			for _, place := range places {
				t.Run(way.name+" "+place.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						var o mocks.Observation
						p := provider(t, spec(t, preset, priced), func(got mocks.Observation) { o = got })
						b := place.b
						way.with(&b)
						p.Inject("broken", always(mocks.Effect{Touched: true, Break: &b}))
						ctx, cancel := context.WithTimeout(t.Context(), leaves)
						defer cancel()
						out, cut := aborted(t, ctx, p, request(p.Spec(), "m", "Answer in 20 words.", true))
						res, spoilt := overhear(p, out)
						n := place.after
						way.check(t, o, res, spoilt, cut, n)
						switch goesOn := way.name == "pause" || way.name == "chunk"; {
						case way.name == "chunk" && p.Spec().Dialect == "sagemaker":
							// A gap in the frames is a gap in the stream that they hold.
						case goesOn:
							n = tokens
							fallthrough
						default:
							if res.text != brokenText("m", n) {
								t.Errorf("said %q, want %d tokens", res.text, n)
							}
						}
						if way.name == "chunk" {
							n = tokens
						}
						if o.Completion != n || o.CostUSD != bill(o) || (o.FirstToken == 0) != (n == 0) {
							t.Errorf("%+v, want %d tokens, and billed for them", o, n)
						}
						if g := p.Gauge(); g.Busy != 0 {
							t.Errorf("still busy: %+v", g)
						}
					})
				})
			}
		}
	})
}

// A call of a function breaks as words do: behind its last token it is there,
// whole, and only the end is missing.
func TestStreamedCallsBreak(t *testing.T) {
	eachDialect(t, func(t *testing.T, preset string) {
		for _, at := range []float64{0, 0.5, 1} {
			var out *tape
			var p *mocks.Provider
			synctest.Test(t, func(t *testing.T) {
				p = provider(t, spec(t, preset, exact), nil)
				d, _ := wire.Lookup(p.Spec().Dialect)
				if _, ok := d.(wire.ToolCaller); !ok {
					t.Skip("no calls of functions there")
				}
				p.Inject("broken", always(mocks.Effect{Touched: true, Break: &mocks.Break{How: mocks.BreakTruncate, At: at}}))
				req := request(p.Spec(), "m", "Use get_weather.", true)
				req.Tools = []wire.Tool{{Name: "get_weather", Schema: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`)}}
				out = play(t, t.Context(), p, req)
			})
			if out == nil {
				return
			}
			d, _ := wire.Lookup(p.Spec().Dialect)
			s := d.NewStreamReader(&out.body)
			name, arguments := "", ""
			var err error
			for err == nil {
				var e wire.Event
				if e, err = s.Next(); err == nil && e.ToolCall != nil {
					name += e.ToolCall.Name
					arguments += e.ToolCall.Arguments
				}
			}
			if !errors.Is(err, wire.ErrCut) {
				t.Errorf("at %v: reading ended with %v", at, err)
			}
			if whole := name == "get_weather" && json.Valid([]byte(arguments)); whole != (at == 1) {
				t.Errorf("at %v: called %q with %q", at, name, arguments)
			}
		}
	})
}

// The other streams that some dialects have break as their main one does.
func TestOtherStreamsBreak(t *testing.T) {
	for _, c := range []struct {
		preset, path, body string
		end                string // of a whole stream
		fails              string // says the error
	}{
		{"openai", "/v1/responses", `{"model":"gpt-5.4","stream":true,"input":"Answer in 20 words. [[bo:m]]"}`, "response.completed", "event: error"},
		{"bedrock", "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream", `{"anthropic_version":"bedrock-2023-05-31","max_tokens":200,"messages":[{"role":"user","content":"Answer in 20 words. [[bo:m]]"}]}`, "message_stop", "serviceUnavailableException"},
		{"ollama", "/api/generate", `{"model":"phi3:3.8b-mini-4k-instruct-q4_K_M","prompt":"Answer in 20 words. [[bo:m]]"}`, `"done":true`, `{"error":"server busy`},
		{"vertex", "/v1/projects/p-1/locations/us-central1/publishers/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict", `{"anthropic_version":"vertex-2023-10-16","stream":true,"max_tokens":200,"messages":[{"role":"user","content":"Answer in 20 words. [[bo:m]]"}]}`, "message_stop", "event: error"},
	} {
		send := func(b *mocks.Break) (string, mocks.Observation) {
			var out *tape
			var o mocks.Observation
			synctest.Test(t, func(t *testing.T) {
				p := provider(t, spec(t, c.preset, exact), func(got mocks.Observation) { o = got })
				p.Inject("broken", always(mocks.Effect{Touched: b != nil, Break: b}))
				hr := httpRequest(t, t.Context(), p, request(p.Spec(), "m", "hi", true))
				u, err := url.Parse("http://mock" + c.path)
				if err != nil {
					t.Fatal(err)
				}
				hr.URL, hr.RequestURI = u, c.path
				hr.Body, hr.ContentLength = io.NopCloser(strings.NewReader(c.body)), int64(len(c.body))
				out = newTape()
				p.ServeHTTP(out, hr)
			})
			return out.body.String(), o
		}
		whole, o := send(nil)
		if o.Status != 200 || !o.Stream || !ends(whole, c.end) {
			t.Fatalf("%s: %+v, %s", c.path, o, whole)
		}
		cut, o := send(&mocks.Break{How: mocks.BreakTruncate, At: 1})
		if o.Failure != wire.FailTransport || ends(cut, c.end) || o.Completion != answer.Tokens(brokenWords) || len(cut) < len(whole)/2 {
			t.Errorf("%s, truncated: %+v, %s", c.path, o, cut)
		}
		failed, o := send(&mocks.Break{How: mocks.BreakError, At: 0.5, Failure: &wire.Failure{Kind: wire.FailOverload}})
		if o.Failure != wire.FailOverload || ends(failed, c.end) || !strings.Contains(failed, c.fails) {
			t.Errorf("%s, failed: %+v, %s", c.path, o, failed)
		}
		if spoilt, o := send(&mocks.Break{How: mocks.BreakChunk, At: 0.5}); o.Failure != wire.FailMalformed || len(spoilt) <= len(whole) || !ends(spoilt, c.end) {
			t.Errorf("%s, a bad chunk: %+v, %s", c.path, o, spoilt)
		}
	}
}

// ends tells whether a stream has its end event, also where that is in base64.
func ends(stream, end string) bool {
	if strings.Contains(stream, end) {
		return true
	}
	for _, piece := range strings.Split(stream, `"bytes":"`)[1:] {
		b, _ := base64.StdEncoding.DecodeString(strings.SplitN(piece, `"`, 2)[0])
		if strings.Contains(string(b), end) {
			return true
		}
	}
	return false
}
