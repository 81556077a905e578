package router

import (
	"io"
	"net/http"
	"time"

	"brownout/mocks/wire"
)

// embed answers one request for embeddings.
func (r *engine) embed(w http.ResponseWriter, q *http.Request, front wire.Dialect, id string) {
	r.take(w, q, front, id, (*call).readEmbed)
}

// readEmbed decodes a request for embeddings. Its inputs stand where a chat
// request's turns do, so that what looks at prompts or changes them sees these
// too.
func (c *call) readEmbed(q *http.Request) *wire.Failure {
	front, ok := c.front.(wire.Embedder)
	if !ok {
		return &wire.Failure{Kind: wire.FailNotFound}
	}
	req, fail := front.DecodeEmbed(q, c.body)
	if fail != nil {
		return fail
	}
	c.embeds(req)
	if c.marker = marker(c.req.LastUser()); c.marker == "" {
		c.marker = c.id
	}
	return nil
}

// embeds makes it a request for those embeddings.
func (c *call) embeds(req *wire.EmbedRequest) {
	c.embed = req
	c.req = &wire.Request{Model: req.Model, Messages: make([]wire.Message, len(req.Inputs))}
	for i, s := range req.Inputs {
		c.req.Messages[i] = wire.Message{Role: "user", Text: s}
	}
}

// elsewhere tells whether a candidate cannot serve embeddings: vectors of
// another model mean something else, so that no other model stands in but one
// that a route or the model map names.
func (c *call) elsewhere(v candidate) bool {
	if !wire.CanEmbed(v.dialect) {
		return true
	}
	return v.model != c.model && c.r.route(c.model) == nil && v.model == v.Backend.model(c.model)
}

// encodeEmbed is the HTTP request of an attempt.
func (c *call) encodeEmbed(a *attempt) (*http.Request, error) {
	return c.encodeInputs(a, a.req.Messages)
}

// encodeInputs is the HTTP request for some of an attempt's inputs.
func (c *call) encodeInputs(a *attempt, inputs []wire.Message) (*http.Request, error) {
	req := *c.embed
	req.Model = a.req.Model
	req.Inputs = make([]string, len(inputs))
	for i, m := range inputs {
		req.Inputs[i] = m.Text
	}
	return a.cand.dialect.(wire.EmbedClient).NewEmbed(a.up.ctx, a.cand.BaseURL, a.cand.Key, &req)
}

// vectors reads an answer with embeddings.
func (u *upstream) vectors() (*reply, *wire.Failure) {
	buf := bodies.Get().(*[]byte)
	defer bodies.Put(buf)
	body, err := readAll(io.LimitReader(&u.body, wire.MaxBody), buf)
	if err != nil {
		return nil, judge(u.ctx, err)
	}
	e, fail := u.decodeVectors(body, len(u.made.req.Messages))
	if fail != nil {
		return nil, fail
	}
	return u.embedded(e), nil
}

// decodeVectors reads an answer to so many inputs.
func (u *upstream) decodeVectors(body []byte, inputs int) (*wire.Embeddings, *wire.Failure) {
	e, err := u.by.dialect.(wire.EmbedClient).DecodeEmbeddings(body)
	if err != nil {
		return nil, judge(u.ctx, err)
	}
	if len(e.Vectors) != inputs {
		return nil, &wire.Failure{Kind: wire.FailMalformed, Message: "the answer has not one vector for each input"}
	}
	return e, nil
}

// embedded is the reply with all vectors.
func (u *upstream) embedded(e *wire.Embeddings) *reply {
	if e.Model == "" {
		e.Model = u.by.model
	}
	if e.Created.IsZero() {
		e.Created = time.Now()
	}
	u.made.usage = e.Usage
	return &reply{by: u.by, made: u.made, embeds: e}
}

// writeVectors writes embeddings to the client.
func (c *call) writeVectors(w http.ResponseWriter, e *wire.Embeddings) *wire.Failure {
	if err := c.front.(wire.Embedder).WriteEmbeddings(w, c.embed, e); err != nil {
		return &wire.Failure{Kind: kindGone, Message: err.Error()}
	}
	return nil
}
