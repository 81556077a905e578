package router

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"brownout/mocks/wire"
)

// choose finds whom the request may reach, best first. It fails closed: a
// header that is there but allows nobody leaves nobody, and a backend whose
// class or region is not known matches none.
func (c *call) choose() *wire.Failure {
	c.model = c.req.Model
	for _, f := range c.r.stages.resolve {
		c.model = f(c, c.model)
	}
	c.cands = c.offered()
	if c.embed != nil {
		c.cands = slices.DeleteFunc(c.cands, c.elsewhere)
	}
	if c.terms.bound && c.r.set.has("privacy") {
		c.cands = slices.DeleteFunc(c.cands, func(v candidate) bool { return !c.terms.permit(&v.Backend) })
		if len(c.cands) == 0 && (c.embed == nil || !slices.ContainsFunc(c.r.order, func(b *backend) bool { return c.terms.permit(&b.Backend) })) {
			return c.nobody()
		}
	}
	c.r.policy(c, c.cands)
	for _, f := range c.r.stages.choose {
		c.cands = f(c, c.cands)
	}
	if len(c.cands) == 0 {
		f := &wire.Failure{Kind: wire.FailModelNotFound, Model: c.req.Model}
		if c.embed != nil {
			f.Message = fmt.Sprintf("no provider gives embeddings of the model %q: vectors of another one mean something else, and those that have it may have no embeddings", c.req.Model)
		}
		return f
	}
	if !c.r.set.failover {
		c.cands = c.cands[:1]
	}
	c.trimAhead()
	return nil
}

// offered are the candidates by the routes, or without one that matches by the
// order of the backends.
func (c *call) offered() []candidate {
	if hops := c.r.route(c.model); hops != nil {
		list := make([]candidate, len(hops))
		for i := range hops {
			list[i] = c.candidate(hops[i].backend, c.pick(hops[i].backend, hops[i].target(c.model), hops[i].model == ""))
		}
		return list
	}
	list := make([]candidate, len(c.r.order))
	for i, b := range c.r.order {
		list[i] = c.candidate(b, c.pick(b, b.Backend.model(c.model), true))
	}
	return list
}

// pick lets the stages choose another model of a backend, where no route has
// named one.
func (c *call) pick(b *backend, usual string, free bool) string {
	if free {
		for _, f := range c.r.stages.model {
			if m := f(c, b, c.model); m != "" {
				return m
			}
		}
	}
	return usual
}

func (c *call) candidate(b *backend, model string) candidate {
	return candidate{backend: b, model: model, info: b.entry(model), stats: b.stats.of(model)}
}

// nobody is the refusal of a request that may reach no provider.
func (c *call) nobody() *wire.Failure {
	t := &c.terms
	why := fmt.Sprintf("no configured provider may serve this request: it allows classes [%s] and regions [%s]",
		said(t.classes, t.anyClass), said(t.regions, t.anyRegion))
	c.r.tell(Decision{What: Refused, Marker: c.marker, Detail: why})
	return &wire.Failure{Kind: wire.FailPermission, Status: http.StatusForbidden, Message: why}
}

func said(list []string, all bool) string {
	if all {
		return "any"
	}
	return strings.Join(list, ", ")
}
