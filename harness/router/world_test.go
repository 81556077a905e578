package router_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// world is a router and its backends on an in-memory network, inside a
// synctest bubble: time is exact and costs nothing.
type world struct {
	t      *testing.T
	router *router.Router
	config router.Config
	client *http.Client
	fakes  map[string]*fake
	began  time.Time

	mu        sync.Mutex
	decisions []decision
}

// decision is one with its time.
type decision struct {
	router.Decision
	at time.Duration // since the world began
}

// fake is a scripted backend. script is asked for what to do with the nth call
// (from 0).
type fake struct {
	router.Backend
	script func(n int) act
	down   func(n int) bool // refuses the nth connection
	why    error            // with this; nil: errRefused

	dialect wire.Dialect
	mu      sync.Mutex
	dials   int
	calls   []seen
	gone    int // calls whose caller left before the end
	bodies  []string
	lists   int // model lists asked for
	embeds  []*wire.EmbedRequest
	list    http.HandlerFunc // answers for the model list; nil: it has one
	vectors func(n int) act  // answers for embeddings; nil: it has them
	after   time.Duration    // and takes so long
}

// seen is one call as a fake saw it.
type seen struct {
	at  time.Duration // since the world began
	req *wire.Request
	hdr http.Header
}

// act answers one call.
type act func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request)

func (f *fake) times() []time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ts []time.Duration
	for _, c := range f.calls {
		ts = append(ts, c.at)
	}
	return ts
}

func (f *fake) count() int { return len(f.times()) }

// always does the same with every call.
func always(a act) func(int) act { return func(int) act { return a } }

// inTurn does one thing after the other, and the last for ever.
func inTurn(as ...act) func(int) act {
	return func(n int) act { return as[min(n, len(as)-1)] }
}

// pause waits unless the caller leaves.
func pause(r *http.Request, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// answers gives a whole answer, after so long, as a stream with 10 ms between
// its words where one is asked for.
func answers(text string, after time.Duration) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		a := &wire.Answer{ID: "id-" + f.Name, Model: req.Model, Text: text, Finish: wire.FinishStop, Usage: usage, Created: time.Now()}
		if !pause(r, after) {
			return
		}
		if !req.Stream {
			_ = f.dialect.WriteAnswer(w, req, a)
			return
		}
		says(after0, strings.SplitAfter(text, " ")...)(f, w, r, req)
	}
}

var usage = wire.Usage{Prompt: 11, Completion: 3}

const after0 = time.Duration(0)

// says streams words with 10 ms between them and ends properly.
func says(after time.Duration, words ...string) act {
	return begins(after, words, func(_ *fake, s wire.StreamWriter, _ http.ResponseWriter, _ *http.Request) {
		_ = s.End(wire.FinishStop, usage)
	})
}

// begins streams words and leaves the end to then.
func begins(after time.Duration, words []string, then func(*fake, wire.StreamWriter, http.ResponseWriter, *http.Request)) act {
	return func(f *fake, w http.ResponseWriter, r *http.Request, req *wire.Request) {
		head := &wire.Answer{ID: "id-" + f.Name, Model: req.Model, Created: time.Now()}
		s, err := f.dialect.StartStream(w, req, head)
		if err != nil || !pause(r, after) {
			return
		}
		for i, word := range words {
			if i > 0 && !pause(r, 10*time.Millisecond) {
				return
			}
			if s.Text(word) != nil {
				return
			}
		}
		then(f, s, w, r)
	}
}

func cuts(_ *fake, _ wire.StreamWriter, _ http.ResponseWriter, _ *http.Request) {}

func resets(_ *fake, _ wire.StreamWriter, _ http.ResponseWriter, _ *http.Request) {
	panic(http.ErrAbortHandler)
}

type (
	httpWriter  = http.ResponseWriter
	httpRequest = http.Request
)

func stalls(f *fake, _ wire.StreamWriter, _ http.ResponseWriter, r *http.Request) {
	hangs(f, nil, r, nil)
}

func fails(k wire.FailureKind, retryAfter time.Duration) act {
	return func(f *fake, w http.ResponseWriter, _ *http.Request, req *wire.Request) {
		f.dialect.WriteFailure(w, &wire.Failure{Kind: k, RetryAfter: retryAfter, Model: req.Model})
	}
}

// hangs takes the call and stays silent.
func hangs(f *fake, _ http.ResponseWriter, r *http.Request, _ *wire.Request) {
	<-r.Context().Done()
	f.mu.Lock()
	f.gone++
	f.mu.Unlock()
}

// drops closes the connection without an answer.
func drops(*fake, http.ResponseWriter, *http.Request, *wire.Request) { panic(http.ErrAbortHandler) }

