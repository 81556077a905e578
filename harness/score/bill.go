package score

import (
	"strings"

	"brownout/harness/journal"
)

// An answer says the truth where it names the model, and the tokens, of the
// call that gave it. One that says nothing says nothing wrong.

// misbilled tells whether an answer names another model, or other tokens, than
// any call that can have given it. Where no good call is known, nobody can
// tell.
func misbilled(s *journal.Sample, calls []*joined) bool {
	good := false
	for _, c := range calls {
		if !c.good {
			continue
		}
		good = true
		if c.bills(s) || c.wentOn(s, calls) {
			return false
		}
	}
	return good
}

// bills tells whether the answer is billed as this call.
func (c *joined) bills(s *journal.Sample) bool {
	return c.named(s) && (s.Prompt == 0 && s.Completion == 0 || s.Prompt == c.event.Prompt && s.Completion == c.event.Completion)
}

// named tells whether an answer names the call's model. Gateways may put the
// provider's name before it.
func (c *joined) named(s *journal.Sample) bool {
	return s.Model == "" || bare(s.Model) == bare(c.event.Model)
}

func bare(model string) string { return model[strings.LastIndexByte(model, '/')+1:] }

// wentOn tells whether the bill is that of a stream in which this call went on
// where others had broken off: its prompt is longer than theirs, because it
// holds what they had said. Nobody prescribes whether that is in the bill once
// or twice, and whose count of the prompt it is.
func (c *joined) wentOn(s *journal.Sample, calls []*joined) bool {
	said, prompts := 0, false
	for _, p := range calls {
		if !p.good && p.event.Completion > 0 && p.event.Prompt < c.event.Prompt {
			said += p.event.Completion
			prompts = prompts || p.event.Prompt == s.Prompt
		}
	}
	prompts = prompts || s.Prompt >= c.event.Prompt-said && s.Prompt <= c.event.Prompt
	return said > 0 && prompts && c.named(s) && s.Completion >= c.event.Completion && s.Completion <= c.event.Completion+said
}

// rivals are all good calls that can stand behind an answer to a marker that
// several requests share. Which of them does is a guess; a bill that none of
// them explains is not.
func (j *joins) rivals(s *journal.Sample) (calls []*joined) {
	n, known := j.newest[s.Marker]
	sent := max(s.Sent, s.Scheduled)
	for known && n >= 0 && j.calls.has(n) {
		c := j.calls.at(n)
		if c.recorded < sent-SendSlack {
			break
		}
		if c.good && c.arrived >= sent-SendSlack && c.arrived <= s.Scheduled+s.Total+SendSlack {
			calls = append(calls, c)
		}
		n = c.before
	}
	return calls
}
