package mocks

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"brownout/chance"
	"brownout/mocks/answer"
	"brownout/mocks/service"
	"brownout/mocks/wire"
	"brownout/plan"
)

// statusGone is what an observation says of a client that left before the
// answer's head, after nginx's 499.
const statusGone = 499

// call is one call from its arrival to its observation.
type call struct {
	p        *Provider
	w        http.ResponseWriter
	r        *http.Request
	req      *wire.Request // of other operations than chat: what stands for it
	model    *plan.Model
	id       string // the provider's request id
	budgets  wire.Budgets
	buckets  [2]wire.Budget // what budgets points to
	turn     service.Turn
	extended time.Time   // when the server's answerTimeout was last put off
	pings    wire.Pinger // of a stream in progress that has them; nil: none
	silence  silence     // that they break
	taken    *taken      // a stream's own connection; nil: it is the server's
	through  bool        // the handler has come to its end
	finish   wire.Finish
	met      Effect    // what faults do to it
	shutdown time.Time // of the model; zero: not announced
	billed   bool      // the service took it on: prompt and answer cost money
	obs      Observation
}

// answerCall answers a call in the way of its operation, and tells of it.
func (p *Provider) answerCall(w http.ResponseWriter, r *http.Request, operation string, serve func(*call) *wire.Failure) {
	now := time.Now()
	c := &call{p: p, w: w, r: r, extended: now}
	c.obs = Observation{Provider: p.spec.Name, Operation: operation, Arrived: now.Sub(p.epoch), Early: p.early(now)}
	defer c.release()
	defer c.tell()
	if fail := serve(c); fail != nil {
		c.fail(fail)
	}
	c.through = true
}

// release ends a stream's hold on its connection, and what else it has, once
// the call is told of.
func (c *call) release() {
	c.endSilence()
	if c.taken != nil {
		c.taken.end(c.through)
	}
}

// read takes in the request: key, body, dialect; decode makes of the body what
// the operation needs, and sets c.req. It finds the marker whatever is wrong
// with the rest, so that refused calls can be told apart too.
func (c *call) read(decode func(body []byte) *wire.Failure) (fail *wire.Failure, gone bool) {
	denied := c.p.dialect.Authorized(c.r, c.p.accepts)
	body := bodies.Get().(*[]byte)
	defer returnBody(body)
	err := readBody(c.w, c.r, body)
	switch {
	case denied != nil:
		fail = denied
	case errors.Is(err, errTooLarge):
		fail = &wire.Failure{Kind: wire.FailTooLarge}
	case err != nil:
		c.gone()
		return nil, true
	default:
		fail = decode(c.translated(*body))
	}
	if fail != nil {
		if marker, ok := answer.FindMarker(string(*body)); ok {
			c.identify(marker)
		}
		return fail, false
	}
	c.identify(c.marker())
	c.obs.Model, c.obs.Stream = c.req.Model, c.req.Stream
	c.inspected(*body)
	return nil, false
}

// marker is the one in the last user message, or one derived from its text. Of
// several texts to embed it is the last that any of them carries.
func (c *call) marker() string {
	prompt := c.req.LastUser()
	if marker, ok := answer.FindMarker(prompt); ok {
		return marker
	}
	if c.obs.Operation == OperationEmbed {
		for _, m := range slices.Backward(c.req.Messages) {
			if marker, ok := answer.FindMarker(m.Text); ok {
				return marker
			}
		}
	}
	return answer.Derive(prompt)
}

// identify gives the call its marker, its number and its request id.
func (c *call) identify(marker string) {
	marker = strings.Clone(marker) // observations are kept; the prompt it is cut from must not be
	c.obs.Marker = marker
	c.obs.Attempt = c.p.attempts.next(marker)
	k := c.key()
	k.Purpose = "request_id"
	c.id = c.p.dialect.NewRequestID(k.Bits())
}