// writes answers with these bytes.
func writes(status int, contentType, body string) act {
	return func(_ *fake, w http.ResponseWriter, _ *http.Request, _ *wire.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch op, _, _ := f.dialect.Route(r); op {
	case wire.OpModels, wire.OpHealth, wire.OpVersion:
		f.listed(w, r)
		return
	case wire.OpEmbed:
		f.embed(w, r, body)
		return
	}
	req, fail := f.dialect.DecodeRequest(r, body)
	if fail != nil {
		f.dialect.WriteFailure(w, fail)
		return
	}
	f.mu.Lock()
	f.bodies = append(f.bodies, string(body))
	n := len(f.calls)
	f.calls = append(f.calls, seen{time.Since(epoch()), req, r.Header.Clone()})
	f.mu.Unlock()
	f.script(n)(f, w, r, req)
}

// listed answers for the model list.
func (f *fake) listed(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.lists++
	f.mu.Unlock()
	if f.list != nil {
		f.list(w, r)
		return
	}
	f.dialect.WriteModels(w, r, []wire.ModelInfo{{ID: f.Model}})
}

// embed answers with the length of each input.
func (f *fake) embed(w http.ResponseWriter, r *http.Request, body []byte) {
	d := f.dialect.(wire.Embedder)
	req, fail := d.DecodeEmbed(r, body)
	if fail != nil {
		f.dialect.WriteFailure(w, fail)
		return
	}
	f.mu.Lock()
	n := len(f.embeds)
	f.embeds = append(f.embeds, req)
	f.mu.Unlock()
	if f.vectors != nil {
		if a := f.vectors(n); a != nil {
			a(f, w, r, &wire.Request{Model: req.Model})
			return
		}
	}
	if !pause(r, f.after) {
		f.mu.Lock()
		f.gone++
		f.mu.Unlock()
		return
	}
	e := &wire.Embeddings{Model: req.Model, Usage: wire.Usage{Prompt: len(req.Inputs)}, Created: time.Now()}
	for _, s := range req.Inputs {
		e.Vectors = append(e.Vectors, []float32{float32(len(s)), 0.5})
	}
	_ = d.WriteEmbeddings(w, req, e)
}

// epoch is when every bubble begins.
func epoch() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// pipeListener hands out the far ends of in-memory connections.
type pipeListener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

var errRefused = errors.New("connect: connection refused")

// backend is a fake of class cloud in region r1 with a model of its own.
func backend(name string, script func(int) act) *fake {
	return &fake{Backend: router.Backend{
		Name: name, Dialect: "openai", Class: plan.ClassCloud, Region: "r1", Model: name + "-model",
	}, script: script}
}

// run makes a world in a bubble, runs body in it and takes it down.
func run(t *testing.T, set plan.Router, fakes []*fake, body func(w *world)) {
	t.Helper()
	runWith(t, set, fakes, func(*router.Config) {}, body)
}

// runWith is run with more in the router's configuration.
func runWith(t *testing.T, set plan.Router, fakes []*fake, more func(*router.Config), body func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, fakes: map[string]*fake{}, began: time.Now()}
		cfg := router.Config{Settings: set, Seed: 7, OnDecision: w.decide}
		var servers []*http.Server
		listeners := map[string]*pipeListener{}
		for _, f := range fakes {
			var ok bool
			if f.dialect, ok = wire.Lookup(f.Dialect); !ok {
				t.Fatalf("no dialect %q", f.Dialect)
			}
			f.BaseURL, f.Key = "http://"+f.Name, "sk-"+f.Name
			w.fakes[f.Name] = f
			cfg.Backends = append(cfg.Backends, f.Backend)
			listeners[f.Name] = newPipeListener()
			servers = append(servers, serve(listeners[f.Name], f))
		}
		var transports []*http.Transport
		cfg.Transport = func(b router.Backend) http.RoundTripper {
			f, l := w.fakes[b.Name], listeners[b.Name]
			tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				f.mu.Lock()
				n := f.dials
				f.dials++
				f.mu.Unlock()
				if f.down != nil && f.down(n) {
					return nil, cmp.Or(f.why, errRefused)
				}
				return l.dial(ctx)
			}}
			transports = append(transports, tr)
			return tr
		}
		more(&cfg)
		r, err := router.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		w.router, w.config = r, cfg
		front := newPipeListener()
		servers = append(servers, serve(front, r))
		own := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return front.dial(ctx) }}
		w.client = &http.Client{Transport: own}
		defer func() {
			own.CloseIdleConnections()
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			for _, s := range servers {
				_ = s.Close()
			}
			synctest.Wait()
		}()
		body(w)
	})
}

func serve(l net.Listener, h http.Handler) *http.Server {
	s := &http.Server{Handler: h}
	go func() { _ = s.Serve(l) }()
	return s
}

func (w *world) decide(d router.Decision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.decisions = append(w.decisions, decision{d, time.Since(w.began)})
}

// did lists what was decided, as "what provider".
func (w *world) did() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, d := range w.decisions {
		out = append(out, strings.TrimSpace(d.What+" "+d.Provider))
	}
	return out
}

// pass lets so much time go by.
func (w *world) pass(d time.Duration) { <-time.After(d) }

func (w *world) since() time.Duration { return time.Since(w.began) }

