package mocks

import (
	"fmt"
	"net/http"
	"time"

	"brownout/mocks/answer"
	"brownout/mocks/wire"
)

// embed takes a call for embeddings through the gates that a chat call goes
// through too. Its time is that of a first token: there are no others.
func (c *call) embed() *wire.Failure {
	embedder, ok := c.p.dialect.(wire.Embedder)
	if !ok {
		return &wire.Failure{Kind: wire.FailNotFound}
	}
	var in *wire.EmbedRequest
	fail, gone := c.read(func(body []byte) (fail *wire.Failure) {
		in, fail = c.readEmbed(embedder, body)
		return fail
	})
	if fail != nil || gone {
		return fail
	}
	return c.embedded(embedder, in)
}

// readEmbed reads a request of embeddings.
func (c *call) readEmbed(embedder wire.Embedder, body []byte) (*wire.EmbedRequest, *wire.Failure) {
	in, fail := embedder.DecodeEmbed(c.r, body)
	if fail == nil {
		c.req = asPrompt(in)
	}
	return in, fail
}

// embedded answers a request of embeddings that has been read.
func (c *call) embedded(embedder wire.Embedder, in *wire.EmbedRequest) *wire.Failure {
	longest := 0
	for _, s := range in.Inputs {
		n := textTokens(s)
		longest = max(longest, n)
		c.obs.Prompt += n
	}
	if fail := c.lookUp(wire.OpEmbed); fail != nil {
		return fail
	}
	switch {
	case longest > c.context(): // it bounds each input, not their sum
		return &wire.Failure{
			Kind: wire.FailContextLength, Model: c.model.ID, LimitValue: c.context(), Asked: longest,
		}
	case in.Dimensions > c.model.Embedding:
		return &wire.Failure{
			Kind: wire.FailBadRequest, Param: "dimensions",
			Message: fmt.Sprintf("Invalid value for 'dimensions': %d is more than the model's %d.", in.Dimensions, c.model.Embedding),
		}
	}
	return c.admitted(0, func() *wire.Failure {
		c.mislabel()
		if g := c.met.Garble; g != nil && g.Rewrite != nil {
			return c.rewritten(func() *wire.Failure { return c.vectors(embedder, in) })
		} else if g != nil {
			return c.garbled(nil)
		}
		return c.vectors(embedder, in)
	})
}

// vectors answers the embeddings when they are due.
func (c *call) vectors(embedder wire.Embedder, in *wire.EmbedRequest) *wire.Failure {
	if _, err := c.turn.Wait(c.r.Context(), 0); err != nil {
		return c.unserved(err)
	}
	dimensions := c.model.Embedding
	if in.Dimensions > 0 {
		dimensions = in.Dimensions
	}
	e := &wire.Embeddings{
		Model: c.model.ID, Vectors: make([][]float32, len(in.Inputs)), Usage: wire.Usage{Prompt: c.obs.Prompt}, Created: time.Now(),
	}
	for i, s := range in.Inputs {
		e.Vectors[i] = answer.Vector(s, dimensions)
	}
	c.obs.FirstToken = time.Since(c.p.epoch)
	c.writeHeaders()
	c.obs.Status = http.StatusOK
	if embedder.WriteEmbeddings(c.w, in, e) != nil {
		c.gone()
	}
	return nil
}

// asPrompt is what stands for a request of embeddings where a prompt is looked
// at: each input is a user message, so that the last one names the marker.
func asPrompt(in *wire.EmbedRequest) *wire.Request {
	r := &wire.Request{Model: in.Model, Surface: in.Surface, Messages: make([]wire.Message, len(in.Inputs))}
	for i, s := range in.Inputs {
		r.Messages[i] = wire.Message{Role: "user", Text: s}
	}
	return r
}
