package router

import (
	"io"
	"net/http"
)

// outlet holds back the flushes of a stream's writer until the router is about
// to wait for the provider. Tokens that came together go out together, and
// none waits: the last of them leaves just before the next read.
type outlet struct {
	http.ResponseWriter
	pending bool
	err     error
}

// FlushError notes that there is something to flush.
func (o *outlet) FlushError() error {
	o.pending = true
	return o.err
}

// push flushes what was held back.
func (o *outlet) push() {
	if o.pending {
		o.pending = false
		o.err = http.NewResponseController(o.ResponseWriter).Flush()
	}
}

// inlet is a provider's body; reading from it pushes the outlet first.
type inlet struct {
	io.ReadCloser
	out *outlet // nil until tokens flow
}

func (i *inlet) Read(p []byte) (int, error) {
	if i.out != nil {
		i.out.push()
	}
	return i.ReadCloser.Read(p)
}
