package plan

import (
	"fmt"
	"strings"
)

// Expectation is one pass/fail gate: a metric compared with a bound.
type Expectation struct {
	Expr   string  `json:"expr"`   // as written: "p99(chat.total) in outage <= 3s"
	Metric string  `json:"metric"` // a name of Metrics
	Arg    string  `json:"arg,omitempty"`
	Figure string  `json:"figure,omitempty"` // of Figures: which latency; empty: the one that latency is judged by
	Span   string  `json:"span,omitempty"`   // SpanIn or SpanAfter: only what fell into Window counts
	Window string  `json:"window,omitempty"` // a fault's name, AnyFault or SteadyWindow
	Op     string  `json:"op"`               // >=, <=, >, <, ==
	Bound  float64 `json:"bound"`            // in the metric's base unit: seconds, shares 0..1, USD, counts, points
}

// Spans of a fault's window that an expectation may be about.
const (
	SpanIn    = "in"    // while the fault lasted, or in steady state
	SpanAfter = "after" // in the fault's recovery horizon
)

// SteadyWindow is what the run looked like before its first fault, the warm-up
// left out.
const SteadyWindow = "steady"

// Figures are the latencies of a request.
const (
	FigureTTFT  = "ttft"  // of streams: from the scheduled send time to the first token
	FigureTotal = "total" // from the scheduled send time to the end of the answer
	FigureGap   = "gap"   // of streams: the longest time between two pieces
)

// Figures lists the latencies of a request.
func Figures() []string { return []string{FigureTTFT, FigureTotal, FigureGap} }

// ExpectationError says what is wrong with an expectation, and where.
type ExpectationError struct {
	Text   string // what was read: the metric or the condition
	InCond bool   // Text is the condition, not the metric
	Offset int    // of the first wrong byte in Text
	Msg    string
	Hint   string
}

// Error points at the character.
func (e *ExpectationError) Error() string {
	where := "metric"
	if e.InCond {
		where = "condition"
	}
	s := fmt.Sprintf("%s %q, character %d: %s", where, e.Text, len([]rune(e.Text[:e.Offset]))+1, e.Msg)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// ops are the comparisons, longer ones first.
var ops = [...]string{">=", "<=", "==", ">", "<"}

// ParseExpectation reads one gate: a metric such as "availability",
// "p95(stream.ttft)" or "hung in outage" and a condition such as ">= 98%" or
// "<= 3s". The error is an *ExpectationError.
func ParseExpectation(metric, cond string) (Expectation, error) {
	e, m, err := parseMetric(metric)
	if err != nil {
		return Expectation{}, err
	}
	e.Op, e.Bound, err = parseCondition(m, cond)
	if err != nil {
		return Expectation{}, err
	}
	e.Expr = e.subject() + " " + e.Op + " " + strings.TrimSpace(cond)[len(e.Op):]
	return e.tidy(), nil
}

// subject is the metric as it is written.
func (e Expectation) subject() string {
	var arg []string
	for _, word := range []string{e.Arg, e.Figure} {
		if word != "" {
			arg = append(arg, word)
		}
	}
	s := e.Metric
	if len(arg) > 0 {
		s += "(" + strings.Join(arg, ".") + ")"
	}
	if e.Span != "" {
		s += " " + e.Span + " " + e.Window
	}
	return s
}

// tidy leaves one space between the words of the expression.
func (e Expectation) tidy() Expectation {
	e.Expr = strings.Join(strings.Fields(e.Expr), " ")
	return e
}

func parseCondition(m Metric, text string) (op string, bound float64, err error) {
	fail := func(offset int, msg string) (string, float64, error) {
		return "", 0, &ExpectationError{
			Text: text, InCond: true, Offset: offset, Msg: msg,
			Hint: fmt.Sprintf("for example %q", ">= "+example[m.Unit]),
		}
	}
	trimmed := strings.TrimLeft(text, " \t")
	at := len(text) - len(trimmed)
	for _, o := range ops {
		if strings.HasPrefix(trimmed, o) {
			op = o
			break
		}
	}
	if op == "" {
		return fail(at, "a comparison is missing: one of "+strings.Join(ops[:], ", "))
	}
	rest := trimmed[len(op):]
	value := strings.TrimSpace(rest)
	at += len(op) + len(rest) - len(strings.TrimLeft(rest, " \t"))
	if value == "" {
		return fail(len(text), "a bound is missing")
	}
	bound, bad, msg := parseBound(m.Unit, value)
	if msg != "" {
		return fail(at+bad, msg)
	}
	return op, bound, nil
}

// Holds tells whether a value meets the bound.
func (e Expectation) Holds(value float64) bool {
	switch e.Op {
	case ">=":
		return value >= e.Bound
	case "<=":
		return value <= e.Bound
	case ">":
		return value > e.Bound
	case "<":
		return value < e.Bound
	case "==":
		return value == e.Bound
	}
	return false
}
