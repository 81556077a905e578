package wire

import "net/http"

// framedWriter is a response writer that wraps what is written to it, which is
// the stream of another dialect, in frames.
type framedWriter struct {
	w     http.ResponseWriter
	flush flusher
	buf   []byte
	// wrap appends to out the frames of what was written.
	wrap func(out, written []byte) []byte
	// typeHeader is the header that tells the content type inside the frames.
	typeHeader, inside string
}

// Header are the headers of the answer.
func (f *framedWriter) Header() http.Header { return f.w.Header() }

// WriteHeader sends the head, with the content types of this stream.
func (f *framedWriter) WriteHeader(status int) {
	h := f.w.Header()
	h.Del("Cache-Control")
	h.Set("Content-Type", eventStreamType)
	h.Set(f.typeHeader, f.inside)
	f.w.WriteHeader(status)
}

// Write wraps b, which is whole, in frames.
func (f *framedWriter) Write(b []byte) (int, error) {
	f.buf = f.wrap(f.buf[:0], b)
	if _, err := f.w.Write(f.buf); err != nil {
		return 0, err
	}
	return len(b), nil
}

// FlushError sends what was written on its way.
func (f *framedWriter) FlushError() error { return f.flush.FlushError() }

// frame sends a frame as it is.
func (f *framedWriter) frame(b []byte) error {
	if _, err := f.w.Write(b); err != nil {
		return err
	}
	return f.FlushError()
}
