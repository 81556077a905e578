package dialing_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"brownout/harness/dialing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a server behind pipes, in a bubble, and a transport to it.
type world struct {
	*dialing.Transport
	dials atomic.Int64
	open  chan net.Conn
	fails func() error // of a dial; nil: none
}

func newWorld(t *testing.T, perSecond int, h http.HandlerFunc) *world {
	w := &world{open: make(chan net.Conn)}
	w.Transport = dialing.Limit(&http.Transport{
		MaxIdleConnsPerHost: 1000,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			w.dials.Add(1)
			if w.fails != nil {
				if err := w.fails(); err != nil {
					return nil, err
				}
			}
			near, far := net.Pipe()
			w.open <- far
			return near, nil
		},
	}, perSecond)
	server := &http.Server{Handler: h}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(pipes{w.open}) }()
	t.Cleanup(func() {
		w.CloseIdleConnections()
		close(w.open)
		<-done
		_ = server.Close()
	})
	return w
}

// pipes is a listener of the far ends of pipes.
type pipes struct{ open chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	c, more := <-p.open
	if !more {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (pipes) Close() error   { return nil }
func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

// ask makes a request and reads the answer.
func (w *world) ask(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://far.test/", strings.NewReader("x"))
	if err != nil {
		return err
	}
	req.GetBody = nil // a request that may have arrived is not sent twice, but for a dead connection
	res, err := w.RoundTrip(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}

// burst makes requests at once and waits for all.
func (w *world) burst(t *testing.T, n int) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if err := w.ask(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// answering takes a while for each answer.
func answering(d time.Duration) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) { time.Sleep(d) }
}

// A cold start does not wait: so many connections are opened at once.
func TestFirstConnectionsAreOpenedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10, answering(time.Second))
		began := time.Now()
		w.burst(t, dialing.Burst)
		if took := time.Since(began); took != time.Second || w.dials.Load() != dialing.Burst {
			t.Errorf("%d connections, all answered after %s", w.dials.Load(), took)
		}
	})
}

// A burst of short requests is answered over few connections: those that were
// opened serve the others, for which no more are opened, neither then nor later.
func TestBurstOpensFewConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1000, answering(5*time.Millisecond))
		began := time.Now()
		w.burst(t, 1000)
		// All over the first ones would take 80 ms; the others that are opened
		// meanwhile help.
		if took := time.Since(began); took > 80*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		time.Sleep(10 * time.Second)
		if n := w.dials.Load(); n < dialing.Burst || n > 2*dialing.Burst {
			t.Errorf("%d connections were opened", n)
		}
	})
}

// Requests that hold their connections get one each, at the rate.
func TestLongRequestsGetConnectionsAtTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 100, answering(time.Hour))
		began := time.Now()
		w.burst(t, dialing.Burst+200)
		took := time.Since(began) - time.Hour
		if took < 1900*time.Millisecond || took > 2100*time.Millisecond {
			t.Errorf("200 connections beyond the first took %s at 100 a second", took)
		}
	})
}

// Dials that fail take up no room: a provider whose port is closed is refused
// as often as it is asked.
func TestFailedDialsAreNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		w := newWorld(t, 1, answering(0))
		w.fails = func() error { return refused }
		began := time.Now()
		for range 10 * dialing.Burst {
			if err := w.ask(t.Context()); !errors.Is(err, refused) {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("they took %s", took)
		}
	})
}

// A request whose time is over while it waits for its turn ends with its
// context, and takes nobody's turn.
func TestWaitEndsWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1, answering(30*time.Second))
		go w.burst(t, dialing.Burst+1) // the last is connected after a second
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := w.ask(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 100*time.Millisecond {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		if err := w.ask(t.Context()); err != nil || w.dials.Load() != dialing.Burst+2 {
			t.Errorf("%v; %d connections", err, w.dials.Load())
		}
		if took := time.Since(began); took != 32*time.Second {
			t.Errorf("the next one took %s", took)
		}
	})
}

// A connection that died while nobody used it is replaced: the request that
// finds it dead waits for another, though it had one before.
func TestDeadConnectionIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		w := newWorld(t, 1000, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 2 { // the second request over the first connection
				panic(http.ErrAbortHandler)
			}
		})
		req := func() *http.Request {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://far.test/", nil)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		for range 2 {
			res, err := w.RoundTrip(req())
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
		}
		if asked.Load() != 3 || w.dials.Load() != 2 {
			t.Errorf("asked %d times over %d connections", asked.Load(), w.dials.Load())
		}
	})
}
