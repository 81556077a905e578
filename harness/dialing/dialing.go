// Package dialing keeps a burst of requests from opening a connection each.
//
// Go's transport dials for every request that finds no idle connection, and
// where the answer to another frees one first, the new connection is spare. A
// stall of a tenth of a second at thousands of requests per second thus opens
// thousands, and each costs toxiproxy, which accepts and dials one after the
// other, as much as several requests. What waits for it opens more, and so the
// stall never ends. Here connections are opened one by one at a bounded rate,
// and none for a request that has been served meanwhile.
//
// Requests flow through; the package knows nothing of what they ask.
package dialing

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// Burst is how many connections may be opened at once after a while without
// any: a cold start does not wait.
const Burst = 64

// Transport is an http.Transport that opens connections at a bounded rate.
type Transport struct {
	base  *http.Transport
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	every time.Duration

	// turn is held by the dial that is next. Those behind it wait in the order
	// in which they came.
	turn chan struct{}
	next time.Time    // when the next connection may be opened; whose turn it is may read and set it
	back atomic.Int64 // dials that failed, and so take up no room
}

// Limit takes over a transport, which must have a DialContext and is not to be
// used by itself any more. perSecond is how many connections may be opened in a
// second, beyond the first Burst.
func Limit(base *http.Transport, perSecond int) *Transport {
	t := &Transport{base: base, dial: base.DialContext, every: time.Second / time.Duration(perSecond), turn: make(chan struct{}, 1)}
	base.DialContext = t.open
	return t
}

// CloseIdleConnections closes those that no request uses.
func (t *Transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	w := &wait{Context: req.Context()}
	w.trace.GetConn, w.trace.GotConn = w.wants, w.got
	defer w.served.Store(true) // or failed: nobody waits any more
	return t.base.RoundTrip(req.WithContext(httptrace.WithClientTrace(w, &w.trace)))
}

// wait is the context of one request; a dial for its sake finds it in its own.
type wait struct {
	context.Context
	trace  httptrace.ClientTrace
	served atomic.Bool // it has a connection, or needs none any more
}

// waitKey finds the wait in a context.
type waitKey struct{}

// Value implements context.Context.
func (w *wait) Value(key any) any {
	if key == (waitKey{}) {
		return w
	}
	return w.Context.Value(key)
}

// wants is told when the request needs a connection: once, and once more where
// an idle one turns out to be dead.
func (w *wait) wants(string)              { w.served.Store(false) }
func (w *wait) got(httptrace.GotConnInfo) { w.served.Store(true) }

// errServed ends a dial that nobody waits for.
var errServed = errors.New("dialing: another connection was free first")

// open dials once it is its turn.
func (t *Transport) open(ctx context.Context, network, addr string) (net.Conn, error) {
	if err := t.await(ctx); err != nil {
		return nil, err
	}
	c, err := t.dial(ctx, network, addr)
	if err != nil {
		t.back.Add(1)
	}
	return c, err
}

// await waits for the turn of a dial. An error says that there is none.
func (t *Transport) await(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-t.turn }()
	w, _ := ctx.Value(waitKey{}).(*wait)
	if w != nil && w.served.Load() {
		return errServed
	}
	now := time.Now()
	t.next = t.next.Add(-time.Duration(t.back.Swap(0)) * t.every)
	if full := now.Add(-(Burst - 1) * t.every); t.next.Before(full) {
		t.next = full
	}
	if ahead := t.next.Sub(now); ahead > 0 {
		timer := time.NewTimer(ahead)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if w != nil && w.served.Load() {
			return errServed
		}
	}
	t.next = t.next.Add(t.every)
	return nil
}