func (c *call) key() chance.Key {
	return chance.Key{Seed: c.p.seed, Provider: c.p.spec.Name, Marker: c.obs.Marker, Attempt: c.obs.Attempt}
}

// lookUp finds the model that is asked for, which must be one for op, and has
// the call meet the faults.
func (c *call) lookUp(op wire.Operation) *wire.Failure {
	m, known := c.p.model(c.req.Model)
	st := c.p.state.Load()
	l, name := st.lifecycle(c.req.Model)
	if known && !l.Retired && c.req.Model != m.ID {
		l, name = st.lifecycle(m.ID)
	}
	old := l.Renamed != "" && (c.req.Model == m.ID || c.req.Model == "")
	if known && (l.Retired || old) {
		c.obs.Faults = append(c.obs.Faults, name)
	}
	switch {
	case !known:
		return &wire.Failure{Kind: wire.FailModelNotFound, Model: c.req.Model}
	case l.Retired:
		return &wire.Failure{Kind: wire.FailModelNotFound, Model: c.req.Model, Retired: true, Successor: m.Replaces}
	case old:
		return &wire.Failure{Kind: wire.FailModelNotFound, Model: m.ID, Retired: true, Successor: l.Renamed}
	case l.Renamed != "": // asked by an alias, which has moved along
		m = renamed(m, l.Renamed)
	}
	c.shutdown = l.Shutdown
	if (m.Embedding > 0) != (op == wire.OpEmbed) {
		if d, ok := c.p.dialect.(wire.Chooser); ok {
			return d.WrongModel(op, c.req.Model)
		}
		return &wire.Failure{Kind: wire.FailModelNotFound, Model: c.req.Model}
	}
	m = c.p.version(m, c.obs.Marker)
	c.model, c.obs.Model = m, m.ID
	return c.meetFaults()
}

// admitted takes the call through limits and queue, and then has it served: an
// answer of so many tokens. What serve returns is still to be answered.
func (c *call) admitted(answerTokens int, serve func() *wire.Failure) *wire.Failure {
	levels, refusal := c.p.quota.Take(c.obs.Prompt+answerTokens, time.Now())
	c.report(levels)
	if refusal != nil {
		return c.limited(refusal)
	}
	defer c.p.quota.Done()
	c.obs.Faults = c.p.state.Load().straining(c.obs.Faults)
	turn, err := c.p.service.Admit(c.r.Context(), service.Job{
		Model: c.model.ID, Prompt: c.obs.Prompt, Tokens: max(1, answerTokens), Timing: c.timing(),
	})
	if err != nil {
		return c.unserved(err)
	}
	defer turn.End()
	c.billed = true
	c.turn = turn
	return serve()
}

// timing is how long the answer takes, as its faults have it.
func (c *call) timing() service.Timing {
	t, e := c.p.service.Timing(c.key(), c.obs.Prompt), &c.met
	t.FirstToken = max(0, e.FirstTokenAdd+time.Duration(float64(t.FirstToken)*factor(e.FirstTokenMult)))
	t.PerToken = max(0, time.Duration(float64(t.PerToken)*factor(e.PerTokenMult)))
	return t
}

// unserved is what becomes of a call that its service refuses or loses: a
// failure, or nothing where its client has left.
func (c *call) unserved(err error) *wire.Failure {
	switch {
	case errors.Is(err, service.ErrFull), errors.Is(err, service.ErrLoading):
		return &wire.Failure{Kind: wire.FailOverload, Model: c.model.ID, Loading: errors.Is(err, service.ErrLoading)}
	case errors.Is(err, service.ErrLost):
		return &wire.Failure{Kind: wire.FailServer, Model: c.model.ID}
	}
	c.gone()
	return nil
}

