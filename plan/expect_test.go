package plan_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"brownout/plan"
)

func TestParseExpectation(t *testing.T) {
	tests := []struct {
		metric, cond string
		want         plan.Expectation
	}{
		{"score", ">= 80", plan.Expectation{Expr: "score >= 80", Metric: "score", Op: ">=", Bound: 80}},
		{"availability", ">= 98%", plan.Expectation{Expr: "availability >= 98%", Metric: "availability", Op: ">=", Bound: .98}},
		{"availability", ">=0.98", plan.Expectation{Expr: "availability >= 0.98", Metric: "availability", Op: ">=", Bound: .98}},
		{"availability(fault)", "> 90 %", plan.Expectation{Expr: "availability(fault) > 90 %", Metric: "availability", Arg: "fault", Op: ">", Bound: .9}},
		{"time_to_failover", "<= 3s", plan.Expectation{Expr: "time_to_failover <= 3s", Metric: "time_to_failover", Op: "<=", Bound: 3}},
		{"p95( stream )", "  <   250ms ", plan.Expectation{Expr: "p95(stream) < 250ms", Metric: "p95", Arg: "stream", Op: "<", Bound: .25}},
		{"p99", "<= 1m30s", plan.Expectation{Expr: "p99 <= 1m30s", Metric: "p99", Op: "<=", Bound: 90}},
		{"cost_factor", "<= 1.5x", plan.Expectation{Expr: "cost_factor <= 1.5x", Metric: "cost_factor", Op: "<=", Bound: 1.5}},
		{"cost_per_good_answer", "<= $0.002", plan.Expectation{Expr: "cost_per_good_answer <= $0.002", Metric: "cost_per_good_answer", Op: "<=", Bound: .002}},
		{"corrupt", "== 0", plan.Expectation{Expr: "corrupt == 0", Metric: "corrupt", Op: "==", Bound: 0}},
		{"p95(stream.ttft)", "<= 2s", plan.Expectation{Expr: "p95(stream.ttft) <= 2s", Metric: "p95", Arg: "stream", Figure: "ttft", Op: "<=", Bound: 2}},
		{" p99 ( gap )", "<= 2s", plan.Expectation{Expr: "p99(gap) <= 2s", Metric: "p99", Figure: "gap", Op: "<=", Bound: 2}},
		{"p99(chat.total)  in\toutage ", "<= 2s", plan.Expectation{Expr: "p99(chat.total) in outage <= 2s", Metric: "p99", Arg: "chat", Figure: "total", Span: "in", Window: "outage", Op: "<=", Bound: 2}},
		{"hung after outage-2", "== 0", plan.Expectation{Expr: "hung after outage-2 == 0", Metric: "hung", Span: "after", Window: "outage-2", Op: "=="}},
		{"p95 in steady", "<= 1s", plan.Expectation{Expr: "p95 in steady <= 1s", Metric: "p95", Span: "in", Window: "steady", Op: "<=", Bound: 1}},
		{"score in fault", ">= 70", plan.Expectation{Expr: "score in fault >= 70", Metric: "score", Span: "in", Window: "fault", Op: ">=", Bound: 70}},
		// Of these the argument has always been a fault.
		{"time_to_failover in outage", "<= 3s", plan.Expectation{Expr: "time_to_failover(outage) <= 3s", Metric: "time_to_failover", Arg: "outage", Op: "<=", Bound: 3}},
		{"share(gpu)", ">= 5%", plan.Expectation{Expr: "share(gpu) >= 5%", Metric: "share", Arg: "gpu", Op: ">=", Bound: .05}},
	}
	for _, tt := range tests {
		got, err := plan.ParseExpectation(tt.metric, tt.cond)
		if err != nil {
			t.Errorf("%s %s: %v", tt.metric, tt.cond, err)
			continue
		}
		bound := got.Bound
		got.Bound = tt.want.Bound
		if got != tt.want || math.Abs(bound-tt.want.Bound) > 1e-12 {
			t.Errorf("%s %s: got %+v with bound %v, want %+v", tt.metric, tt.cond, got, bound, tt.want)
		}
	}
}

