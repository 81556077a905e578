package load

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"brownout/mocks/answer"
)

// Bounds of what is read whole, in bytes. An answer of a thousand words is
// about ten thousand.
const (
	maxAnswer  = 4 << 20
	maxRefusal = 64 << 10
)

// buffers hold whole bodies while they are decoded. One that grew beyond
// keepBuffer bytes is not kept.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const keepBuffer = 256 << 10

// read reads the body up to a limit and hands it to use, which must not keep
// it, with the error that ended the reading and whether there is more.
func (e *exchange) read(limit int64, use func(body []byte, more bool, err error) finding) finding {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	n, err := b.ReadFrom(io.LimitReader(&e.body, limit+1))
	f := use(b.Bytes()[:min(n, limit)], n > limit, err)
	if b.Cap() <= keepBuffer {
		buffers.Put(b)
	}
	return f
}

// unary judges an answer that comes in one piece.
func (e *exchange) unary() finding {
	return e.read(maxAnswer, func(body []byte, more bool, err error) finding {
		switch {
		case err != nil:
			return e.broken(err)
		case more:
			return tooLarge(maxAnswer)
		}
		a, err := e.client.DecodeAnswer(body)
		if err != nil {
			return e.unreadable(err)
		}
		e.sample.Model = a.Model
		if e.mustCall() {
			return e.called(a.ToolCalls, a.Text, a.Finish, a.Usage)
		}
		e.print.take(a.Text)
		return e.ending(answer.Verify(a.Text, e.shot.marker), a.Finish, a.Usage)
	})
}

// refusal judges a status other than 200.
func (e *exchange) refusal() finding {
	return e.read(maxRefusal, func(body []byte, _ bool, err error) finding {
		if err != nil && e.ctx.Err() != nil {
			return e.broken(err)
		}
		// A status alone is enough of an answer, wherever its body broke off.
		if e.resp.StatusCode < 300 {
			return corrupt(reasonMalformed, fmt.Sprintf("status %d to a request for an answer", e.resp.StatusCode))
		}
		return e.refused(e.client.DecodeFailure(e.resp.StatusCode, e.resp.Header, body))
	})
}
