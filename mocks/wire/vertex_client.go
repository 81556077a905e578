package wire

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// NewRequest builds a request, in the form of the model's publisher.
func (d vertex) NewRequest(ctx context.Context, base, key string, req *Request) (*http.Request, error) {
	if !strings.HasPrefix(req.Model, "claude") {
		return d.gemini.NewRequest(ctx, base, key, req)
	}
	method := ":rawPredict"
	if req.Stream {
		method = ":streamRawPredict"
	}
	path := "/" + d.versions[0] + "/" + strings.Replace(d.parent, "/google/", "/anthropic/", 1) + "models/" + url.PathEscape(req.Model) + method
	b := appendString(append(make([]byte, 0, bodySize(req)), `{"anthropic_version":`...), d.claude.clientVersion)
	r, err := newPost(ctx, base, path, d.claude.appendBody(b, req))
	if err != nil {
		return nil, err
	}
	if key != "" {
		d.sign(r.Header, key)
	}
	return r, nil
}

// DecodeAnswer reads a whole answer of either form.
func (d vertex) DecodeAnswer(body []byte) (*Answer, error) {
	var in struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(body, &in) == nil && in.Type == "message" {
		return d.claude.DecodeAnswer(body)
	}
	return d.gemini.DecodeAnswer(body)
}

// DecodeFailure reads an error answer of either form.
func (d vertex) DecodeFailure(status int, h http.Header, body []byte) *Failure {
	var in struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(body, &in) == nil && in.Type == "error" {
		return d.claude.DecodeFailure(status, h, body)
	}
	return d.gemini.DecodeFailure(status, h, body)
}

// vertexReader reads a streamed answer of either form: Anthropic's events have
// names, and Google's have none.
type vertexReader struct {
	d     vertex
	src   *bufio.Reader
	inner StreamReader // nil: not known yet
}

// NewStreamReader reads a streamed answer.
func (d vertex) NewStreamReader(r io.Reader) StreamReader {
	return &vertexReader{d: d, src: bufio.NewReader(r)}
}

// Next returns the next step.
func (s *vertexReader) Next() (Event, error) { return s.choose().Next() }

// choose looks at the first letter of the stream, once. What cannot be told
// from it is read as Google's, which tells of the end or the error.
func (s *vertexReader) choose() StreamReader {
	for n := 1; s.inner == nil; n++ {
		b, _ := s.src.Peek(n)
		b = bytes.TrimLeft(b, "\r\n")
		switch {
		case len(b) > 0 && b[0] == 'e':
			s.inner = s.d.claude.NewStreamReader(s.src)
		case len(b) > 0 || s.src.Buffered() < n:
			s.inner = s.d.gemini.NewStreamReader(s.src)
		}
	}
	return s.inner
}
