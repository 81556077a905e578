package plan

import (
	"slices"
	"time"
)

// Router are the settings of the bundled failover router: the [router] block
// of a scenario, and the whole of its own configuration file beside the list
// of backends. Zero values mean the defaults of DefaultRouter.
//
// Each mitigation has a name, by which Off and On switch it, and where it has
// settings a block of its own; what the names mean is in the router's table of
// mitigations.
type Router struct {
	Off []string `json:"off,omitempty" toml:"off"` // mitigations switched off; "all": every one
	On  []string `json:"on,omitempty" toml:"on"`   // mitigations switched on, also out of an "all" in Off

	Policy            string        `json:"policy" toml:"policy"`                              // one of RouterPolicies
	Order             []string      `json:"order" toml:"order"`                                // provider names, best first; default: the plan's order
	Deadline          time.Duration `json:"deadline_ns" toml:"deadline"`                       // budget of one request where the client names none
	FirstTokenTimeout time.Duration `json:"first_token_timeout_ns" toml:"first_token_timeout"` // silence allowed before an attempt's first byte of content
	FirstTokenFactor  float64       `json:"first_token_factor" toml:"first_token_factor"`      // the time-out shrinks to this multiple of the p95 seen of that provider and model; never above FirstTokenTimeout
	StreamGapTimeout  time.Duration `json:"stream_gap_timeout_ns" toml:"stream_gap_timeout"`   // silence allowed between two tokens
	ConnectTimeout    time.Duration `json:"connect_timeout_ns" toml:"connect_timeout"`
	Retries           int           `json:"retries" toml:"retries"`              // in place, on the same provider, beyond the first attempt; -1: none
	MaxAttempts       int           `json:"max_attempts" toml:"max_attempts"`    // over all providers
	BackoffBase       time.Duration `json:"backoff_base_ns" toml:"backoff_base"` // full jitter: uniform in 0..min(cap, base*2^n)
	BackoffCap        time.Duration `json:"backoff_cap_ns" toml:"backoff_cap"`
	MaxRetryAfterWait time.Duration `json:"max_retry_after_wait_ns" toml:"max_retry_after_wait"` // a stated retry-after up to this long is waited for in place when there is nobody else; longer ones move on
	Failover          *bool         `json:"failover,omitempty" toml:"failover"`                  // nil or true: move to the next provider; false: only the first of Order
	FilterFailover    bool          `json:"filter_failover,omitempty" toml:"filter_failover"`    // a content-filter refusal moves to the next provider; false: it is passed on

	// Whom to ask.
	Route   []Route            `json:"route,omitempty" toml:"route"`     // the first that matches the asked model decides; none: Order
	Weights map[string]float64 `json:"weights,omitempty" toml:"weights"` // shares by provider name, for the policies that go by them; 1 where silent, 0: only where nobody else is left
	Home    string             `json:"home,omitempty" toml:"home"`       // policy "region": the region to stay near
	Rule    []Rule             `json:"rule,omitempty" toml:"rule"`       // policy "hybrid": the first that holds for a request decides

	// Traffic.
	Breaker         Breaker         `json:"breaker" toml:"breaker"`
	OutlierEjection OutlierEjection `json:"outlier_ejection" toml:"outlier_ejection"`
	SlowStart       SlowStart       `json:"slow_start" toml:"slow_start"`
	RateLimits      RateLimits      `json:"rate_limits" toml:"rate_limits"`
	Admission       Admission       `json:"admission" toml:"admission"`
	Hedging         Hedging         `json:"hedging" toml:"hedging"`
	RetryBudget     RetryBudget     `json:"retry_budget" toml:"retry_budget"`

	HealthChecks HealthChecks `json:"health_checks" toml:"health_checks"`

	ContextFallback ContextFallback `json:"context_fallback" toml:"context_fallback"`

	// Content.
	Continuation Continuation `json:"continuation" toml:"continuation"`
	Validation   Validation   `json:"validation" toml:"validation"`
	Guardrail    Guardrail    `json:"guardrail" toml:"guardrail"`
	Privacy      Privacy      `json:"privacy" toml:"privacy"`
	Redaction    Redaction    `json:"redaction" toml:"redaction"`

	// Answers given before.
	Cache         Cache         `json:"cache" toml:"cache"`
	SemanticCache SemanticCache `json:"semantic_cache" toml:"semantic_cache"`
	StaleIfError  StaleIfError  `json:"stale_if_error" toml:"stale_if_error"`
	Ladder        Ladder        `json:"degradation_ladder" toml:"degradation_ladder"`

	// Models, money and work.
	Budgets          Budgets          `json:"budgets" toml:"budgets"`
	BilledPrices     BilledPrices     `json:"billed_prices" toml:"billed_prices"`
	EmbedBatching    EmbedBatching    `json:"embed_batching" toml:"embed_batching"`
	FanOut           FanOut           `json:"fan_out" toml:"fan_out"`
	LoopLimit        LoopLimit        `json:"loop_limit" toml:"loop_limit"`
	ModelMap         ModelMap         `json:"model_map" toml:"model_map"`
	DeprecationWatch DeprecationWatch `json:"deprecation_watch" toml:"deprecation_watch"`
	Migration        []Migration      `json:"migration,omitempty" toml:"migration"`
	Tracing          Tracing          `json:"tracing" toml:"tracing"`
}

