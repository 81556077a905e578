package router

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"brownout/mocks/wire"
	"brownout/plan"
)

// validator judges answers by what was asked for. A bad one is a failure of
// its provider, of kind malformed, whatever status it came with.
type validator struct {
	empty  bool // text or a call of a function there must be
	finish bool // it must say why it ended, and that must fit
	schema bool // JSON must parse, and follow the schema
	model  bool // it must come from the model that was asked for

	schemas *schemaBook
}

// newValidator makes one with the checks switched on by name, of
// plan.AnswerChecks; none: all.
func newValidator(checks []string) *validator {
	has := func(name string) bool { return len(checks) == 0 || slices.Contains(checks, name) }
	return &validator{
		empty: has(plan.CheckEmpty), finish: has(plan.CheckFinish), schema: has(plan.CheckSchema), model: has(plan.CheckModel),
		schemas: newSchemaBook(),
	}
}

// validation is the mitigation.
func validation(r *engine) *stage {
	v := keep(r, "validation", r.set.Validation, func() *validator { return newValidator(r.set.Validation.Checks) })
	return &stage{
		answer: func(_ *call, a *attempt, w *wire.Answer) *wire.Failure {
			if fail := v.named(a.cand, w.Model, r.mapped); fail != nil {
				return fail
			}
			return v.whole(a.req, w)
		},
		flow: func(c *call, a *attempt) flow {
			s := v.stream(a.req)
			s.by, s.mapped = a.cand, r.mapped
			if c.join != nil {
				s.goOn(c.join.delivered)
			}
			return s
		},
	}
}

// whole judges a whole answer to req.
func (v *validator) whole(req *wire.Request, a *wire.Answer) *wire.Failure {
	if fail := v.ended(req, a.Text != "", len(a.ToolCalls), a.Finish, a.Usage); fail != nil {
		return fail
	}
	if !v.schema {
		return nil
	}
	if fail := v.calls(req, a.ToolCalls); fail != nil {
		return fail
	}
	return v.text(req, a.Text, len(a.ToolCalls) > 0, a.Finish)
}

// named judges the model that an answer, or the first event of a stream, says
// it is from.
func (v *validator) named(by *candidate, answered string, m *modelMap) *wire.Failure {
	if !v.model || by.means(by.model, answered) || m.equal(by.model, answered) {
		return nil
	}
	return bad("%q was asked for, and %q has answered", by.model, answered)
}

// ended judges how an answer ended. hasText and calls are what was in it.
func (v *validator) ended(req *wire.Request, hasText bool, calls int, f wire.Finish, u wire.Usage) *wire.Failure {
	if v.empty && !hasText && calls == 0 && !mayBeEmpty(req, f) {
		return bad("it is empty")
	}
	if !v.finish {
		return nil
	}
	switch f {
	case wire.FinishNone:
		return bad("it does not say why it ended, so that it may be cut")
	case wire.FinishLength:
		if req.MaxTokens == 0 && u.Completion > 0 && u.Completion < ownLimit {
			return bad("it is cut after %d tokens, and no limit was asked for", u.Completion)
		}
		// Providers count differently, but not by half.
		if u.Completion > 0 && 2*u.Completion < req.MaxTokens {
			return bad("it is cut after %d tokens, and %d were allowed", u.Completion, req.MaxTokens)
		}
	case wire.FinishToolCalls:
		if calls == 0 {
			return bad("it says that it calls a function, and calls none")
		}
	}
	return nil
}

// ownLimit is the length in tokens from which an answer may have come to its
// model's own limit, where the client has set none.
const ownLimit = 1024

// mayBeEmpty tells whether an answer without a word can be right: a refusal,
// one that came to a stop sequence or its limit at once, or one that has
// nothing to add to the text it was to go on with.
func mayBeEmpty(req *wire.Request, f wire.Finish) bool {
	switch f {
	case wire.FinishContentFilter:
		return true
	case wire.FinishLength:
		return req.MaxTokens > 0
	case wire.FinishStop:
		return len(req.Stop) > 0 || req.Prefill() != ""
	}
	return false
}

// calls judges the calls of functions: of functions that were offered, with
// arguments that parse and follow their schema.
func (v *validator) calls(req *wire.Request, calls []wire.ToolCall) *wire.Failure {
	for _, c := range calls {
		i := slices.IndexFunc(req.Tools, func(t wire.Tool) bool { return t.Name == c.Name })
		if i < 0 && len(req.Tools) == 0 {
			continue // it may be of a kind that only this provider has
		}
		if i < 0 {
			return bad("it calls the function %q, which was not offered", c.Name)
		}
		args := c.Arguments
		if strings.TrimSpace(args) == "" {
			args = "{}" // some providers leave out what is empty
		}
		if err := v.schemas.check(req.Tools[i].Schema, args); err != nil {
			return bad("the arguments of its call of %q are not what was asked for: %v", c.Name, err)
		}
	}
	return nil
}

// text judges the JSON of an answer that was to be JSON. One that was cut at
// the asked length, refused, or calls a function instead, need not parse.
func (v *validator) text(req *wire.Request, text string, calls bool, f wire.Finish) *wire.Failure {
	if !req.JSON && len(req.Schema) == 0 || calls && text == "" || f == wire.FinishContentFilter || f == wire.FinishLength {
		return nil
	}
	if !strings.HasPrefix(strings.TrimLeft(text, jsonBlank), "{") && len(req.Schema) == 0 {
		if json.Valid([]byte(text)) {
			return bad("it is JSON, but no object as was asked for")
		}
		return bad("it is not the JSON that was asked for")
	}
	if err := v.schemas.check(req.Schema, text); err != nil {
		return bad("it is not the JSON that was asked for: %v", err)
	}
	return nil
}

func bad(format string, args ...any) *wire.Failure {
	return &wire.Failure{Kind: wire.FailMalformed, Message: "the answer was refused: " + fmt.Sprintf(format, args...)}
}
