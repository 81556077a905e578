package router

import (
	"crypto/sha256"
	"slices"

	"brownout/mocks/wire"
)

// redaction is the mitigation: providers of some classes get placeholders in
// the place of personal data, and their answers get it back before anything
// else looks at them. So whatever judges, joins, keeps or passes on an answer
// has the client's own words before it, whoever gave them.
//
// What it cannot see is what is no text, such as pictures, and what is written
// out in words. What the application itself says of its functions is left
// alone but for their descriptions, since answers have to follow their schemas.
func redaction(r *engine) *stage {
	set := r.set.Redaction
	find := keep(r, "redaction", set, func() *finder { return newFinder(set, r.set.private) })
	r.personal = find
	return &stage{
		prepare: func(c *call, a *attempt, req *wire.Request) (*wire.Request, *wire.Failure) {
			if a.veil = c.veilFor(a.cand); a.veil == nil {
				return req, nil
			}
			return c.veiled(a.veil, req), nil
		},
		answer: func(c *call, a *attempt, w *wire.Answer) *wire.Failure {
			if a.veil != nil {
				a.veil.answer(w, c.inJSON())
			}
			return nil
		},
		rewrite: func(c *call, a *attempt) rewriter {
			if a.veil == nil {
				return nil
			}
			return a.veil.stream(c.inJSON())
		},
	}
}

// inJSON tells whether the answer's text is to be JSON.
func (c *call) inJSON() bool { return c.req.JSON || len(c.req.Schema) > 0 }

// veilFor is the request's veil towards a candidate; nil: that one may see all.
// A provider whose class is not known may not.
func (c *call) veilFor(cand *candidate) *veil {
	if c.r.personal == nil || cand.Class != "" && !slices.Contains(c.r.set.Redaction.Towards, cand.Class) {
		return nil
	}
	if c.veil != nil {
		return c.veil
	}
	v := newVeil(c.r.personal)
	for _, m := range c.req.Messages {
		v.avoid(m.Text)
		for _, t := range m.ToolCalls {
			v.avoid(t.Arguments)
		}
	}
	v.avoid(string(c.body))
	v.own(c.req.Messages)
	c.veil = v
	if what := v.hides(); what != "" {
		c.r.tell(Decision{What: Redacted, Provider: cand.Name, Marker: c.marker, Detail: what})
	}
	return v
}

// veiled is a request as it is shown. Texts to embed have a veil each: whether
// two share a call must not change the vector of either.
func (c *call) veiled(v *veil, req *wire.Request) *wire.Request {
	own := *req
	switch {
	case c.embed != nil:
		own.Messages = slices.Clone(req.Messages)
		for i := range own.Messages {
			each := newVeil(v.find)
			own.Messages[i].Text = each.hide(own.Messages[i].Text)
		}
	case sameTurns(req.Messages, c.req.Messages):
		own.Messages = v.own(c.req.Messages)
	default:
		own.Messages = v.messages(req.Messages)
	}
	own.User = v.hide(req.User)
	own.Stop = slices.Clone(req.Stop)
	for i := range own.Stop {
		own.Stop[i] = v.hide(own.Stop[i])
	}
	own.Tools = slices.Clone(req.Tools)
	for i := range own.Tools {
		own.Tools[i].Description = v.hide(own.Tools[i].Description)
	}
	return &own
}

// apart keeps questions about different people apart, however alike they are
// otherwise.
func (c *call) apart(k digest, text string) digest {
	if c.r.personal == nil {
		return k
	}
	pieces := c.r.personal.in(text)
	if len(pieces) == 0 {
		return k
	}
	d := digester{sha256.New()}
	d.h.Write(k[:])
	for _, p := range pieces {
		d.text(text[p.from:p.to])
	}
	d.h.Sum(k[:0])
	return k
}
