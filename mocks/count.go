package mocks

import (
	"net/http"

	"brownout/mocks/wire"
)

// count answers how many tokens a prompt has. Providers do not bill it and
// count it against limits of its own, which are so high that they are not
// modelled; it takes no place in the queue either.
func (c *call) count() *wire.Failure {
	counter, ok := c.p.dialect.(wire.TokenCounter)
	if !ok {
		return &wire.Failure{Kind: wire.FailNotFound}
	}
	fail, gone := c.read(func(body []byte) (fail *wire.Failure) {
		c.req, fail = counter.DecodeCount(c.r, body)
		return fail
	})
	if fail != nil || gone {
		return fail
	}
	c.obs.Prompt = promptTokens(c.req)
	if fail := c.lookUp(wire.OpCountTokens); fail != nil {
		return fail
	}
	c.writeHeaders()
	c.obs.Status = http.StatusOK
	if counter.WriteCount(c.w, c.req, c.obs.Prompt) != nil {
		c.gone()
	}
	return nil
}
