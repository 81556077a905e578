package mocks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/mocks"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

// met plays one call under an effect and returns what came of it.
func met(t *testing.T, preset string, edit func(*plan.Provider), e mocks.Effect, req func(plan.Provider) *wire.Request) (o mocks.Observation, out *tape, p *mocks.Provider) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p = provider(t, spec(t, preset, func(p *plan.Provider) {
			priced(p)
			if edit != nil {
				edit(p)
			}
		}), func(got mocks.Observation) { o = got })
		e.Touched = true
		p.Inject("met", always(e))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		out, _ = aborted(t, ctx, p, req(p.Spec()))
	})
	return o, out, p
}

func asking(prompt string, stream bool) func(plan.Provider) *wire.Request {
	return func(p plan.Provider) *wire.Request { return request(p, "m", prompt, stream) }
}

// told reads a whole answer or a stream off a tape.
func told(t *testing.T, p *mocks.Provider, out *tape, stream bool) result {
	t.Helper()
	if stream {
		res, _ := overhear(p, out)
		return res
	}
	d, _ := wire.Lookup(p.Spec().Dialect)
	a, err := d.DecodeAnswer(out.body.Bytes())
	if err != nil {
		t.Fatalf("%v in %s", err, out.body.Bytes())
	}
	return result{text: a.Text, model: a.Model, finish: a.Finish, usage: a.Usage}
}

// Of whole answers too, a connection falls silent or is cut; the other ways to
// break are a stream's own.
func TestWholeAnswersBreak(t *testing.T) {
	eachDialect(t, func(t *testing.T, preset string) {
		for _, how := range []mocks.BreakHow{mocks.BreakStall, mocks.BreakAbort, mocks.BreakTruncate, mocks.BreakError, mocks.BreakChunk} {
			o, out, p := met(t, preset, nil, mocks.Effect{Break: &mocks.Break{How: how, At: 0.5}}, asking("Answer in 20 words.", false))
			d, _ := wire.Lookup(p.Spec().Dialect)
			a, err := d.DecodeAnswer(out.body.Bytes())
			switch how {
			case mocks.BreakStall:
				if !o.Aborted || o.Status != 499 || o.Ended != 30*time.Second || out.body.Len() > 0 || o.Completion != answer.Tokens(20) {
					t.Errorf("stall: %+v, sent %q", o, out.body.Bytes())
				}
			case mocks.BreakAbort:
				if o.Failure != wire.FailTransport || out.body.Len() == 0 || err == nil {
					t.Errorf("abort: %+v, sent %q", o, out.body.Bytes())
				}
			default:
				if err != nil || !answer.Verify(a.Text, "m").OK() || o.Failure != "" {
					t.Errorf("%s: %+v, %v, want an answer as usual", how, o, err)
				}
			}
			if o.CostUSD != bill(o) {
				t.Errorf("%s: billed %v, want %v", how, o.CostUSD, bill(o))
			}
		}
		// A stall that ends is a late answer.
		o, out, p := met(t, preset, nil, mocks.Effect{Break: &mocks.Break{How: mocks.BreakStall, For: 3 * time.Second}}, asking("Answer in 20 words.", false))
		verified(t, told(t, p, out, false).text, "m", 20)
		if want := 100*time.Millisecond + 21*10*time.Millisecond + 3*time.Second; o.Ended != want {
			t.Errorf("ended at %v, want %v", o.Ended, want)
		}
	})
}

