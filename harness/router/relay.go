package router

import (
	"context"
	"errors"
	"net/http"
	"time"

	"brownout/mocks/wire"
)

// told is what the client was given of an answer.
type told struct {
	head   wire.Answer // id, model and time: the first provider's, for the whole answer
	text   []byte
	calls  toolCalls
	finish wire.Finish
	usage  wire.Usage
}

// deliver writes a reply to the client. The failure it returns has been told
// already, in the stream where that had begun.
func (c *call) deliver(w http.ResponseWriter, rep *reply, end *ending) *wire.Failure {
	c.mark(w.Header(), rep)
	switch {
	case rep.embeds != nil:
		return c.writeVectors(w, rep.embeds)
	case rep.stream != nil:
		return c.relay(w, rep, end)
	case rep.ride != nil:
		return c.ride(w, rep, end)
	}
	a := rep.answer
	if a.ID == "" {
		a.ID = c.newAnswerID()
	}
	if a.Created.IsZero() {
		a.Created = time.Now()
	}
	end.answer = a
	if rep.by != nil {
		c.tellWhole(a, rep.by)
	}
	var err error
	if c.req.Stream {
		err = c.writeStream(w, a)
	} else {
		err = c.front.WriteAnswer(w, c.req, a)
	}
	if err != nil {
		return &wire.Failure{Kind: kindGone, Message: err.Error()}
	}
	return nil
}

// writeStream writes a whole answer as a stream: one that no provider is
// streaming.
func (c *call) writeStream(w http.ResponseWriter, a *wire.Answer) error {
	out := &outlet{ResponseWriter: w}
	defer out.push()
	s, err := c.front.StartStream(out, c.req, a)
	if err != nil {
		return err
	}
	if a.Text != "" {
		if err := s.Text(a.Text); err != nil {
			return err
		}
	}
	if t, ok := s.(wire.ToolStreamWriter); ok {
		for i, v := range a.ToolCalls {
			if err := t.ToolCall(wire.ToolCallDelta{Index: i, ID: v.ID, Name: v.Name, Arguments: v.Arguments}); err != nil {
				return err
			}
		}
	}
	return s.End(a.Finish, a.Usage)
}

// relay passes a stream on token by token, each as it comes, and goes on with
// it elsewhere where it breaks.
func (c *call) relay(w http.ResponseWriter, rep *reply, end *ending) *wire.Failure {
	u := rep.stream
	u.introduce()
	t := told{head: wire.Answer{ID: u.id, Model: u.model, Created: time.Now()}}
	if t.head.ID == "" {
		t.head.ID = c.newAnswerID()
	}
	buf := bodies.Get().(*[]byte)
	defer func() {
		if cap(t.text) <= maxPooled {
			*buf = t.text
		}
		bodies.Put(buf)
	}()
	t.text = (*buf)[:0]
	out := &outlet{ResponseWriter: w}
	defer out.push()
	s, err := c.front.StartStream(out, c.req, &t.head)
	return c.carry(s, out, u, &t, end, err)
}

// carry does so from u on, into a stream that has begun, or could not: err.
func (c *call) carry(s wire.StreamWriter, out *outlet, u *upstream, t *told, end *ending, err error) *wire.Failure {
	u.body.out = out
	for {
		if err == nil {
			err = c.pass(s, u, t)
		}
		if err != nil && c.seat.carries() {
			s, err = unheard{}, nil // its own client has left, and others wait
		}
		if err != nil {
			c.finished(u, !u.done)
			return &wire.Failure{Kind: kindGone, Message: err.Error()}
		}
		if u.done {
			return c.closeStream(s, u, t, end)
		}
		fail := u.step()
		if fail == nil {
			continue
		}
		if err = c.pass(s, u, t); err != nil { // what came before it broke is good
			continue
		}
		fail = u.made.veil.concealed(fail)
		c.broke(u, fail)
		out.push()
		next, fail := c.resume(u, t, fail)
		if fail != nil {
			if c.seat != nil { // before the client knows and asks again
				c.seat.crash(fail, conductFor(fail.Kind).passOn)
			}
			if !c.gone() {
				_ = s.Fail(fail) // a client that has left needs no answer
			}
			return fail
		}
		u, end.by = next.stream, next.by
		u.body.out = out
		c.handOver(s, out, u, t)
	}
}

