package mocks

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// net/http keeps three buffers of 10 KB in all for a connection, for as long as
// it is answered; with its goroutines that is 25 KB for a stream that waits for
// its next token and needs none of them. So streams over HTTP/1.1 take their
// connection over, write their chunks by themselves, and give it back to the
// server when its client begins the next request. HTTP/2, whose streams share
// one connection, is left to net/http.

// relay is a listener of a server that accepts the connections which streams
// give back. Closing it, as the server does with its listeners, cuts those that
// streams hold at the time and waits for their ends to be told.
type relay struct {
	server *http.Server
	begin  sync.Once
	back   chan net.Conn
	done   chan struct{}

	mu      sync.Mutex
	closed  bool
	held    map[*taken]struct{}
	holders sync.WaitGroup
}

// relayKey is the key of a server's relay in the contexts of its requests.
type relayKey struct{}

// relayed gives the server a relay.
func relayed(s *http.Server) {
	l := &relay{server: s, back: make(chan net.Conn), done: make(chan struct{}), held: make(map[*taken]struct{})}
	ctx := context.WithValue(context.Background(), relayKey{}, l)
	s.BaseContext = func(net.Listener) context.Context { return ctx }
}

// Accept implements net.Listener.
func (l *relay) Accept() (net.Conn, error) {
	select {
	case c := <-l.back:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *relay) Close() error {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	for t := range l.held {
		_ = t.conn.Close()
		t.leave() // a client that has sent ahead is not read from, and so its end is not seen
	}
	l.mu.Unlock()
	if first {
		close(l.done)
	}
	l.holders.Wait()
	return nil
}

// Addr implements net.Listener. The relay has no address of its own.
func (l *relay) Addr() net.Addr { return &net.TCPAddr{} }

// hold notes that a stream has its connection; false: the server is closed.
func (l *relay) hold(t *taken) bool {
	l.begin.Do(func() { go func() { _ = l.server.Serve(l) }() }) // ends with the server, which closes it
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.held[t] = struct{}{}
	l.holders.Add(1)
	return true
}

// release is the end of a hold: the connection goes back to the server with the
// bytes of its next request that have been read, or is closed.
func (l *relay) release(t *taken, read []byte) {
	l.mu.Lock()
	delete(l.held, t)
	l.mu.Unlock()
	defer l.holders.Done()
	if read != nil {
		select {
		case l.back <- &returned{Conn: t.conn, read: read}:
			return
		case <-l.done:
		}
	}
	_ = t.conn.Close() // nobody is left who could be told
}

// returned is a connection some of whose bytes have been read already.
type returned struct {
	net.Conn
	read []byte
}

func (c *returned) Read(b []byte) (int, error) {
	if len(c.read) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.read)
	c.read = c.read[n:]
	return n, nil
}

// taken is the ResponseWriter of a stream that has taken its connection over.
// It belongs to the handler's goroutine, watch to one of its own.
type taken struct {
	relay  *relay
	conn   net.Conn
	header http.Header
	last   bool    // the connection is not to be used again
	buf    *[]byte // what was written and not flushed; nil: nothing
	err    error   // of the first write that failed

	leave context.CancelFunc // ends the request's context: the client is gone
	early []byte             // bytes of the next request that came with this one
	ended chan struct{}      // the handler is done with it
	keep  bool               // set before ended: the connection can be used again
}

// takeOver takes the connection of a request over, where it can be. The
// returned request's context ends when the client leaves.
func takeOver(w http.ResponseWriter, r *http.Request) (*taken, *http.Request) {
	l, _ := r.Context().Value(relayKey{}).(*relay)
	h, ok := w.(http.Hijacker)
	if l == nil || !ok || r.ProtoMajor != 1 || r.ProtoMinor != 1 {
		return nil, r
	}
	t := &taken{relay: l, header: w.Header(), last: r.Close, ended: make(chan struct{})}
	conn, buffers, err := h.Hijack()
	if err != nil {
		return nil, r
	}
	if n := buffers.Reader.Buffered(); n > 0 {
		b, _ := buffers.Reader.Peek(n) // of what is buffered, without fail
		t.early = bytes.Clone(b)
	}
	// The server's own structures point to these for as long as the handler
	// runs, so it is their insides that must go.
	*buffers.Reader, *buffers.Writer = bufio.Reader{}, bufio.Writer{}
	if c, ok := conn.(*returned); ok && len(c.read) == 0 {
		conn = c.Conn
	}
	t.conn = conn
	// Nothing but the end of the handler ends the context of a connection that
	// the server does not have any more.
	ctx, leave := context.WithCancel(context.WithoutCancel(r.Context()))
	t.leave = leave
	if l.hold(t) {
		go t.watch()
	} else {
		_ = conn.Close()
		t.fail(http.ErrServerClosed)
	}
	return t, r.WithContext(ctx)
}

// watch waits for the client to leave, or to send its next request, which it
// may do before this one is answered; and then for the end of the handler.
func (t *taken) watch() {
	read := t.early
	if len(read) == 0 {
		var b [1]byte
		if n, _ := t.conn.Read(b[:]); n > 0 {
			read = b[:1]
		} else {
			t.leave()
		}
	}
	<-t.ended
	if !t.keep {
		read = nil
	}
	t.relay.release(t, read)
}

// Header implements http.ResponseWriter.
func (t *taken) Header() http.Header { return t.header }

// WriteHeader implements http.ResponseWriter.
func (t *taken) WriteHeader(status int) {
	b := bytes.NewBuffer(t.buffer())
	b.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n")
	_ = t.header.Write(b) // a buffer takes everything
	b.WriteString("Date: ")
	b.Write(time.Now().UTC().AppendFormat(b.AvailableBuffer(), http.TimeFormat))
	b.WriteString("\r\nTransfer-Encoding: chunked\r\n")
	if t.last {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	*t.buf = b.Bytes()
}

// Write implements http.ResponseWriter: it makes a chunk of b.
func (t *taken) Write(b []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	if len(b) > 0 { // an empty chunk would be the last
		buf := strconv.AppendInt(t.buffer(), int64(len(b)), 16)
		buf = append(append(append(buf, "\r\n"...), b...), "\r\n"...)
		*t.buf = buf
	}
	return len(b), nil
}

// buffer is what has been written and not flushed, to be appended to.
func (t *taken) buffer() []byte {
	if t.buf == nil {
		t.buf = bodies.Get().(*[]byte)
	}
	return *t.buf
}

// FlushError sends what has been written on its way.
func (t *taken) FlushError() error {
	if t.buf == nil || t.err != nil {
		return t.err
	}
	if _, err := t.conn.Write(*t.buf); err != nil {
		t.fail(err)
	}
	returnBody(t.buf)
	t.buf = nil
	return t.err
}

// fail notes that nothing more can be written.
func (t *taken) fail(err error) {
	t.err = err
	t.leave()
}

// SetWriteDeadline is for http.ResponseController.
func (t *taken) SetWriteDeadline(at time.Time) error { return t.conn.SetWriteDeadline(at) }

// end is the end of the handler: of the body if it is whole, else of the
// connection. Only then is the connection the server's again.
func (t *taken) end(whole bool) {
	if whole {
		b := append(t.buffer(), "0\r\n\r\n"...)
		*t.buf = b
		whole = t.FlushError() == nil
	}
	t.keep = whole && !t.last
	if t.keep {
		_ = t.conn.SetReadDeadline(time.Now().Add(idleTimeout)) // fails only where the connection is closed
		_ = t.conn.SetWriteDeadline(time.Time{})
	} else {
		_ = t.conn.Close()
	}
	t.leave()
	close(t.ended)
}
