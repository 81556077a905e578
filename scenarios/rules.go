package scenarios

import (
	"math"
	"strconv"
	"time"

	"brownout/plan"
)

// rule bounds one value. Durations are bounded in seconds.
type rule struct {
	min, max float64
	over     bool // more than min, not equal to it
	under    bool // less than max, not equal to it
	oneOf    []string
	hint     string
}

// The usual bounds.
var (
	positive    = rule{over: true, max: math.Inf(1)}
	notNegative = rule{max: math.Inf(1)}
	share       = rule{max: 1}
	slo         = rule{max: 1, over: true, under: true, hint: "write a share such as 0.99"}
	whole       = rule{over: true, max: 1}
	atLeastOne  = rule{min: 1, max: math.Inf(1)}
)

// rules is the one table of bounds, by the path of a key in a scenario.
var rules = map[string]rule{
	"shows":             {oneOf: plan.Mitigations},
	"load.rate":         notNegative,
	"load.duration":     positive,
	"load.workers":      atLeastOne,
	"load.profile.at":   notNegative,
	"load.profile.rate": notNegative,
	"load.mix.weight":   {over: true, max: math.Inf(1), hint: "remove the entry to send none of it"},
	"load.mix.deadline": positive,
	"load.mix.tokens":   {min: 1, max: 1e6},
	"load.mix.prompt":   {min: 1, max: 1e6},
	"load.mix.degraded": share,
	"load.mix.questions": {
		min: 1, max: 1e6,
	},
	"load.mix.wordings":    {min: 1, max: 8},
	"load.mix.max_age":     positive,
	"load.mix.inputs":      {min: 1, max: 2048},
	"load.mix.dimensions":  {max: 1e5},
	"load.mix.steps":       {min: 1, max: 1000},
	"load.mix.history":     {max: 1000},
	"load.mix.refusal":     {oneOf: plan.Refusals},
	"load.mix.temperature": {max: 2},
	"load.mix.priority":    {oneOf: plan.Priorities},
	"load.mix.budget":      positive,

	"provider.class":                      {oneOf: plan.Classes},
	"provider.limits.requests_per_minute": notNegative,
	"provider.limits.tokens_per_minute":   notNegative,
	"provider.limits.concurrency":         notNegative,
	"provider.service.model":              {oneOf: plan.ServiceModels},
	"provider.service.first_token":        notNegative,
	"provider.service.first_token_sigma":  {max: 3},
	"provider.service.per_prompt_token":   notNegative,
	"provider.service.per_token":          notNegative,
	"provider.service.per_token_sigma":    {max: 3},
	"provider.service.slots":              notNegative,
	"provider.service.queue":              notNegative,

	"provider.service.prefill_rate":       notNegative,
	"provider.service.step_base":          notNegative,
	"provider.service.step_per_sequence":  notNegative,
	"provider.service.max_sequences":      notNegative,
	"provider.service.max_batched_tokens": notNegative,
	"provider.service.block_tokens":       notNegative,
	"provider.service.kv_blocks":          notNegative,
	"provider.service.max_requests":       notNegative,
	"provider.service.replicas":           {max: 1000},
	"provider.service.min_replicas":       {max: 1000},
	"provider.service.max_replicas":       {max: 1000},
	"provider.service.target_concurrency": notNegative,
	"provider.service.scale_up_delay":     notNegative,
	"provider.service.scale_down_after":   notNegative,
	"provider.service.cold_start":         notNegative,
	"provider.service.cold":               {oneOf: []string{plan.ColdWait, plan.ColdRefuse}},
	"provider.service.keep_alive":         notNegative,
	"provider.service.max_loaded":         notNegative,
	"provider.service.throttle_after":     notNegative,
	"provider.service.throttle_factor":    {max: 100},
	"provider.error.kind":                 {oneOf: plan.ErrorKinds},
	"provider.error.status":               {min: 400, max: 599},
	"provider.variant.weight":             positive,

	"provider.model.context":    atLeastOne,
	"provider.model.max_output": atLeastOne,
	"provider.model.price_in":   notNegative,
	"provider.model.price_out":  notNegative,

	"router.policy":                {oneOf: plan.RouterPolicies},
	"router.deadline":              positive,
	"router.first_token_timeout":   positive,
	"router.stream_gap_timeout":    positive,
	"router.connect_timeout":       positive,
	"router.retries":               {min: -1, max: 100},
	"router.max_attempts":          {min: 1, max: 1000},
	"router.backoff_base":          positive,
	"router.backoff_cap":           positive,
	"router.max_retry_after_wait":  positive,
	"router.breaker.failure_ratio": {over: true, max: 1},
	"router.breaker.min_calls":     atLeastOne,
	"router.breaker.window":        positive,
	"router.breaker.open_for":      positive,
	"router.breaker.probes":        atLeastOne,

	"router.outlier_ejection.factor":    {over: true, min: 1, max: math.Inf(1)},
	"router.outlier_ejection.min_calls": atLeastOne,
	"router.outlier_ejection.window":    positive,
	"router.outlier_ejection.eject_for": positive,
	"router.outlier_ejection.max_share": whole,

	"router.slow_start.over": positive,
	"router.slow_start.from": whole,

	"router.rate_limits.reserve":           whole,
	"router.rate_limits.pause":             positive,
	"router.rate_limits.max_hold":          positive,
	"router.admission.min":                 atLeastOne,
	"router.admission.initial":             atLeastOne,
	"router.admission.max":                 atLeastOne,
	"router.admission.queue":               atLeastOne,
	"router.admission.max_wait":            positive,
	"router.admission.low":                 whole,
	"router.admission.retry_after":         positive,
	"router.hedging.percentile":            whole,
	"router.hedging.min_delay":             positive,
	"router.hedging.min_samples":           atLeastOne,
	"router.hedging.share":                 whole,
	"router.hedging.billed_once":           {oneOf: plan.BilledOnce},
	"router.retry_budget.share":            whole,
	"router.retry_budget.floor_per_second": atLeastOne,
	"router.retry_budget.window":           positive,

	"router.cache.scope":   {oneOf: plan.CacheScopes},
	"router.cache.ttl":     positive,
	"router.cache.entries": atLeastOne,
	"router.cache.bytes":   atLeastOne,

	"router.semantic_cache.threshold": whole,

	"router.stale_if_error.for": positive,

	"router.budgets.per_key_usd":      notNegative,
	"router.budgets.per_workflow_usd": notNegative,
	"router.budgets.window":           positive,

	"router.billed_prices.memory": positive,

	"router.embed_batching.inputs":   atLeastOne,
	"router.embed_batching.max_wait": positive,
	"router.embed_batching.calls":    atLeastOne,

	"router.fan_out.concurrency": atLeastOne,
	"router.fan_out.requests":    atLeastOne,

	"router.loop_limit.calls_per_workflow": atLeastOne,
	"router.loop_limit.repeats":            atLeastOne,
	"router.loop_limit.window":             positive,

	"router.degradation_ladder.steps": {oneOf: plan.LadderSteps},

	"router.off":                           {oneOf: append([]string{"all"}, plan.Mitigations...)},
	"router.on":                            {oneOf: append([]string{"all"}, plan.Mitigations...)},
	"router.first_token_factor":            positive,
	"router.context_fallback.trim":         {oneOf: plan.Trims},
	"router.context_fallback.prefer":       {oneOf: plan.Preferences},
	"router.continuation.mode":             {oneOf: plan.ContinueModes},
	"router.continuation.most":             atLeastOne,
	"router.deprecation_watch.interval":    positive,
	"router.migration.share":               {over: true, max: 1},
	"router.migration.ramp":                notNegative,
	"router.migration.rollback_error_rate": {max: 1},
	"router.migration.min_calls":           notNegative,
	"router.validation.checks":             {oneOf: plan.AnswerChecks},
	"router.guardrail.hold_bytes":          {min: 16, max: 256},
	"router.privacy.allow":                 {oneOf: plan.Classes},
	"router.redaction.kinds":               {oneOf: plan.PersonalKinds},
	"router.redaction.towards":             {oneOf: plan.Classes},
	"router.tracing.share":                 whole,
	"router.rule.policy":                   {oneOf: plan.RulePolicies},
	"router.rule.deadline_max":             positive,
	"router.rule.prompt_min":               notNegative,
	"router.rule.prompt_max":               notNegative,
	"router.health_checks.interval":        positive,
	"router.health_checks.timeout":         positive,
	"router.health_checks.unhealthy_after": atLeastOne,
	"router.health_checks.healthy_after":   atLeastOne,

	"switch.at":     notNegative,
	"switch.policy": {oneOf: plan.RouterPolicies},
	"switch.off":    {oneOf: append([]string{"all"}, plan.Mitigations...)},
	"switch.on":     {oneOf: append([]string{"all"}, plan.Mitigations...)},

	"fault.at":      notNegative,
	"fault.for":     positive,
	"fault.horizon": positive,
	"fault.share":   {over: true, max: 1},
	"fault.ramp":    notNegative,
	"fault.repeat":  {min: 1, max: maxRepeat},
	"fault.every":   positive,

	"target.router":                {oneOf: plan.TargetRouters},
	"target.dialect":               {oneOf: plan.TargetDialects},
	"target.process.grace":         positive,
	"target.process.ready.timeout": positive,

	"promise.availability":      slo,
	"promise.integrity":         slo,
	"promise.failover":          positive,
	"promise.recovery":          positive,
	"promise.latency_factor":    atLeastOne,
	"promise.calls_per_request": atLeastOne,
	"promise.cost_factor":       positive,

	"weights.availability": notNegative,
	"weights.failover":     notNegative,
	"weights.latency":      notNegative,
	"weights.integrity":    notNegative,
	"weights.recovery":     notNegative,
	"weights.efficiency":   notNegative,
	"weights.cost":         notNegative,
}

// broken says what the rule asks for where v breaks it, and "" where it does
// not. The zero rule allows everything.
func (r rule) broken(v float64, duration bool) string {
	if r.max == 0 { // the zero rule, or a list of words
		return ""
	}
	if (v > r.min || v == r.min && !r.over) && (v < r.max || v == r.max && !r.under) {
		return ""
	}
	show := func(x float64) string {
		if duration {
			return time.Duration(x * float64(time.Second)).String()
		}
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	low, high := "at least ", "at most "
	if r.over {
		low = "more than "
	}
	if r.under {
		high = "less than "
	}
	if math.IsInf(r.max, 1) {
		return low + show(r.min)
	}
	return low + show(r.min) + " and " + high + show(r.max)
}
