package router

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"brownout/mocks/wire"
)

// kindMismatch marks an answer that does not repeat what was delivered of
// another, so that the two cannot be joined. It is no fault of its provider,
// and never sent.
const kindMismatch wire.FailureKind = "mismatch"

// kindGone marks what ended because the client left. It is counted, never sent.
const kindGone wire.FailureKind = "client_gone"

// kindChanged marks the refusal of a call that was right before the provider
// changed its interface. Clients are told of a gateway's failure.
const kindChanged wire.FailureKind = "api_changed"

func (c cause) String() string { return c.by.Name + ": " + c.fail.Error() }

// judge says what an error of an attempt means. ctx is the attempt's.
func judge(ctx context.Context, err error) *wire.Failure {
	var quiet *silence
	var f *wire.Failure
	var dial net.Error
	why := context.Cause(ctx)
	switch {
	case errors.As(why, &quiet):
		return &wire.Failure{Kind: wire.FailTimeout, Message: quiet.Error()}
	case errors.Is(why, errDeadline):
		return &wire.Failure{Kind: wire.FailTimeout, Message: "no answer by the deadline"}
	case why != nil:
		return &wire.Failure{Kind: kindGone}
	case errors.As(err, &f):
		return f
	case errors.Is(err, wire.ErrCut):
		return &wire.Failure{Kind: wire.FailTransport, Message: wire.ErrCut.Error()}
	case errors.As(err, &dial) && dial.Timeout():
		return &wire.Failure{Kind: wire.FailTimeout, Message: err.Error()}
	}
	return &wire.Failure{Kind: wire.FailTransport, Message: err.Error()}
}

// forClient is a backend's failure in words that the client's dialect takes.
// The meaning and the provider's own sentence are kept; words and numbers of
// another dialect give way to those of the client's.
func (c *call) forClient(f *wire.Failure, b *backend) *wire.Failure {
	v := *f
	if b.Dialect != c.front.Name() {
		v.Status, v.Type, v.Code, v.Param = 0, "", "", ""
	}
	return c.gateway(&v)
}

// gateway gives failures that no provider's dialect has words for those of a
// gateway. Anthropic's dialect has types of its own for all of them.
func (c *call) gateway(f *wire.Failure) *wire.Failure {
	switch f.Kind {
	case kindOverBudget:
		f.Kind = wire.FailQuota
		return f
	case kindChanged:
		f.Status, f.Type, f.Code, f.Param = http.StatusBadGateway, "", "", ""
	case wire.FailTransport, wire.FailMalformed:
		f.Status = http.StatusBadGateway
	case wire.FailTimeout:
		f.Status = http.StatusGatewayTimeout
	default:
		return f
	}
	if c.front.Name() == frontOpenAI {
		f.Type = string(f.Kind)
	}
	return f
}

// exhausted is the failure of a request that nobody answered: the last real
// cause, with all of them named. Where only one provider was concerned it is
// that one's own error.
func (c *call) exhausted() *wire.Failure {
	var f *wire.Failure
	switch n := len(c.causes); {
	case c.left() <= leastBudget || errors.Is(context.Cause(c.ctx), errDeadline):
		f = c.gateway(&wire.Failure{
			Kind: wire.FailTimeout, Code: "deadline_exceeded",
			Message: c.explain(fmt.Sprintf("deadline of %v reached", c.budget)),
		})
	case n == 0:
		f = c.unasked()
		f.Message = c.explain("no provider is usable")
		f.RetryAfter = c.comeBack()
	default:
		f = c.forClient(c.causes[n-1].fail, c.causes[n-1].by)
		if len(c.cands) > 1 || n > 1 {
			f.Message = c.explain("no provider could answer")
		}
		if wait := c.comeBack(); wait > 0 {
			f.RetryAfter = wait
		}
	}
	if c.denied != nil {
		f.Message += "; no further attempt: " + c.denied.String()
	}
	if !c.gone() {
		c.r.tell(Decision{What: Exhausted, Marker: c.marker, Detail: f.Message})
	}
	return f
}

// unasked is the failure of a request for which every gate was shut: the
// reason of the best candidate's.
func (c *call) unasked() *wire.Failure {
	for i := range c.cands {
		v := &c.cands[i]
		if r := c.refuses(v); r != nil && r.cause != nil {
			return c.forClient(r.cause, v.backend)
		}
	}
	return &wire.Failure{Kind: wire.FailOverload}
}

// explain adds to a sentence what each provider did, or why it was not asked.
func (c *call) explain(s string) string {
	var b strings.Builder
	b.WriteString(s)
	for _, v := range c.causes {
		b.WriteString("; ")
		b.WriteString(v.String())
	}
	for i := range c.cands {
		v := &c.cands[i]
		if v.tries > 0 {
			continue
		}
		if r := c.refuses(v); r != nil {
			fmt.Fprintf(&b, "; %s: not asked (%s)", v.Name, r)
		}
	}
	return b.String()
}

// comeBack is when a retry by the client may help: the first moment, in whole
// seconds, at which a gate that is shut may open; 0 where none says.
func (c *call) comeBack() time.Duration {
	best := time.Duration(math.MaxInt64)
	for i := range c.cands {
		v := &c.cands[i]
		if r := c.refuses(v); r != nil {
			best = min(best, max(r.wait, 1)) // probes under way: a second will tell
		}
	}
	if best == math.MaxInt64 {
		return 0
	}
	return (best + time.Second - 1).Truncate(time.Second)
}
