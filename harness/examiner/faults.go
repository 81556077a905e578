package examiner

import (
	"time"

	"brownout/plan"
)

// question is one row of the scorecard: a fault, whom it strikes, and what is
// asked meanwhile.
type question struct {
	name    string
	kind    string
	params  map[string]any
	on      string // preset of the first choice; empty: firstChoice
	request string // kind of request; empty: chat
	count   int    // of requests; 0: one
}

// firstChoice is the provider that is asked first, and struck, where a fault
// needs no other, and others are those that could answer in its place.
const firstChoice = "openai"

var others = []string{"anthropic", "vllm"}

// questions is the table of rows: every kind of fault, in the way in which a
// single request meets it, with each way of being down for itself. Adding one
// is adding a line.
func questions() []question {
	return []question{
		// The first of three is what the limit lets through.
		{name: "rate_limit", kind: "rate_limit", params: map[string]any{"requests_per_minute": int64(1)}, count: 3},
		{name: "quota_exhausted", kind: "quota_exhausted"},
		{name: "overload", kind: "overload", params: map[string]any{"retry_after": "5s"}},
		{name: "server_error", kind: "server_error"},
		{name: "peak_hour", kind: "peak_hour", params: map[string]any{"capacity": int64(1)}},
		{name: "latency_spike", kind: "latency_spike", params: map[string]any{"first_token": "30s"}, request: plan.KindStream},
		{name: "outage refused", kind: "outage"},
		{name: "outage blackhole", kind: "outage", params: map[string]any{"mode": "blackhole"}},
		{name: "outage reset", kind: "outage", params: map[string]any{"mode": "reset"}},
		{name: "outage errors", kind: "outage", params: map[string]any{"mode": "errors"}},
		{name: "outage flapping", kind: "outage", params: map[string]any{"mode": "flapping", "period": "1s"}, count: 20},
		{name: "partition", kind: "partition"},
		{name: "degraded_link", kind: "degraded_link", params: map[string]any{"data_limit": int64(4000)}, request: plan.KindStream},
		{name: "stream_stall", kind: "stream_stall", request: plan.KindStream},
		{name: "stream_truncate", kind: "stream_truncate", request: plan.KindStream},
		{name: "stream_error", kind: "stream_error", request: plan.KindStream},
		{name: "malformed json", kind: "malformed"},
		{name: "malformed page", kind: "malformed", params: map[string]any{"mode": "html"}},
		{name: "malformed chunk", kind: "malformed", params: map[string]any{"mode": "chunk"}, request: plan.KindStream},
		{name: "empty answer", kind: "malformed", params: map[string]any{"mode": "empty_answer"}},
		{name: "deprecation", kind: "deprecation", params: map[string]any{"announced_for": "0s"}},
		{name: "api_change", kind: "api_change"},
		{name: "api version", kind: "api_change", params: map[string]any{"mode": "version"}, on: "anthropic"},
		{name: "api header", kind: "api_change", params: map[string]any{"mode": "required_header", "untold": true}},
		{name: "api answer", kind: "api_change", params: map[string]any{"mode": "renamed_field"}},
		{name: "model_swap", kind: "model_swap"},
		{name: "auth_revoked", kind: "auth_revoked"},
		{name: "region_blocked", kind: "region_blocked"},
		{name: "context_limit", kind: "context_limit", params: map[string]any{"tokens": int64(64)}, on: "vllm"},
		{name: "content_filter", kind: "content_filter"},
		{name: "cold_start", kind: "cold_start", on: "ollama"},
		{name: "replica_loss", kind: "replica_loss", params: map[string]any{"replicas": int64(1000)}, on: "vllm"},
		{name: "gpu_oom", kind: "gpu_oom", params: map[string]any{"cache": 0.999}, on: "vllm"},
		{name: "throttle", kind: "throttle", params: map[string]any{"factor": 100.0}, on: "ollama"},
		{name: "offline", kind: "offline", on: "ollama"},
		{name: "price_change", kind: "price_change"},
		{name: "poisoned_answer", kind: "poisoned_answer"},
		{name: "request_ids", kind: "request_ids"},
	}
}

// Times of a cell.
const (
	deadline = 8 * time.Second
	inject   = 100 * time.Millisecond // since the run's start
	lead     = 500 * time.Millisecond // from then to the first request, at least
	rate     = 5                      // requests per second where there are several
)