// A cut connection is a connection that is cut: no client can take what came
// for a body that ended.
func TestAbortCutsTheConnection(t *testing.T) {
	for _, preset := range []string{"openai", "bedrock"} {
		for version, protocols := range map[string]*http.Protocols{"HTTP/1.1": new(http.Protocols), "HTTP/2.0": new(http.Protocols)} {
			protocols.SetHTTP1(version == "HTTP/1.1")
			protocols.SetUnencryptedHTTP2(version == "HTTP/2.0")
			for _, stream := range []bool{false, true} {
				for _, at := range []float64{0, 0.5, 1} {
					r := start(t, spec(t, preset, nil))
					r.client = &http.Client{Transport: &http.Transport{Protocols: protocols}}
					clear := r.Inject("cut", always(mocks.Effect{Touched: true, Break: &mocks.Break{How: mocks.BreakAbort, At: at}}))
					req := httpRequest(t, t.Context(), r.Provider, request(r.Spec(), "m", "Answer in 20 words.", stream))
					req.RequestURI, req.URL.Host = "", strings.TrimPrefix(r.URL, "http://")
					resp, err := r.client.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					body, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					if err == nil || resp.Proto != version || (len(body) == 0 && at > 0) {
						t.Errorf("%s, %s, stream %v, at %v: %d bytes and then %v, want some and an error", preset, resp.Proto, stream, at, len(body), err)
					}
					if o := r.calls.take(t, 1)[0]; o.Failure != wire.FailTransport || o.Status != 200 {
						t.Errorf("%+v", o)
					}
					clear()
					res := r.ask(t, "key", request(r.Spec(), "m", "Answer in 20 words.", stream))
					verified(t, res.text, "m", 20)
					r.client.CloseIdleConnections()
				}
			}
		}
	}
}

// The array that Gemini streams without alt=sse stays one with a spoilt member
// in it, and the others whole.
func TestSpoiltArray(t *testing.T) {
	for _, at := range []float64{0, 0.5, 1} {
		var out *tape
		synctest.Test(t, func(t *testing.T) {
			p := provider(t, spec(t, "gemini", exact), nil)
			p.Inject("chunk", always(mocks.Effect{Touched: true, Break: &mocks.Break{How: mocks.BreakChunk, At: at}}))
			req := httpRequest(t, t.Context(), p, request(p.Spec(), "m", "Answer in 20 words.", true))
			req.URL.RawQuery, req.RequestURI = "", req.URL.Path
			out = newTape()
			p.ServeHTTP(out, req)
		})
		body := out.body.Bytes()
		if json.Valid(body) || !bytes.HasPrefix(body, []byte("[{")) || !bytes.HasSuffix(body, []byte("}\n]")) {
			t.Fatalf("%s", body)
		}
		var text strings.Builder
		spoilt := 0
		members := bytes.Split(bytes.Trim(bytes.TrimSpace(body), "[]"), []byte(",\r\n{"))
		for i, m := range members {
			if i > 0 {
				m = append([]byte("{"), m...)
			}
			var in struct {
				Candidates []struct {
					Content struct{ Parts []struct{ Text string } }
				}
			}
			if json.Unmarshal(m, &in) != nil {
				spoilt++
				continue
			}
			for _, part := range in.Candidates[0].Content.Parts {
				text.WriteString(part.Text)
			}
		}
		if spoilt != 1 {
			t.Errorf("at %v: %d members cannot be read, want one, in %s", at, spoilt, body)
		}
		verified(t, text.String(), "m", 20)
	}
}

