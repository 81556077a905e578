package mocks

import (
	"io"
	"log"
	"net/http"
	"time"
)

// Time limits of a provider's server. They bound what a client that is half
// there can hold: a head that never ends, a body that stalls (see readBody), an
// answer that nobody takes, a connection that nobody uses.
const (
	headTimeout   = 10 * time.Second
	answerTimeout = 2 * time.Minute // from the head on; longer streams ask for more
	idleTimeout   = 2 * time.Minute
)

// maxStreams bounds concurrent calls on one HTTP/2 connection. The standard
// library's default would queue the calls of a client that multiplexes.
const maxStreams = 8192

// NewServer makes the HTTP server of a provider. It speaks HTTP/1.1 and
// HTTP/2 without TLS, which the AWS SDK for JavaScript insists on for streams.
// Broken clients are its daily bread, so it logs nothing.
func NewServer(p *Provider) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{
		Handler:           p,
		Protocols:         protocols,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		ReadHeaderTimeout: headTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	relayed(s)
	return s
}
