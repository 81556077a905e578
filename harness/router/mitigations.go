package router

import (
	"slices"

	"brownout/mocks/wire"
)

// Mitigation is one thing the router does against misbehaving providers. Its
// name switches it off or on (plan.Router.Off and On), and is what its block
// of settings is called where it has one.
type Mitigation struct {
	Name    string
	On      bool     // without configuration
	Summary string   // one line
	Keys    []string // its settings, dotted, without the on and off of all

	// build makes what it puts into the path of requests; nil: it is part of
	// the core, which asks settings.has.
	build func(r *engine) *stage
}

// mitigations is the one table of them, in the order in which their stages are
// met by a request. On by default is what costs nothing while it is idle and
// changes no answer that a client did not agree to.
func mitigations() []Mitigation {
	return []Mitigation{
		{Name: "privacy", On: true, Summary: "a request reaches only the classes and regions it allows; where nobody is left it fails closed"},
		{Name: "redaction", build: redaction, Summary: "cloud and managed providers get placeholders in the place of personal data, and their answers get it back; off unless asked for"},
		{Name: "model_map", On: true, build: mapModels, Summary: "aliases, equivalence classes and pins of models, where they are configured"},
		{Name: "migration", On: true, build: migrations, Summary: "moves the calls for one model to another by a growing share, where that is configured, and back where the new one fails more often"},
		{Name: "deprecation_watch", On: true, build: deprecationWatch, Summary: "hears of models that end, in lists, headers and refusals, tells of it, and asks their successors"},
		{Name: "api_shim", On: true, build: apiShim, Summary: "a changed interface is met and told of, not passed on: another version or header where one is asked for, a field under its new name or left out, an answer that lacks one; fields the neutral form does not know survive between providers of one family"},
		{Name: "capabilities", On: true, build: capabilities, Summary: "who is known to lack what a request needs (context, functions, JSON) is asked last"},
		{Name: "rate_limits", On: true, build: rateLimits, Summary: "reads each provider's rate-limit headers and moves traffic before the 429; bounds what a retry-after is believed"},
		{Name: "health_checks", On: true, build: healthChecks, Summary: "probes providers that have no traffic, so that a silent one is noticed before a request waits for it"},
		{Name: "breaker", On: true, Summary: "stays away from a provider's model that fails, and probes whether it is back"},
		{Name: "outlier_ejection", On: true, build: outlierEjection, Summary: "leaves a provider's model alone for a while that fails or lags far more than its peers do, whatever the breaker makes of it"},
		{Name: "slow_start", On: true, build: slowStart, Summary: "gives a provider that is back its traffic step by step, so that its recovery is no stampede"},
		{Name: "admission", build: admission, Summary: "limits the calls in progress at each provider by what its latency says it can bear; what has no place waits by priority and deadline, or is refused with a 429 that says when to come back"},
		{Name: "retries", On: true, Summary: "asks the same provider again where that is the right conduct, with full jitter"},
		{Name: "retry_budget", On: true, build: retryBudget, Summary: "retries and failovers never exceed a share of traffic, so that an outage cannot multiply the load"},
		{Name: "hedging", build: hedging, Summary: "asks a second provider where the first is slow, takes the faster and stops the other"},
		{Name: "context_fallback", On: true, Summary: "a prompt that is too long goes to a model with a longer context, never to one of the same size; where the settings say so its oldest turns are left out, which the answer's headers tell"},
		{Name: "held_streams", On: true, Summary: "nothing is sent to the client before the first token, so that an early failure becomes another provider's answer"},
		{Name: "continuation", On: true, Summary: "goes on with a stream that broke in the middle on another provider, without a lost or repeated word"},
		{Name: "validation", On: true, build: validation, Summary: "an empty, cut or off-schema answer, or one of another model, is a failure of its provider"},
		{Name: "guardrail", On: true, build: poisonGuard, Summary: "an answer that carries an injected instruction, a secret or a foreign canary is a failure of its provider"},
		{Name: "loop_limit", build: loopLimit, Summary: "stops a workflow that calls without end or says the same again and again"},
		{Name: "budgets", On: true, build: budgets, Summary: "bounds of cost per key, workflow and request, reserved before each call and settled after it; idle where nobody names one"},
		{Name: "billed_prices", On: true, Summary: "what a provider says in its answers that it billed counts for budgets and the policy cost, in the place of the catalogue's prices"},
		{Name: "cache", On: true, build: exactCache, Summary: "answers repeated requests from memory; by default only those that their client marks as cacheable"},
		{Name: "semantic_cache", build: semanticCache, Summary: "answers a request from the kept answer to one in similar words; it guesses, and so is off unless asked for"},
		{Name: "stale_if_error", On: true, build: staleIfError, Summary: "where nobody can answer, a cacheable request is answered from an earlier answer of bounded age"},
		{Name: "single_flight", On: true, build: singleFlight, Summary: "identical cacheable requests in flight share one call"},
		{Name: "embed_batching", On: true, build: embedBatching, Summary: "requests for embeddings that come while one is under way share a call, and each gets its own vectors"},
		{Name: "fan_out", On: true, Summary: "the independent prompts that come in one request to " + wire.PathFanOut + " are asked side by side, each with a failover of its own; without it, one after the other"},
		{Name: "degradation_ladder", On: true, build: ladder, Summary: "cloud, managed, GPU, edge, cache, static answer: each step down is marked in the answer's headers"},
		{Name: "tracing", On: true, Summary: "OpenTelemetry spans with the GenAI conventions, where OTEL_EXPORTER_OTLP_ENDPOINT is set"},
	}
}

// Mitigations lists what the router does against misbehaving providers.
func Mitigations() []Mitigation {
	list := mitigations()
	for i := range list {
		list[i].Keys = keysOf(list[i].Name)
	}
	return list
}

// every is the word by which Off and On mean all mitigations.
const every = "all"

// mitigationNames are the names that Off and On may say.
func mitigationNames() []string {
	var names []string
	for _, m := range mitigations() {
		names = append(names, m.Name)
	}
	return names
}

// switchedOn resolves Off and On: a name outweighs "all", and "all" the
// defaults.
func switchedOn(off, on []string) map[string]bool {
	active := map[string]bool{}
	for _, m := range mitigations() {
		switch {
		case slices.Contains(off, m.Name):
		case slices.Contains(on, m.Name):
			active[m.Name] = true
		case slices.Contains(off, every):
		case slices.Contains(on, every) || m.On:
			active[m.Name] = true
		}
	}
	return active
}

// coreKeys are the settings at the top level that belong to a mitigation.
var coreKeys = map[string][]string{
	"migration":    {"migration"},
	"retries":      {"retries", "max_attempts", "backoff_base", "backoff_cap", "max_retry_after_wait"},
	"held_streams": {"first_token_timeout", "first_token_factor"},
}

// keysOf lists the settings of a mitigation.
func keysOf(name string) []string {
	list := slices.Clone(coreKeys[name])
	for _, k := range keys {
		if len(k.name) > len(name) && k.name[:len(name)+1] == name+"." {
			list = append(list, k.name)
		}
	}
	return list
}