// Bytes that are not the dialect's, in place of an answer or made of one.
func TestGarble(t *testing.T) {
	eachDialect(t, func(t *testing.T, preset string) {
		for _, stream := range []bool{false, true} {
			for _, g := range []mocks.Garble{
				{Status: 502, ContentType: "text/html", Body: []byte("<html>Bad Gateway</html>")},
				{Status: 200, ContentType: "text/html; charset=utf-8", Body: []byte("<html>Log in</html>")},
				{Status: 200, ContentType: "application/json"},
			} {
				o, out, _ := met(t, preset, nil, mocks.Effect{Garble: &g}, asking("Answer in 20 words.", stream))
				if out.status != g.Status || out.header.Get("Content-Type") != g.ContentType || !bytes.Equal(out.body.Bytes(), g.Body) {
					t.Errorf("sent %d %q %q, want %+v", out.status, out.header.Get("Content-Type"), out.body.Bytes(), g)
				}
				if o.Status != g.Status || o.Failure != wire.FailMalformed || o.Completion != 0 || o.CostUSD != 0 || o.Ended != 100*time.Millisecond {
					t.Errorf("%+v, want it malformed and free of charge", o)
				}
			}
		}
		g := mocks.Garble{Rewrite: func(b []byte) []byte { return b[:len(b)/2] }}
		o, out, p := met(t, preset, nil, mocks.Effect{Garble: &g}, asking("Answer in 20 words.", false))
		d, _ := wire.Lookup(p.Spec().Dialect)
		var f *wire.Failure
		if _, err := d.DecodeAnswer(out.body.Bytes()); !errors.As(err, &f) || f.Kind != wire.FailMalformed {
			t.Errorf("half an answer is read as %v", err)
		}
		if !strings.HasPrefix(out.header.Get("Content-Type"), "application/json") || o.Status != 200 || o.Failure != wire.FailMalformed || o.CostUSD != bill(o) || o.Completion == 0 {
			t.Errorf("%q, %+v, want it malformed, billed, and said to be JSON", out.header.Get("Content-Type"), o)
		}
		o, out, p = met(t, preset, nil, mocks.Effect{Garble: &g}, asking("Answer in 20 words.", true))
		if res, _ := overhear(p, out); answer.Verify(res.text, "m").OK() || o.Failure != wire.FailMalformed {
			t.Errorf("half of each chunk is read as %q; %+v", res.text, o)
		}
	})
}

// An answer under a wrong name is right but for its content type.
func TestMislabelled(t *testing.T) {
	eachDialect(t, func(t *testing.T, preset string) {
		for _, stream := range []bool{false, true} {
			g := mocks.Garble{ContentType: "text/html; charset=utf-8"}
			o, out, p := met(t, preset, nil, mocks.Effect{Garble: &g}, asking("Answer in 20 words.", stream))
			verified(t, told(t, p, out, stream).text, "m", 20)
			if got := out.header.Get("Content-Type"); got != g.ContentType || out.status != 200 || o.Failure != wire.FailMalformed || o.CostUSD != bill(o) {
				t.Errorf("%d %q, %+v", out.status, got, o)
			}
		}
	})
}

// What an answer says beside, or instead of, what it ought to.
func TestTamper(t *testing.T) {
	plain := answer.Text("m", 20)
	for _, c := range []struct {
		name   string
		tamper mocks.Tamper
		text   func(string) bool
		finish wire.Finish
		tokens int
	}{
		{"before", mocks.Tamper{Before: "Ignore it. "}, func(s string) bool { return s == "Ignore it. "+plain }, wire.FinishStop, 23},
		{"after", mocks.Tamper{After: " \"Ignore\" it."}, func(s string) bool { return s == plain+" \"Ignore\" it." }, wire.FinishStop, 23},
		{"both", mocks.Tamper{Before: "A ", After: " B"}, func(s string) bool { return s == "A "+plain+" B" }, wire.FinishStop, 24},
		{"empty", mocks.Tamper{Empty: true}, func(s string) bool { return s == "" }, wire.FinishStop, 0},
		{"instead", mocks.Tamper{Instead: "I'd rather not."}, func(s string) bool { return s == "I'd rather not." }, wire.FinishStop, 1},
		{"swap", mocks.Tamper{Swap: true}, func(s string) bool { return answer.Verify(s, "m").Reason == answer.Altered }, wire.FinishStop, 22},
		{"refusal at once", mocks.Tamper{Refusal: true}, func(s string) bool { return s == "" }, wire.FinishContentFilter, 0},
		{"refusal half-way", mocks.Tamper{Refusal: true, RefusalAt: 0.5}, func(s string) bool { return s == brokenText("m", 11) }, wire.FinishContentFilter, 11},
		{"refusal behind the text", mocks.Tamper{Refusal: true, RefusalAt: 1}, func(s string) bool { return s == plain }, wire.FinishContentFilter, 22},
		{"model", mocks.Tamper{Model: "another-model"}, func(s string) bool { return s == plain }, wire.FinishStop, 22},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachDialect(t, func(t *testing.T, preset string) {
				for _, stream := range []bool{false, true} {
					o, out, p := met(t, preset, nil, mocks.Effect{Tamper: &c.tamper}, asking("Answer in 20 words.", stream))
					res := told(t, p, out, stream)
					if !c.text(res.text) || res.err != nil {
						t.Errorf("stream %v: said %q (%v)", stream, res.text, res.err)
					}
					if res.finish != c.finish {
						t.Errorf("stream %v: finish %q, want %q", stream, res.finish, c.finish)
					}
					if o.Completion != c.tokens || o.CostUSD != bill(o) || o.Failure != "" {
						t.Errorf("stream %v: %+v, want %d tokens", stream, o, c.tokens)
					}
					if m := c.tamper.Model; m != "" && res.model != m && res.model != "" {
						t.Errorf("stream %v: names %q, want %q", stream, res.model, m)
					}
				}
			})
		})
	}
}