// limited is the failure that a refusal of the quota makes.
func (c *call) limited(r *service.Refusal) *wire.Failure {
	after := r.RetryAfter
	if o := c.p.state.Load().limitedBy(r.Limit); o != nil {
		c.obs.Faults = append(c.obs.Faults, o.name)
		if o.limits.Stated != nil {
			after = *o.limits.Stated
		}
	}
	return &wire.Failure{
		Kind: wire.FailRateLimit, Model: c.model.ID, RetryAfter: after,
		Limit: r.Limit, LimitValue: r.Value, Asked: r.Asked,
	}
}

// requestID is the request id that the answer bears: the call's own, or what a
// fault makes of it.
func (c *call) requestID() string {
	if c.met.RequestID != nil {
		return *c.met.RequestID
	}
	return c.id
}

// writeHeaders sets the headers that every answer has. Where the request id is
// lost those that would depend on it are not sent.
func (c *call) writeHeaders() {
	h, now := c.w.Header(), time.Now()
	c.p.dialect.WriteHeaders(h, c.requestID(), c.budgets, now)
	if c.met.RequestID == nil || *c.met.RequestID != "" {
		return
	}
	usual := http.Header{}
	c.p.dialect.WriteHeaders(usual, c.id, c.budgets, now)
	for name, values := range usual {
		if !slices.Equal(values, h[name]) {
			h.Del(name)
		}
	}
}

// fail answers a failure.
func (c *call) fail(f *wire.Failure) {
	if c.id == "" {
		c.id = c.p.anonymousID()
	}
	f.RequestID = c.requestID()
	if c.req != nil {
		f.Surface, f.Stream = c.req.Surface, c.req.Stream
	}
	c.p.worded(f)
	c.p.stateRetry(f, time.Now())
	c.obs.Failure = f.Kind
	c.obs.Status = f.Status
	if c.obs.Status == 0 {
		c.obs.Status = c.p.dialect.Usual(f.Kind)
	}
	c.writeHeaders()
	w := &statusNote{ResponseWriter: c.w}
	c.p.dialect.WriteFailure(w, f)
	c.obs.RetryAfter = wire.ParseRetryAfter(w.Header(), time.Now())
	if w.status != 0 {
		c.obs.Status = w.status // a dialect may know better than its usual one
	}
}

// statusNote notes the status of what is written through it.
type statusNote struct {
	http.ResponseWriter
	status int
}

// Unwrap is for http.ResponseController.
func (s *statusNote) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// WriteHeader notes the status.
func (s *statusNote) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// gone notes that the client left, or cannot be reached.
func (c *call) gone() {
	c.obs.Aborted = true
	if c.obs.Status == 0 {
		c.obs.Status = statusGone
	}
}

// tell ends the call: it adds up the bill and tells whoever listens. Failed
// calls are not billed. Aborted ones are, for what had been generated when the
// client left.
func (c *call) tell() {
	c.p.tally.add(c)
	if c.p.observe == nil {
		return
	}
	if c.billed {
		c.obs.CostUSD = c.usage(c.obs.Completion).BilledUSD
	}
	c.obs.Ended = time.Since(c.p.epoch)
	c.p.observe(c.obs)
}

// usage is what the call is billed for with an answer of so many tokens.
func (c *call) usage(completion int) wire.Usage {
	usd := (float64(c.obs.Prompt)*c.model.PriceIn + float64(completion)*c.model.PriceOut) / 1e6 * factor(c.met.PriceMult)
	return wire.Usage{Prompt: c.obs.Prompt, Completion: completion, BilledUSD: usd}
}

// report sets the levels that the answer's headers tell.
func (c *call) report(l service.Levels) {
	for i, b := range []struct {
		level service.Level
		told  **wire.Budget
	}{{l.Requests, &c.budgets.Requests}, {l.Tokens, &c.budgets.Tokens}} {
		if b.level.Limit > 0 {
			c.buckets[i] = wire.Budget{Limit: b.level.Limit, Remaining: b.level.Remaining, Reset: b.level.Reset}
			*b.told = &c.buckets[i]
		}
	}
}
