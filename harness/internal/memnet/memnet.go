// Package memnet is a network in memory, for tests: HTTP servers and clients
// that meet without a socket. Its connections are net.Pipe's, on which a
// goroutine of a testing/synctest bubble may wait, so that a whole system runs
// in the bubble's time.
//
// Handlers go in, and round trippers that reach them come out. It knows nothing
// of what is served.
package memnet

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Listener is the near end of a server: it accepts what is dialled with it.
type Listener struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

var _ net.Listener = (*Listener)(nil)

// Listen makes a listener.
func Listen() *Listener {
	return &Listener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Serve starts s behind a new listener. Whoever calls it closes s, which closes
// the listener too.
func Serve(s *http.Server) *Listener {
	l := Listen()
	go func() { _ = s.Serve(l) }() // it ends with Close, and the error says so
	return l
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Connections that were accepted stay open.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// Dial connects to the listener. It fails with net.ErrClosed once that is
// closed, and with ctx's error where nobody accepts before ctx ends.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
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

// Transport is a client's side that reaches the listener whatever address it is
// asked for. Whoever made it closes its idle connections.
func (l *Listener) Transport() *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) }}
}