// A tampered answer keeps to what the request asked for.
func TestTamperWithinTheRequest(t *testing.T) {
	ask := func(edit func(*wire.Request)) func(plan.Provider) *wire.Request {
		return func(p plan.Provider) *wire.Request {
			r := request(p, "m", "Answer in 20 words, as JSON where asked.", false)
			edit(r)
			return r
		}
	}
	poison := mocks.Tamper{Before: `Say "yes". `, After: ` Say "no".`}
	_, out, p := met(t, "openai", nil, mocks.Effect{Tamper: &poison}, ask(func(r *wire.Request) { r.JSON = true }))
	var object struct{ Answer string }
	if err := json.Unmarshal([]byte(told(t, p, out, false).text), &object); err != nil || object.Answer != poison.Before+answer.Text("m", 20)+poison.After {
		t.Errorf("JSON mode: %+v, %v", object, err)
	}
	word := strings.TrimSpace(answer.NewGen("m", 20).Token(5))
	for name, tamper := range map[string]mocks.Tamper{"empty": {Empty: true}, "refusal": {Refusal: true}} {
		_, out, p = met(t, "anthropic", nil, mocks.Effect{Tamper: &tamper}, ask(func(r *wire.Request) { r.Stop = []string{word} }))
		if res := told(t, p, out, false); res.text != "" || res.usage.Completion != 0 {
			t.Errorf("%s: a stop sequence brings back %q", name, res.text)
		}
		o, out, p := met(t, "openai", nil, mocks.Effect{Tamper: &tamper}, ask(func(r *wire.Request) {
			r.Tools, r.ToolChoice = []wire.Tool{{Name: "f"}}, wire.ToolRequired
		}))
		if res := told(t, p, out, false); res.text != "" || res.finish == wire.FinishToolCalls || o.Completion != 0 {
			t.Errorf("%s: calls a function: %+v", name, res)
		}
	}
	_, out, p = met(t, "openai", nil, mocks.Effect{Tamper: &poison}, ask(func(r *wire.Request) { r.MaxTokens = 5 }))
	if res := told(t, p, out, false); res.finish != wire.FinishLength || res.usage.Completion != 5 || !strings.HasPrefix(res.text, poison.Before) {
		t.Errorf("max tokens: %+v", res)
	}
}

// A context that faults shrink refuses in the provider's words, of several the
// smallest; a larger one changes nothing.
func TestShrunkenContext(t *testing.T) {
	eachDialect(t, func(t *testing.T, preset string) {
		long := strings.Repeat("word ", 60)
		for context, refused := range map[int]bool{0: false, 50: true, 1 << 30: false} {
			o, _, _ := met(t, preset, nil, mocks.Effect{Context: context}, func(p plan.Provider) *wire.Request {
				r := request(p, "m", long+"In 3 words.", false)
				r.MaxTokens = 10
				return r
			})
			if (o.Failure == wire.FailContextLength) != refused || (o.CostUSD == 0) != refused {
				t.Errorf("context %d: %+v, want refused %v", context, o, refused)
			}
		}
	})
}

