package router

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"brownout/chance"
	"brownout/mocks/wire"
)

// headerRequestID carries a request's id through every hop.
const headerRequestID = "X-Request-Id"

// serve answers one client request.
func (r *engine) serve(w http.ResponseWriter, q *http.Request) {
	switch q.URL.Path {
	case "/healthz":
		r.health(w, q)
		return
	case "/metrics":
		r.metrics.handler().ServeHTTP(w, q)
		return
	case wire.PathFanOut:
		r.fan(w, q)
		return
	}
	front := r.fronts.of(q)
	id := r.requestID(front, q)
	w.Header().Set(headerRequestID, id)
	op, arg, fail := front.Route(q)
	if fail != nil {
		fail.RequestID = id
		front.WriteFailure(w, fail)
		return
	}
	switch op {
	case wire.OpChat:
		r.chat(w, q, front, id)
	case wire.OpEmbed:
		r.embed(w, q, front, id)
	case wire.OpModels:
		front.WriteModels(w, q, r.models())
	case wire.OpModel:
		r.model(w, front, arg)
	default:
		front.WriteFailure(w, &wire.Failure{Kind: wire.FailNotFound, RequestID: id})
	}
}

// health says that the router itself works. Its backends' state is in
// /metrics: a router with every backend down is still the right place to ask.
func (r *engine) health(w http.ResponseWriter, q *http.Request) {
	if q.Method != http.MethodGet && q.Method != http.MethodHead {
		r.fronts.openai.WriteFailure(w, &wire.Failure{Kind: wire.FailMethod})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"ok"}`+"\n") // a client that has left needs no answer
}

// requestID is the client's own id, or a new one in the style of its dialect.
func (r *engine) requestID(front wire.Dialect, q *http.Request) string {
	if id := q.Header.Get(headerRequestID); id != "" && len(id) <= 128 {
		return id
	}
	return front.NewRequestID(r.bits("request id"))
}

// newAnswerID is an answer's id where the provider's dialect has none.
func (c *call) newAnswerID() string { return c.front.NewAnswerID(c.r.bits("answer id")) }

// bits are fresh bits for an id.
func (r *engine) bits(purpose string) uint64 {
	return chance.Key{Seed: r.seed, Attempt: int(r.serial.Add(1)), Purpose: purpose}.Bits()
}

// chat answers one chat request.
func (r *engine) chat(w http.ResponseWriter, q *http.Request, front wire.Dialect, id string) {
	r.take(w, q, front, id, (*call).read)
}

// take answers a request that read decodes.
func (r *engine) take(w http.ResponseWriter, q *http.Request, front wire.Dialect, id string, read func(*call, *http.Request) *wire.Failure) {
	r.metrics.inFlight.Inc()
	defer r.metrics.inFlight.Dec()
	body := bodies.Get().(*[]byte)
	defer bodies.Put(body)
	c := &call{r: r, front: front, id: id, began: time.Now()}
	end := &c.end
	fail := c.receive(q, body)
	if fail == nil {
		fail = read(c, q)
	}
	if fail == nil {
		if r.tracing != nil && r.set.has("tracing") {
			c.trace = r.tracing.follow(c, q)
		}
		defer c.begin(q)()
		fail = c.answer(w, end)
	}
	told := end.told || end.by != nil || end.answer != nil // in the stream, where it failed
	end.fail, end.costUSD, end.gone = fail, c.costUSD, c.gone()
	c.leave(end)
	r.count(c, fail)
	r.metrics.settle(c, end)
	if c.trace != nil {
		c.trace.end(c, end)
	}
	r.record(c, end)
	if fail == nil || told || end.gone {
		return
	}
	f := *fail // who shares the call was told the same failure
	f.RequestID = id
	c.mark(w.Header(), nil)
	if fail.Kind == wire.FailQuota {
		// Some dialects tell it by 429, which official SDKs ask again after.
		w.Header().Set("X-Should-Retry", "false")
	}
	front.WriteFailure(w, &f)
}

// answer takes a request through the stages to its answer. Where end names
// who answered, the client has been told of the failure it returns.
func (c *call) answer(w http.ResponseWriter, end *ending) *wire.Failure {
	st := &c.r.stages
	if fail := c.choose(); fail != nil {
		return fail
	}
	for _, f := range st.lookup {
		rep, leave, fail := f(c)
		if leave != nil {
			c.leaves = append(c.leaves, leave)
		}
		if rep != nil {
			end.source, end.by = rep.source, rep.by
			return c.deliver(w, rep, end)
		}
		if fail != nil {
			return c.fallBack(w, fail, end)
		}
	}
	if fail := c.admit(); fail != nil {
		return c.fallBack(w, fail, end)
	}
	rep, fail := c.forward()
	if fail != nil {
		return c.fallBack(w, fail, end)
	}
	end.by = rep.by
	return c.deliver(w, rep, end)
}

// admit has the stages let the request in.
func (c *call) admit() *wire.Failure {
	for _, f := range c.r.stages.admit {
		leave, fail := f(c)
		if leave != nil {
			c.leaves = append(c.leaves, leave)
		}
		if fail != nil {
			return fail
		}
	}
	return nil
}

// fallBack lets the stages answer where nobody did.
func (c *call) fallBack(w http.ResponseWriter, fail *wire.Failure, end *ending) *wire.Failure {
	c.fell = fail
	if c.gone() || c.embed != nil {
		return fail
	}
	for _, f := range c.r.stages.fallback {
		if rep := f(c, fail); rep != nil {
			end.source = rep.source
			return c.deliver(w, rep, end)
		}
	}
	return fail
}

// leave tells the stages that the request has ended, the last that it met
// first.
func (c *call) leave(end *ending) {
	for i := len(c.leaves) - 1; i >= 0; i-- {
		c.leaves[i](end)
	}
}

// count counts a request by its outcome.
func (r *engine) count(c *call, fail *wire.Failure) {
	switch {
	case fail == nil:
		r.metrics.answered.Inc()
	case c.gone():
		r.metrics.requests.WithLabelValues(string(kindGone)).Inc()
	default:
		r.metrics.requests.WithLabelValues(string(fail.Kind)).Inc()
	}
}

// bodies are buffers for whole request and answer bodies.
var bodies = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// maxPooled keeps one giant prompt from pinning its memory in the pool.
const maxPooled = 256 << 10

// readAll reads src into *buf, which keeps its room for the next time.
func readAll(src io.Reader, buf *[]byte) ([]byte, error) {
	b := (*buf)[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := src.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil {
			if cap(b) <= maxPooled {
				*buf = b
			}
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return b, err
		}
	}
}

// receive reads the client's body.
func (c *call) receive(q *http.Request, buf *[]byte) *wire.Failure {
	c.ctx = q.Context()
	body, err := readAll(http.MaxBytesReader(nil, q.Body, wire.MaxBody), buf)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return &wire.Failure{Kind: wire.FailTooLarge}
		}
		return &wire.Failure{Kind: wire.FailBadRequest, Message: "the request body could not be read: " + err.Error()}
	}
	c.body = body
	c.terms = c.r.set.readTerms(q.Header)
	return nil
}

// read decodes the client's chat request.
func (c *call) read(q *http.Request) *wire.Failure {
	req, fail := c.front.DecodeRequest(q, c.body)
	if fail != nil {
		return fail
	}
	// No answers are kept here: the next request may be another provider's to
	// answer, so it must have the whole conversation in it.
	if d, ok := c.front.(wire.Librarian); ok && req.Keepable {
		if req.Previous != "" {
			fail := d.Lost(req.Previous)
			fail.Message += " This router keeps none: send the whole conversation."
			return fail
		}
		req.Unkept = true // and the answer says so
	}
	c.req = req
	c.sampling()
	if c.marker = marker(req.LastUser()); c.marker == "" {
		c.marker = c.id
	}
	return nil
}

// marker is the identity that a request carries in its prompt as [[bo:ID]], or
// "". The router only repeats it in its decisions and keys its jitter by it.
func marker(prompt string) string {
	_, rest, ok := strings.Cut(prompt, "[[bo:")
	if !ok {
		return ""
	}
	id, _, ok := strings.Cut(rest, "]]")
	if !ok || len(id) > 64 {
		return ""
	}
	return id
}

// errDeadline is the cause with which a request's own time ends.
var errDeadline = errors.New("deadline reached")

// begin starts the request's clock. The returned function ends it.
func (c *call) begin(q *http.Request) (end context.CancelFunc) {
	c.budget = c.r.set.budget(q)
	if c.budget <= 0 {
		return func() {}
	}
	c.deadline = c.began.Add(c.budget - margin(c.budget))
	c.ctx, end = context.WithDeadlineCause(c.ctx, c.deadline, errDeadline)
	return end
}
