package wire

import (
	"context"
	"errors"
	"io"
	"net/http"
)

// Client is the caller's side of a dialect.
type Client interface {
	// NewRequest builds the HTTP request for req to a provider at base (scheme
	// and host, no path) with a key.
	NewRequest(ctx context.Context, base, key string, req *Request) (*http.Request, error)
	// DecodeAnswer reads a whole unary answer. A body that is not the
	// dialect's, or has no answer in it, is an error of kind FailMalformed.
	DecodeAnswer(body []byte) (*Answer, error)
	// NewStreamReader reads a streamed answer.
	NewStreamReader(r io.Reader) StreamReader
	// DecodeFailure reads an error answer. It never fails: what it cannot read
	// is judged by status alone.
	DecodeFailure(status int, h http.Header, body []byte) *Failure
}

// StreamReader reads a streamed answer step by step.
type StreamReader interface {
	// Next returns the next step. After the end marker it returns io.EOF; a
	// stream that ends before it returns ErrCut; a chunk that cannot be read
	// returns an error of kind FailMalformed and reading may go on.
	Next() (Event, error)
}

// ErrCut reports a stream that ended without its dialect's end marker.
var ErrCut = errors.New("stream ended without its end marker")

// EmbedClient is a Client that has embeddings.
type EmbedClient interface {
	// NewEmbed builds the HTTP request for req, as NewRequest does.
	NewEmbed(ctx context.Context, base, key string, req *EmbedRequest) (*http.Request, error)
	// DecodeEmbeddings reads the answer. A body that is not the dialect's is an
	// error of kind FailMalformed.
	DecodeEmbeddings(body []byte) (*Embeddings, error)
}
