package plan

import "time"

// Router are the settings of the bundled failover router: the [router] block
// of a scenario, and the whole of its own configuration file beside the list
// of backends. Zero values mean the defaults of DefaultRouter.
type Router struct {
	Policy            string        `json:"policy" toml:"policy"`                              // "priority": the first usable provider of Order
	Order             []string      `json:"order" toml:"order"`                                // provider names, best first; default: the plan's order
	Deadline          time.Duration `json:"deadline_ns" toml:"deadline"`                       // budget of one request where the client names none
	FirstTokenTimeout time.Duration `json:"first_token_timeout_ns" toml:"first_token_timeout"` // silence allowed before an attempt's first byte of content
	StreamGapTimeout  time.Duration `json:"stream_gap_timeout_ns" toml:"stream_gap_timeout"`   // silence allowed between two tokens
	ConnectTimeout    time.Duration `json:"connect_timeout_ns" toml:"connect_timeout"`
	Retries           int           `json:"retries" toml:"retries"`              // in place, on the same provider, beyond the first attempt; -1: none
	MaxAttempts       int           `json:"max_attempts" toml:"max_attempts"`    // over all providers
	BackoffBase       time.Duration `json:"backoff_base_ns" toml:"backoff_base"` // full jitter: uniform in 0..min(cap, base*2^n)
	BackoffCap        time.Duration `json:"backoff_cap_ns" toml:"backoff_cap"`
	MaxRetryAfterWait time.Duration `json:"max_retry_after_wait_ns" toml:"max_retry_after_wait"` // a stated retry-after up to this long is waited for in place when there is nobody else; longer ones move on
	Breaker           Breaker       `json:"breaker" toml:"breaker"`
	Failover          *bool         `json:"failover,omitempty" toml:"failover"` // nil or true: move to the next provider; false: only the first of Order
}

// Breaker are the settings of a per-provider circuit breaker.
type Breaker struct {
	Disabled     bool          `json:"disabled,omitempty" toml:"disabled"`
	FailureRatio float64       `json:"failure_ratio" toml:"failure_ratio"` // opens at this share of failures, 0..1
	MinCalls     int           `json:"min_calls" toml:"min_calls"`         // among at least this many calls
	Window       time.Duration `json:"window_ns" toml:"window"`            // within this time
	OpenFor      time.Duration `json:"open_for_ns" toml:"open_for"`        // then probes half-open
	Probes       int           `json:"probes" toml:"probes"`               // successes that close it again
}
