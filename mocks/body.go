package mocks

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"brownout/mocks/wire"
)

// bodies lends buffers for request bodies. A chat call gives its buffer back
// before it waits for anything, so a thousand idle streams hold none.
var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// keepBody is the largest buffer that is kept for the next call, in bytes.
const keepBody = 64 << 10

func returnBody(b *[]byte) {
	if cap(*b) <= keepBody {
		*b = (*b)[:0]
		bodies.Put(b)
	}
}

// errTooLarge says that a body is larger than wire.MaxBody.
var errTooLarge = errors.New("request body too large")

// bodyTimeout is how long a client may take to send its body once the head has
// come. Without it a client that stalls halfway would hold a goroutine for as
// long as it keeps the connection.
const bodyTimeout = 30 * time.Second

// readBody reads the whole body into *b.
func readBody(w http.ResponseWriter, r *http.Request, b *[]byte) error {
	if r.ContentLength > wire.MaxBody {
		return errTooLarge
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	// Writers that know no deadlines (those of tests) say so; their bodies
	// come from memory.
	rc := http.NewResponseController(w)
	if rc.SetReadDeadline(time.Now().Add(bodyTimeout)) == nil {
		defer func() { _ = rc.SetReadDeadline(time.Time{}) }()
	}
	buf := *b
	defer func() { *b = buf }()
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > wire.MaxBody:
			return errTooLarge
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}
