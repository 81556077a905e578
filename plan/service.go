package plan

import "time"

// Service models of a provider.
const (
	ServiceCloud   = "cloud"   // elastic: lognormal first token, lognormal gaps
	ServiceSlots   = "slots"   // bounded: N slots and a queue
	ServiceGPU     = "gpu"     // continuous batching with a KV cache, as vLLM does it
	ServiceEdge    = "edge"    // a device: a few slots, model loading, thermal throttling
	ServiceManaged = "managed" // replicas that are scaled with the load, down to none
)

// ServiceModels lists the service models.
var ServiceModels = []string{ServiceCloud, ServiceSlots, ServiceGPU, ServiceEdge, ServiceManaged}

// What a provider does with a call that finds no model in memory.
const (
	ColdWait   = "wait"   // it waits until the model is there
	ColdRefuse = "refuse" // it is refused in the provider's own way, and brings the model up for later calls
)

// Service says how fast a provider answers and how many calls it takes at once.
type Service struct {
	Model           string        `json:"model" toml:"model"`                          // one of ServiceModels
	FirstToken      time.Duration `json:"first_token_ns" toml:"first_token"`           // median time to first token, after queueing (all but gpu)
	FirstTokenSigma float64       `json:"first_token_sigma" toml:"first_token_sigma"`  // sigma of ln(time to first token) (all but gpu)
	PerPromptToken  time.Duration `json:"per_prompt_token_ns" toml:"per_prompt_token"` // added to the first token for each prompt token (all but gpu)
	PerToken        time.Duration `json:"per_token_ns" toml:"per_token"`               // median time per answer token (all but gpu)
	PerTokenSigma   float64       `json:"per_token_sigma" toml:"per_token_sigma"`      // sigma of ln(time per token), one draw for each call (all but gpu)
	Slots           int           `json:"slots,omitempty" toml:"slots"`                // calls served at once (slots, edge); by each replica (managed)
	Queue           int           `json:"queue,omitempty" toml:"queue"`                // calls waiting beyond the slots; more are refused in the provider's own way (slots, managed). Edge: calls waiting for the model to load; behind a loaded model the queue has no bound

	// Shared capacity (cloud).
	SoftCapacity int     `json:"soft_capacity,omitempty" toml:"soft_capacity"` // calls at once that do not slow each other down; with n times as many each takes n times as long; 0: no bound
	TailShare    float64 `json:"tail_share,omitempty" toml:"tail_share"`       // share of calls in the slow tail, 0..1
	TailFactor   float64 `json:"tail_factor,omitempty" toml:"tail_factor"`     // times of a call in the tail over those of others, >= 1

	// Continuous batching (gpu). Every figure is for one replica. A step of the
	// engine takes StepBase + StepPerSequence for each sequence that decodes +
	// prompt tokens / PrefillRate, and gives each decoding sequence a token.
	PrefillRate      float64       `json:"prefill_tokens_per_s,omitempty" toml:"prefill_rate"` // prompt tokens computed per second
	StepBase         time.Duration `json:"step_base_ns,omitempty" toml:"step_base"`            // of a step, whatever is in it: the weights are read once
	StepPerSequence  time.Duration `json:"step_per_sequence_ns,omitempty" toml:"step_per_sequence"`
	MaxSequences     int           `json:"max_sequences,omitempty" toml:"max_sequences"`           // in one batch (vLLM: --max-num-seqs)
	MaxBatchedTokens int           `json:"max_batched_tokens,omitempty" toml:"max_batched_tokens"` // computed in one step (vLLM: --max-num-batched-tokens); longer prompts are cut into chunks; 0: DefaultBatchedTokens
	BlockTokens      int           `json:"block_tokens,omitempty" toml:"block_tokens"`             // tokens in one block of the KV cache; 0: DefaultBlockTokens
	KVBlocks         int           `json:"kv_blocks,omitempty" toml:"kv_blocks"`                   // blocks of the KV cache
	MaxRequests      int           `json:"max_requests,omitempty" toml:"max_requests"`             // calls waiting or running at one replica; more are refused (vLLM: --max-num-queued-reqs); 0: no bound

	// Replicas (gpu, managed).
	Replicas          int           `json:"replicas,omitempty" toml:"replicas"`                     // gpu: how many there are; managed: how many at the start; 0: gpu one, managed MinReplicas
	MinReplicas       int           `json:"min_replicas,omitempty" toml:"min_replicas"`             // managed; 0: scales to zero
	MaxReplicas       int           `json:"max_replicas,omitempty" toml:"max_replicas"`             // managed; >= 1
	TargetConcurrency float64       `json:"target_concurrency,omitempty" toml:"target_concurrency"` // calls per replica that scaling aims at; 0: Slots (managed)
	ScaleUpDelay      time.Duration `json:"scale_up_delay_ns,omitempty" toml:"scale_up_delay"`      // from the need of one more replica to its readiness (managed)
	ScaleDownAfter    time.Duration `json:"scale_down_after_ns,omitempty" toml:"scale_down_after"`  // how long fewer must have sufficed; 0: never scales down (managed)

	// Loading (edge, managed).
	ColdStart time.Duration `json:"cold_start_ns,omitempty" toml:"cold_start"` // edge: the model's load time; managed: the first replica's start from zero, 0: ScaleUpDelay
	Cold      string        `json:"cold,omitempty" toml:"cold"`                // ColdWait or ColdRefuse; "": ColdWait
	KeepAlive time.Duration `json:"keep_alive_ns,omitempty" toml:"keep_alive"` // how long an idle model stays in memory; 0: for ever (edge)
	Warm      bool          `json:"warm,omitempty" toml:"warm"`                // the models are loaded at the start (edge)

	// Thermal throttling (edge). Heat follows the share of busy slots with a
	// time constant: after ThrottleAfter of full load 63 % of the slowdown is
	// there, after three times as long 95 %.
	ThrottleAfter  time.Duration `json:"throttle_after_ns,omitempty" toml:"throttle_after"` // time constant; 0: never throttles
	ThrottleFactor float64       `json:"throttle_factor,omitempty" toml:"throttle_factor"`  // time per token of a hot device over that of a cold one, >= 1
}

