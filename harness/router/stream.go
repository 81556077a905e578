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
	by       *candidate
	made     *attempt
	ctx      context.Context
	cancel   context.CancelCauseFunc
	detach   func() bool // lets the attempt of a stream outlive its request
	watch    watch
	body     inlet
	reader   wire.StreamReader // streams only
	rewriter rewriter          // changes what it says before all else; nil: nothing does
	flows    []flow            // what looks at its text
	heed     []attentive       // those that look at more
	said     bool              // it has said who answers
	room     struct {          // for as many as there usually are
		flows [4]flow
		heed  [4]attentive
	}

	// What the stream has said so far.
	id, model string
	text      string // held back until somebody takes it
	calls     []wire.ToolCallDelta
	finish    wire.Finish
	usage     wire.Usage
	metered   bool          // usage was reported
	tokens    int           // events with text
	done      bool          // nothing follows
	due       *wire.Failure // what the next step is to fail with
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
	for u.text == "" && len(u.calls) == 0 && !u.done {
		if fail := u.step(); fail != nil {
			return fail
		}
	}
	return nil
}

// introduce reads until the stream has said who answers, so that the client is
// not told what was only asked for. What fails there is left to the next step.
func (u *upstream) introduce() {
	for !u.said && u.text == "" && len(u.calls) == 0 && !u.done && u.due == nil {
		u.due = u.step()
	}
}

// step takes in one event of the stream. Once all is said, a missing end
// marker or a broken chunk is no failure; before, it is: what the chunk said
// is not known, and no word may be lost.
func (u *upstream) step() *wire.Failure {
	if u.due != nil {
		return u.due
	}
	e, err := u.reader.Next()
	if err != nil {
		var f *wire.Failure
		if u.finish != wire.FinishNone && errors.As(err, &f) && f.Kind == wire.FailMalformed {
			return nil
		}
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
		if fail := u.named(e.Model); fail != nil {
			return fail
		}
	}
	if e.Finish != wire.FinishNone {
		u.finish = e.Finish
	}
	if e.Usage != nil {
		u.usage, u.metered = *e.Usage, true
		for _, f := range u.heed {
			f.counted(u.usage)
		}
	}
	if e.Text != "" {
		u.tokens++
		u.watch.token()
		if fail := u.takeText(e.Text); fail != nil {
			return fail
		}
	}
	if e.ToolCall != nil {
		u.watch.token()
		if fail := u.takeCall(*e.ToolCall); fail != nil {
			return fail
		}
	}
	switch {
	case e.Done:
		return u.stop(io.EOF)
	case u.finish != wire.FinishNone && u.metered:
		u.watch.hurry(endGrace)
	}
	return nil
}

// named takes in who answers, which most events repeat.
func (u *upstream) named(model string) *wire.Failure {
	if model == u.model && u.said {
		return nil
	}
	u.model, u.said = model, true
	for _, f := range u.heed {
		if fail := f.model(model); fail != nil {
			return fail
		}
	}
	return nil
}

// watchBy lets a flow look at the stream.
func (u *upstream) watchBy(f flow) {
	if u.flows == nil {
		u.flows, u.heed = u.room.flows[:0], u.room.heed[:0]
	}
	u.flows = append(u.flows, f)
	if v, ok := f.(attentive); ok {
		u.heed = append(u.heed, v)
	}
}

// takeText takes in text as it came.
func (u *upstream) takeText(s string) *wire.Failure {
	if u.rewriter != nil {
		if s = u.rewriter.text(s); s == "" {
			return nil
		}
	}
	return u.take(s)
}

// takeCall takes in a piece of a call of a function as it came.
func (u *upstream) takeCall(d wire.ToolCallDelta) *wire.Failure {
	if u.rewriter == nil {
		u.addCall(d)
		return nil
	}
	text, calls := u.rewriter.toolCall(d)
	if text != "" {
		if fail := u.take(text); fail != nil {
			return fail
		}
	}
	u.addCall(calls...)
	return nil
}

// addCall adds pieces of calls to what the client is told.
func (u *upstream) addCall(calls ...wire.ToolCallDelta) {
	u.calls = append(u.calls, calls...)
	for _, d := range calls {
		for _, f := range u.heed {
			f.toolCall(d)
		}
	}
}

// take lets the flows look at what came.
func (u *upstream) take(s string) *wire.Failure {
	for _, f := range u.flows {
		var fail *wire.Failure
		if s, fail = f.text(s); fail != nil || s == "" {
			return fail
		}
	}
	u.text += s
	return nil
}

// flush takes from the flows what they held back.
func (u *upstream) flush() *wire.Failure {
	rest := ""
	if u.rewriter != nil {
		var calls []wire.ToolCallDelta
		rest, calls = u.rewriter.end()
		u.addCall(calls...)
	}
	for _, f := range u.flows {
		var fail *wire.Failure
		if rest != "" {
			if rest, fail = f.text(rest); fail != nil {
				return fail
			}
		}
		tail, fail := f.end(u.finish)
		if fail != nil {
			return fail
		}
		rest += tail
	}
	u.text += rest
	return nil
}

// stop decides whether a stream that stopped with err was whole.
func (u *upstream) stop(err error) *wire.Failure {
	whole := u.finish != wire.FinishNone && (u.metered || errors.Is(err, io.EOF))
	if whole && !errors.Is(context.Cause(u.ctx), errDeadline) {
		if fail := u.flush(); fail != nil {
			return fail
		}
		u.done = true
		u.made.usage = u.usage
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = wire.ErrCut // an end marker without a reason to finish
	}
	return judge(u.ctx, err)
}
