package mocks

import (
	"net/http"
	"time"

	"brownout/mocks/wire"
)

// extendEvery is how often an answer in progress asks for more time than the
// server's answerTimeout.
const extendEvery = answerTimeout / 4

// unary answers as a whole, when the last token is ready.
func (c *call) unary(a *reply) *wire.Failure {
	ready, err := c.wait(a.tokens, false)
	if err == nil {
		err = c.breakWhole()
	}
	if err != nil {
		c.obs.Completion = ready
		return c.unserved(err)
	}
	c.obs.Completion = a.tokens
	c.obs.FirstToken = time.Since(c.p.epoch)
	c.extend(time.Now())
	head := c.head(a)
	if a.calls == nil {
		head.Text = a.whole()
	} else {
		head.ToolCalls = a.calls.first(a.tokens)
	}
	c.finish = a.finish
	head.Finish = a.finish
	head.Usage = c.usage(a.tokens)
	head.Spent = wire.Spent(c.turn.Spent())
	c.writeHeaders()
	c.obs.Status = http.StatusOK
	if c.p.dialect.WriteAnswer(c.w, c.req, head) != nil {
		c.gone()
	}
	return nil
}

// stream answers token by token, each when it is ready; those that are ready
// together leave together. It runs on the handler's goroutine.
func (c *call) stream(a *reply) *wire.Failure {
	var out wire.StreamWriter
	at := c.breaksAt(a.tokens)
	for sent := 0; ; {
		ready, err := c.wait(sent+1, out != nil)
		if err != nil {
			return c.broken(out, err)
		}
		if out == nil {
			if out = c.startStream(a); out == nil {
				return nil
			}
		}
		c.extend(time.Now())
		n := min(ready, a.tokens)
		if at >= 0 {
			n = min(n, max(sent, at))
		}
		if n > sent {
			if a.say(out, sent, n) != nil {
				c.gone()
				return nil
			}
			if sent == 0 {
				c.obs.FirstToken = time.Since(c.p.epoch)
			}
			sent = n
			c.obs.Completion = sent
		}
		if sent == at {
			at = whole
			if over, fail := c.breakStream(out, sent == a.tokens); over {
				return fail
			}
		}
		if sent == a.tokens {
			break
		}
	}
	if t, ok := out.(wire.TimedStreamWriter); ok {
		t.Spent(wire.Spent(c.turn.Spent()))
	}
	c.finish = a.finish
	if out.End(a.finish, c.usage(c.obs.Completion)) != nil {
		c.gone()
	}
	return nil
}

// broken ends a stream that its service did not: a failure is still to be
// answered where the stream has no head yet, and is told inside it otherwise.
func (c *call) broken(out wire.StreamWriter, err error) *wire.Failure {
	f := c.unserved(err)
	if f == nil || out == nil {
		return f
	}
	c.p.worded(f)
	c.obs.Failure = f.Kind
	if out.Fail(f) != nil {
		c.gone()
	}
	return nil
}

// startStream writes the stream's head; nil means that the client is gone.
func (c *call) startStream(a *reply) wire.StreamWriter {
	if c.taken, c.r = takeOver(c.w, c.r); c.taken != nil {
		c.w = c.taken
		c.extended = time.Time{} // the server's own deadline went with its hold
		c.extend(time.Now())
	}
	c.writeHeaders()
	c.obs.Status = http.StatusOK
	out, err := c.p.dialect.StartStream(c.w, c.req, c.head(a))
	if err != nil {
		c.gone()
		return nil
	}
	c.pings, _ = out.(wire.Pinger)
	// A long prompt is not kept for the life of a stream.
	c.req.Messages, c.req.Tools, c.req.Schema = nil, nil, nil
	return out
}

// extend gives a long answer more time than the server's answerTimeout, of
// which a wait for a turn may have taken most.
func (c *call) extend(now time.Time) {
	if now.Sub(c.extended) > extendEvery {
		c.extended = now
		// Writers that know no deadlines have none to extend.
		_ = http.NewResponseController(c.w).SetWriteDeadline(now.Add(answerTimeout))
	}
}

// head is what an answer begins with.
func (c *call) head(a *reply) *wire.Answer {
	k := c.key()
	k.Purpose = "answer_id"
	model := c.model.ID
	if t := c.met.Tamper; t != nil && t.Model != "" {
		model = t.Model
	}
	return &wire.Answer{
		ID: c.p.dialect.NewAnswerID(k.Bits()), Model: model, Created: time.Now(),
		Usage: wire.Usage{Prompt: c.obs.Prompt}, Notice: c.met.Notice, Shutdown: c.shutdown,
		StopSequence: a.stopped,
	}
}
