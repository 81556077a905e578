package wire_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"brownout/mocks/wire"
)

// upstream is a whole provider behind a dialect's server side: chats, calls of
// functions, token counts, embeddings and the model list.
type upstream struct {
	d      wire.Dialect
	fail   *wire.Failure   // answered to every chat, count and embedding
	midway *wire.Failure   // breaks every stream after its words
	calls  []wire.ToolCall // asked for behind the text
	text   string          // of the answer, "": none
	finish wire.Finish
	stop   string // the stop sequence that ends the text
	pings  bool   // streams show a sign of life behind each piece
	silent bool   // streams end after their words, without an end
	notice string

	mu       sync.Mutex
	seen     *wire.Request // the last one read
	embed    *wire.EmbedRequest
	requests int
}

// count is what upstream says of every prompt; it is billed to every embedding
// too.
const count = 23

func (u *upstream) start(t testing.TB) string {
	t.Helper()
	srv := httptest.NewServer(u)
	t.Cleanup(srv.Close)
	return srv.URL
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests++
	u.d.WriteHeaders(w.Header(), requestID, wire.Budgets{}, now)
	op, arg, fail := u.d.Route(r)
	if fail == nil {
		fail = u.d.Authorized(r, func(key string) bool { return key == goodKey })
	}
	if fail == nil {
		fail = u.answer(w, r, op, arg)
	}
	if fail != nil {
		fail.RequestID = requestID
		u.d.WriteFailure(w, fail)
	}
}

// failed is the failure that is answered to everybody, with what it must know
// of the request.
func (u *upstream) failed(surface string, stream bool) *wire.Failure {
	if u.fail == nil {
		return nil
	}
	f := *u.fail
	f.Surface, f.Stream = surface, stream
	return &f
}

func (u *upstream) answer(w http.ResponseWriter, r *http.Request, op wire.Operation, arg string) *wire.Failure {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	switch op {
	case wire.OpChat:
		req, fail := u.d.DecodeRequest(r, body)
		if fail != nil {
			return fail
		}
		u.seen = req
		if fail := u.failed(req.Surface, req.Stream); fail != nil {
			return fail
		}
		u.chat(w, req)
	case wire.OpCountTokens:
		c := u.d.(wire.TokenCounter)
		req, fail := c.DecodeCount(r, body)
		if fail != nil {
			return fail
		}
		u.seen = req
		if fail := u.failed(req.Surface, req.Stream); fail != nil {
			return fail
		}
		_ = c.WriteCount(w, req, count)
	case wire.OpEmbed:
		e := u.d.(wire.Embedder)
		req, fail := e.DecodeEmbed(r, body)
		if fail != nil {
			return fail
		}
		u.embed = req
		if fail := u.failed(req.Surface, false); fail != nil {
			return fail
		}
		out := &wire.Embeddings{Model: req.Model, Usage: wire.Usage{Prompt: count}}
		for i := range req.Inputs {
			out.Vectors = append(out.Vectors, []float32{float32(i), 0.5, -0.25})
		}
		_ = e.WriteEmbeddings(w, req, out)
	case wire.OpModels:
		u.d.WriteModels(w, r, catalogue)
	case wire.OpModel:
		for _, m := range catalogue {
			if m.ID == arg {
				u.d.WriteModel(w, m)
				return nil
			}
		}
		return &wire.Failure{Kind: wire.FailModelNotFound, Model: arg}
	}
	return nil
}

func (u *upstream) chat(w http.ResponseWriter, req *wire.Request) {
	a := &wire.Answer{
		ID: u.d.NewAnswerID(7), Model: req.Model, Text: u.text, Finish: u.finish, ToolCalls: u.calls,
		Usage: wire.Usage{Prompt: 11, Completion: 5}, Created: created, StopSequence: u.stop,
	}
	if a.Notice = u.notice; u.notice != "" {
		a.Shutdown = created.AddDate(0, 2, 0)
	}
	if !req.Stream {
		_ = u.d.WriteAnswer(w, req, a)
		return
	}
	s, err := u.d.StartStream(w, req, a)
	// In three pieces, the second of one byte.
	for _, piece := range pieces(u.text) {
		if err == nil {
			err = s.Text(piece)
		}
		if err == nil && u.pings {
			err = s.(interface{ Ping() error }).Ping()
		}
	}
	for i, c := range u.calls {
		first := wire.ToolCallDelta{Index: i, ID: c.ID, Name: c.Name}
		for _, piece := range pieces(c.Arguments) {
			first.Arguments = piece
			if err == nil {
				err = s.(wire.ToolStreamWriter).ToolCall(first)
			}
			first = wire.ToolCallDelta{Index: i}
		}
	}
	switch {
	case err != nil || u.silent:
	case u.midway != nil:
		_ = s.Fail(u.midway)
	default:
		_ = s.End(a.Finish, a.Usage)
	}
}

// pieces cuts a text in up to three.
func pieces(s string) []string {
	switch n := len(s); {
	case n == 0:
		return nil
	case n < 3:
		return []string{s}
	default:
		return []string{s[:n/2], s[n/2 : n/2+1], s[n/2+1:]}
	}
}

// bothCalls are the calls that the tests of tools ask for.
var bothCalls = []wire.ToolCall{
	{ID: "toolu_01A", Name: "get_weather", Arguments: `{"location":"Paris, \"FR\"","days":[1,2]}`},
	{ID: "toolu_01B", Name: "get_time", Arguments: `{}`},
}

const placeSchema = `{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]}`
