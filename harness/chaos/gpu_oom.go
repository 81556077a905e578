package chaos

import (
	"context"

	"brownout/mocks/service"
	"brownout/plan"
)

// GPUOOM takes memory of a GPU server's cache away.
type GPUOOM struct {
	Cache float64 `toml:"cache" default:"0.95" min:"0.01" max:"0.999" unit:"share of the KV cache" doc:"how much of the cache of every replica is gone"`
}

var gpuOOMKind = Kind{
	Name: "gpu_oom", Layer: LayerService, Claims: "KV cache",
	Summary: "the KV cache of a GPU server is nearly exhausted: sequences are thrown out and computed anew",
	Page: `Long conversations, a second model on the same card or a leak leave little memory
for keys and values. A server with paged attention does not crash then: it lets
fewer sequences into a batch, and when the cache is full it throws the youngest
out of it, to compute it anew later. Throughput falls, the time to first token
grows with the queue, and streams stand still in their middle. Nothing is refused,
unless the queue has a bound.

A good system watches the server's own figures (cache usage, preemptions, waiting
calls) or its first tokens, sends long prompts elsewhere first, and does not wait
for an error, because none comes.`,
	New: func() Fault { return new(GPUOOM) },
}

// OnLink is false: the mock itself is short of memory.
func (*GPUOOM) OnLink() bool { return false }

// Undivided tells that all calls share the cache.
func (*GPUOOM) Undivided() {}

// Fits tells whether there is a cache.
func (*GPUOOM) Fits(p plan.Provider) error {
	return needsService(p, "KV cache", "throttle, replica_loss or peak_hour", plan.ServiceGPU)
}

// Inject takes the memory.
func (g *GPUOOM) Inject(ctx context.Context, v Victim, env Env) (func(context.Context) error, error) {
	if err := g.Fits(v.Provider.Spec()); err != nil {
		return nil, err
	}
	return strain(ctx, v, env, func(x float64) service.Strain { return service.Strain{KV: g.Cache * x} })
}
