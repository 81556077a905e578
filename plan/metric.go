package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Unit is what a metric is measured in, and how its bounds are written.
type Unit string

// Units of metrics.
const (
	UnitPoints Unit = "points" // 0..100: "80"
	UnitShare  Unit = "share"  // 0..1: "98%" or "0.98"
	UnitTime   Unit = "time"   // seconds: "3s", "250ms", "1m30s"
	UnitFactor Unit = "factor" // "1.5" or "1.5x"
	UnitUSD    Unit = "USD"    // "0.002" or "$0.002"
	UnitCount  Unit = "count"  // a whole number: "0"
	UnitRate   Unit = "rate"   // requests per second: "50" or "50/s"
)

// What the argument of a metric names. ArgRequest, ArgFault and so on may be
// combined.
const (
	ArgRequest  = "request"  // a request kind of the mix
	ArgFault    = "fault"    // a fault's name, or the word "fault" for the worst of them
	ArgProvider = "provider" // a provider's name
	ArgClass    = "class"    // a class of providers
	ArgModel    = "model"    // a model of a provider's catalogue, or a version of one
	ArgFigure   = "latency"  // one of Figures, alone or behind a request kind: stream.ttft
)

// Metric is one figure of a run that an expectation may name.
type Metric struct {
	Name     string
	Unit     Unit
	Arg      []string // what an argument in parentheses may name; empty: none is allowed
	Required bool     // the argument may not be left out
	Spans    []string // what of a window it can be told of: SpanIn, SpanAfter; empty: of whole runs only
	Doc      string   // one line for people
}

// Metrics lists the figures an expectation may name, as explain prints them.
func Metrics() []Metric {
	request, latency := []string{ArgRequest}, []string{ArgRequest, ArgFigure}
	during, both := []string{SpanIn}, []string{SpanIn, SpanAfter}
	return []Metric{
		{Name: "score", Unit: UnitPoints, Spans: during, Doc: "score of the run: geometric mean over its fault windows, 0..100; score in a fault: that of its window"},
		{Name: "worst", Unit: UnitPoints, Doc: "score of the worst fault window, 0..100"},
		{Name: "availability", Unit: UnitShare, Arg: []string{ArgFault, ArgRequest}, Spans: both, Doc: "mean outcome value over the run; of one request kind; availability(fault) is availability in fault"},
		{Name: "integrity", Unit: UnitShare, Arg: request, Spans: both, Doc: "share of requests that were not answered corruptly"},
		{Name: "time_to_failover", Unit: UnitTime, Arg: []string{ArgFault}, Spans: during, Doc: "from injection until the outcome is back at the slo, the longest of all faults; it fails where the outcome never came back"},
		{Name: "time_to_recover", Unit: UnitTime, Arg: []string{ArgFault}, Spans: during, Doc: "from clearance until steady state is back, the longest of all faults with a horizon; it fails where it never came back"},
		{Name: "calls_per_request", Unit: UnitFactor, Arg: []string{ArgFault}, Spans: during, Doc: "calls for each request while a fault lasted, the most of all faults; over the run where there is no fault"},
		{Name: "cost_factor", Unit: UnitFactor, Arg: []string{ArgFault}, Spans: during, Doc: "cost per good answer while a fault lasted over that of steady state, the most of all faults"},
		{Name: "cost_per_good_answer", Unit: UnitUSD, Spans: both, Doc: "billed cost over good answers, over the run"},
		{Name: "violations", Unit: UnitCount, Doc: "requests that reached a provider they must not reach, or showed it personal data that it must not see (any of them fails the run anyway)"},
		{Name: "corrupt", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests answered with a truncated, foreign, poisoned, altered, empty or swapped text, or with wrong vectors or arguments"},
		{Name: "hung", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests without an end by their deadline"},
		{Name: "failed", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests that ended in an error"},
		{Name: "degraded", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests answered by a lesser class, a model that stands in for a fine-tuned one, or a cache"},
		{Name: "deadline_misses", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests that hung or were answered after their deadline"},
		{Name: "refused", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests refused as is right, with the reason passed on: by a content filter, or in the way that the mix's refusal names"},
		{Name: "workflows", Unit: UnitShare, Doc: "share of agents' workflows that were finished: every step answered in time, or the last one refused as is right"},
		{Name: "workflow_cost", Unit: UnitUSD, Doc: "billed for all calls of one workflow, failed attempts that are billed included: the dearest of them"},
		{Name: "misbilled", Unit: UnitCount, Arg: request, Spans: both, Doc: "good answers that name another model, or other token counts, than the call that gave them, so that somebody pays for an attempt that failed"},
		{Name: "poisoned", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests answered with a text that carries a canary: an injected instruction, or what was told to another tenant"},
		{Name: "swapped", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests answered by a model that no provider they may reach has, or by another of the provider's models than it was asked for"},
		{Name: "disagreeing", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests asked again, word for word and at the same temperature, whose second answer differed from the first"},
		{Name: "cached", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests answered without a call to any provider"},
		{Name: "stale", Unit: UnitCount, Arg: request, Spans: both, Doc: "requests answered from a cache with an answer older than the mix's max_age"},
		{Name: "stale_age", Unit: UnitTime, Arg: request, Doc: "greatest age of an answer from a cache: since a provider was last asked the same, or as the answer says itself; 0 where none was cached"},
		{Name: "p50", Unit: UnitTime, Arg: latency, Spans: both, Doc: "median latency: time to first token for streams, total otherwise"},
		{Name: "p95", Unit: UnitTime, Arg: latency, Spans: both, Doc: "95th percentile of latency: time to first token for streams, total otherwise"},
		{Name: "p99", Unit: UnitTime, Arg: latency, Spans: both, Doc: "99th percentile of latency: time to first token for streams, total otherwise"},
		{Name: "share", Unit: UnitShare, Arg: []string{ArgProvider, ArgClass, ArgModel}, Required: true, Spans: both, Doc: "share of good calls that a provider, all of a class, or a model served"},
	}
}

// MetricOf returns the metric of that name.
func MetricOf(name string) (Metric, bool) {
	all := Metrics()
	if i := slices.IndexFunc(all, func(m Metric) bool { return m.Name == name }); i >= 0 {
		return all[i], true
	}
	return Metric{}, false
}

// AnyFault as an argument means the worst of all faults.
const AnyFault = "fault"

// suggestMetric names the nearest metric, or lists them all.
func suggestMetric(name string) string {
	all := Metrics()
	names := make([]string, len(all))
	best, distance := "", max(2, len(name)/3)+1
	for i, m := range all {
		names[i] = m.Name
		if d := levenshtein.ComputeDistance(strings.ToLower(name), m.Name); d < distance {
			best, distance = m.Name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known are " + strings.Join(names, ", ")
}

// Example is a condition that the metric may have to meet, as a scenario has it.
func (m Metric) Example() string {
	op := ">="
	switch m.Unit {
	case UnitTime, UnitFactor, UnitUSD, UnitCount:
		op = "<="
	}
	return op + " " + example[m.Unit]
}
