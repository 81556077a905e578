package load_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/load"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

// pathology is one way to answer, and what it must be taken for.
type pathology struct {
	name    string
	kind    string
	handler http.HandlerFunc
	outcome journal.Outcome
	reason  string
	status  int
}

// begin starts a stream and sends the first n words of text.
func begin(w http.ResponseWriter, q question, text string, n int) wire.StreamWriter {
	s, err := openAI.StartStream(w, q.Request, q.answer(""))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	for _, word := range pieces(text)[:n] {
		_ = s.Text(word)
	}
	return s
}

// streaming streams the pieces of what text makes of a question, and ends well.
func streaming(text func(question) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := read(r)
		s := begin(w, q, text(q), len(pieces(text(q))))
		_ = s.End(wire.FinishStop, q.usage())
	}
}

// answering answers whole, after change has had its way.
func answering(change func(*wire.Answer, question)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := read(r)
		a := q.answer(q.text())
		change(a, q)
		_ = openAI.WriteAnswer(w, q.Request, a)
	}
}

func failing(f *wire.Failure) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { openAI.WriteFailure(w, f) }
}

func raw(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func foreign(q question) string { return answer.Text("somebody-else-1", q.words) }

func swapped(q question) string {
	p := pieces(q.text())
	p[3], p[7] = p[7], p[3]
	return strings.Join(p, "")
}

func joinedTwice(q question) string {
	p := pieces(q.text())
	return strings.Join(p[:10], "") + strings.Join(p[8:], "")
}

func lacking(q question) string {
	p := pieces(q.text())
	return strings.Join(p[:10], "") + strings.Join(p[12:], "")
}

func firstHalf(q question) string {
	p := pieces(q.text())
	return strings.Join(p[:len(p)/2], "")
}

func pathologies() []pathology {
	const (
		ok      = journal.OK
		failed  = journal.Failed
		corrupt = journal.Corrupt
		chat    = plan.KindChat
		stream  = plan.KindStream
	)
	page := "<html><body><h1>502 Bad Gateway</h1></body></html>"
	return []pathology{
		{"good", chat, good, ok, "", 200},
		{"good stream", stream, good, ok, "", 200},
		{"good answer to a sensitive request", plan.KindSensitive, good, ok, "", 200},
		{"good answer to a question", plan.KindFAQ, good, ok, "", 200},

		{"foreign", chat, answering(func(a *wire.Answer, q question) { a.Text = foreign(q) }), corrupt, "foreign", 200},
		{"foreign stream", stream, streaming(foreign), corrupt, "foreign", 200},
		{"swapped words", chat, answering(func(a *wire.Answer, q question) { a.Text = swapped(q) }), corrupt, "altered", 200},
		{"swapped words in a stream", stream, streaming(swapped), corrupt, "altered", 200},
		{"words twice at a join", stream, streaming(joinedTwice), corrupt, "duplicated", 200},
		{"words missing at a join", stream, streaming(lacking), corrupt, "missing", 200},
		{"cut but said to be whole", chat, answering(func(a *wire.Answer, q question) { a.Text = firstHalf(q) }), corrupt, "truncated", 200},
		{"cut stream said to be whole", stream, streaming(firstHalf), corrupt, "truncated", 200},
		{"empty", chat, answering(func(a *wire.Answer, q question) { a.Text = "" }), corrupt, "empty", 200},
		{"empty stream", stream, streaming(func(question) string { return "" }), corrupt, "empty", 200},

		{"stream closed without its end", stream, func(w http.ResponseWriter, r *http.Request) {
			q := read(r)
			begin(w, q, q.text(), 20)
		}, corrupt, "truncated", 200},
		{"stream closed without its end marker alone", stream, func(w http.ResponseWriter, r *http.Request) {
			q := read(r)
			begin(w, q, q.text(), len(pieces(q.text())))
		}, corrupt, "no_end_marker", 200},
		{"stream reset", stream, func(w http.ResponseWriter, r *http.Request) {
			q := read(r)
			begin(w, q, q.text(), 20)
			panic(http.ErrAbortHandler)
		}, failed, "cut", 200},
		{"error in the stream", stream, func(w http.ResponseWriter, r *http.Request) {
			q := read(r)
			_ = begin(w, q, q.text(), 20).Fail(&wire.Failure{Kind: wire.FailServer})
		}, failed, "server_error", 200},

		{"cut at its length and says so", chat, answering(func(a *wire.Answer, q question) {
			a.Text, a.Finish = firstHalf(q), wire.FinishLength
		}), failed, "length", 200},
		{"filtered", chat, answering(func(a *wire.Answer, q question) {
			a.Text, a.Finish = "", wire.FinishContentFilter
		}), ok, "content_filter", 200},
		{"filtered by an error", chat, failing(&wire.Failure{Kind: wire.FailContentFilter}), ok, "content_filter", 400},
		{"no finish reason", chat, answering(func(a *wire.Answer, q question) { a.Finish = wire.FinishNone }), corrupt, "no_finish_reason", 200},
		{"no model", chat, answering(func(a *wire.Answer, q question) { a.Model = "" }), ok, "", 200},
		{"nothing billed", chat, answering(func(a *wire.Answer, q question) { a.Usage.Completion = 0 }), corrupt, "usage", 200},
		{"too much billed", chat, answering(func(a *wire.Answer, q question) { a.Usage.Completion = 1000 }), corrupt, "usage", 200},
		{"no usage at all", chat, answering(func(a *wire.Answer, q question) { a.Usage = wire.Usage{} }), ok, "", 200},

		{"rate limit", chat, failing(&wire.Failure{Kind: wire.FailRateLimit, RetryAfter: time.Second}), failed, "rate_limit", 429},
		{"rate limit to a stream", stream, failing(&wire.Failure{Kind: wire.FailRateLimit}), failed, "rate_limit", 429},
		{"quota", chat, failing(&wire.Failure{Kind: wire.FailQuota}), failed, "quota_exhausted", 429},
		{"server error", chat, failing(&wire.Failure{Kind: wire.FailServer}), failed, "server_error", 500},
		{"overload", chat, failing(&wire.Failure{Kind: wire.FailOverload}), failed, "overload", 503},
		{"retired model", chat, failing(&wire.Failure{Kind: wire.FailModelNotFound, Model: "gpt-test"}), failed, "model_not_found", 404},
		{"bad key", chat, failing(&wire.Failure{Kind: wire.FailAuth}), failed, "auth", 401},
		{"page of a proxy", chat, raw(502, "text/html", page), failed, "server_error", 502},

		{"page instead of an answer", chat, raw(200, "text/html", page), corrupt, "malformed", 200},
		{"page instead of a stream", stream, raw(200, "text/html", page), corrupt, "malformed", 200},
		{"broken JSON", chat, raw(200, "application/json", `{"choices":[{"message":`), corrupt, "malformed", 200},
		{"broken JSON in a stream", stream, raw(200, "text/event-stream", "data: {\"choices\":[\n\n"), corrupt, "malformed", 200},
		{"nothing", chat, raw(200, "application/json", ""), corrupt, "malformed", 200},
		{"no content", chat, raw(204, "application/json", ""), corrupt, "malformed", 204},
		{"endless", chat, raw(200, "application/json", strings.Repeat(" ", 5<<20)), corrupt, "too_large", 200},
		{"redirect", chat, raw(302, "text/html", ""), failed, "server_error", 302},
	}
}

// TestOutcomes goes through real connections, where a reset is a reset.
func TestOutcomes(t *testing.T) {
	for _, c := range pathologies() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.handler)
			defer server.Close()
			s := against(t, server.URL, one(of(c.kind)))
			if s.Outcome != c.outcome || s.Reason != c.reason || s.Status != c.status {
				t.Errorf("status %d is %s %q (%s), want status %d, %s %q",
					s.Status, s.Outcome, s.Reason, s.Detail, c.status, c.outcome, c.reason)
			}
			if want := map[bool]float64{true: 1}[c.outcome == journal.OK]; s.Value != want {
				t.Errorf("worth %v, want %v", s.Value, want)
			}
			if s.Total <= 0 || s.Sent < s.Scheduled {
				t.Errorf("scheduled %v, sent %v, total %v", s.Scheduled, s.Sent, s.Total)
			}
		})
	}
}

