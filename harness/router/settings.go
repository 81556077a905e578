package router

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"brownout/plan"
)

// settings are plan.Router with every default filled in and checked.
type settings struct {
	plan.Router
	failover bool
}

// off is how a setting whose zero means "the default" is switched off.
const off = -1

// Resolve fills the zero fields of s with plan.DefaultRouter's. Negative
// values stay, and switch off what they name:
//
//	Deadline            no budget at all, not even the one a client's header names
//	FirstTokenTimeout   a silent provider is waited for until the deadline
//	StreamGapTimeout    as above, between tokens
//	ConnectTimeout      as above, while connecting
//	Retries             no second attempt on the same provider
//	MaxAttempts         no bound
//	MaxRetryAfterWait   a stated retry-after is not heeded at all
func Resolve(s plan.Router) plan.Router {
	d := plan.DefaultRouter
	fill(&s.Policy, d.Policy)
	fill(&s.Deadline, d.Deadline)
	fill(&s.FirstTokenTimeout, d.FirstTokenTimeout)
	fill(&s.StreamGapTimeout, d.StreamGapTimeout)
	fill(&s.ConnectTimeout, d.ConnectTimeout)
	fill(&s.Retries, d.Retries)
	fill(&s.MaxAttempts, d.MaxAttempts)
	fill(&s.BackoffBase, d.BackoffBase)
	fill(&s.BackoffCap, d.BackoffCap)
	fill(&s.MaxRetryAfterWait, d.MaxRetryAfterWait)
	fill(&s.Breaker.FailureRatio, d.Breaker.FailureRatio)
	fill(&s.Breaker.MinCalls, d.Breaker.MinCalls)
	fill(&s.Breaker.Window, d.Breaker.Window)
	fill(&s.Breaker.OpenFor, d.Breaker.OpenFor)
	fill(&s.Breaker.Probes, d.Breaker.Probes)
	if s.Failover == nil {
		yes := true
		s.Failover = &yes
	}
	return s
}

func fill[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Direct returns s as the naive control: the first allowed provider of the
// order, once, however long it takes. No retry, no failover, no breaker, no
// retry-after, no time-out but the client's own patience. Order is kept.
func Direct(s plan.Router) plan.Router {
	no := false
	s = Resolve(s)
	s.Failover = &no
	s.Retries, s.MaxAttempts = off, 1
	s.Deadline, s.FirstTokenTimeout, s.StreamGapTimeout, s.ConnectTimeout = off, off, off, off
	s.MaxRetryAfterWait = off
	s.Breaker.Disabled = true
	return s
}

// RetriesOnly returns s as the control that many a client library is: the
// first allowed provider of the order, tried again up to twice with back-off
// (the official SDKs' number), bounded by the deadline, and nothing more.
func RetriesOnly(s plan.Router) plan.Router {
	deadline := Resolve(s).Deadline
	s = Direct(s)
	s.Deadline = deadline
	s.Retries, s.MaxAttempts = 2, 3
	return s
}

// compile resolves and checks settings.
func compile(s plan.Router) (settings, error) {
	s = Resolve(s)
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: "+format, append([]any{key}, args...)...))
	}
	if _, ok := policies[s.Policy]; !ok {
		bad("policy", "unknown policy %q; use one of: %s", s.Policy, strings.Join(slices.Sorted(maps.Keys(policies)), ", "))
	}
	for key, d := range map[string]time.Duration{
		"backoff_base": s.BackoffBase, "backoff_cap": s.BackoffCap,
		"breaker.window": s.Breaker.Window, "breaker.open_for": s.Breaker.OpenFor,
	} {
		if d < 0 {
			bad(key, "%v is negative; give a duration above zero", d)
		}
	}
	if r := s.Breaker.FailureRatio; r < 0 || r > 1 {
		bad("breaker.failure_ratio", "%v is no share; give a number above 0 and up to 1", r)
	}
	if s.Breaker.MinCalls < 0 {
		bad("breaker.min_calls", "%d is negative; give at least 1", s.Breaker.MinCalls)
	}
	if s.Breaker.Probes < 0 {
		bad("breaker.probes", "%d is negative; give at least 1", s.Breaker.Probes)
	}
	return settings{Router: s, failover: *s.Failover}, errors.Join(errs...)
}
