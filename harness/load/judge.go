package load

import (
	"context"
	"errors"
	"net"
	"strconv"

	"brownout/harness/journal"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
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
	reasonFilter    = "content_filter"   // ok: a refusal passed on with its reason is the right answer, as is one that the mix expects
	reasonMalformed = "malformed"        // corrupt: success is claimed for what is no answer
	reasonTooLarge  = "too_large"        // corrupt: an answer beyond any asked for
	reasonNoEnd     = "no_end_marker"    // corrupt: all words came, but the stream never said that it was over
	reasonNoFinish  = "no_finish_reason" // corrupt
	reasonNoModel   = "no_model"         // corrupt: vectors do not say who made them, and those of two models cannot be compared
	reasonUsage     = "usage"            // corrupt: token counts that cannot be
	reasonSwapped   = "swapped"          // corrupt: a model answered that none of the providers is known for
	reasonDisagrees = "disagrees"        // corrupt: the same request was answered otherwise before
	reasonCount     = "count"            // corrupt: not one vector for each input
	reasonDimension = "dimensions"       // corrupt: a vector of another length than asked for
	reasonNoCall    = "no_call"          // corrupt: no function was called where one had to be
	reasonWrongTool = "wrong_function"   // corrupt: another function was called, or more than one
	reasonArguments = "arguments"        // corrupt: the function was called with other arguments than the prompt makes
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

func tooLarge(limit int) finding {
	return corrupt(reasonTooLarge, "an answer of more than "+strconv.Itoa(limit)+" bytes")
}

// rightRefusal is a refusal that is the right answer. Its reason is what tells
// it from an answer.
func rightRefusal(reason string) finding { return finding{outcome: journal.OK, reason: reason} }

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

// refused judges an error that the target told in its own words. That of a
// content filter is the right answer, and so is the one that the mix expects:
// what would be wrong is to send the request elsewhere until somebody bends the
// rule, or to tell the client something else.
func (e *exchange) refused(f *wire.Failure) finding {
	if f.Kind == wire.FailContentFilter || e.shot.Refusal != "" && string(f.Kind) == e.shot.Refusal {
		return rightRefusal(string(f.Kind))
	}
	return finding{outcome: journal.Failed, reason: string(f.Kind), detail: f.Message}
}

// unreadable judges a 200 whose body the dialect could not read.
func (e *exchange) unreadable(err error) finding {
	var f *wire.Failure
	if errors.As(err, &f) && f.Kind != wire.FailMalformed {
		return e.refused(f)
	}
	return corrupt(reasonMalformed, err.Error())
}

// wrong judges a text that is not the one asked for, or not all of it.
func wrong(v answer.Verdict) finding {
	switch {
	case v.Foreign != "":
		return corrupt(string(v.Reason), "the text belongs to "+v.Foreign)
	case v.Reason == answer.Misaddressed:
		return corrupt(string(v.Reason), "it is not to whom the prompt names")
	case v.Reason == answer.Poisoned:
		return corrupt(string(v.Reason), "it carries the canary "+v.Canary)
	}
	return corrupt(string(v.Reason), "at word "+strconv.Itoa(v.At)+", of "+strconv.Itoa(v.Words)+" that came")
}

// ending judges an answer that was read to its end: does it say why it ended,
// who gave it and what it cost, and is its text the right one, whole?
//
// What belongs to somebody else is never right, not even in a refusal. A model
// that nobody has is told before the wrong text that it gave, and so is a
// second answer that is not the first one's: they say more.
func (e *exchange) ending(text answer.Verdict, finish wire.Finish, usage wire.Usage) finding {
	e.sample.Prompt, e.sample.Completion = usage.Prompt, usage.Completion
	e.print.whole = e.print.on && finish != wire.FinishContentFilter && finish != wire.FinishLength
	switch {
	case text.Reason == answer.Foreign || text.Reason == answer.Poisoned:
		return wrong(text)
	case finish == wire.FinishContentFilter:
		return rightRefusal(reasonFilter)
	case finish == wire.FinishLength:
		return finding{outcome: journal.Failed, reason: reasonLength}
	case e.swapped():
		return e.signed(usage)
	case e.print.differs(e.other):
		return corrupt(reasonDisagrees, "the text is "+string(text.Reason))
	case !text.OK():
		return wrong(text)
	case len(e.shot.Personal) > 0 && !text.To:
		return corrupt(string(answer.Misaddressed), "it does not say to whom it is")
	case finish == wire.FinishNone:
		return corrupt(reasonNoFinish, "")
	}
	e.words = text.Words
	return e.signed(usage)
}

// swapped tells whether a model answered that could not be asked.
func (e *exchange) swapped() bool {
	return e.sample.Model != "" && !e.shot.answers.has(e.sample.Model)
}

// signed judges who gave an answer that is right otherwise, and what it cost.
// The target speaks a dialect whose answers name their model. A text that does
// not is still the right text, and the calls behind it tell whose it is: its
// sample has no model.
func (e *exchange) signed(usage wire.Usage) finding {
	switch {
	case e.sample.Model == "" && e.shot.Kind == plan.KindEmbed:
		return corrupt(reasonNoModel, "")
	case e.swapped():
		return corrupt(reasonSwapped, "asked for "+e.shot.ask.Model+", answered by "+e.sample.Model)
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
	return u.Prompt > 0 && u.Completion > 0 && u.Completion <= e.shot.ask.MaxTokens
}