// handOver names who says the rest of an answer: in what follows, where the
// client's dialect can say so there, and in a trailer.
func (c *call) handOver(s wire.StreamWriter, out *outlet, u *upstream, t *told) {
	u.introduce()
	t.rename(s, u.model)
	out.Header().Set(http.TrailerPrefix+HeaderContinued, c.join.by)
}

// rename names who says what follows.
func (t *told) rename(s wire.StreamWriter, model string) {
	if model == "" || model == t.head.Model {
		return
	}
	t.head.Model = model
	if v, ok := s.(wire.Renamer); ok {
		v.Rename(model)
	}
}

// closeStream ends a stream that is whole.
func (c *call) closeStream(s wire.StreamWriter, u *upstream, t *told, end *ending) *wire.Failure {
	u.detach()
	t.finish, t.usage = u.finish, c.join.usage(u)
	if len(c.whole) > 0 {
		c.tellWhole(t.answer(), u.by)
	}
	err := s.End(t.finish, t.usage)
	if err == nil {
		u.drain()
		if len(c.leaves) > 0 || c.trace != nil {
			end.answer = t.answer()
		}
	}
	c.finished(u, false)
	if err != nil {
		return &wire.Failure{Kind: kindGone, Message: err.Error()}
	}
	return nil
}

// tellWhole tells of a whole answer.
func (c *call) tellWhole(a *wire.Answer, by *candidate) {
	for _, f := range c.whole {
		f(a, by)
	}
}

// pass gives the client what has come, and those who share the call.
func (c *call) pass(s wire.StreamWriter, u *upstream, t *told) error {
	text, calls := u.text, u.calls
	u.text, u.calls = "", u.calls[:0]
	if c.seat != nil {
		c.say(u.model, text, calls)
	}
	if text != "" {
		t.text = append(t.text, text...)
		if err := s.Text(text); err != nil {
			return err
		}
	}
	for _, d := range calls {
		out, ok := s.(wire.ToolStreamWriter)
		if !ok {
			continue
		}
		t.calls.add(d)
		if err := out.ToolCall(d); err != nil {
			return err
		}
	}
	return nil
}

// answer is the whole of it.
func (t *told) answer() *wire.Answer {
	a := t.head
	a.Text, a.ToolCalls, a.Finish, a.Usage = string(t.text), t.calls, t.finish, t.usage
	return &a
}

// finished ends a stream's attempt. lost says that the client left before its
// end.
func (c *call) finished(u *upstream, lost bool) {
	u.close()
	u.made.lost = u.made.lost || lost
	c.bill(u.made)
	u.made.end()
}

// broke ends the attempt of a stream that its provider broke off after its
// first token.
func (c *call) broke(u *upstream, fail *wire.Failure) {
	late := errors.Is(context.Cause(u.ctx), errDeadline)
	if !late && !c.gone() {
		u.by.gate.broke(u.by.model, fail)
		u.by.seen.failed(fail.Kind)
		u.made.broke = true
	}
	if _, ok := context.Cause(u.ctx).(*silence); ok {
		c.r.tell(Decision{What: GapTimeout, Provider: u.by.Name, Marker: c.marker, Detail: fail.Message, Wait: c.gap()})
	}
	u.made.fail = fail
	if u.made.usage = u.usage; !u.metered { // so many tokens came, and are billed by most
		u.made.usage.Completion = u.tokens
	}
	c.finished(u, c.gone())
}

// torn is the failure of a stream that broke off and could not be continued.
// The client has tokens already, so it is told in the stream, by name; it
// never gets an end marker that would make a torn answer look whole.
func (c *call) torn(u *upstream, fail *wire.Failure) *wire.Failure {
	f := c.forClient(fail, u.by.backend)
	f.Message = "the answer broke off: " + u.by.Name + ": " + fail.Error()
	f.RequestID = c.id
	return f
}