// Defaults of continuous batching: vLLM's own.
const (
	DefaultBlockTokens   = 16   // vLLM's --block-size
	DefaultBatchedTokens = 2048 // vLLM's --max-num-batched-tokens for online serving; newer versions choose more on large GPUs
)

// Variant is one version of a model. Of the calls for Model, the share
// Weight over the sum of the weights is answered by ID, and says so. A marker
// always meets the same version.
type Variant struct {
	Model  string  `json:"model" toml:"model"`   // the id that clients ask for
	ID     string  `json:"id" toml:"id"`         // the model id in the answer; priced as the catalogue's entry of that id, or else as Model
	Weight float64 `json:"weight" toml:"weight"` // > 0
}

// Busy is a rough account of what a service can take: how long an answer of so
// many tokens to so long a prompt takes it when it is full, in seconds, and how
// many such answers it gives at once; 0: any number.
func (s Service) Busy(tokens, prompt float64) (seconds float64, slots int) {
	if s.Model == ServiceGPU {
		if s.PrefillRate <= 0 {
			return 0, 0
		}
		// While a batch decodes, the prompts of those that follow are computed.
		n := float64(s.MaxSequences)
		step := s.StepBase.Seconds() + n*s.StepPerSequence.Seconds()
		return tokens*step + n*prompt/s.PrefillRate, s.MaxSequences * max(1, s.Replicas)
	}
	seconds = s.FirstToken.Seconds() + prompt*s.PerPromptToken.Seconds() + tokens*s.PerToken.Seconds()
	switch s.Model {
	case ServiceSlots, ServiceEdge:
		return seconds, s.Slots
	case ServiceManaged:
		return seconds, s.Slots * s.MaxReplicas
	}
	return seconds, 0
}
