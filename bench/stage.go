package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"brownout/harness/chaos"
	"brownout/harness/router"
	"brownout/mocks"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

// words is the length of every answer; it has two tokens more, its head and its
// check.
const (
	words  = 60
	tokens = words + 2
)

// deadline is that of every request.
const deadline = 10 * time.Second

// stage is one part of the chain, or several in a row, that is asked at a URL.
type stage struct {
	name   string
	url    string
	model  string
	header http.Header
	apart  bool // another's program: its processor time is not known
}

// yours is the stage of a gateway that somebody runs already.
func yours(o options) string { return "your gateway at " + o.gateway.url }

// bed is what is measured: servers in this process that run until it is closed.
type bed struct {
	model   string // that the mock has
	stages  []stage
	lacking []lacking // stages that are not there
	closers []func() error
}

func (b *bed) close() error {
	var errs []error
	for i := len(b.closers) - 1; i >= 0; i-- {
		errs = append(errs, b.closers[i]())
	}
	return errors.Join(errs...)
}

// lay brings everything up.
func lay(ctx context.Context, o options, stream bool) (_ *bed, err error) {
	b := &bed{}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	mock, err := b.mock(ctx, o.mockPort)
	if err != nil {
		return nil, err
	}
	recorded, header, err := record(ctx, mock, b.model, stream)
	if err != nil {
		return nil, err
	}
	bare, err := b.serve(ctx, &http.Server{Handler: answering(recorded, header, stream)}, 0)
	if err != nil {
		return nil, err
	}
	links, err := chaos.StartLinks(chaos.LinkOptions{})
	if err != nil {
		return nil, err
	}
	b.closers = append(b.closers, links.Close)
	link, err := links.Add("mock", strings.TrimPrefix(mock, "http://"))
	if err != nil {
		return nil, err
	}
	linked := "http://" + link.Addr
	b.stages = []stage{{name: "bare handler", url: bare}, {name: "mock", url: mock}, {name: "link to the mock", url: linked}}
	for _, behind := range []struct{ name, url string }{{"mock", mock}, {"link", linked}} {
		proxy, err := b.proxy(ctx, behind.url)
		if err != nil {
			return nil, err
		}
		routed, err := b.router(ctx, behind.url)
		if err != nil {
			return nil, err
		}
		b.stages = append(b.stages, stage{name: "pass-through proxy to the " + behind.name, url: proxy}, stage{name: "bundled router to the " + behind.name, url: routed})
	}
	for i := range b.stages {
		b.stages[i].model = b.model
	}
	if o.portkey {
		b.portkey(ctx, b.backends(mock), o.cache)
	}
	if o.gateway.url != "" {
		b.stages = append(b.stages, stage{
			name: yours(o), url: strings.TrimSuffix(o.gateway.url, "/"), model: b.model, header: http.Header(o.gateway.headers), apart: true,
		})
	}
	return b, nil
}

// serve listens until the bed is closed.
func (b *bed) serve(ctx context.Context, srv *http.Server, port int) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }() // always ErrServerClosed, by Close
	b.closers = append(b.closers, func() error { err := srv.Close(); <-done; return err })
	return "http://" + l.Addr().String(), nil
}

// mock is a provider that answers at once.
func (b *bed) mock(ctx context.Context, port int) (string, error) {
	p, ok := presets.Get("openai")
	if !ok {
		return "", errors.New("there is no preset openai")
	}
	p.Name, p.Limits = "openai", plan.Limits{}
	p.Service = plan.Service{Model: plan.ServiceCloud}
	b.model = p.Models[0].ID
	fleet, err := mocks.NewFleet(mocks.Config{Providers: []plan.Provider{p}, Observe: func(mocks.Observation) {}})
	if err != nil {
		return "", err
	}
	return b.serve(ctx, mocks.NewServer(fleet.Providers()[0]), port)
}

// transport keeps a connection for each client.
func transport() *http.Transport {
	return &http.Transport{MaxIdleConns: 4096, MaxIdleConnsPerHost: 4096, DisableCompression: true}
}

func (b *bed) proxy(ctx context.Context, to string) (string, error) {
	u, err := url.Parse(to)
	if err != nil {
		return "", err
	}
	t := transport()
	b.closers = append(b.closers, func() error { t.CloseIdleConnections(); return nil })
	return b.serve(ctx, &http.Server{Handler: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }, Transport: t, FlushInterval: -1,
	}}, 0)
}

// backends are two providers at one URL, as a router knows them.
func (b *bed) backends(to string) []router.Backend {
	var two []router.Backend
	for _, name := range []string{"a", "b"} {
		two = append(two, router.Backend{Name: name, Dialect: "openai", BaseURL: to, Key: "key", Models: []string{b.model}, Model: b.model})
	}
	return two
}

func (b *bed) router(ctx context.Context, to string) (string, error) {
	r, err := router.New(router.Config{Backends: b.backends(to)})
	if err != nil {
		return "", err
	}
	b.closers = append(b.closers, r.Close)
	return b.serve(ctx, &http.Server{Handler: r}, 0)
}

// record is what the mock answers, in the pieces in which it comes.
func record(ctx context.Context, mock, model string, stream bool) (pieces [][]byte, header http.Header, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, mock+"/v1/chat/completions", strings.NewReader(body(model, stream)))
	if err != nil {
		return nil, nil, err
	}
	req.Header = headers(nil)
	req.Close = true // the bed before this one may have had its mock at the same port
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return nil, nil, err
	case resp.StatusCode != http.StatusOK:
		return nil, nil, fmt.Errorf("the mock answered %s: %.200s", resp.Status, all)
	}
	header = http.Header{"Content-Type": resp.Header["Content-Type"]}
	if !stream {
		return [][]byte{all}, header, nil
	}
	for event := range strings.SplitAfterSeq(string(all), "\n\n") {
		if event != "" {
			pieces = append(pieces, []byte(event))
		}
	}
	return pieces, header, nil
}

// answering answers what was recorded, each event of a stream by itself.
func answering(pieces [][]byte, header http.Header, stream bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for k, v := range header {
			w.Header()[k] = v
		}
		flush := http.NewResponseController(w)
		for _, p := range pieces {
			if _, err := w.Write(p); err != nil {
				return
			}
			if stream && flush.Flush() != nil {
				return
			}
		}
	})
}

// body is the request of the benchmark.
func body(model string, stream bool) string {
	text := fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"%sAnswer in %d words. [[bo:bench]]"}]`, model, strings.Repeat("prompt ", 40), words)
	if stream {
		text += `,"stream":true,"stream_options":{"include_usage":true}`
	}
	return text + "}"
}

func headers(more http.Header) http.Header {
	h := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer key"}}
	h.Set(wire.HeaderDeadline, fmt.Sprint(deadline.Milliseconds()))
	for k, v := range more {
		h[k] = v
	}
	return h
}

// headerFlag collects "Name: value".
type headerFlag http.Header

func (h *headerFlag) String() string { return "" }

// Set adds one.
func (h *headerFlag) Set(text string) error {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return fmt.Errorf("%q: want \"Name: value\"", text)
	}
	if *h == nil {
		*h = headerFlag{}
	}
	http.Header(*h).Add(name, strings.TrimSpace(value))
	return nil
}