func TestPricesMultiply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o mocks.Observation
		p := provider(t, spec(t, "openai", priced), func(got mocks.Observation) { o = got })
		p.Inject("a", always(mocks.Effect{Touched: true, PriceMult: 3}))
		p.Inject("b", always(mocks.Effect{Touched: true, PriceMult: 0.5, Context: 4000}))
		p.Inject("c", always(mocks.Effect{Touched: true, Context: 9000}))
		play(t, t.Context(), p, request(p.Spec(), "m", "In 2 words.", true))
		if o.CostUSD != 1.5*bill(o) || o.Failure != "" {
			t.Errorf("%+v, want half as much again as %v", o, bill(o))
		}
	})
}

// A request id that is lost stands nowhere, neither in the head of an answer
// nor in the body of an error; one that is not the call's own stands in both.
func TestRequestIDs(t *testing.T) {
	eachDialect(t, func(t *testing.T, preset string) {
		for _, fail := range []*wire.Failure{nil, {Kind: wire.FailServer}} {
			for _, stream := range []bool{false, true} {
				send := func(id *string) (*tape, []string) {
					_, out, _ := met(t, preset, nil, mocks.Effect{Fail: fail, RequestID: id}, asking("In 3 words.", stream))
					var bearing []string
					for name := range out.header {
						if id != nil && strings.Contains(out.header.Get(name), *id) && *id != "" {
							bearing = append(bearing, name)
						}
						if len(out.header[name]) > 0 && out.header.Get(name) == "" {
							t.Errorf("an empty header %s", name)
						}
					}
					return out, bearing
				}
				double, empty := "req_double", ""
				usual, _ := send(nil)
				changed, bearing := send(&double)
				lost, _ := send(&empty)
				for name := range usual.header { // those that are made of the id, too
					if usual.header.Get(name) != changed.header.Get(name) && name != "Content-Length" && lost.header.Get(name) != "" {
						t.Errorf("lost, and yet %s is %q", name, lost.header[name])
					}
				}
				for _, name := range bearing {
					if own := usual.header.Get(name); own != "" && bytes.Contains(lost.body.Bytes(), []byte(own)) {
						t.Errorf("lost, and yet in %s", lost.body.Bytes())
					} else if own != "" && bytes.Contains(changed.body.Bytes(), []byte(own)) {
						t.Errorf("the call's own id stands in %s", changed.body.Bytes())
					}
				}
				if numbered := usual.header.Get("X-Request-Id")+usual.header.Get("Request-Id")+usual.header.Get("X-Amzn-Requestid") != ""; numbered && len(bearing) == 0 {
					t.Error("no header bears the other id")
				}
			}
		}
	})
}

// Models that take no beginning of their own answer refuse one in their
// provider's words; those before them go on from it.
func TestPrefilledTurns(t *testing.T) {
	for preset, models := range map[string]map[string]bool{
		"anthropic": {"claude-sonnet-4-6": true, "claude-haiku-4-5-20251001": false},
		"bedrock":   {"us.anthropic.claude-sonnet-4-6": true, "us.anthropic.claude-haiku-4-5-20251001-v1:0": false},
		"vertex":    {"claude-sonnet-4-6": true, "claude-sonnet-4-5@20250929": false},
	} {
		r := start(t, spec(t, preset, nil))
		for model, refused := range models {
			for _, stream := range []bool{false, true} {
				req := request(r.Spec(), "m", "Answer in 20 words.", stream)
				req.Model = model
				req.Messages = append(req.Messages, wire.Message{Role: "assistant", Text: brokenText("m", 5)})
				res := r.ask(t, "key", req)
				if !refused {
					verified(t, brokenText("m", 5)+res.text, "m", 20)
					continue
				}
				if res.status != 400 || res.fail == nil || res.fail.Kind != wire.FailBadRequest || res.fail.Message != "This model does not support assistant message prefill. The conversation must end with a user message." {
					t.Errorf("%s: %d %+v", model, res.status, res.fail)
				}
				req.Messages = append(req.Messages, wire.Message{Role: "user", Text: "Go on. Answer in 20 words. [[bo:m]]"})
				verified(t, r.ask(t, "key", req).text, "m", 20)
			}
		}
	}
}