// RouterPolicies are the words of Router.Policy.
var RouterPolicies = append(slices.Clone(RulePolicies), PolicyHybrid)

// RulePolicies are the words of Rule.Policy.
var RulePolicies = []string{
	PolicyPriority, PolicyWeighted, PolicyLeastOutstanding, PolicyLatency, PolicyCost, PolicyRegion,
}

// Policies: whom to ask first among those who may be asked.
const (
	PolicyPriority         = "priority"          // the first usable provider of Order
	PolicyWeighted         = "weighted"          // by the shares of Weights, keyed by request
	PolicyLeastOutstanding = "least_outstanding" // the fewest calls in progress for its weight
	PolicyLatency          = "latency"           // peak EWMA of latency times load, the better of two choices
	PolicyCost             = "cost"              // the lowest price of this request
	PolicyRegion           = "region"            // near Home
	PolicyHybrid           = "hybrid"            // by Rule: sensitivity, latency need and complexity of the request
)

// Route says who answers for a model.
type Route struct {
	Model string   `json:"model" toml:"model"` // the asked name, or a pattern with * and ? in it
	To    []string `json:"to" toml:"to"`       // best first: "provider" (asked as without routes), or "provider/model"; {model} in it is the asked name
}

// Rule is one line of the hybrid policy. All conditions that are given must
// hold; a rule without any holds for every request.
type Rule struct {
	Sensitive   *bool         `json:"sensitive,omitempty" toml:"sensitive"`          // the request restricts classes or regions
	Stream      *bool         `json:"stream,omitempty" toml:"stream"`                // latency need: somebody reads along
	Tools       *bool         `json:"tools,omitempty" toml:"tools"`                  // complexity: it offers functions
	JSON        *bool         `json:"json,omitempty" toml:"json"`                    // complexity: it wants an answer in JSON, with or without a schema
	DeadlineMax time.Duration `json:"deadline_max_ns,omitempty" toml:"deadline_max"` // latency need: its budget is at most this
	PromptMin   int           `json:"prompt_min_words,omitempty" toml:"prompt_min"`  // complexity: its prompt has at least so many words
	PromptMax   int           `json:"prompt_max_words,omitempty" toml:"prompt_max"`  // and at most so many; 0: any
	Prefer      []string      `json:"prefer,omitempty" toml:"prefer"`                // classes or provider names, best first; the others follow
	Policy      string        `json:"policy,omitempty" toml:"policy"`                // of RulePolicies, among those of equal preference; "": priority
}

// Breaker are the settings of the circuit breaker of each provider and model.
type Breaker struct {
	Disabled     bool          `json:"disabled,omitempty" toml:"disabled"`
	FailureRatio float64       `json:"failure_ratio" toml:"failure_ratio"` // opens at this share of failures, 0..1
	MinCalls     int           `json:"min_calls" toml:"min_calls"`         // among at least this many calls
	Window       time.Duration `json:"window_ns" toml:"window"`            // within this time
	OpenFor      time.Duration `json:"open_for_ns" toml:"open_for"`        // then probes half-open
	Probes       int           `json:"probes" toml:"probes"`               // successes that close it again
}

// OutlierEjection leaves a provider's model alone that does far worse than
// those that serve the same traffic.
type OutlierEjection struct {
	Factor   float64       `json:"factor" toml:"factor"`          // how many times as often its calls fail, or as much it has slowed down, as its peers'; above 1
	MinCalls int           `json:"min_calls" toml:"min_calls"`    // on which it is judged, and its peers together
	Window   time.Duration `json:"window_ns" toml:"window"`       // between two looks
	EjectFor time.Duration `json:"eject_for_ns" toml:"eject_for"` // times the ejections of late
	MaxShare float64       `json:"max_share" toml:"max_share"`    // of the peers, and of first attempts, ejected at once, 0..1
}

// SlowStart gives a provider that is back its traffic step by step.
type SlowStart struct {
	Over time.Duration `json:"over_ns" toml:"over"` // until its share is all again
	From float64       `json:"from" toml:"from"`    // its share at first, 0..1
}

