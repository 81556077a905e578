package service

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"brownout/chance"
	"brownout/plan"
)

// gpuParams is what a replica can do.
type gpuParams struct {
	base, perSequence time.Duration
	prefillRate       float64 // tokens per second
	sequences         int
	batchTokens       int
	blockTokens       int
	blocks            int
	slow              float64 // of a fault: every step takes so many times as long
}

// step is how long one step of the engine takes. Reading the weights takes the
// same time whatever the batch; each sequence adds the reading of its own part
// of the cache; prompt tokens are bound by arithmetic. The form is that of
// Kwon et al., "Efficient Memory Management for Large Language Model Serving
// with PagedAttention" (2023), section 2, and Agrawal et al., "Sarathi-Serve"
// (2024), section 3; the growth with a sequence's length is left out.
func (p *gpuParams) step(decoding, prefilling int) time.Duration {
	d := p.base + time.Duration(decoding)*p.perSequence + time.Duration(float64(prefilling)/p.prefillRate*float64(time.Second))
	if p.slow > 0 {
		d = time.Duration(float64(d) * p.slow)
	}
	return max(1, d) // time must pass
}

// blocksOf is how many blocks hold so many tokens.
func (p *gpuParams) blocksOf(tokens int) int { return (tokens + p.blockTokens - 1) / p.blockTokens }

func newGPUParams(s plan.Service) (gpuParams, error) {
	p := gpuParams{
		base: s.StepBase, perSequence: s.StepPerSequence, prefillRate: s.PrefillRate,
		sequences: s.MaxSequences, batchTokens: s.MaxBatchedTokens, blockTokens: s.BlockTokens, blocks: s.KVBlocks,
	}
	if p.batchTokens == 0 {
		p.batchTokens = plan.DefaultBatchedTokens
	}
	if p.blockTokens == 0 {
		p.blockTokens = plan.DefaultBlockTokens
	}
	switch {
	case p.base < 0 || p.perSequence < 0:
		return p, errors.New("service step times must not be negative")
	case !(p.prefillRate > 0) || math.IsInf(p.prefillRate, 1):
		return p, fmt.Errorf("service model %q needs prefill_rate > 0", s.Model)
	}
	for _, f := range []struct {
		name  string
		value int
	}{
		{"max_sequences", p.sequences},
		{"max_batched_tokens", p.batchTokens},
		{"block_tokens", p.blockTokens},
		{"kv_blocks", p.blocks},
	} {
		if f.value < 1 {
			return p, fmt.Errorf("service model %q needs %s >= 1, not %d", s.Model, f.name, f.value)
		}
	}
	if s.Replicas < 0 || s.MaxRequests < 0 {
		return p, fmt.Errorf("service model %q needs replicas and max_requests >= 0", s.Model)
	}
	return p, nil
}

// gpu is a server with continuous batching: some replicas behind a balancer
// that gives each call to the one with the fewest.
type gpu struct {
	params      gpuParams
	sequences   int // of one batch, where no strain allows fewer
	maxRequests int // at one replica, waiting or running; 0: no bound

	mu       sync.Mutex
	replicas []*replica
	alive    int
}

// replica is an engine and the timer that moves it from step to step. There is
// one timer for each replica with something to do, whatever the number of
// sequences; those whose tokens are ready are told.
type replica struct {
	*engine
	timer *time.Timer
	armed bool
}

func newGPU(s plan.Service) (*gpu, error) {
	p, err := newGPUParams(s)
	if err != nil {
		return nil, err
	}
	g := &gpu{params: p, sequences: p.sequences, maxRequests: s.MaxRequests, replicas: make([]*replica, max(1, s.Replicas))}
	g.alive = len(g.replicas)
	for i := range g.replicas {
		g.replicas[i] = &replica{engine: newEngine(&g.params)}
	}
	return g, nil
}

// Admit implements Model. Where nothing bounds the requests, as is vLLM's
// default, every call is let in, and waits in its Turn.
func (g *gpu) Admit(ctx context.Context, j Job) (Turn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	var r *replica
	for _, other := range g.replicas[:g.alive] {
		if r == nil || other.load() < r.load() {
			r = other
		}
	}
	switch {
	case r == nil:
		return nil, ErrLost
	case g.maxRequests > 0 && r.load() >= g.maxRequests:
		return nil, ErrFull
	}
	t := &gpuTurn{g: g, r: r, seq: sequence{
		prompt: max(1, j.Prompt), want: max(1, j.Tokens), ready: make(chan struct{}, 1),
	}}
	idle := g.params.timing(j.Prompt)
	t.extra = max(0, j.Timing.FirstToken-idle.FirstToken)
	t.stretch = max(1, float64(j.Timing.PerToken)/float64(idle.PerToken))
	r.arrive(now, &t.seq)
	g.arm(r, now)
	return t, nil
}

// arm sets the replica's timer to the end of its step. The caller holds mu.
func (g *gpu) arm(r *replica, now time.Time) {
	if r.armed || !r.stepping {
		return
	}
	r.armed = true
	if r.timer == nil {
		r.timer = time.AfterFunc(r.stepEnd.Sub(now), func() { g.tick(r) })
		return
	}
	r.timer.Reset(r.stepEnd.Sub(now))
}

// tick moves a replica on when its step ends.
func (g *gpu) tick(r *replica) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	r.armed = false
	r.advance(now)
	g.arm(r, now)
}

// timing is that of an answer on an idle replica.
func (p *gpuParams) timing(prompt int) Timing {
	t := Timing{PerToken: p.step(1, 0)}
	for left := max(1, prompt); left > 0; left -= p.batchTokens {
		t.FirstToken += p.step(0, min(left, p.batchTokens))
	}
	return t
}

// Timing implements Model. There is no chance in it: what varies at a GPU is
// the load.
func (g *gpu) Timing(_ chance.Key, promptTokens int) Timing { return g.params.timing(promptTokens) }

// Gauge implements Model.
func (g *gpu) Gauge() Gauge {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	out := Gauge{Slots: g.params.sequences * g.alive, Replicas: g.alive, Slow: g.params.slow}
	used, blocks := 0, 0
	for _, r := range g.replicas {
		r.advance(now)
		out.Busy += len(r.running)
		out.Waiting += r.waiting.n
		out.Preemptions += r.preemptions
		out.PromptTokens += r.promptTokens
		out.GenerationTokens += r.generated
	}
	for _, r := range g.replicas[:g.alive] {
		used += r.capacity - r.free
		blocks += r.capacity
	}
	if blocks > 0 {
		out.KVUsage = float64(used) / float64(blocks)
	}
	return out
}
