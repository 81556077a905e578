package mocks_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// chatBytes is a chat request as it stands on the wire.
func chatBytes(model string, stream bool, head string) string {
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"in 9 words"}]}`, model, stream)
	return fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

// A stream leaves its connection fit for whatever comes next, and what comes
// before its end waits for its turn.
func TestStreamsShareAConnection(t *testing.T) {
	r := start(t, spec(t, "openai", nil))
	model := r.Spec().Models[0].ID
	for _, c := range []struct {
		name  string
		ahead int // requests that are sent before the first answer is read
	}{
		{"one after the other", 1},
		{"two at a time", 2},
		{"all at once", 6},
	} {
		conn := r.open(t, "")
		in := bufio.NewReader(conn)
		streams := []bool{true, true, false, true, false, true}
		sent := 0
		for i, stream := range streams {
			for sent < min(len(streams), i+c.ahead) {
				if _, err := io.WriteString(conn, chatBytes(model, streams[sent], "")); err != nil {
					t.Fatal(err)
				}
				sent++
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("%s: answer %d: %v", c.name, i+1, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != 200 || resp.Close || resp.Header.Get("Date") == "" || resp.Header.Get("X-Request-Id") == "" {
				t.Errorf("%s: answer %d: %v, %+v", c.name, i+1, err, resp)
			}
			if whole := strings.HasSuffix(string(body), "data: [DONE]\n\n"); whole != stream || (resp.ContentLength < 0) != stream {
				t.Errorf("%s: answer %d, stream %v: %q", c.name, i+1, stream, body)
			}
		}
		conn.Close()
	}
	r.calls.take(t, 18)
}

// A client that wants its connection closed has it closed.
func TestStreamThatIsTheLast(t *testing.T) {
	r := start(t, spec(t, "openai", nil))
	conn := r.open(t, chatBytes(r.Spec().Models[0].ID, true, "Connection: close\r\n"))
	all, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(all), "\r\nConnection: close\r\n") || !strings.HasSuffix(string(all), "\r\n0\r\n\r\n") {
		t.Errorf("%v: %q", err, all)
	}
	conn.Close()
	r.calls.take(t, 1)
}

// HTTP/1.0 knows no chunks.
func TestStreamToAnOldClient(t *testing.T) {
	r := start(t, spec(t, "openai", nil))
	conn := r.open(t, strings.Replace(chatBytes(r.Spec().Models[0].ID, true, ""), "HTTP/1.1", "HTTP/1.0", 1))
	all, err := io.ReadAll(conn)
	if _, body, _ := strings.Cut(string(all), "\r\n\r\n"); err != nil || !strings.HasPrefix(body, "data: ") || !strings.HasSuffix(body, "[DONE]\n\n") {
		t.Errorf("%v: %q", err, all)
	}
	conn.Close()
	r.calls.take(t, 1)
}

// A server that closes, or shuts down, ends the streams that are under way, and
// they are told of before it returns.
func TestServerEndsStreams(t *testing.T) {
	for name, stop := range map[string]func(*http.Server) error{
		"close":     (*http.Server).Close,
		"shut down": func(s *http.Server) error { return s.Shutdown(context.Background()) },
	} {
		const streams = 300
		calls := newCalls()
		p := provider(t, spec(t, "openai", func(p *plan.Provider) {
			p.Service = plan.Service{Model: plan.ServiceCloud, PerToken: time.Hour}
		}), calls.observe)
		srv := mocks.NewServer(p)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { defer close(done); _ = srv.Serve(l) }()
		for range streams {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, chatBytes(p.Spec().Models[0].ID, true, "")); err != nil {
				t.Fatal(err)
			}
			await(t, c, "[bo:")
		}
		if err := stop(srv); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(calls.told); n != streams {
			t.Errorf("%s: %d of %d streams were told of", name, n, streams)
		}
		for _, o := range calls.take(t, streams) {
			if !o.Aborted || o.Failure != "" || o.Status != 200 || o.Completion != 1 {
				t.Errorf("%s: %+v", name, o)
			}
		}
		<-done
	}
}

// A client that has sent its next request ahead does not keep a server from
// closing, though nobody reads from it and so sees that it is gone.
func TestServerEndsStreamsOfClientsThatAreAhead(t *testing.T) {
	calls := newCalls()
	p := provider(t, spec(t, "openai", func(p *plan.Provider) {
		p.Service = plan.Service{Model: plan.ServiceCloud, PerToken: time.Hour}
	}), calls.observe)
	srv := mocks.NewServer(p)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ask := chatBytes(p.Spec().Models[0].ID, true, "")
	if _, err := io.WriteString(c, ask+ask); err != nil {
		t.Fatal(err)
	}
	await(t, c, "[bo:")
	closed := make(chan error, 1)
	go func() { closed <- srv.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the server did not close")
	}
	<-done
	if o := calls.take(t, 1)[0]; !o.Aborted || o.Completion != 1 {
		t.Errorf("%+v", o)
	}
}

// The pooled connection of a client of the house is used again after a stream.
func TestPooledConnectionAfterAStream(t *testing.T) {
	r := start(t, spec(t, "anthropic", nil))
	dials := 0
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	r.client = &http.Client{Transport: drained{transport}}
	for range 10 {
		if res := r.ask(t, "k", request(r.Spec(), "m", "in 9 words", true)); res.fail != nil || res.err != nil || res.finish != wire.FinishStop {
			t.Fatalf("%+v", res)
		}
	}
	r.calls.take(t, 10)
	if dials != 1 {
		t.Errorf("%d connections for ten streams", dials)
	}
}

// drained reads every body to its end before it is closed: one that is closed
// before its last chunk has come costs its connection.
type drained struct{ http.RoundTripper }

func (d drained) RoundTrip(q *http.Request) (*http.Response, error) {
	res, err := d.RoundTripper.RoundTrip(q)
	if err == nil {
		res.Body = drainedBody{res.Body}
	}
	return res, err
}

type drainedBody struct{ io.ReadCloser }

func (b drainedBody) Close() error {
	_, _ = io.Copy(io.Discard, b)
	return b.ReadCloser.Close()
}