// RateLimits heeds what providers say of their rate limits, in headers and
// refusals.
type RateLimits struct {
	Reserve float64       `json:"reserve" toml:"reserve"`      // traffic moves on when less than this share of a limit would be left, 0..1
	Pause   time.Duration `json:"pause_ns" toml:"pause"`       // after a refusal that names no time; doubles with each in a row
	MaxHold time.Duration `json:"max_hold_ns" toml:"max_hold"` // longest for which a refusal keeps calls away unasked
}

// Admission limits the calls in progress at each provider, and has requests
// wait for a place.
type Admission struct {
	Min        int           `json:"min" toml:"min"`         // calls in progress at one provider, always allowed
	Initial    int           `json:"initial" toml:"initial"` // limit before anything is known
	Max        int           `json:"max" toml:"max"`
	Queue      int           `json:"queue" toml:"queue"`                // requests that may wait
	MaxWait    time.Duration `json:"max_wait_ns" toml:"max_wait"`       // of one; its deadline bounds it too
	Low        float64       `json:"low" toml:"low"`                    // share of the queue from which on those of low priority are refused, 0..1
	RetryAfter time.Duration `json:"retry_after_ns" toml:"retry_after"` // what a refused client is told at least
}

// Requests that must not be billed twice.
const (
	BilledBudget   = "budget"   // those that name what they may cost
	BilledTools    = "tools"    // those that offer functions
	BilledWorkflow = "workflow" // those that are a step of a workflow
	BilledAll      = "all"
)

// BilledOnce are the words of Hedging.BilledOnce.
var BilledOnce = []string{BilledBudget, BilledTools, BilledWorkflow, BilledAll}

// Hedging asks a second provider where the first is slow, and takes whoever
// answers first.
type Hedging struct {
	Percentile float64       `json:"percentile" toml:"percentile"`             // of the latencies seen of that provider and model, 0..1
	MinDelay   time.Duration `json:"min_delay_ns" toml:"min_delay"`            // never earlier than this
	MinSamples int           `json:"min_samples" toml:"min_samples"`           // latencies seen before the first hedge
	Share      float64       `json:"share" toml:"share"`                       // hedges over requests, at most, 0..1
	BilledOnce []string      `json:"billed_once,omitempty" toml:"billed_once"` // of BilledOnce: requests that are never hedged
}

// RetryBudget bounds retries and failovers to a share of traffic, so that an
// outage cannot multiply the load.
type RetryBudget struct {
	Share  float64       `json:"share" toml:"share"`                       // attempts beyond the first, over the requests in Window, 0..1
	Floor  int           `json:"floor_per_second" toml:"floor_per_second"` // so many a second are always allowed, so that low traffic can retry
	Window time.Duration `json:"window_ns" toml:"window"`                  // how long a request's share may be spent
}

// HealthChecks are active probes of providers that have no traffic.
type HealthChecks struct {
	Interval       time.Duration `json:"interval_ns" toml:"interval"`            // between two probes of one
	Timeout        time.Duration `json:"timeout_ns" toml:"timeout"`              // of a probe
	UnhealthyAfter int           `json:"unhealthy_after" toml:"unhealthy_after"` // failed probes in a row
	HealthyAfter   int           `json:"healthy_after" toml:"healthy_after"`     // good probes in a row
}

// Ways to go on with a stream that broke after its first token.
const (
	ContinueAuto    = "auto"    // by prefill where the model takes one, else by splice
	ContinuePrefill = "prefill" // only by prefill
	ContinueSplice  = "splice"  // only by asking again and skipping what was delivered
)

// ContinueModes are the words of Continuation.Mode.
var ContinueModes = []string{ContinueAuto, ContinuePrefill, ContinueSplice}

// Continuation goes on with a stream that broke in the middle on another
// provider.
type Continuation struct {
	Mode string `json:"mode" toml:"mode"` // ContinueAuto, ContinuePrefill or ContinueSplice
	Most int    `json:"most" toml:"most"` // joins of one stream
}

// Ways to trim a conversation that is too long.
const (
	TrimOff    = "off"
	TrimOldest = "oldest" // the oldest questions and answers go first
	TrimMiddle = "middle" // likewise, but the first question stays
)

// Trims are the words of ContextFallback.Trim.
var Trims = []string{TrimOff, TrimOldest, TrimMiddle}

// What to do first about a prompt that is too long.
const (
	PreferLonger = "longer" // ask somebody with a longer context
	PreferTrim   = "trim"
)

// Preferences are the words of ContextFallback.Prefer.
var Preferences = []string{PreferLonger, PreferTrim}

// ContextFallback finds room for prompts that are too long.
type ContextFallback struct {
	Trim   string `json:"trim" toml:"trim"`     // of Trims
	Prefer string `json:"prefer" toml:"prefer"` // of Preferences
}

// Checks of answers.
const (
	CheckEmpty  = "empty"  // no text and no call of a function
	CheckFinish = "finish" // no reason to finish, or one that does not fit
	CheckSchema = "schema" // not the JSON that was asked for, or a call of a function that is none
	CheckModel  = "model"  // not the model that was asked of the provider
)

