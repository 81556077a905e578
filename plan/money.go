package plan

import "time"

// Budgets bound cost. It is reserved before a call and settled after it. 0 is
// no bound.
type Budgets struct {
	PerKey      float64       `json:"per_key_usd,omitempty" toml:"per_key_usd"`           // USD in Window
	PerWorkflow float64       `json:"per_workflow_usd,omitempty" toml:"per_workflow_usd"` // USD; where the client names a budget too, the lower holds
	Window      time.Duration `json:"window_ns" toml:"window"`                            // after which a key's account is empty again
}

// BilledPrices takes what providers say that they billed for what they cost.
type BilledPrices struct {
	Memory time.Duration `json:"memory_ns" toml:"memory"` // so often one request finds out whether a dear model still is
}

// LoopLimit stops an agent that calls without end.
type LoopLimit struct {
	Calls   int           `json:"calls_per_workflow" toml:"calls_per_workflow"` // requests of one workflow in Window
	Repeats int           `json:"repeats" toml:"repeats"`                       // of one and the same request among them, beyond the first
	Window  time.Duration `json:"window_ns" toml:"window"`
}
