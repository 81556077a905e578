package router

import (
	"slices"
	"time"

	"brownout/mocks/wire"
	"brownout/plan"
)

// The degradation ladder: cloud, managed, GPU, edge, an answer given before, a
// fixed sentence. Whoever serves from below the best step says so in the
// answer's headers (call.step). Where steps are configured they are the only
// ones, in their order.

// staticModel is what a fixed answer says of who gave it: no model did.
const staticModel = "static"

// steps tells whether the ladder has a step below its classes.
func (s *settings) steps(name string) bool {
	return !s.has("degradation_ladder") || len(s.Ladder.Steps) == 0 || slices.Contains(s.Ladder.Steps, name)
}

// ladder puts candidates in the order of the configured steps, and has the
// fixed answer for where nobody and nothing else is left.
func ladder(r *engine) *stage {
	var v stage
	steps := r.set.Ladder.Steps
	if len(steps) > 0 {
		v.choose = func(_ *call, cands []candidate) []candidate {
			cands = slices.DeleteFunc(cands, func(c candidate) bool { return !slices.Contains(steps, c.Class) })
			slices.SortStableFunc(cands, func(a, b candidate) int { return slices.Index(steps, a.Class) - slices.Index(steps, b.Class) })
			return cands
		}
	}
	if text := r.set.Ladder.Static; text != "" && r.set.steps(plan.StepStatic) {
		v.fallback = func(c *call, fail *wire.Failure) *reply {
			// Who was promised JSON or a call of a function cannot read a
			// sentence, and a refusal of the request itself is the answer.
			if conductFor(fail.Kind).passOn || c.req.JSON || c.req.ToolChoice == wire.ToolRequired {
				return nil
			}
			return &reply{source: fromStatic, answer: &wire.Answer{
				Model: staticModel, Text: text, Finish: wire.FinishStop, Created: time.Now(),
			}}
		}
	}
	return &v
}
