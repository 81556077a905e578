package wire

import (
	"net/http"
	"strconv"
)

// flusher sends what was written on its way. Writers that cannot are left to
// their own buffering.
type flusher interface{ FlushError() error }

type plainFlusher struct{ f http.Flusher }

func (p plainFlusher) FlushError() error { p.f.Flush(); return nil }

type noFlusher struct{}

func (noFlusher) FlushError() error { return nil }

// flusherOf finds the flusher of w or of what it wraps, once per stream, as
// http.ResponseController does on every call.
func flusherOf(w http.ResponseWriter) flusher {
	for {
		switch f := w.(type) {
		case flusher:
			return f
		case http.Flusher:
			return plainFlusher{f}
		case interface{ Unwrap() http.ResponseWriter }:
			w = f.Unwrap()
		default:
			return noFlusher{}
		}
	}
}

// pipe writes the pieces of a stream: each goes out with one Write and one
// flush, from one buffer.
type pipe struct {
	w      http.ResponseWriter
	flush  flusher
	before []byte // of a chunk with text, what stands before the text
	after  []byte // and after it
	buf    []byte
}

// start sends the head of the stream.
func (p *pipe) start(w http.ResponseWriter, contentType string) {
	p.w, p.flush = w, flusherOf(w)
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
}

// Text appends words.
func (p *pipe) Text(s string) error {
	p.buf = append(p.buf[:0], p.before...)
	p.buf = appendString(p.buf, s)
	return p.send(append(p.buf, p.after...))
}

// send writes b, which may be built on the pipe's own buffer.
func (p *pipe) send(b []byte) error {
	p.buf = b
	return p.write(b)
}

// write sends b, which is the caller's own.
func (p *pipe) write(b []byte) error {
	if _, err := p.w.Write(b); err != nil {
		return err
	}
	return p.flush.FlushError()
}

// writeJSON writes a whole body.
func writeJSON(w http.ResponseWriter, status int, body []byte) error {
	return writeBody(w, status, "application/json", body)
}

func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}
