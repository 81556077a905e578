package router

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"brownout/mocks/wire"
)

// endGrace is how long a stream that has said everything (finish reason and
// usage) is waited upon for its end marker. It normally comes in the same
// packet, and reading it lets the connection be used again.
const endGrace = 50 * time.Millisecond

// upstream is one attempt's answer on its way in.
type upstream struct {
	by     *backend
	ctx    context.Context
	cancel context.CancelCauseFunc
	detach func() bool // lets the attempt outlive its request
	watch  watch
	body   inlet
	reader wire.StreamReader // streams only

	// What the stream has said so far.
	id, model string
	text      string // held back until somebody takes it
	finish    wire.Finish
	usage     wire.Usage
	metered   bool // usage was reported
	done      bool // nothing follows
	scratch   [128]byte
}

// close gives up the connection, or gives it back where the body was read to
// its end.
func (u *upstream) close() {
	u.watch.stop()
	u.detach()
	if u.body.ReadCloser != nil {
		u.body.Close()
	}
	u.cancel(nil)
}

// drain reads what follows the end marker, normally nothing but the end of the
// body, so that the connection can be used again; even where the client hangs
// up at the end marker, as many do.
func (u *upstream) drain() {
	u.watch.hurry(endGrace)
	for range 4 {
		if _, err := u.body.Read(u.scratch[:]); err != nil {
			return
		}
	}
}

// head reads until the first token, so that whatever fails before it can still
// become another provider's answer. Lifecycle events are held back.
func (u *upstream) head() *wire.Failure {
	for u.text == "" && !u.done {
		if fail := u.step(); fail != nil {
			return fail
		}
	}
	if u.text == "" && u.finish == wire.FinishStop {
		return &wire.Failure{Kind: wire.FailMalformed, Message: "the answer is empty"}
	}
	return nil
}

// step takes in one event of the stream. Once all is said, a missing end
// marker is no failure; before, it is.
func (u *upstream) step() *wire.Failure {
	e, err := u.reader.Next()
	if err != nil {
		return u.stop(err)
	}
	if e.Fail != nil {
		if e.Fail.Status < http.StatusBadRequest {
			e.Fail.Status = 0 // the stream's 200 is not the error's
		}
		return e.Fail
	}
	if e.ID != "" {
		u.id = e.ID
	}
	if e.Model != "" {
		u.model = e.Model
	}
	if e.Finish != wire.FinishNone {
		u.finish = e.Finish
	}
	if e.Usage != nil {
		u.usage, u.metered = *e.Usage, true
	}
	if e.Text != "" {
		u.text = e.Text
		u.watch.token()
	}
	switch {
	case e.Done:
		return u.stop(io.EOF)
	case u.finish != wire.FinishNone && u.metered:
		u.watch.hurry(endGrace)
	}
	return nil
}

// stop decides whether a stream that stopped with err was whole.
func (u *upstream) stop(err error) *wire.Failure {
	whole := u.finish != wire.FinishNone && (u.metered || errors.Is(err, io.EOF))
	if whole && !errors.Is(context.Cause(u.ctx), errDeadline) {
		u.done = true
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = wire.ErrCut // an end marker without a reason to finish
	}
	return judge(u.ctx, err)
}

// deliver writes a reply to the client. The failure it returns has been told
// already, in the stream where that had begun.
func (c *call) deliver(w http.ResponseWriter, rep *reply) *wire.Failure {
	c.mark(w.Header(), rep.by)
	if rep.stream != nil {
		return c.relay(w, rep.stream)
	}
	a := rep.answer
	if a.ID == "" {
		a.ID = c.r.newAnswerID()
	}
	if a.Created.IsZero() {
		a.Created = time.Now()
	}
	if err := c.r.front.WriteAnswer(w, c.req, a); err != nil {
		return &wire.Failure{Kind: kindGone, Message: err.Error()}
	}
	return nil
}

// relay passes a stream on token by token, each as it comes.
func (c *call) relay(w http.ResponseWriter, u *upstream) *wire.Failure {
	defer u.close()
	head := &wire.Answer{ID: u.id, Model: u.model, Created: time.Now()}
	if head.ID == "" {
		head.ID = c.r.newAnswerID()
	}
	u.body.out = &outlet{ResponseWriter: w}
	defer u.body.out.push()
	out, err := c.r.front.StartStream(u.body.out, c.req, head)
	for err == nil {
		if u.text != "" {
			if err = out.Text(u.text); err != nil {
				break
			}
			u.text = ""
		}
		if u.done {
			u.detach()
			if err = out.End(u.finish, u.usage); err == nil {
				u.drain()
			}
			break
		}
		if fail := u.step(); fail != nil {
			return c.breakOff(out, u, fail)
		}
	}
	if err != nil {
		return &wire.Failure{Kind: kindGone, Message: err.Error()}
	}
	return nil
}

// breakOff ends a stream whose provider failed in the middle. The client has
// tokens already, so it is told in the stream, by name; it never gets an end
// marker that would make a torn answer look whole.
func (c *call) breakOff(out wire.StreamWriter, u *upstream, fail *wire.Failure) *wire.Failure {
	if c.gone() {
		return fail
	}
	late := errors.Is(context.Cause(u.ctx), errDeadline)
	if !late {
		u.by.gate.broke(fail)
		u.by.seen.failed(fail.Kind)
	}
	if _, ok := context.Cause(u.ctx).(*silence); ok {
		c.r.tell(Decision{What: GapTimeout, Provider: u.by.Name, Marker: c.marker, Detail: fail.Message, Wait: c.gap()})
	}
	f := forClient(fail, u.by)
	f.Message = "the answer broke off: " + u.by.Name + ": " + fail.Error()
	f.RequestID = c.id
	_ = out.Fail(f) // a client that has left needs no answer
	return fail
}
