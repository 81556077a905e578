// Package service says how fast a mock provider answers and how many calls it
// serves at once, and keeps its quotas.
//
// A service's parameters and the key of a call flow in; the times of its
// tokens, its turn among the other calls, and refusals flow out. The package
// knows nothing of HTTP, dialects, faults or the texts that are answered.
package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"brownout/chance"
	"brownout/plan"
)

// Refusals and losses.
var (
	// ErrFull refuses a call: every slot is taken and so is every place of the
	// queue.
	ErrFull = errors.New("no slot is free and the queue is full")
	// ErrLoading refuses a call: no model is in memory, and this provider does
	// not let calls wait for it.
	ErrLoading = errors.New("the model is being loaded")
	// ErrLost ends a call, or refuses it: its replica is gone.
	ErrLost = errors.New("the replica is lost")
)

// Model is how a provider serves: who is let in when, and how long the answer
// takes then. It is safe for use by many goroutines.
type Model interface {
	// Admit lets the call in, at once or when its turn has come. It returns
	// ErrFull, ErrLoading or ErrLost where the call is refused, and the cause
	// of ctx where that ended first. End must be called once on the Turn.
	Admit(ctx context.Context, j Job) (Turn, error)
	// Timing is how long the answer takes on a service that has nothing else
	// to do: a pure function of the key and the number of prompt tokens. The
	// key's purpose is set by Timing.
	Timing(k chance.Key, promptTokens int) Timing
	// Gauge is the present state.
	Gauge() Gauge
}

// Job is what a call asks of a service.
type Job struct {
	Model  string // catalogue id, for services that load models
	Prompt int    // tokens
	Tokens int    // of the answer
	Timing Timing // as Model.Timing gave it, or as faults have changed it since
}

// Turn is a call that has been let in.
type Turn interface {
	// Wait returns once n tokens (1, 2 …) are ready, with how many are: n or
	// more. It fails with ErrLost, or the cause of ctx.
	Wait(ctx context.Context, n int) (ready int, err error)
	// Ready is how many tokens are ready now.
	Ready() int
	// Spent is where the time of the call has gone so far.
	Spent() Spent
	// End gives back what the call holds, whether it is done or not.
	End()
}

// Spent is where a call's time has gone.
type Spent struct {
	Queue  time.Duration // before anything was done for it
	Load   time.Duration // of that, waiting for a model to be loaded
	Prompt time.Duration // from then to the first token
	Decode time.Duration // from the first token to the last that is ready
}

// Timing is how long one answer takes, counted from admission.
type Timing struct {
	FirstToken time.Duration // until the first token
	PerToken   time.Duration // between two tokens
}

// Token is when the nth token (0, 1, 2 …) is due, counted from admission. Due
// times are a straight line, so pacing by them cannot drift.
func (t Timing) Token(n int) time.Duration {
	return t.FirstToken + time.Duration(n)*t.PerToken
}

// Gauge is how busy a service is. What a model has no notion of is zero.
type Gauge struct {
	Busy    int // calls being served; gpu: sequences in a batch
	Waiting int // calls in the queue
	Slots   int // calls that can be served at once; 0: no bound

	Replicas         int     // that are ready
	KVUsage          float64 // share of the KV-cache blocks in use, 0..1
	Preemptions      uint64  // sequences thrown out of the KV cache, to be computed again
	PromptTokens     uint64  // computed for prompts, once for each call
	GenerationTokens uint64  // given out
	Loading          bool    // calls are refused until a model is in memory
	Slow             float64 // time per token over that of a cool device; 0 or 1: not throttled
}

// Keeper is a Model that keeps models in memory.
type Keeper interface {
	Model
	// Loaded are the models in memory, by id, and when each leaves it unless it
	// is asked again; the zero time: never.
	Loaded() map[string]time.Time
}

// Models lists the service models New knows.
var Models = plan.ServiceModels

// New makes the service model that s names. It fails on an unknown model and
// on parameters that have no meaning: negative times, sigmas or counts, and
// slots or replicas of which there are none.
func New(s plan.Service) (Model, error) {
	p, err := newPace(s)
	if err != nil {
		return nil, err
	}
	switch s.Model {
	case plan.ServiceCloud:
		return newCloud(p, s)
	case plan.ServiceSlots:
		return newSlots(p, s)
	case plan.ServiceGPU:
		return newGPU(s)
	case plan.ServiceEdge:
		return newEdge(p, s)
	case plan.ServiceManaged:
		return newManaged(p, s)
	}
	return nil, fmt.Errorf("unknown service model %q; known are %q", s.Model, Models)
}
