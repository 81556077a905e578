package plan

import "time"

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
	Weights map[string]float64 `json:"weights,omitempty" toml:"weights"` // policy "weighted": shares by provider name; 1 where silent
	Rule    []Rule             `json:"rule,omitempty" toml:"rule"`       // policy "hybrid": the first that matches a request decides

	// Traffic.
	RetryBudget         RetryBudget         `json:"retry_budget" toml:"retry_budget"`
	Breaker             Breaker             `json:"breaker" toml:"breaker"`
	OutlierEjection     OutlierEjection     `json:"outlier_ejection" toml:"outlier_ejection"`
	SlowStart           SlowStart           `json:"slow_start" toml:"slow_start"`
	HealthChecks        HealthChecks        `json:"health_checks" toml:"health_checks"`
	RateLimitAwareness  RateLimitAwareness  `json:"rate_limit_awareness" toml:"rate_limit_awareness"`
	Queue               Queue               `json:"queue" toml:"queue"`
	AdaptiveConcurrency AdaptiveConcurrency `json:"adaptive_concurrency" toml:"adaptive_concurrency"`
	LoadShedding        LoadShedding        `json:"load_shedding" toml:"load_shedding"`
	Hedging             Hedging             `json:"hedging" toml:"hedging"`

	// Content.
	Continuation  Continuation  `json:"continuation" toml:"continuation"`
	Validation    Validation    `json:"validation" toml:"validation"`
	Guardrail     Guardrail     `json:"guardrail" toml:"guardrail"`
	Cache         Cache         `json:"cache" toml:"cache"`
	SemanticCache SemanticCache `json:"semantic_cache" toml:"semantic_cache"`
	StaleIfError  StaleIfError  `json:"stale_if_error" toml:"stale_if_error"`
	Ladder        Ladder        `json:"degradation_ladder" toml:"degradation_ladder"`
	ContextTrim   ContextTrim   `json:"context_trim" toml:"context_trim"`
	Privacy       Privacy       `json:"privacy" toml:"privacy"`
	Redaction     Redaction     `json:"redaction" toml:"redaction"`

	// Models, money and work.
	ModelMap         ModelMap         `json:"model_map" toml:"model_map"`
	DeprecationWatch DeprecationWatch `json:"deprecation_watch" toml:"deprecation_watch"`
	Migration        []Migration      `json:"migration,omitempty" toml:"migration"`
	Budgets          Budgets          `json:"budgets" toml:"budgets"`
	LoopLimit        LoopLimit        `json:"loop_limit" toml:"loop_limit"`
	EmbedBatching    EmbedBatching    `json:"embed_batching" toml:"embed_batching"`
	FanOut           FanOut           `json:"fan_out" toml:"fan_out"`
	Tracing          Tracing          `json:"tracing" toml:"tracing"`
}

// RouterPolicies are the words of Router.Policy.
var RouterPolicies = []string{
	PolicyPriority, PolicyWeighted, PolicyLeastOutstanding, PolicyLatency, PolicyCost, PolicyHybrid,
}

// Policies: whom to ask first among those who may be asked.
const (
	PolicyPriority         = "priority"          // the first usable provider of Order
	PolicyWeighted         = "weighted"          // by the shares of Weights, keyed by request
	PolicyLeastOutstanding = "least_outstanding" // the fewest calls in progress
	PolicyLatency          = "latency"           // peak EWMA of latency times load, the better of two choices
	PolicyCost             = "cost"              // the lowest price of the model it would be asked for
	PolicyHybrid           = "hybrid"            // by Rule: sensitivity, latency need and complexity of the request
)

// Route says who answers for a model.
type Route struct {
	Model string   `json:"model" toml:"model"` // the asked name, or a pattern with * and ? in it
	To    []string `json:"to" toml:"to"`       // best first: "provider" (asked as without routes), or "provider/model"; {model} in it is the asked name
}

// Rule is one line of the hybrid policy. All conditions that are given must
// hold; a rule without any matches every request.
type Rule struct {
	Sensitive   *bool         `json:"sensitive,omitempty" toml:"sensitive"`          // the request restricts classes or regions
	DeadlineMax time.Duration `json:"deadline_max_ns,omitempty" toml:"deadline_max"` // its budget is at most this
	PromptMin   int           `json:"prompt_min_words,omitempty" toml:"prompt_min"`  // complexity: its prompt has at least so many words
	PromptMax   int           `json:"prompt_max_words,omitempty" toml:"prompt_max"`  // and at most so many; 0: any
	Tools       *bool         `json:"tools,omitempty" toml:"tools"`                  // it offers functions
	Prefer      []string      `json:"prefer,omitempty" toml:"prefer"`                // classes or provider names, best first; the others follow in Order
	Policy      string        `json:"policy,omitempty" toml:"policy"`                // orders those of equal preference; default: priority
}

