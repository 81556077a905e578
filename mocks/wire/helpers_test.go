package wire_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"brownout/mocks/wire"
)

var (
	created = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	now     = time.Date(2026, 11, 24, 10, 0, 0, 300_000_000, time.UTC)
)

const (
	goodKey   = "sk-good-0123456789abcdef"
	requestID = "req_test"
)

// words are hard on every encoder: quotes, escapes, control characters, other
// scripts, a line separator, HTML, JSON and SSE syntax.
var words = []string{"Hello", ",", " \"world\"", " back\\slash", "\n\nnew", "\ttab", "\x01", " héllo 世界 🎉", "\u2028", " <b>&", ` {"content":"x"}`, "\ndata: [DONE]\n\n", " end"}

func joined() (s string) {
	for _, w := range words {
		s += w
	}
	return s
}

func dialect(t testing.TB, name string) wire.Dialect {
	t.Helper()
	d, ok := wire.Lookup(name)
	if !ok {
		t.Fatalf("no dialect %q", name)
	}
	return d
}

// provider is the least that can stand behind a dialect's server side.
type provider struct {
	d      wire.Dialect
	fail   *wire.Failure // answered to every chat
	midway *wire.Failure // breaks every stream after its words
	seen   *wire.Request // the last chat
	header http.Header   // of the last call
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.header = r.Header
	p.d.WriteHeaders(w.Header(), requestID, wire.Budgets{
		Requests: &wire.Budget{Limit: 100, Remaining: 40, Reset: 36 * time.Second},
		Tokens:   &wire.Budget{Limit: 30000, Remaining: 1961, Reset: 3890 * time.Millisecond},
	}, now)
	op, arg, fail := p.d.Route(r)
	if fail == nil {
		fail = p.d.Authorized(r, func(key string) bool { return key == goodKey })
	}
	if fail != nil {
		p.d.WriteFailure(w, fail)
		return
	}
	switch op {
	case wire.OpChat:
		p.chat(w, r)
	case wire.OpModels:
		p.d.WriteModels(w, r, catalogue)
	case wire.OpModel:
		for _, m := range catalogue {
			if m.ID == arg {
				p.d.WriteModel(w, m)
				return
			}
		}
		p.d.WriteFailure(w, &wire.Failure{Kind: wire.FailModelNotFound, Model: arg})
	default:
		p.d.WriteHealth(w, op, true)
	}
}

func (p *provider) chat(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	req, fail := p.d.DecodeRequest(r, body)
	if fail == nil {
		p.seen, fail = req, p.fail
	}
	if fail != nil {
		p.d.WriteFailure(w, fail)
		return
	}
	a := &wire.Answer{
		ID: p.d.NewAnswerID(7), Model: req.Model, Text: joined(), Finish: wire.FinishStop,
		Usage: wire.Usage{Prompt: 11, Completion: len(words)}, Created: created,
	}
	if !req.Stream {
		_ = p.d.WriteAnswer(w, req, a)
		return
	}
	s, err := p.d.StartStream(w, req, a)
	for _, word := range words {
		if err == nil {
			err = s.Text(word)
		}
	}
	switch {
	case err != nil:
	case p.midway != nil:
		_ = s.Fail(p.midway)
	default:
		_ = s.End(a.Finish, a.Usage)
	}
}

var catalogue = []wire.ModelInfo{
	{ID: "alpha-1", Context: 8192, MaxOutput: 1024, OwnedBy: "lab", Created: created},
	{ID: "alpha-0", Context: 4096, MaxOutput: 512, OwnedBy: "lab", Created: created, Deprecated: created.AddDate(0, 0, 5), Shutdown: created.AddDate(0, 2, 0)},
	{ID: "alpha-gone", OwnedBy: "lab", Created: created, Deprecated: created, Shutdown: created, Retired: true},
}

func serve(t testing.TB, p *provider) string {
	t.Helper()
	srv := httptest.NewServer(p)
	t.Cleanup(srv.Close)
	return srv.URL
}

// readAll reads a stream to its end, which is the error returned. Chunks that
// cannot be read are counted.
func readAll(s wire.StreamReader) (events []wire.Event, bad int, end error) {
	for range 1 << 20 {
		e, err := s.Next()
		var f *wire.Failure
		switch {
		case errors.As(err, &f) && f.Kind == wire.FailMalformed:
			if bad++; bad > 1000 {
				return events, bad, err
			}
		case err != nil:
			return events, bad, err
		default:
			events = append(events, e)
		}
	}
	return events, bad, errors.New("the stream has no end")
}

// sum is what a stream says as a whole.
type sum struct {
	id, model, text string
	finish          wire.Finish
	usage           wire.Usage
	done            bool
	fail            *wire.Failure
}

func sumOf(events []wire.Event) (s sum) {
	for _, e := range events {
		if e.ID != "" {
			s.id = e.ID
		}
		if e.Model != "" {
			s.model = e.Model
		}
		s.text += e.Text
		if e.Finish != "" {
			s.finish = e.Finish
		}
		if e.Usage != nil {
			s.usage = *e.Usage
		}
		s.done = s.done || e.Done
		if e.Fail != nil {
			s.fail = e.Fail
		}
	}
	return s
}

// route is a request line and what a dialect's server side takes it for.
type route struct {
	dialect, method, path string
	op                    wire.Operation
	arg                   string
	kind                  wire.FailureKind // "": it is answered
}

// routes checks them and returns the failure of each, nil where there is none.
func routes(t *testing.T, all []route) (fails []*wire.Failure) {
	t.Helper()
	for _, c := range all {
		r := httptest.NewRequest(c.method, c.path, nil)
		r.Header.Set("anthropic-version", "2026-10-21")
		op, arg, fail := dialect(t, c.dialect).Route(r)
		var kind wire.FailureKind
		if fail != nil {
			kind = fail.Kind
		}
		if op != c.op || arg != c.arg || kind != c.kind {
			t.Errorf("%s %s %s: op %d, arg %q, failure %v", c.dialect, c.method, c.path, op, arg, fail)
		}
		fails = append(fails, fail)
	}
	return fails
}
