package chaos

import (
	"context"

	"brownout/mocks"
	"brownout/plan"
)

// RateLimit shrinks a provider's token buckets.
type RateLimit struct {
	RequestsPerMinute int `toml:"requests_per_minute" default:"0" min:"0" max:"10000000" unit:"requests per minute; 0: unchanged" doc:"requests allowed, refilled continuously"`
	TokensPerMinute   int `toml:"tokens_per_minute" default:"0" min:"0" max:"1000000000" unit:"tokens per minute; 0: unchanged" doc:"prompt plus asked answer tokens allowed, refilled continuously"`
	Concurrency       int `toml:"concurrency" default:"0" min:"0" max:"100000" unit:"calls in progress; 0: unchanged" doc:"calls served at once; more are refused"`
}

var rateLimitKind = Kind{
	Name: "rate_limit", Layer: LayerService, Claims: "limits",
	Summary: "real token buckets shrink; the provider's own 429, headers and retry-after",
	Page: `The provider lowers what this account may use: requests per minute, tokens per
minute, calls in progress, or several of them. The buckets are real: they drain
as calls come, refill continuously, and the limit headers move with them. What
does not fit is answered 429 in the provider's own words, with the time after
which a call would fit.

A good system moves the overflow to another provider, comes back when the stated
time has passed, and never before: calls before it are counted twice against
efficiency. A bad one hammers, or passes every 429 on to its users.`,
	New: func() Fault { return new(RateLimit) },
}

// Check wants at least one limit.
func (r *RateLimit) Check() *ParamError {
	if r.RequestsPerMinute == 0 && r.TokensPerMinute == 0 && r.Concurrency == 0 {
		return &ParamError{
			Msg:  "rate_limit limits nothing",
			Hint: "give requests_per_minute, tokens_per_minute or concurrency",
		}
	}
	return nil
}

// OnLink is false: the mock refuses the calls itself.
func (r *RateLimit) OnLink() bool { return false }

// Inject puts the limits in force.
func (r *RateLimit) Inject(_ context.Context, v Victim, env Env) (func(context.Context) error, error) {
	restore := v.Provider.OverrideLimits(env.Name, mocks.Limits{Limits: plan.Limits{
		RequestsPerMinute: r.RequestsPerMinute,
		TokensPerMinute:   r.TokensPerMinute,
		Concurrency:       r.Concurrency,
	}})
	return func(context.Context) error { restore(); return nil }, nil
}