// against sends a single request over the network.
func against(t *testing.T, url string, p *plan.Plan) *journal.Sample {
	t.Helper()
	var got samples
	r, err := load.New(load.Config{Plan: p, BaseURL: url, Key: testKey, Model: "gpt-test", Start: time.Now(), Emit: got.emit})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(got.all) != 1 {
		t.Fatalf("%d samples, want one", len(got.all))
	}
	return got.all[0]
}

func TestOutcomeWithoutListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := against(t, "http://"+l.Addr().String(), one(of(plan.KindChat)))
	if s.Outcome != journal.Failed || s.Reason != "connect" || s.Status != 0 {
		t.Errorf("%s %q, status %d", s.Outcome, s.Reason, s.Status)
	}
}

func TestOutcomeConnectionDropped(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer server.Close()
	s := against(t, server.URL, one(of(plan.KindChat)))
	if s.Outcome != journal.Failed || s.Reason != "cut" || s.Status != 0 {
		t.Errorf("%s %q, status %d", s.Outcome, s.Reason, s.Status)
	}
}

func TestSampleSaysWhoAnswered(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(wire.HeaderProvider, "gpu-a")
		w.Header().Set(wire.HeaderAttempts, "3")
		good(w, r)
	}))
	defer server.Close()
	for _, kind := range []string{plan.KindChat, plan.KindStream} {
		s := against(t, server.URL, one(of(kind)))
		if s.Provider != "gpu-a" || s.Attempts != 3 || s.Model != "gpt-test-1" {
			t.Errorf("%s: provider %q, %d attempts, model %q", kind, s.Provider, s.Attempts, s.Model)
		}
		if s.Prompt != 10 || s.Completion != of(kind).Tokens || s.Bytes == 0 {
			t.Errorf("%s: %d and %d tokens, %d bytes", kind, s.Prompt, s.Completion, s.Bytes)
		}
	}
}