func TestParseExpectationPointsAtTheCharacter(t *testing.T) {
	tests := []struct {
		metric, cond string
		at           int // byte in the metric or condition
		inCond       bool
		says         string
	}{
		{"availabilty", ">= 98%", 0, false, `did you mean "availability"?`},
		{"speed", ">= 98%", 0, false, "known are score, worst"},
		{"", ">= 98%", 0, false, "a metric is missing"},
		{"p95(stream", "<= 1s", 10, false, "closing parenthesis"},
		{"p95(stream)x", "<= 1s", 11, false, "nothing may follow the metric"},
		{"hung  during outage", "== 0", 6, false, `but "in" or "after"`},
		{"hung in", "== 0", 7, false, "a fault's name is missing"},
		{"hung in outage x", "== 0", 14, false, "nothing may follow the fault's name"},
		{"p95(stream.tfft)", "<= 1s", 11, false, `unknown latency "tfft"; known are ttft, total, gap`},
		{"workflows in outage", ">= 1%", 10, false, "whole run; write workflows"},
		{"time_to_failover after outage", "<= 1s", 17, false, "write time_to_failover in outage"},
		{"time_to_failover(a) in b", "<= 1s", 20, false, "named twice"},
		{"hung after steady", "== 0", 11, false, "no figure for after steady"},
		{"score in steady", ">= 1", 9, false, "no figure for in steady"},
		{"p95()", "<= 1s", 4, false, "argument is empty"},
		{"score(chat)", ">= 80", 5, false, "takes no argument"},
		{"share", ">= 80%", 5, false, "needs an argument"},
		{"score", "80", 0, true, "a comparison is missing"},
		{"score", "", 0, true, "a comparison is missing"},
		{"score", "=> 80", 0, true, "a comparison is missing"},
		{"score", ">=", 2, true, "a bound is missing"},
		{"score", ">= 8o", 4, true, "not a number of points"},
		{"score", ">= 80%", 5, true, "not a number of points"},
		{"score", ">= 101", 3, true, "above 100"},
		{"availability", ">= 98", 3, true, "above 100%"},
		{"availability", ">= -1%", 3, true, "negative"},
		{"time_to_failover", "<= 3", 4, true, "a time needs a unit"},
		{"time_to_failover", "<= 3 parsecs", 4, true, "is not a time"},
		{"time_to_failover", "<= -3s", 3, true, "negative"},
		{"hung", "== 0.5", 3, true, "whole number"},
		{"cost_factor", "<= NaN", 3, true, "not a number"},
		{"cost_factor", "<= 0x10", 4, true, "not a number"},
		{"cost_factor", "<= 1e999", 3, true, "too large"},
	}
	for _, tt := range tests {
		_, err := plan.ParseExpectation(tt.metric, tt.cond)
		var e *plan.ExpectationError
		if !errors.As(err, &e) {
			t.Errorf("%q %q: error %v, want an ExpectationError", tt.metric, tt.cond, err)
			continue
		}
		if e.InCond != tt.inCond || e.Offset != tt.at || !strings.Contains(e.Error(), tt.says) {
			t.Errorf("%q %q: %v (offset %d), want offset %d and %q", tt.metric, tt.cond, e, e.Offset, tt.at, tt.says)
		}
	}
}

func TestExpectationHolds(t *testing.T) {
	for op, want := range map[string][3]bool{ // below, at, above the bound
		">=": {false, true, true}, "<=": {true, true, false}, "==": {false, true, false},
		">": {false, false, true}, "<": {true, false, false}, "": {},
	} {
		e := plan.Expectation{Op: op, Bound: 5}
		if got := [3]bool{e.Holds(4), e.Holds(5), e.Holds(6)}; got != want {
			t.Errorf("%q: %v, want %v", op, got, want)
		}
	}
}

func TestExpectationCheck(t *testing.T) {
	p := &plan.Plan{
		Load:      plan.Load{Mix: []plan.Mix{{Kind: plan.KindChat}, {Kind: plan.KindStream}}},
		Providers: []plan.Provider{{Name: "openai", Models: []plan.Model{{ID: "gpt"}}, Variants: []plan.Variant{{Model: "gpt", ID: "gpt-next"}}}},
		Faults:    []plan.Fault{{Name: "outage-2"}},
	}
	for metric, ok := range map[string]bool{
		"p95": true, "p95(chat)": true, "p95(faq)": false,
		"p95(stream.ttft)": true, "p95(chat.ttft)": false, "p95(chat.gap)": false, "p95(chat.total)": true, "p95(gap)": true,
		"p95 in outage-2": true, "p95 in outage": false, "p95 after fault": true, "p95 in steady": true,
		"availability(chat) in outage-2": true, "availability(outage-2) in outage-2": false,
		"availability(fault)": true, "availability(outage-2)": true, "availability(chat)": true, "availability(outage)": false,
		"share(openai)": true, "share(edge)": true, "share(opnai)": false, "share(gpt)": true, "share(gpt-next)": true, "share(gpt-last)": false,
	} {
		m := "<= 1s"
		if !strings.HasPrefix(metric, "p") {
			m = ">= 50%"
		}
		e, err := plan.ParseExpectation(metric, m)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Check(p); (err == nil) != ok {
			t.Errorf("%s: %v, want ok %v", metric, err, ok)
		}
	}
}

func FuzzParseExpectation(f *testing.F) {
	for _, m := range plan.Metrics() {
		f.Add(m.Name, ">= 1")
	}
	f.Add("p95(stream)", "<= 250ms")
	f.Add("share(ü", "== 1e-9%")
	f.Add(" (", "<\t$0.1x")
	f.Fuzz(func(t *testing.T, metric, cond string) {
		e, err := plan.ParseExpectation(metric, cond)
		if err != nil {
			var at *plan.ExpectationError
			if !errors.As(err, &at) || at.Offset < 0 || at.Offset > len(at.Text) || at.Error() == "" {
				t.Fatalf("%q %q: bad error %#v", metric, cond, err)
			}
			return
		}
		if math.IsNaN(e.Bound) || math.IsInf(e.Bound, 0) || e.Bound < 0 {
			t.Fatalf("%q %q: bound %v", metric, cond, e.Bound)
		}
		if _, ok := plan.MetricOf(e.Metric); !ok || (!e.Holds(e.Bound) && len(e.Op) == 2) {
			t.Fatalf("%q %q: %+v", metric, cond, e)
		}
	})
}