// got is what the client got.
type got struct {
	status  int
	header  http.Header
	trailer http.Header // of a stream
	body    string
	text    string
	model   string
	usage   wire.Usage
	finish  wire.Finish
	done    bool          // the stream had its end marker
	fail    *wire.Failure // the error answer, or the one in the stream
	took    time.Duration
	first   time.Duration // to the first token of a stream
	err     error
}

// ask is one client request.
type ask struct {
	model    string
	stream   bool
	usage    bool
	deadline time.Duration
	header   http.Header
	ctx      context.Context
	marker   string
	more     map[string]any // further fields of the body
}

func (w *world) send(a ask) got {
	if a.model == "" {
		a.model = "any"
	}
	if a.marker == "" {
		a.marker = "m1"
	}
	body := map[string]any{
		"model": a.model, "stream": a.stream,
		"messages": []map[string]string{{"role": "user", "content": "say it [[bo:" + a.marker + "]]"}},
	}
	if a.stream && a.usage {
		body["stream_options"] = map[string]bool{"include_usage": true}
	}
	maps.Copy(body, a.more)
	raw, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx := a.ctx
	if ctx == nil {
		ctx = context.Background()
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://router/v1/chat/completions", bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	for k, v := range a.header {
		q.Header[k] = v
	}
	q.Header.Set("Content-Type", "application/json")
	if a.deadline > 0 {
		q.Header.Set(wire.HeaderDeadline, strconv.FormatInt(a.deadline.Milliseconds(), 10))
	}
	began := time.Now()
	res, err := w.client.Do(q)
	if err != nil {
		return got{err: err, took: time.Since(began)}
	}
	defer res.Body.Close()
	g := got{status: res.StatusCode, header: res.Header}
	openai, _ := wire.Lookup("openai")
	if a.stream && res.StatusCode == http.StatusOK {
		g.read(openai, res.Body, began)
		_, _ = io.Copy(io.Discard, res.Body) // trailers come behind the end
		g.trailer = res.Trailer
	} else {
		raw, err := io.ReadAll(res.Body)
		g.body, g.err = string(raw), err
		if res.StatusCode != http.StatusOK {
			g.fail = openai.DecodeFailure(res.StatusCode, res.Header, raw)
		} else if v, err := openai.DecodeAnswer(raw); err != nil {
			g.err = err
		} else {
			g.text, g.model, g.usage, g.finish = v.Text, v.Model, v.Usage, v.Finish
		}
	}
	g.took = time.Since(began)
	return g
}

// read takes in a stream.
func (g *got) read(d wire.Dialect, body io.Reader, began time.Time) {
	var raw bytes.Buffer
	s := d.NewStreamReader(io.TeeReader(body, &raw))
	defer func() { g.body = raw.String() }()
	for {
		e, err := s.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			g.err = err
			return
		}
		if e.Text != "" && g.first == 0 {
			g.first = time.Since(began)
		}
		g.text += e.Text
		if e.Model != "" {
			g.model = e.Model
		}
		if e.Usage != nil {
			g.usage = *e.Usage
		}
		if e.Finish != "" {
			g.finish = e.Finish
		}
		g.done = g.done || e.Done
		if e.Fail != nil {
			g.fail = e.Fail
			return
		}
	}
}

// post sends a body as it is, with headers, and returns the answer's body.
func (w *world) post(path, body string, header http.Header) (*http.Response, string) {
	w.t.Helper()
	q, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://router"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for k, v := range header {
		q.Header[k] = v
	}
	q.Header.Set("Content-Type", "application/json")
	res, err := w.client.Do(q)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res, string(raw)
}

// last is who said the end of an answer.
func (g got) last() string {
	list := strings.Split(g.trailer.Get(router.HeaderContinued), ", ")
	who, _, _ := strings.Cut(list[len(list)-1], "/")
	return cmp.Or(who, g.by())
}

func (g got) by() string { return g.header.Get(wire.HeaderProvider) }

// want fails the test unless the answer is whole, from that provider, after so
// many attempts and so long.
func (w *world) want(g got, by string, attempts int, took time.Duration) {
	w.t.Helper()
	if g.err != nil || g.fail != nil || g.status != http.StatusOK {
		w.t.Fatalf("status %d, err %v, failure %v, body %q", g.status, g.err, g.fail, g.body)
	}
	if g.text != "from "+by || g.by() != by || g.finish != wire.FinishStop || g.model != by+"-model" {
		w.t.Errorf("text %q model %q finish %q by %q, want from %s", g.text, g.model, g.finish, g.by(), by)
	}
	if n := g.header.Get(wire.HeaderAttempts); n != fmt.Sprint(attempts) {
		w.t.Errorf("attempts %s, want %d", n, attempts)
	}
	if took >= 0 && g.took != took {
		w.t.Errorf("took %v, want %v", g.took, took)
	}
}

func (w *world) wantDid(want ...string) {
	w.t.Helper()
	if d := w.did(); !slices.Equal(d, want) {
		w.t.Errorf("decisions %q, want %q", d, want)
	}
}
