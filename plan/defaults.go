package plan

import "time"

// Promise is what the operator promises users: the slo that a score measures
// against.
type Promise struct {
	Availability    float64       `json:"availability" toml:"availability"`     // mean outcome value, 0..1
	Integrity       float64       `json:"integrity" toml:"integrity"`           // share of answers that are not corrupt, 0..1
	Failover        time.Duration `json:"failover_ns" toml:"failover"`          // injection to back at the slo
	Recovery        time.Duration `json:"recovery_ns" toml:"recovery"`          // clearance to steady state
	LatencyFactor   float64       `json:"latency_factor" toml:"latency_factor"` // p95 while the fault lasts, over steady state
	CallsPerRequest float64       `json:"calls_per_request" toml:"calls_per_request"`
	CostFactor      float64       `json:"cost_factor" toml:"cost_factor"` // cost per good answer, over steady state
}

// Weights are the exponents of the seven parts of a window score. They need
// not sum to one; a score divides by their sum.
type Weights struct {
	Availability float64 `json:"availability" toml:"availability"`
	Failover     float64 `json:"failover" toml:"failover"`
	Latency      float64 `json:"latency" toml:"latency"`
	Integrity    float64 `json:"integrity" toml:"integrity"`
	Recovery     float64 `json:"recovery" toml:"recovery"`
	Efficiency   float64 `json:"efficiency" toml:"efficiency"`
	Cost         float64 `json:"cost" toml:"cost"`
}

// The one table of defaults. A scenario that is silent gets these; explain and
// validate print them.
var (
	DefaultPromise = Promise{
		Availability: 0.99, Integrity: 0.999,
		Failover: 2 * time.Second, Recovery: 10 * time.Second,
		LatencyFactor: 2, CallsPerRequest: 1.5, CostFactor: 1.5,
	}
	DefaultWeights = Weights{
		Availability: .35, Failover: .15, Latency: .15, Integrity: .15,
		Recovery: .10, Efficiency: .05, Cost: .05,
	}
	DefaultMix = map[string]Mix{
		KindChat:      {Kind: KindChat, Weight: 1, Deadline: 4 * time.Second, Tokens: 40, Prompt: 40, Degraded: 0.7},
		KindStream:    {Kind: KindStream, Weight: 1, Deadline: 6 * time.Second, Tokens: 60, Prompt: 40, Degraded: 0.7},
		KindFAQ:       {Kind: KindFAQ, Weight: 1, Deadline: 4 * time.Second, Tokens: 30, Prompt: 12, Degraded: 0.7, FAQs: 20},
		KindSensitive: {Kind: KindSensitive, Weight: 1, Deadline: 4 * time.Second, Tokens: 40, Prompt: 40, Degraded: 0.7, Allow: []string{ClassGPU, ClassEdge}},
		KindLong:      {Kind: KindLong, Weight: 1, Deadline: 20 * time.Second, Tokens: 400, Prompt: 2000, Degraded: 0.7},
		KindEmbed:     {Kind: KindEmbed, Weight: 1, Deadline: 4 * time.Second, Prompt: 40, Inputs: 3, Dimensions: 256, Degraded: 0.7},
		KindTools:     {Kind: KindTools, Weight: 1, Deadline: 6 * time.Second, Tokens: 40, Prompt: 40, Degraded: 0.7},
		KindAgent:     {Kind: KindAgent, Weight: 1, Deadline: 15 * time.Second, Tokens: 30, Prompt: 40, Steps: 4, Degraded: 0.7},
		KindFanout:    {Kind: KindFanout, Weight: 1, Deadline: 8 * time.Second, Tokens: 30, Prompt: 40, Steps: 5, Degraded: 0.7},
	}
	DefaultRouter = Router{
		Policy:            PolicyPriority,
		Deadline:          10 * time.Second,
		FirstTokenTimeout: 1500 * time.Millisecond,
		FirstTokenFactor:  3,
		StreamGapTimeout:  1500 * time.Millisecond,
		ConnectTimeout:    500 * time.Millisecond,
		Retries:           1,
		MaxAttempts:       6,
		BackoffBase:       50 * time.Millisecond,
		BackoffCap:        1 * time.Second,
		MaxRetryAfterWait: 2 * time.Second,
		Breaker: Breaker{
			FailureRatio: 0.5, MinCalls: 5, Window: 5 * time.Second,
			OpenFor: 1 * time.Second, Probes: 2,
		},
		OutlierEjection: OutlierEjection{
			Factor: 3, MinCalls: 10, Window: 3 * time.Second, EjectFor: 5 * time.Second, MaxShare: 0.5,
		},
		SlowStart:     SlowStart{Over: 5 * time.Second, From: 0.1},
		Budgets:       Budgets{Window: 24 * time.Hour},
		EmbedBatching: EmbedBatching{Inputs: 96, MaxWait: 5 * time.Millisecond, Calls: 4},
		BilledPrices:  BilledPrices{Memory: 30 * time.Second},
		FanOut:        FanOut{Concurrency: 8, Requests: 256},
		LoopLimit:     LoopLimit{Calls: 50, Repeats: 5, Window: 10 * time.Minute},
		RateLimits:    RateLimits{Reserve: 0.05, Pause: time.Second, MaxHold: time.Minute},
		Admission:     Admission{Min: 4, Initial: 64, Max: 1000, Queue: 256, MaxWait: 5 * time.Second, Low: 0.5, RetryAfter: time.Second},
		Hedging:       Hedging{Percentile: 0.95, MinDelay: 50 * time.Millisecond, MinSamples: 20, Share: 0.1},
		RetryBudget:   RetryBudget{Share: 1, Floor: 10, Window: 10 * time.Second},
		Continuation:  Continuation{Mode: ContinueAuto, Most: 2},
		Guardrail:     Guardrail{Hold: 256},
		Redaction:     Redaction{Towards: []string{ClassCloud, ClassManaged}},
		Cache:         Cache{Scope: CacheMarked, TTL: time.Minute, Entries: 10_000, Bytes: 64 << 20},
		SemanticCache: SemanticCache{Threshold: 0.9},
		StaleIfError:  StaleIfError{For: 10 * time.Minute},
		Tracing:       Tracing{Share: 1},

		ContextFallback:  ContextFallback{Trim: TrimOff, Prefer: PreferLonger},
		DeprecationWatch: DeprecationWatch{Interval: 30 * time.Second},
		HealthChecks: HealthChecks{
			Interval: 2 * time.Second, Timeout: 500 * time.Millisecond, UnhealthyAfter: 2, HealthyAfter: 1,
		},
	}
	// DefaultWorkers caps the requests in flight. Above it the run is
	// saturated and says so.
	DefaultWorkers = 4000
	// DefaultFaultFor and DefaultHorizon are a fault's length and its recovery
	// horizon where the scenario names none.
	DefaultFaultFor = 10 * time.Second
	DefaultHorizon  = 15 * time.Second
	// DefaultSeed is used where neither the scenario nor --seed gives one.
	DefaultSeed uint64 = 1
	// Grace is how long after the last scheduled request a run waits for
	// answers beyond the longest deadline.
	Grace = 500 * time.Millisecond
)
