package load

import (
	"errors"
	"io"
	"mime"
	"time"

	"brownout/mocks/answer"
	"brownout/mocks/wire"
)

// stream judges an answer that comes token by token, and times the tokens.
func (e *exchange) stream() finding {
	var (
		steps  = e.client.NewStreamReader(&e.body)
		text   = answer.NewVerifier(e.shot.marker)
		last   time.Duration // when the last token came, since run start
		finish wire.Finish
		usage  wire.Usage
		calls  []wire.ToolCall
		beside string // text of an answer that should be a call
	)
	for {
		step, err := steps.Next()
		switch {
		case err == io.EOF || err == nil && step.Done:
			e.whole = true
			if e.mustCall() {
				return e.called(calls, beside, finish, usage)
			}
			return e.ending(text.Close(), finish, usage)
		case err != nil:
			return e.torn(err, text)
		case step.Fail != nil:
			return e.refused(step.Fail)
		}
		if step.ToolCall != nil {
			calls = gather(calls, step.ToolCall)
		}
		if step.Text != "" || step.ToolCall != nil {
			now := e.since()
			if e.sample.TTFT == 0 {
				// Zero would say that no token came.
				e.sample.TTFT = max(1, now-e.sample.Scheduled)
			} else {
				e.sample.Gaps++
				e.sample.MaxGap = max(e.sample.MaxGap, now-last)
			}
			last = now
			_, _ = text.WriteString(step.Text) // never fails
			e.print.take(step.Text)
			if e.mustCall() {
				beside += step.Text
			}
		}
		if step.Model != "" {
			e.sample.Model = step.Model
		}
		if step.Finish != wire.FinishNone {
			finish = step.Finish
		}
		if step.Usage != nil {
			usage = *step.Usage
		}
	}
}

// torn judges a stream that ended without its end marker, or could not be
// read on.
func (e *exchange) torn(err error, text *answer.Verifier) finding {
	switch {
	case e.body.failed():
		return e.broken(e.body.err)
	case !errors.Is(err, wire.ErrCut):
		return e.unreadable(err)
	case e.sample.TTFT == 0 && !e.eventStream():
		return corrupt(reasonMalformed, "no stream of events but "+e.resp.Header.Get("Content-Type"))
	}
	if v := text.Close(); !v.OK() {
		return wrong(v)
	}
	return corrupt(reasonNoEnd, "")
}

// eventStream tells whether the body claims to be what was asked for.
func (e *exchange) eventStream() bool {
	t, _, err := mime.ParseMediaType(e.resp.Header.Get("Content-Type"))
	return err == nil && t == "text/event-stream"
}
