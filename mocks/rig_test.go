package mocks_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"brownout/mocks"
	"brownout/mocks/answer"
	"brownout/mocks/presets"
	"brownout/mocks/wire"
	"brownout/plan"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(idleClientVariable); address != "" {
		if err := holdStreams(address, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m,
		// After it hung up on a sender net/http lingers for half a second, so
		// that its answer arrives before the reset does.
		goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"),
		// Google's SDK brings in a package that starts a worker when it is loaded.
		goleak.IgnoreTopFunction("go.opencensus.io/stats/view.(*worker).start"))
}

// rig is one provider behind its own server on loopback.
type rig struct {
	*mocks.Provider
	URL    string
	client *http.Client
	calls  *calls
}

// calls collects observations.
type calls struct {
	mu   sync.Mutex
	seen []mocks.Observation
	told chan struct{} // one for each
}

func newCalls() *calls { return &calls{told: make(chan struct{}, 1<<16)} }

func (c *calls) observe(o mocks.Observation) {
	c.mu.Lock()
	c.seen = append(c.seen, o)
	c.mu.Unlock()
	c.told <- struct{}{}
}

// take waits for n more observations and returns all so far, in the order in
// which the calls ended.
func (c *calls) take(t *testing.T, n int) []mocks.Observation {
	t.Helper()
	for range n {
		select {
		case <-c.told:
		case <-time.After(10 * time.Second):
			t.Fatal("no observation of a call that should have ended")
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]mocks.Observation(nil), c.seen...)
}

// spec is the named preset without waiting times and limits, edited.
func spec(t testing.TB, preset string, edit func(*plan.Provider)) plan.Provider {
	t.Helper()
	p, ok := presets.Get(preset)
	if !ok {
		t.Fatalf("no preset %q", preset)
	}
	p.Limits = plan.Limits{}
	p.Service = plan.Service{Model: plan.ServiceCloud}
	if edit != nil {
		edit(&p)
	}
	return p
}

// provider makes the one provider of a fleet.
func provider(t testing.TB, s plan.Provider, observe func(mocks.Observation)) *mocks.Provider {
	t.Helper()
	f, err := mocks.NewFleet(mocks.Config{Seed: 1, Providers: []plan.Provider{s}, Observe: observe})
	if err != nil {
		t.Fatal(err)
	}
	return f.Providers()[0]
}

func start(t testing.TB, s plan.Provider) *rig {
	t.Helper()
	calls := newCalls()
	p := provider(t, s, calls.observe)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := mocks.NewServer(p)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = srv.Close()
		if err := <-done; err != http.ErrServerClosed {
			t.Errorf("server ended with %v", err)
		}
	})
	return &rig{Provider: p, URL: "http://" + l.Addr().String(), client: &http.Client{Transport: transport}, calls: calls}
}

// result is what a client of any dialect sees.
type result struct {
	status int
	header http.Header
	text   string
	model  string
	finish wire.Finish
	usage  wire.Usage
	events int
	fail   *wire.Failure
	err    error // of reading the body
}

// ask sends one request in the provider's dialect and reads the whole answer.
func (r *rig) ask(t testing.TB, key string, req *wire.Request) result {
	t.Helper()
	d, _ := wire.Lookup(r.Spec().Dialect)
	hr, err := d.NewRequest(context.Background(), r.URL, key, req)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := r.client.Do(hr)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	res := result{status: resp.StatusCode, header: resp.Header}
	switch {
	case resp.StatusCode != http.StatusOK:
		body, _ := io.ReadAll(resp.Body)
		res.fail = d.DecodeFailure(resp.StatusCode, resp.Header, body)
	case req.Stream:
		res.readStream(d.NewStreamReader(resp.Body))
	default:
		body, _ := io.ReadAll(resp.Body)
		a, err := d.DecodeAnswer(body)
		if err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		res.text, res.model, res.finish, res.usage = a.Text, a.Model, a.Finish, a.Usage
	}
	return res
}

func (res *result) readStream(s wire.StreamReader) {
	var b strings.Builder
	for {
		e, err := s.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			res.err = err
			break
		}
		if e.Text != "" {
			res.events++
		}
		b.WriteString(e.Text)
		if e.Model != "" {
			res.model = e.Model
		}
		if e.Finish != "" {
			res.finish = e.Finish
		}
		if e.Usage != nil {
			res.usage = *e.Usage
		}
		if e.Fail != nil {
			res.fail = e.Fail
		}
	}
	res.text = b.String()
}

// request asks for an answer of so many words to a marked prompt.
func request(p plan.Provider, marker, prompt string, stream bool) *wire.Request {
	return &wire.Request{
		Model: p.Models[0].ID, Stream: stream, IncludeUsage: true, MaxTokens: 1000,
		Messages: []wire.Message{{Role: "user", Text: prompt + " [[bo:" + marker + "]]"}},
	}
}

// poll waits until ok, which something on another goroutine brings about.
func poll(t testing.TB, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal("what was waited for never came")
		}
		runtime.Gosched()
	}
}

// verified checks that text is the whole answer to a marker.
func verified(t testing.TB, text, marker string, words int) {
	t.Helper()
	if v := answer.Verify(text, marker); !v.OK() || v.Words != words {
		t.Errorf("%+v, want %d words, in %q", v, words, text)
	}
}
