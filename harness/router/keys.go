package router

import (
	"slices"
	"strings"

	"brownout/mocks/wire"
)

// key is one setting as a configuration file names it.
type key struct {
	name    string // dotted, as the toml tags of plan.Router say
	meaning string
	sample  string // of lists of tables: how they look; they print as a comment
}

// keys is the one table of settings: what a file may say, what PrintConfig
// shows. Durations are written with their unit.
var keys = []key{
	{name: "off", meaning: "mitigations switched off, by the names above; \"all\": every one"},
	{name: "on", meaning: "mitigations switched on, also out of an \"all\" in off"},
	{name: "policy", meaning: "whom to ask first, by one of the policies above"},
	{name: "order", meaning: "backend names, best first; empty: as they are listed"},
	{name: "weights", meaning: "of the policies weighted and least_outstanding, by backend name; 1 where silent, 0: only where nobody else is left"},
	{name: "home", meaning: "of the policy region: the region to stay near"},
	{name: "failover", meaning: "move to the next backend when one fails; false: only the first allowed one"},
	{name: "filter_failover", meaning: "move to the next backend after a content-filter refusal; false: it is passed on with its reason"},
	{name: "deadline", meaning: "budget of a request whose client names none; \"off\": no budget, whatever the client names"},
	{name: "first_token_timeout", meaning: "silence allowed before a stream's first token while another backend could take over; a unary answer has its share of what is left of its deadline, as large as that of each backend that could be asked after it, but no less than this; or \"off\""},
	{name: "first_token_factor", meaning: "once enough answers were seen, the time-out shrinks to this multiple of their 95th percentile"},
	{name: "stream_gap_timeout", meaning: "silence allowed between two tokens; or \"off\""},
	{name: "connect_timeout", meaning: "time allowed for connecting; or \"off\""},
	{name: "retries", meaning: "further attempts on the same backend where that is the right conduct; or \"off\""},
	{name: "max_attempts", meaning: "attempts of one request over all backends; or \"off\": no bound"},
	{name: "backoff_base", meaning: "a retry waits between zero and min(backoff_cap, backoff_base * 2^n)"},
	{name: "backoff_cap", meaning: "see backoff_base"},
	{name: "max_retry_after_wait", meaning: "longest stated retry-after that is waited for when there is nobody else; \"off\": no stated retry-after is heeded at all"},

	{name: "breaker.disabled", meaning: "the same as off = [\"breaker\"]: no circuit breaker, and no staying away after lasting failures"},
	{name: "breaker.failure_ratio", meaning: "opens at this share of failures, above 0 and up to 1 …"},
	{name: "breaker.min_calls", meaning: "… among at least this many calls (or at twice as many failures in a row) …"},
	{name: "breaker.window", meaning: "… within this time"},
	{name: "breaker.open_for", meaning: "then stays open for so long before it probes; lasting failures (retired model, quota, key) count five times"},
	{name: "breaker.probes", meaning: "probes at once when half-open, and successes that close it again"},

	{name: "outlier_ejection.factor", meaning: "how many times as often as its peers' a backend's calls fail, or how many times as much as they it has slowed down, before it is left alone; it is compared with those that serve the same traffic, and by what it usually takes"},
	{name: "outlier_ejection.min_calls", meaning: "calls on which it is judged, and on which its peers are together, at the least"},
	{name: "outlier_ejection.window", meaning: "between two looks at what was seen since the last"},
	{name: "outlier_ejection.eject_for", meaning: "the first ejection; each further one is longer by as much, up to ten times, until it has done well for as many windows. Where nobody is left who does better, it is asked all the same"},
	{name: "outlier_ejection.max_share", meaning: "of those that serve the same traffic, and of the requests that asked them first since the last look, ejected at once, so that the others are not given far more than they have shown to bear; one that 60 % of the requests or fewer asked first always may be, all never. Who is away for the breaker or its health counts too"},

	{name: "slow_start.over", meaning: "in which the share of its traffic grows evenly to all that a backend gets after its breaker has closed, its ejection has ended or a health probe was answered again; where nobody else does better it is asked all the same"},
	{name: "slow_start.from", meaning: "that share at first"},

	{name: "rate_limits.reserve", meaning: "traffic moves on when less than this share of a stated limit would be left"},
	{name: "rate_limits.pause", meaning: "a backend that refuses and names no time, or again when it is over, is left alone for so long where others are usable, twice as long each time in a row …"},
	{name: "rate_limits.max_hold", meaning: "… but no longer than this; a stated retry-after beyond it is believed so long too, and then one call at a time finds out whether it still holds"},

	{name: "admission.min", meaning: "calls in progress at a backend that are always allowed"},
	{name: "admission.initial", meaning: "limit of them before anything is known of its latency"},
	{name: "admission.max", meaning: "the highest that the limit may be"},
	{name: "admission.queue", meaning: "requests that may wait at once for a place at a backend"},
	{name: "admission.max_wait", meaning: "longest that one waits; its deadline bounds it too"},
	{name: "admission.low", meaning: "requests of low priority are refused once this share of the queue is taken"},
	{name: "admission.retry_after", meaning: "what a refused client is told at least; longer where the queue is"},

	{name: "hedging.percentile", meaning: "of the latencies seen of that backend and model, after which a second one is asked …"},
	{name: "hedging.min_delay", meaning: "… but never earlier than this"},
	{name: "hedging.min_samples", meaning: "latencies seen before the first hedge"},
	{name: "hedging.share", meaning: "hedges as a share of the requests of the last ten seconds, at most"},
	{name: "hedging.billed_once", meaning: "requests that are never hedged, as nothing may be billed twice for them: budget (it names what it may cost), tools (it offers functions), workflow (it is a step of one), all; none named: none"},

	{name: "retry_budget.share", meaning: "attempts beyond a request's first, as a share of the requests in window, at most …"},
	{name: "retry_budget.floor_per_second", meaning: "… beside so many a second, which are always allowed, so that low traffic can retry"},
	{name: "retry_budget.window", meaning: "how long a request's share may be spent"},

	{name: "health_checks.interval", meaning: "between two probes of a backend that answers no calls"},
	{name: "health_checks.timeout", meaning: "after which a probe has failed"},
	{name: "health_checks.unhealthy_after", meaning: "failed probes in a row, after which a backend is asked only where nobody else can be"},
	{name: "health_checks.healthy_after", meaning: "good probes in a row that take it back"},

	{name: "context_fallback.trim", meaning: "what of a conversation is left out where nobody has room for it: off (nothing), oldest (questions with their answers, calls of functions with their results), middle (as oldest, but the first question stays); never the system prompt or the last question"},
	{name: "context_fallback.prefer", meaning: "longer (trim only where nobody has a longer context) or trim (stay with whom it was too long for)"},

	{name: "continuation.mode", meaning: "auto, prefill (only where the model goes on with a partial answer) or splice (only by asking again and skipping what was delivered)"},
	{name: "continuation.most", meaning: "joins of one stream"},

	{name: "validation.checks", meaning: "empty, finish (why it ended), schema (JSON, and calls of functions), model (who answered); none named: all"},

	{name: "guardrail.patterns", meaning: "regular expressions (RE2) that no answer may match, such as other tenants' canaries, beside the built-in ones; what the client said itself is let through"},
	{name: "guardrail.hold_bytes", meaning: "of a stream held back for patterns that do not begin with fixed text, so that a match is seen before it is delivered; 16 to 256"},

	{name: "cache.scope", meaning: "marked (by the client: X-Brownout-Cache: on, or max-age, max-stale or stale-if-error in Cache-Control), deterministic (also what is asked at temperature 0) or all; conversations in which functions may be called only where they are marked"},
	{name: "cache.ttl", meaning: "age up to which an answer is given again; to the same key, classes, regions and user only"},
	{name: "cache.entries", meaning: "answers kept at most; the least recently used leave"},
	{name: "cache.bytes", meaning: "of all answers together, at most"},

	{name: "semantic_cache.threshold", meaning: "likeness, above 0 and up to 1, from which one question's answer serves another: the cosine of words and pairs of neighbours; numbers, names with digits and negations must be the same"},

	{name: "stale_if_error.for", meaning: "age beyond cache.ttl up to which an answer serves where nobody can give a new one; max-age and stale-if-error of the client's Cache-Control may bound it further"},

	{name: "degradation_ladder.steps", meaning: "classes, best first, then cache and static; what is not named is not used. None named: the backends in their order, then cache, then static"},
	{name: "degradation_ladder.static", meaning: "the last step's answer, of the model \"static\", to a chat that no provider and no cache answers; empty: there is none, and the failure is told"},

	{name: "embed_batching.inputs", meaning: "texts of one call, at most"},
	{name: "embed_batching.max_wait", meaning: "that a request waits for company while a call of its kind is under way; where none is, it goes at once"},
	{name: "embed_batching.calls", meaning: "of a kind under way from which on those that gather wait for one of them to end, or until they fill a call"},

	{name: "fan_out.concurrency", meaning: "requests of one fan-out (POST " + wire.PathFanOut + ") that are under way at once"},
	{name: "fan_out.requests", meaning: "that one fan-out may carry, at most"},

	{name: "budgets.per_key_usd", meaning: "USD that one key (X-Brownout-Key, or the API key) may spend in window; 0: no bound. A call reserves its longest answer: max_tokens, or else the model's longest"},
	{name: "budgets.per_workflow_usd", meaning: "USD that one workflow (X-Brownout-Workflow) may spend; 0: no bound but the client's own, X-Brownout-Budget-USD. Where both name one the lower holds"},
	{name: "budgets.window", meaning: "after which a key's account is empty again; whole windows are counted in UTC"},

	{name: "billed_prices.memory", meaning: "a model that was billed dearer than its catalogue says gets one request of the policy cost so often, to see whether it still is"},

	{name: "loop_limit.calls_per_workflow", meaning: "requests of one workflow in window, at most"},
	{name: "loop_limit.repeats", meaning: "repetitions of one and the same request in it, or of the same calls of functions in a row within a conversation"},
	{name: "loop_limit.window", meaning: "see calls_per_workflow"},

	{name: "model_map.pin", meaning: "models that are never answered by another, whatever happens to them"},

	{name: "deprecation_watch.interval", meaning: "between two looks at each provider's model list"},

	{name: "privacy.allow", meaning: "classes that a request without X-Brownout-Allow may reach; none named: any"},
	{name: "privacy.regions", meaning: "regions that a request without X-Brownout-Regions may reach; none named: any"},

	{name: "redaction.kinds", meaning: "what is personal: email, iban, card, national_id (those with check digits, and US social security numbers), ip, phone; none named: all"},
	{name: "redaction.names", meaning: "names of people and the like, found in any case"},
	{name: "redaction.patterns", meaning: "regular expressions (RE2) of whatever else is personal"},
	{name: "redaction.towards", meaning: "classes of backends that are shown placeholders such as [EMAIL_1]; one whose class is not known always is"},

	{name: "tracing.share", meaning: "share of requests traced; needs OTEL_EXPORTER_OTLP_ENDPOINT"},
	{name: "tracing.content", meaning: "put prompts and answers into spans too"},

	{name: "route", meaning: "who answers for which model; the first that matches decides, without any it is order", sample: `[[route]]
model = "gpt-4o*"                    # the asked name, or a pattern with * and ?
to = ["local/my-model", "other/{model}"] # backend, or backend/model; {model}: the asked name`},
	{name: "model_map.alias", meaning: "other names of models", sample: `[[model_map.alias]]
name = "best"                        # what clients ask for
model = "my-model"                   # what is meant`},
	{name: "model_map.class", meaning: "models of which each may answer for the others", sample: `[[model_map.class]]
name = "small"                       # may be asked for itself
members = ["my-model", "their-mini"] # best first; a backend without the asked one is asked for the first that it has`},
	{name: "migration", meaning: "from one model to another, step by step; what the new one fails the old one still answers", sample: `[[migration]]
from = "old-model"
to = "new-model"
share = 0.5                          # of calls, above 0 and up to 1
ramp = "1h"                          # from none to share; "0s": at once
rollback_error_rate = 0.1            # all calls go back where the new one fails by this much more often, for good
min_calls = 20                       # judged on at least so many, and at most on the latest twice as many`},
	{name: "rule", meaning: "of the policy hybrid; the first whose conditions all hold decides, a condition that is not given holds", sample: `[[rule]]
sensitive = true                     # the request restricts classes or regions
stream = true                        # somebody reads along
tools = false                        # it offers functions
json = false                         # it wants JSON
deadline_max = "2s"                  # its budget is at most this
prompt_min = 0                       # its prompt has at least so many words
prompt_max = 500                     # and at most so many; 0: any
prefer = ["gpu", "local"]            # classes or backends, best first; the others follow
policy = "latency"                   # among those of equal preference; silent: order`},
}

// isBlock tells whether a name is that of a block of settings.
func isBlock(name string) bool {
	return slices.ContainsFunc(keys, func(k key) bool { return strings.HasPrefix(k.name, name+".") })
}