// quoting in an error's text stands for the prompt of the request.
const quoting = "PROMPT"

func TestDetailIsBoundedAndRedacted(t *testing.T) {
	for name, c := range map[string]struct{ message, keep string }{
		"the run's own key":    {"the key " + testKey + " is wrong", "the key [redacted] is wrong"},
		"a bearer token":       {"got Authorization: Bearer abc.def-123 instead", "instead"},
		"a vendor's key":       {"Incorrect API key provided: sk-proj-1234567890abcdef.", "Incorrect API key"},
		"a key in a URL":       {"GET http://user:hunter2@host/x failed", "failed"},
		"a value named secret": {`{"api_key":"0123456789","reason":"no"}`, "no"},
		"lines":                {"first\nsecond\r\n\x1b[31mthird", "first second [31mthird"},
		"the prompt, quoted":   {"your prompt was: " + quoting + " and it is bad", "your prompt was: [prompt]"},
		"the prompt, as JSON":  {`{"input":[{"role":"user","content":"` + quoting + `"}]}`, `"content":"[prompt]`},
		"words of its own":     {"answer the request later", "answer the request later"},
		"a long text":          {strings.Repeat("long ä ", 100), "long"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				said := read(r).Messages[0].Text
				failing(&wire.Failure{Kind: wire.FailAuth, Message: strings.ReplaceAll(c.message, quoting, said)})(w, r)
			}))
			defer server.Close()
			d := against(t, server.URL, one(of(plan.KindChat))).Detail
			if len(d) > 200 || !strings.Contains(d, c.keep) {
				t.Errorf("%d bytes: %q", len(d), d)
			}
			if strings.ToValidUTF8(d, "?") != d {
				t.Errorf("a character was split: %q", d)
			}
			for _, secret := range []string{testKey, "abc.def-123", "1234567890", "0123456789", "hunter2", "Answer in", "\n", "\x1b"} {
				if strings.Contains(d, secret) {
					t.Errorf("%q tells %q", d, secret)
				}
			}
		})
	}
}

// A single value of a prompt is no less of it than its sentences, and what
// else the error says stays.
func TestDetailTellsNoValueOfThePrompt(t *testing.T) {
	for i, name := range []string{"email", "phone", "account"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			marker, _ := answer.FindMarker(read(r).Messages[0].Text)
			said := "error 400123: no such " + name + ": " + answer.PersonOf(marker).Values()[i] + "! Ask gpt-4o-20240806."
			failing(&wire.Failure{Kind: wire.FailBadRequest, Message: said})(w, r)
		}))
		if d := against(t, server.URL, one(personal(plan.KindChat))).Detail; d != "error 400123: no such "+name+": [prompt]! Ask gpt-4o-20240806." &&
			d != "error 400123: no such "+name+": +[prompt]! Ask gpt-4o-20240806." {
			t.Errorf("%q", d)
		}
		server.Close()
	}
}

// A stream's end marker is not the end of its body; the connection must serve
// the next request all the same.
func TestStreamsShareAConnection(t *testing.T) {
	connections := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(good))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections++ // called by the one goroutine that accepts
		}
	}
	server.Start()
	defer server.Close()
	p := steady(100, 300*time.Millisecond, of(plan.KindStream))
	p.Load.Workers = 1
	var got samples
	r, err := load.New(load.Config{Plan: p, BaseURL: server.URL, Model: "gpt-test", Start: time.Now(), Emit: got.emit})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if len(got.all) != 30 || connections != 1 {
		t.Errorf("%d requests over %d connections, want 30 over one", len(got.all), connections)
	}
}