// AnswerChecks are the words of Validation.Checks.
var AnswerChecks = []string{CheckEmpty, CheckFinish, CheckSchema, CheckModel}

// Validation takes a bad answer as a failure of its provider.
type Validation struct {
	Checks []string `json:"checks,omitempty" toml:"checks"` // of AnswerChecks; none: all
}

// Guardrail refuses answers that carry an injected instruction or a foreign
// canary.
type Guardrail struct {
	Patterns []string `json:"patterns,omitempty" toml:"patterns"` // regular expressions (RE2) that no answer may match, beside the built-in ones
	Hold     int      `json:"hold_bytes" toml:"hold_bytes"`       // of a stream held back for patterns that do not begin with fixed text
}

// Privacy bounds who may see a request that says nothing itself.
type Privacy struct {
	Allow   []string `json:"allow,omitempty" toml:"allow"`     // classes; none: any
	Regions []string `json:"regions,omitempty" toml:"regions"` // regions; none: any
}

// Kinds of personal data.
const (
	PersonalEmail      = "email"
	PersonalIBAN       = "iban"
	PersonalCard       = "card"        // number of a payment card
	PersonalNationalID = "national_id" // number that a state gives to people
	PersonalIP         = "ip"          // address of a machine
	PersonalPhone      = "phone"
)

// PersonalKinds are the words of Redaction.Kinds. Where two could be meant the
// first is.
var PersonalKinds = []string{PersonalEmail, PersonalIBAN, PersonalCard, PersonalNationalID, PersonalIP, PersonalPhone}

// Redaction shows placeholders to providers in the place of personal data, and
// puts it back into their answers.
type Redaction struct {
	Kinds    []string `json:"kinds,omitempty" toml:"kinds"`       // of PersonalKinds; none: all
	Names    []string `json:"names,omitempty" toml:"names"`       // of people and the like, in any case
	Patterns []string `json:"patterns,omitempty" toml:"patterns"` // regular expressions (RE2) of whatever else is personal
	Towards  []string `json:"towards,omitempty" toml:"towards"`   // classes of providers
}

// ModelMap says which models stand for which.
type ModelMap struct {
	Alias []ModelAlias `json:"alias,omitempty" toml:"alias"`
	Class []ModelClass `json:"class,omitempty" toml:"class"`
	Pin   []string     `json:"pin,omitempty" toml:"pin"` // models that are never answered by another
}

// ModelAlias is another name of a model.
type ModelAlias struct {
	Name  string `json:"name" toml:"name"`   // what clients ask for
	Model string `json:"model" toml:"model"` // what is meant
}

// ModelClass are models of which each may answer for the others.
type ModelClass struct {
	Name    string   `json:"name" toml:"name"`       // may be asked for itself
	Members []string `json:"members" toml:"members"` // best first
}

// DeprecationWatch hears of models that end.
type DeprecationWatch struct {
	Interval time.Duration `json:"interval_ns" toml:"interval"` // between two looks at the model lists
}

// Migration moves the calls for one model to another step by step.
type Migration struct {
	From       string        `json:"from" toml:"from"`
	To         string        `json:"to" toml:"to"`
	Share      float64       `json:"share" toml:"share"`                             // of calls, keyed by workflow or request, above 0 and up to 1
	Ramp       time.Duration `json:"ramp_ns,omitempty" toml:"ramp"`                  // from none to Share; 0: at once
	RollbackAt float64       `json:"rollback_error_rate" toml:"rollback_error_rate"` // goes back where To fails by this much more often than From, 0..1; 0: 0.1
	MinCalls   int           `json:"min_calls,omitempty" toml:"min_calls"`           // judged on at least so many; 0: 20
}

// Tracing sends OpenTelemetry spans to where the standard environment
// variables (OTEL_EXPORTER_OTLP_ENDPOINT …) say; without them it does nothing.
type Tracing struct {
	Share   float64 `json:"share" toml:"share"`               // of requests traced, 0..1
	Content bool    `json:"content,omitempty" toml:"content"` // prompts and answers too
}

// Mitigations are the words of Router.Off and Router.On beside "all". What each
// does is in the router's own table.
var Mitigations = []string{
	"privacy", "redaction",
	"model_map", "migration", "deprecation_watch",
	"api_shim",

	"capabilities",
	"rate_limits",
	"health_checks",
	"breaker", "outlier_ejection", "slow_start", "admission", "retries",
	"retry_budget",
	"hedging",
	"context_fallback", "held_streams", "continuation", "validation",
	"guardrail",
	"loop_limit",
	"budgets",
	"billed_prices",
	"cache",
	"semantic_cache",
	"stale_if_error",
	"single_flight",
	"embed_batching",
	"fan_out",
	"degradation_ladder", "tracing",
}
