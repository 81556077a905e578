package mocks

import "brownout/mocks/wire"

// chat takes a chat call through every gate a real provider has, in the order
// in which they refuse. What it returns is still to be answered; nil means that
// the call has been answered, or its client is gone.
func (c *call) chat() *wire.Failure {
	fail, gone := c.read(func(body []byte) (fail *wire.Failure) {
		c.req, fail = c.p.dialect.DecodeRequest(c.r, body)
		return fail
	})
	if fail != nil || gone {
		return fail
	}
	c.obs.Prompt = promptTokens(c.req)
	if fail := c.lookUp(wire.OpChat); fail != nil {
		return fail
	}
	a := c.compose()
	if fail := c.fit(); fail != nil {
		return fail
	}
	return c.admitted(a.tokens, func() *wire.Failure {
		switch {
		case c.met.Garble != nil && (c.met.Garble.Rewrite == nil || !c.req.Stream):
			return c.garbled(a)
		case c.req.Stream:
			return c.stream(a)
		}
		return c.unary(a)
	})
}

// fit tells whether the prompt and the answer the client makes room for are
// within the model's context. Where no room is asked for, one token suffices.
func (c *call) fit() *wire.Failure {
	const most = 1 << 30 // far beyond any context, and adding to it cannot overflow
	asked := min(most, max(1, c.req.MaxTokens))
	if c.p.spec.Dialect == dialectOllama {
		asked = 1
	}
	context := c.context()
	if c.req.Truncate && c.obs.Prompt+asked > context {
		c.obs.Prompt = max(0, context-asked) // what is left of it
	}
	if need := c.obs.Prompt + asked; need > context {
		return &wire.Failure{
			Kind: wire.FailContextLength, Model: c.model.ID, LimitValue: context, Asked: need,
		}
	}
	return nil
}

// context is how many tokens the model takes at present.
func (c *call) context() int {
	if n := c.met.Context; n > 0 && n < c.model.Context {
		return n
	}
	return c.model.Context
}

// dialectOllama is the one dialect whose providers take any num_predict: it
// bounds the answer and claims no room in the context.
const dialectOllama = "ollama"
