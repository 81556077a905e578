package load

import (
	"net"
	"net/http"
	"time"
)

// connectTimeout bounds the connection to the target, which is near: the one
// thing it guards against is a listener that is gone without a word.
const connectTimeout = 5 * time.Second

// idleConns is how many connections are kept for reuse. A stall of a tenth of a
// second at thousands of requests per second opens hundreds of connections at
// once, here, in the target, in toxiproxy and in the mock; kept for good, they
// would hold a gigabyte for the rest of the run.
const idleConns = 256

// dialsPerSecond is how many connections to the target may be opened in a
// second: more than load needs that grows, fewer than a stall would open.
const dialsPerSecond = 1000

// newTransport returns a transport for one target and many requests in flight.
// It speaks HTTP/1.1, keeps connections for the next request, asks for no
// compression (answers are timed token by token) and ignores proxies of the
// environment: a run must not leave the machine by way of one.
func newTransport(workers int) *http.Transport {
	d := &net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:         d.DialContext,
		MaxIdleConns:        0, // no limit over all hosts; there is one
		MaxIdleConnsPerHost: min(workers, idleConns),
		MaxConnsPerHost:     workers,
		IdleConnTimeout:     15 * time.Second,
		DisableCompression:  true,
	}
}
