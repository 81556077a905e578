package router

import (
	"net"
	"net/http"
	"time"
)

// idleConns is how many connections to one backend are kept for reuse: enough
// for the ups and downs of heavy traffic, few enough that those which a stall
// opened are given back.
const idleConns = 256

// dialsPerSecond is how many connections to one backend may be opened in a
// second: more than traffic needs that grows, fewer than a link can take.
const dialsPerSecond = 500

// newTransport is one backend's connection pool. HTTP/1.1 only: a stream per
// connection keeps one slow answer from holding up others, and a dead
// connection takes one call with it. Compression is off because tokens must
// not wait in a decompressor's buffer.
func newTransport(s settings) *http.Transport {
	d := &net.Dialer{KeepAlive: 15 * time.Second}
	if s.ConnectTimeout > 0 {
		d.Timeout = s.ConnectTimeout
	}
	t := &http.Transport{
		DialContext:            d.DialContext,
		MaxIdleConns:           0, // no limit over all hosts; there is one
		MaxIdleConnsPerHost:    idleConns,
		IdleConnTimeout:        15 * time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
		Protocols:              new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	if s.ConnectTimeout > 0 {
		t.TLSHandshakeTimeout = s.ConnectTimeout
	}
	return t
}
