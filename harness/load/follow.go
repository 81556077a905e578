package load

import (
	"context"
	"strconv"
	"time"

	"brownout/harness/journal"
	"brownout/mocks/answer"
	"brownout/mocks/wire"
	"brownout/plan"
)

// follow sends what follows from an exchange that has ended: the further steps
// of a workflow, the result of a function, the same request again. A request
// that follows is due when the one before it has ended, so it counts from then.
func (p *probe) follow(e *exchange) {
	switch {
	case e.shot.Kind == plan.KindAgent:
		p.workflow(e)
	case e.shot.Kind == plan.KindTools:
		p.giveResult(e)
	case e.shot.Twice:
		p.askAgain(e)
	}
}

// answered tells whether the exchange ended with the answer that was asked for,
// and not with a refusal, right as that may be.
func (e *exchange) answered() bool { return e.found == finding{outcome: journal.OK} }

// next makes the exchange that follows, due now.
func (e *exchange) next(until time.Duration) exchange {
	now := e.since()
	if until == 0 {
		until = now + e.shot.Deadline
	}
	n := exchange{probe: e.probe, shot: e.shot, until: until, print: fingerprint{on: e.print.on}}
	n.sample = &journal.Sample{
		Marker: e.shot.marker, Request: e.shot.Kind, Scheduled: now,
		Workflow: e.sample.Workflow, Step: e.sample.Step + 1,
	}
	return n
}

// send sends messages as a request of the exchange.
func (e *exchange) send(messages ...wire.Message) {
	// The context of the exchange takes the place of this one.
	req, err := e.mix.request(context.Background(), e.shot.kind, messages...)
	if err == nil {
		err = e.shot.extendRequest(req)
	}
	if err != nil { // it was made of the same pieces before
		e.found = e.tell(e.since(), finding{outcome: journal.Failed, reason: reasonNotSent, detail: err.Error()})
		return
	}
	req.Header = e.shot.head(e.until - e.since())
	e.do(req)
}

// workflow sends the steps after the first, each when the one before it was
// answered, and tells what became of the whole. All share the deadline of the
// first. Each step's prompt carries the check token of the answer before it,
// which nobody knows who has not read that answer to its end.
//
// A workflow that ends by a refusal that is a right answer has ended well.
func (p *probe) workflow(e *exchange) {
	w := &journal.Workflow{ID: e.shot.workflow, Request: e.shot.Kind, Scheduled: e.sample.Scheduled, Steps: e.shot.Steps}
	until := e.until
	for e.answered() {
		w.Done++
		if w.Done == w.Steps {
			break
		}
		check := answer.NewGen(e.shot.marker, e.words).Token(answer.Tokens(e.words) - 1)
		step := e.next(until)
		step.shot.marker = w.ID + "-" + strconv.Itoa(w.Done+1)
		step.sample.Marker = step.shot.marker
		step.send(wire.Message{Role: "user", Text: "Step " + strconv.Itoa(w.Done+1) + " of " + strconv.Itoa(w.Steps) +
			". The step before ended with" + check + ". " + step.shot.prompt(0)})
		e = &step
	}
	if e.found.outcome == gaveUp {
		return
	}
	w.Outcome, w.Reason = e.found.outcome, e.found.reason
	w.Total = min(p.since(), until) - w.Scheduled
	p.cfg.Emit(w)
}

// giveResult sends the result of the function that was called, whose answer is
// the text of the marker. It is a request with its own deadline.
func (p *probe) giveResult(e *exchange) {
	if !e.answered() {
		return
	}
	call := e.calls[0]
	step := e.next(0)
	step.send(
		wire.Message{Role: "user", Text: e.shot.prompt(0)},
		wire.Message{Role: "assistant", ToolCalls: e.calls},
		wire.Message{Role: "tool", ToolCallID: call.ID, Text: `{"function":"` + call.Name + `","found":true}`},
	)
}

// askAgain sends the same request again, once the first was answered with a
// text, right or wrong.
func (p *probe) askAgain(e *exchange) {
	if e.found.outcome == gaveUp || !e.print.whole {
		return
	}
	step := e.next(0)
	step.other = e.print
	step.send(wire.Message{Role: "user", Text: e.shot.prompt(0)})
}
