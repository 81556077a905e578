package mocks

import (
	"net/http"

	"brownout/mocks/wire"
)

// rewriter sends what a fault makes of each chunk of a stream. Every chunk of a
// stream is one Write. Answers with another status than 200 are not the stream,
// and pass as they are.
type rewriter struct {
	http.ResponseWriter
	rewrite func(chunk []byte) []byte
	failed  bool
}

// Unwrap is for http.ResponseController.
func (r *rewriter) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader notes whether it is a stream that begins.
func (r *rewriter) WriteHeader(status int) {
	r.failed = status != http.StatusOK
	r.ResponseWriter.WriteHeader(status)
}

func (r *rewriter) Write(b []byte) (int, error) {
	if r.failed {
		return r.ResponseWriter.Write(b)
	}
	if _, err := r.ResponseWriter.Write(wire.RewriteChunk(r.Header().Get("Content-Type"), b, r.rewrite)); err != nil {
		return 0, err
	}
	return len(b), nil
}
