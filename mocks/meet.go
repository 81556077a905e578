package mocks

import (
	"time"

	"brownout/mocks/wire"
)

// seen is the call as faults see it.
func (c *call) seen() *Call {
	v := &Call{
		Seed: c.p.seed, Provider: c.p.spec.Name, Operation: c.obs.Operation, Model: c.req.Model,
		Marker: c.obs.Marker, Attempt: c.obs.Attempt, At: c.obs.Arrived, Prompt: c.obs.Prompt, Request: c.req,
	}
	if m, ok := c.p.model(c.req.Model); ok {
		v.Model = m.ID
	}
	return v
}

// inspected shows the request's bytes to the faults that look at them, while
// they are there.
func (c *call) inspected(body []byte) {
	for _, f := range c.p.state.Load().faults {
		if i, ok := f.fault.(Inspector); ok {
			c.suffer(f.name, i.Inspect(c.seen(), c.r, body))
		}
	}
}

// translated is the request's body as the dialect reads it.
func (c *call) translated(body []byte) []byte {
	for _, f := range c.p.state.Load().faults {
		if t, ok := f.fault.(Translator); ok {
			body = t.Translate(body)
		}
	}
	return body
}

// meetFaults asks every fault what it does to this call. It returns the first
// failure.
func (c *call) meetFaults() *wire.Failure {
	faults := c.p.state.Load().faults
	if len(faults) == 0 {
		return c.failed()
	}
	seen := c.seen()
	for _, f := range faults {
		c.suffer(f.name, f.fault.Meet(seen))
	}
	return c.failed()
}

// failed is the call's own copy of the failure that a fault has for it: a fault
// may hand out one to many calls.
func (c *call) failed() *wire.Failure {
	if c.met.Fail == nil {
		return nil
	}
	own := *c.met.Fail
	return &own
}

// suffer adds what one fault does.
func (c *call) suffer(name string, e Effect) {
	if e.Touched {
		c.obs.Faults = append(c.obs.Faults, name)
	}
	c.met.add(&e)
}

// add joins another fault's effect to e.
func (e *Effect) add(o *Effect) {
	first(&e.Fail, o.Fail)
	first(&e.Notice, o.Notice)
	first(&e.Break, o.Break)
	first(&e.Garble, o.Garble)
	first(&e.Tamper, o.Tamper)
	first(&e.RequestID, o.RequestID)
	e.FirstTokenAdd += o.FirstTokenAdd
	e.FirstTokenMult = factor(e.FirstTokenMult) * factor(o.FirstTokenMult)
	e.PerTokenMult = factor(e.PerTokenMult) * factor(o.PerTokenMult)
	e.PriceMult = factor(e.PriceMult) * factor(o.PriceMult)
	if o.Context > 0 && (e.Context == 0 || o.Context < e.Context) {
		e.Context = o.Context
	}
}

// first sets v unless it is set.
func first[T comparable](v *T, to T) {
	var none T
	if *v == none {
		*v = to
	}
}

// factor is a multiplier whose zero value means 1.
func factor(f float64) float64 {
	if f == 0 {
		return 1
	}
	return f
}

// listFails is the failure with which faults have a request for the model list
// answered. Their other effects are on calls only.
func (p *Provider) listFails() *wire.Failure {
	faults := p.state.Load().faults
	if len(faults) == 0 {
		return nil
	}
	seen := &Call{
		Seed: p.seed, Provider: p.spec.Name, Operation: OperationList, Marker: p.anonymousID(), Attempt: 1,
		At: time.Since(p.epoch), Request: &wire.Request{},
	}
	for _, f := range faults {
		if e := f.fault.Meet(seen); e.Fail != nil {
			own := *e.Fail
			return &own
		}
	}
	return nil
}