// RetryBudget bounds retries and failovers to a share of traffic, so that an
// outage cannot multiply load.
type RetryBudget struct {
	Share  float64       `json:"share" toml:"share"`                       // attempts beyond the first, over requests in Window, 0..1
	Floor  int           `json:"floor_per_second" toml:"floor_per_second"` // so many a second are always allowed, so that low traffic can retry
	Window time.Duration `json:"window_ns" toml:"window"`
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

// OutlierEjection takes a provider out that is much worse than its peers.
type OutlierEjection struct {
	Factor    float64       `json:"factor" toml:"factor"`          // ejected where its error share or latency is this many times the median of its peers
	MinErrors float64       `json:"min_errors" toml:"min_errors"`  // and its error share is at least this, 0..1
	MinCalls  int           `json:"min_calls" toml:"min_calls"`    // judged on at least so many calls
	Window    time.Duration `json:"window_ns" toml:"window"`       // within this time
	EjectFor  time.Duration `json:"eject_for_ns" toml:"eject_for"` // times the number of ejections in a row
	MaxShare  float64       `json:"max_share" toml:"max_share"`    // of providers ejected at once, 0..1
}

// SlowStart lets a provider that returns take its share back step by step.
type SlowStart struct {
	Window time.Duration `json:"window_ns" toml:"window"` // from its return to its full share
	From   float64       `json:"from" toml:"from"`        // share of calls at its start, 0..1
}

// HealthChecks are active probes of each provider's model list, so that a
// silent one is noticed without traffic.
type HealthChecks struct {
	Interval       time.Duration `json:"interval_ns" toml:"interval"`
	Timeout        time.Duration `json:"timeout_ns" toml:"timeout"`
	UnhealthyAfter int           `json:"unhealthy_after" toml:"unhealthy_after"` // failed probes in a row
	HealthyAfter   int           `json:"healthy_after" toml:"healthy_after"`     // good probes in a row
}

// RateLimitAwareness reads the providers' own rate-limit headers.
type RateLimitAwareness struct {
	Reserve float64 `json:"reserve" toml:"reserve"` // traffic moves on when less than this share of a limit is left, 0..1
}

// Queue holds requests while the router is at its limit.
type Queue struct {
	Length  int           `json:"length" toml:"length"`        // requests that may wait
	MaxWait time.Duration `json:"max_wait_ns" toml:"max_wait"` // of one, also bounded by its deadline
}

// AdaptiveConcurrency limits the calls in progress at each provider by what
// its latency says it can bear.
type AdaptiveConcurrency struct {
	Min     int `json:"min" toml:"min"`
	Initial int `json:"initial" toml:"initial"`
	Max     int `json:"max" toml:"max"`
}

// LoadShedding refuses at once, with 429 and a retry-after of its own, what
// could not be answered in time.
type LoadShedding struct {
	RetryAfter time.Duration `json:"retry_after_ns" toml:"retry_after"` // what a refused client is told
	Low        float64       `json:"low" toml:"low"`                    // requests of low priority are refused once this share of the queue is taken, 0..1
}

// Hedging asks a second provider where the first is slow, and takes whoever
// answers first.
type Hedging struct {
	Percentile float64       `json:"percentile" toml:"percentile"`   // of the latencies seen of that provider and model, 0..1
	MinDelay   time.Duration `json:"min_delay_ns" toml:"min_delay"`  // never earlier than this
	MinSamples int           `json:"min_samples" toml:"min_samples"` // latencies seen before the first hedge
	Share      float64       `json:"share" toml:"share"`             // hedges over requests, at most, 0..1
	BilledOnce bool          `json:"billed_once" toml:"billed_once"` // never hedge: no request may be billed twice
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

// Checks of answers.
const (
	CheckEmpty  = "empty"  // no text and no call of a function
	CheckFinish = "finish" // no reason to finish, or one that does not fit
	CheckSchema = "schema" // not the JSON or schema that was asked for
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
	Patterns []string `json:"patterns,omitempty" toml:"patterns"` // regular expressions (RE2) beside the built-in ones
	Hold     int      `json:"hold_bytes" toml:"hold_bytes"`       // of a stream held back so that a pattern is seen before it is delivered; 0: patterns' longest
}

// What may be cached.
const (
	CacheMarked        = "marked"        // what the client marks as cacheable
	CacheDeterministic = "deterministic" // and what is asked at temperature 0 or with a seed
	CacheAll           = "all"           // everything but what the client forbids
)

// CacheScopes are the words of Cache.Scope.
var CacheScopes = []string{CacheMarked, CacheDeterministic, CacheAll}

// Cache keeps whole answers to identical requests. It also bounds what
// single_flight joins, what semantic_cache finds and what stale_if_error
// keeps. Entries never cross privacy classes, regions or keys.
type Cache struct {
	Scope   string        `json:"scope" toml:"scope"` // CacheMarked, CacheDeterministic or CacheAll
	TTL     time.Duration `json:"ttl_ns" toml:"ttl"`
	Entries int           `json:"entries" toml:"entries"` // at most; the least recently used leave
	Bytes   int           `json:"bytes" toml:"bytes"`     // of all answers, at most
}

// SemanticCache answers a request from one that was asked in similar words.
type SemanticCache struct {
	Threshold float64 `json:"threshold" toml:"threshold"` // similarity, 0..1
}

// StaleIfError answers from an expired cache entry where nobody can answer.
type StaleIfError struct {
	For time.Duration `json:"for_ns" toml:"for"` // age beyond the cache's ttl, at most
}

// Steps of the degradation ladder beside the classes.
const (
	StepCache  = "cache"
	StepStatic = "static"
)

// Ladder orders what a request falls back to.
type Ladder struct {
	Steps  []string `json:"steps,omitempty" toml:"steps"`   // classes, then "cache" and "static"; none: cloud, managed, gpu, edge, cache, static
	Static string   `json:"static,omitempty" toml:"static"` // the last step's answer; empty: there is none
}

// Ways to trim a prompt that is too long.
const (
	TrimOldest = "oldest" // whole turns from the oldest on; system and the last user turn stay
	TrimMiddle = "middle" // the middle of the longest turn
)

// ContextTrim shortens a prompt that no provider's context would hold.
type ContextTrim struct {
	Keep    string `json:"policy" toml:"policy"`                 // TrimOldest or TrimMiddle
	Reserve int    `json:"reserve_tokens" toml:"reserve_tokens"` // left for the answer where the client names no limit
}

// TrimPolicies are the words of ContextTrim.Keep.
var TrimPolicies = []string{TrimOldest, TrimMiddle}

// Privacy bounds who may see a request that says nothing itself.
type Privacy struct {
	Allow   []string `json:"allow,omitempty" toml:"allow"`     // classes; none: any
	Regions []string `json:"regions,omitempty" toml:"regions"` // regions; none: any
}

// Redaction replaces personal data before a call and puts it back into the
// answer.
type Redaction struct {
	Kinds   []string `json:"kinds,omitempty" toml:"kinds"`     // of RedactionKinds; none: all
	Classes []string `json:"classes,omitempty" toml:"classes"` // of providers that must not see it; none: cloud and managed
}

// RedactionKinds are the words of Redaction.Kinds.
var RedactionKinds = []string{"email", "phone", "card", "iban", "ip", "secret"}

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

// DeprecationWatch reads model lists and errors for announced ends of models.
type DeprecationWatch struct {
	Interval time.Duration `json:"interval_ns" toml:"interval"` // between two looks at the lists
}

// Migration moves the calls for one model to another step by step.
type Migration struct {
	From       string        `json:"from" toml:"from"`
	To         string        `json:"to" toml:"to"`
	Share      float64       `json:"share" toml:"share"`                             // of calls, keyed by request, 0..1
	Ramp       time.Duration `json:"ramp_ns,omitempty" toml:"ramp"`                  // from none to Share; 0: at once
	RollbackAt float64       `json:"rollback_error_rate" toml:"rollback_error_rate"` // goes back where To fails by this much more often than From, 0..1; 0: 0.1
	MinCalls   int           `json:"min_calls,omitempty" toml:"min_calls"`           // judged on at least so many; 0: 20
}

// Budgets bound cost. It is reserved before a call and settled after it. 0 is
// no bound.
type Budgets struct {
	PerKey      float64       `json:"per_key_usd,omitempty" toml:"per_key_usd"`
	PerWorkflow float64       `json:"per_workflow_usd,omitempty" toml:"per_workflow_usd"`
	Window      time.Duration `json:"window_ns" toml:"window"` // after which a key's account is empty again
}

// LoopLimit stops an agent that calls without end.
type LoopLimit struct {
	Calls   int           `json:"calls_per_workflow" toml:"calls_per_workflow"` // requests of one workflow id in Window
	Repeats int           `json:"repeats" toml:"repeats"`                       // identical ones among them
	Window  time.Duration `json:"window_ns" toml:"window"`
}

// EmbedBatching joins small embedding requests and splits large ones.
type EmbedBatching struct {
	Inputs  int           `json:"inputs" toml:"inputs"`        // of one call, at most
	MaxWait time.Duration `json:"max_wait_ns" toml:"max_wait"` // that a request waits for company
}

// FanOut answers independent prompts of one request side by side.
type FanOut struct {
	Parallel int `json:"parallel" toml:"parallel"` // at once, of one request
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
	"privacy", "model_map", "migration", "api_shim", "queue", "adaptive_concurrency", "load_shedding", "budgets",
	"loop_limit", "cache", "semantic_cache", "single_flight", "embed_batching", "fan_out", "deprecation_watch",
	"health_checks", "outlier_ejection", "slow_start", "rate_limit_awareness", "breaker", "retries", "retry_budget",
	"hedging", "context_fallback", "context_trim", "redaction", "held_streams", "continuation", "validation",
	"guardrail", "stale_if_error", "degradation_ladder", "tracing",
}
