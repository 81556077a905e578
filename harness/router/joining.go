package router

import (
	"net/http"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// ride is a follower's place in a shared call, with what it has heard first.
type ride struct {
	seat  *seat
	first heard
}

// singleFlight has identical requests share one call while it is under way. It
// covers what may be answered from memory, by the same rules.
func singleFlight(r *engine) *stage {
	all := keep(r, "single_flight", nil, newFlights)
	return &stage{lookup: func(c *call) (*reply, func(*ending), *wire.Failure) {
		m := c.recall()
		if m == nil || m.wish.noRead {
			return nil, nil, nil
		}
		s, leads := all.board(m.key)
		if !leads {
			rep, fail := c.followIn(s)
			if rep != nil || fail != nil {
				return rep, nil, fail
			}
		}
		return nil, c.lead(s), nil
	}}
}

// lead makes the request one that calls for others too. The returned function
// is told of its end.
func (c *call) lead(s *seat) (leave func(*ending)) {
	ctx, stop := s.shared(c.ctx, errDeadline)
	c.ctx, c.seat = ctx, s
	c.whole = append(c.whole, func(a *wire.Answer, _ *candidate) {
		if fail := s.land(a); fail != nil {
			s.crash(fail, true)
		}
	})
	return func(end *ending) {
		defer stop()
		switch {
		case s.off: // it has landed
		case c.gone():
			s.leave()
		case end.fail != nil:
			s.crash(end.fail, conductFor(end.fail.Kind).passOn)
		default: // something else served the leader where its call failed
			s.crash(c.fell, false)
		}
	}
}

// followIn waits for the answer of a shared call, or for the beginning of it
// where a stream is wanted. It returns neither a reply nor a failure where the
// request is to make the call itself.
func (c *call) followIn(s *seat) (*reply, *wire.Failure) {
	for {
		h, err := s.next(c.ctx)
		switch {
		case err != nil:
			return nil, c.exhausted()
		case h.fail != nil:
			return nil, c.asOwn(h.fail)
		case h.lead:
			return nil, nil
		case c.req.Stream:
			return &reply{source: fromFlight, ride: &ride{s, h}}, nil
		case h.answer != nil:
			a := *h.answer
			a.ID = ""
			return &reply{source: fromFlight, answer: &a}, nil
		}
	}
}

// say tells those who follow what has come.
func (c *call) say(model, text string, calls []wire.ToolCallDelta) {
	s := c.seat
	if s.off || text == "" && len(calls) == 0 {
		return
	}
	s.introduce(model)
	if fail := s.text(text); fail != nil {
		s.crash(fail, true)
		return
	}
	for _, d := range calls {
		s.toolCall(d)
	}
}

// carries tells whether somebody else waits for the answer. The nil seat
// carries nobody.
func (s *seat) carries() bool { return s != nil && !s.off && s.followers() > 0 }

// ride gives the client what the leader of a shared call hears, as it comes.
// Where that one ends before the answer does, this request goes on by itself.
func (c *call) ride(w http.ResponseWriter, rep *reply, end *ending) *wire.Failure {
	s, h := rep.ride.seat, rep.ride.first
	t := told{head: wire.Answer{ID: c.newAnswerID(), Model: h.model, Created: time.Now()}}
	end.told = true // of what goes wrong, in the stream
	out := &outlet{ResponseWriter: w}
	defer out.push()
	to, err := c.front.StartStream(out, c.req, &t.head)
	for {
		if err == nil {
			t.rename(to, h.model)
			err = c.pass(to, &upstream{text: h.text, calls: h.tools}, &t)
		}
		switch {
		case err != nil:
			s.leave()
			return &wire.Failure{Kind: kindGone, Message: err.Error()}
		case h.answer != nil:
			t.finish, t.usage = h.answer.Finish, h.answer.Usage
			end.answer = t.answer()
			if err := to.End(t.finish, t.usage); err != nil {
				return &wire.Failure{Kind: kindGone, Message: err.Error()}
			}
			return nil
		case h.fail != nil:
			return c.tear(to, c.asOwn(h.fail))
		case h.lead:
			return c.goOn(to, out, s, &t, end)
		}
		out.push()
		if h, err = s.next(c.ctx); err != nil {
			return c.tear(to, c.exhausted())
		}
	}
}

// asOwn is a failure that the leader of a shared call was told, for this
// request's client, which may speak another dialect.
func (c *call) asOwn(f *wire.Failure) *wire.Failure {
	v := *f
	v.Status, v.Type, v.Code, v.Param = 0, "", "", ""
	return c.gateway(&v)
}

// tear ends a stream that broke off, in the words of why.
func (c *call) tear(to wire.StreamWriter, why *wire.Failure) *wire.Failure {
	f := *why
	f.Message, f.RequestID = "the answer broke off: "+why.Error(), c.id
	if !c.gone() {
		_ = to.Fail(&f) // who has left needs no answer
	}
	return &f
}

// goOn makes the call that nobody makes any more, from where its answer broke
// off, for this request and for those who follow it now.
func (c *call) goOn(to wire.StreamWriter, out *outlet, s *seat, t *told, end *ending) *wire.Failure {
	c.leaves = append(c.leaves, c.lead(s))
	s.goOn()
	why := &wire.Failure{Kind: wire.FailTransport, Message: "the call that was shared was given up"}
	if !c.r.set.failover || !c.r.set.has("continuation") || len(t.calls) > 0 {
		return c.tear(to, why)
	}
	if fail := c.admit(); fail != nil {
		return c.tear(to, fail)
	}
	c.join = &joint{mode: c.r.set.Continuation.Mode, count: 1, delivered: t.text}
	if c.join.mode == plan.ContinuePrefill {
		c.onlyPartial()
	}
	rep, fail := c.forward()
	if fail != nil {
		return c.tear(to, fail)
	}
	end.by = rep.by
	c.join.wentOn(rep.by)
	c.handOver(to, out, rep.stream, t)
	return c.carry(to, out, rep.stream, t, end, nil)
}

// unheard is the stream of a client that has left while others wait for the
// same answer.
type unheard struct{}

func (unheard) Text(string) error                 { return nil }
func (unheard) End(wire.Finish, wire.Usage) error { return nil }
func (unheard) Fail(*wire.Failure) error          { return nil }
func (unheard) ToolCall(wire.ToolCallDelta) error { return nil }
