package chaos

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"brownout/chance"
	"brownout/mocks"
	"brownout/mocks/wire"
	"brownout/plan"
)

// Modes of request_ids.
const (
	idsLost       = "lost"
	idsDuplicated = "duplicated"
)

// RequestIDs has a provider lose the ids of requests, or give one to many.
type RequestIDs struct {
	Mode string `toml:"mode" default:"lost" enum:"lost,duplicated" doc:"lost: answers and errors bear no request id. duplicated: all of them bear the same."`
}

var requestIDsKind = Kind{
	Name: "request_ids", Layer: LayerService, Claims: "request ids",
	Summary: "request ids are lost, or one is given to many requests",
	Page: `Every answer of a hosted provider bears an id by which its support, its logs and
its bill name the request: x-request-id at OpenAI, xAI, Groq and Databricks,
request-id at Anthropic, x-amzn-requestid at Amazon, apim-request-id at Azure,
x-kong-request-id at Mistral, x-ds-trace-id at DeepSeek. An edge that answers
from a cache, or a proxy that is configured wrongly, drops it or repeats it.

Errors that name the id in their body do the same there. The answers themselves
are right. Google, vLLM, llama.cpp and Ollama number no requests: there is
nothing to lose, and the fault cannot be put on them.

A good system has ids of its own, and joins what it did to what a provider saw by
those and by time. A bad one uses the provider's id as a key: it loses traces, or
writes one over another.`,
	New: func() Fault { return new(RequestIDs) },
}

// OnLink is false: the mock answers.
func (*RequestIDs) OnLink() bool { return false }

// Fits tells why a provider cannot have it: where requests have no ids.
func (*RequestIDs) Fits(p plan.Provider) error {
	if d, ok := wire.Lookup(p.Dialect); ok && !numbers(d) {
		return fmt.Errorf("request_ids: %s speaks %s, whose answers bear no request id; put it on a provider whose answers do", p.Name, p.Dialect)
	}
	return nil
}

// numbers tells whether a dialect's answers bear a request id in their head.
func numbers(d wire.Dialect) bool {
	const probe = "request-id-probe"
	h := http.Header{}
	d.WriteHeaders(h, probe, wire.Budgets{}, time.Time{})
	for _, values := range h {
		if slices.Contains(values, probe) {
			return true
		}
	}
	return false
}

// Inject takes the ids away.
func (r *RequestIDs) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	spec := v.Provider.Spec()
	if err := r.Fits(spec); err != nil {
		return nil, err
	}
	id := ""
	if d, ok := wire.Lookup(spec.Dialect); ok && r.Mode == idsDuplicated {
		id = d.NewRequestID(chance.Key{Seed: env.Seed, Provider: spec.Name, Purpose: "request_ids"}.Bits())
	}
	return effect(v, env, "request_ids", func(c *mocks.Call) mocks.Effect {
		if c.Operation == mocks.OperationList {
			return mocks.Effect{}
		}
		return mocks.Effect{RequestID: &id}
	}), nil
}
