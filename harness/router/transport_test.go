package router_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"brownout/harness/router"
	"brownout/mocks/wire"
	"brownout/plan"
)

// A connection that cannot be made in time is silence: no second wait.
func TestConnectTimeout(t *testing.T) {
	a := backend("a", nil)
	a.down = func(int) bool { return true }
	a.why = &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	run(t, plan.Router{}, []*fake{a, backend("b", always(answers("from b", 0)))}, func(w *world) {
		w.want(w.send(ask{}), "b", 2, 0)
	})
}

// The router's own transports carry a call over real loopback.
func TestOwnTransport(t *testing.T) {
	a := backend("a", always(answers("from a", 0)))
	a.dialect, _ = wire.Lookup("openai")
	up := httptest.NewServer(a)
	defer up.Close()
	a.BaseURL = up.URL + "/"
	r, err := router.New(router.Config{Backends: []router.Backend{a.Backend}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	front := httptest.NewServer(r)
	defer front.Close()
	client := front.Client()
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", front.Listener.Addr().String())
	}
	w := &world{t: t, client: client}
	w.want(w.send(ask{}), "a", 1, -1)
	w.want(w.send(ask{stream: true}), "a", 1, -1)
}
