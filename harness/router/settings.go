package router

import (
	"errors"
	"reflect"
	"regexp"

	"brownout/plan"
)

// settings are plan.Router with every default filled in and checked.
type settings struct {
	plan.Router
	failover  bool
	active    map[string]bool  // mitigations that are on
	forbidden []*regexp.Regexp // Guardrail.Patterns
	private   []*regexp.Regexp // Redaction.Patterns
}

// has tells whether a mitigation is on.
func (s *settings) has(name string) bool { return s.active[name] }

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
	merge(reflect.ValueOf(&s).Elem(), reflect.ValueOf(plan.DefaultRouter))
	if s.Failover == nil {
		yes := true
		s.Failover = &yes
	}
	return s
}

// merge gives each zero field of v the value of def.
func merge(v, def reflect.Value) {
	for i := range v.NumField() {
		f, d := v.Field(i), def.Field(i)
		switch {
		case f.Kind() == reflect.Struct:
			merge(f, d)
		case f.IsZero():
			f.Set(d)
		}
	}
}

// Direct returns s as the naive control: the first allowed provider of the
// order, once, however long it takes, with every mitigation off. No retry, no
// failover, no breaker, no retry-after, no time-out but the client's own
// patience, no policy. Order is kept.
func Direct(s plan.Router) plan.Router {
	no := false
	s = Resolve(s)
	s.Failover = &no
	s.Policy = plan.PolicyPriority
	s.Retries, s.MaxAttempts = off, 1
	s.Deadline, s.FirstTokenTimeout, s.StreamGapTimeout, s.ConnectTimeout = off, off, off, off
	s.MaxRetryAfterWait = off
	s.Breaker.Disabled = true
	// Privacy is no mitigation that a control could go without: it bounds who
	// may be asked first.
	s.Off, s.On = []string{every}, []string{"privacy"}
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
	s.On = append(s.On, "retries")
	return s
}

// compile resolves and checks settings.
func compile(s plan.Router) (settings, error) {
	s = Resolve(s)
	c := checker{}
	c.mitigations(s.Off, s.On)
	c.oneOf("policy", s.Policy, plan.RouterPolicies)
	c.oneOf("continuation.mode", s.Continuation.Mode, plan.ContinueModes)
	c.oneOf("cache.scope", s.Cache.Scope, plan.CacheScopes)
	c.allOf("validation.checks", s.Validation.Checks, plan.AnswerChecks)
	forbidden := c.patterns("guardrail.patterns", s.Guardrail.Patterns, "CANARY-[0-9A-F]+")
	private := c.patterns("redaction.patterns", s.Redaction.Patterns, "\\bcustomer-[0-9]{6}\\b")
	c.oneOf("context_fallback.trim", s.ContextFallback.Trim, plan.Trims)
	c.oneOf("context_fallback.prefer", s.ContextFallback.Prefer, plan.Preferences)
	c.allOf("redaction.kinds", s.Redaction.Kinds, plan.PersonalKinds)
	c.allOf("redaction.towards", s.Redaction.Towards, plan.Classes)
	c.admission(s.Admission)
	c.allOf("hedging.billed_once", s.Hedging.BilledOnce, plan.BilledOnce)
	c.allOf("privacy.allow", s.Privacy.Allow, plan.Classes)
	c.steps(s.Ladder)
	c.bounds(&s)
	c.modelMap(s.ModelMap)
	c.migrations(s.Migration)
	c.routes(s.Route)
	c.rules(s.Policy, s.Rule)
	v := settings{Router: s, failover: *s.Failover, active: switchedOn(s.Off, s.On), forbidden: forbidden, private: private}
	// The older words for three of the switches stay understood.
	if s.Breaker.Disabled {
		delete(v.active, "breaker")
	}
	if s.Retries < 0 {
		delete(v.active, "retries")
	}
	if !v.has("breaker") {
		v.Breaker.Disabled = true
	}
	if !v.has("retries") {
		v.Retries = off
	}
	if !v.has("rate_limits") {
		v.RateLimits.MaxHold = off // a stated retry-after is believed, whatever it says
	}
	return v, errors.Join(c.errs...)
}
