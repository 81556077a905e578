package load

import (
	"context"
	"errors"
	"net"
	"strconv"

	"brownout/harness/journal"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
)

// Reasons of outcomes beside the verifier's own and the failure kinds of
// package wire. Each is one word of Sample.Reason.
const (
	reasonNotSent   = "not_sent"         // hung: every worker was busy until the deadline had passed
	reasonTimeout   = "timeout"          // hung: no content by the deadline, or a whole answer too late
	reasonStalled   = "stalled"          // hung: content came, but not its end
	reasonConnect   = "connect"          // failed: no connection to the target
	reasonCut       = "cut"              // failed: the connection broke before the answer's end, and the client could tell
	reasonLength    = "length"           // failed: the answer says itself that it was cut short
	reasonFilter    = "content_filter"   // ok: a refusal passed on with its reason is the right answer
	reasonMalformed = "malformed"        // corrupt: success is claimed for what is no answer
	reasonTooLarge  = "too_large"        // corrupt: an answer beyond any asked for
	reasonNoEnd     = "no_end_marker"    // corrupt: all words came, but the stream never said that it was over
	reasonNoFinish  = "no_finish_reason" // corrupt
	reasonNoModel   = "no_model"         // corrupt: the answer does not say who gave it
	reasonUsage     = "usage"            // corrupt: token counts that cannot be
)

// finding is what a request came to.
type finding struct {
	outcome journal.Outcome
	reason  string
	detail  string // not yet redacted
}

// gaveUp is the outcome of a request that was given up with the run. It is not
// a sample.
const gaveUp journal.Outcome = ""

func corrupt(reason, detail string) finding {
	return finding{outcome: journal.Corrupt, reason: reason, detail: detail}
}

// broken judges a request whose connection failed.
func (e *exchange) broken(err error) finding {
	var op *net.OpError
	switch {
	case e.probe.ctx.Err() != nil:
		return finding{outcome: gaveUp}
	case e.ctx.Err() != nil && e.sample.TTFT > 0:
		return finding{outcome: journal.Hung, reason: reasonStalled}
	case e.ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return finding{outcome: journal.Hung, reason: reasonTimeout}
	case errors.As(err, &op) && op.Op == "dial":
		return finding{outcome: journal.Failed, reason: reasonConnect, detail: err.Error()}
	}
	return finding{outcome: journal.Failed, reason: reasonCut, detail: err.Error()}
}

// refused judges an error that the target told in its own words.
func refused(f *wire.Failure) finding {
	if f.Kind == wire.FailContentFilter {
		return finding{outcome: journal.OK, reason: reasonFilter}
	}
	return finding{outcome: journal.Failed, reason: string(f.Kind), detail: f.Message}
}

// unreadable judges a 200 whose body the dialect could not read.
func unreadable(err error) finding {
	var f *wire.Failure
	if errors.As(err, &f) && f.Kind != wire.FailMalformed {
		return refused(f)
	}
	return corrupt(reasonMalformed, err.Error())
}

// wrong judges a text that is not the one asked for, or not all of it.
func wrong(v answer.Verdict) finding {
	if v.Foreign != "" {
		return corrupt(string(v.Reason), "the text belongs to "+v.Foreign)
	}
	return corrupt(string(v.Reason), "at word "+strconv.Itoa(v.At)+", of "+strconv.Itoa(v.Words)+" that came")
}

// ending judges an answer that was read to its end: does it say why it ended,
// who gave it and what it cost, and is its text the right one, whole?
func (e *exchange) ending(text answer.Verdict, finish wire.Finish, usage wire.Usage) finding {
	e.sample.Prompt, e.sample.Completion = usage.Prompt, usage.Completion
	switch {
	case finish == wire.FinishContentFilter:
		return finding{outcome: journal.OK, reason: reasonFilter}
	case finish == wire.FinishLength:
		return finding{outcome: journal.Failed, reason: reasonLength}
	case !text.OK():
		return wrong(text)
	case finish == wire.FinishNone:
		return corrupt(reasonNoFinish, "")
	case e.sample.Model == "":
		return corrupt(reasonNoModel, "")
	case !e.plausible(usage):
		return corrupt(reasonUsage, "")
	}
	return finding{outcome: journal.OK}
}

// plausible tells whether token counts can be true. Absent ones can: not every
// gateway passes them on.
func (e *exchange) plausible(u wire.Usage) bool {
	if u == (wire.Usage{}) {
		return true
	}
	return u.Prompt > 0 && u.Completion > 0 && u.Completion <= e.shot.maxTokens
}
