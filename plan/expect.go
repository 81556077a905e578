package plan

import (
	"fmt"
	"slices"
	"strings"
)

// Expectation is one pass/fail gate: a metric compared with a bound.
type Expectation struct {
	Expr   string  `json:"expr"`   // as written: "availability >= 98%"
	Metric string  `json:"metric"` // a name of Metrics
	Arg    string  `json:"arg,omitempty"`
	Op     string  `json:"op"`    // >=, <=, >, <, ==
	Bound  float64 `json:"bound"` // in the metric's base unit: seconds, shares 0..1, USD, counts, points
}

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

// ParseExpectation reads one gate: a metric such as "availability" or
// "p95(stream)" and a condition such as ">= 98%" or "<= 3s". The error is an
// *ExpectationError.
func ParseExpectation(metric, cond string) (Expectation, error) {
	m, arg, err := parseMetric(metric)
	if err != nil {
		return Expectation{}, err
	}
	op, bound, err := parseCondition(m, cond)
	if err != nil {
		return Expectation{}, err
	}
	name := m.Name
	if arg != "" {
		name += "(" + arg + ")"
	}
	return Expectation{
		Expr:   name + " " + op + " " + strings.TrimSpace(cond)[len(op):],
		Metric: m.Name, Arg: arg, Op: op, Bound: bound,
	}.tidy(), nil
}

// tidy leaves one space between the words of the expression.
func (e Expectation) tidy() Expectation {
	e.Expr = strings.Join(strings.Fields(e.Expr), " ")
	return e
}

func parseMetric(text string) (Metric, string, error) {
	fail := func(offset int, msg, hint string) (Metric, string, error) {
		return Metric{}, "", &ExpectationError{Text: text, Offset: offset, Msg: msg, Hint: hint}
	}
	start := len(text) - len(strings.TrimLeft(text, " \t"))
	name, rest, called := strings.Cut(text, "(")
	m, ok := MetricOf(strings.TrimSpace(name))
	if !ok {
		if strings.TrimSpace(name) == "" {
			return fail(start, "a metric is missing", "for example availability")
		}
		return fail(start, fmt.Sprintf("unknown metric %q", strings.TrimSpace(name)), suggestMetric(strings.TrimSpace(name)))
	}
	if !called {
		if m.Required {
			return fail(len(text), m.Name+" needs an argument", fmt.Sprintf("%s(…) takes a %s", m.Name, strings.Join(m.Arg, " or a ")))
		}
		return m, "", nil
	}
	open := len(name)
	if len(m.Arg) == 0 {
		return fail(open, m.Name+" takes no argument", "write "+m.Name)
	}
	inner, after, closed := strings.Cut(rest, ")")
	switch {
	case !closed:
		return fail(len(text), "a closing parenthesis is missing", "")
	case strings.TrimSpace(after) != "":
		return fail(open+1+len(inner)+1, "nothing may follow the closing parenthesis", "")
	case strings.TrimSpace(inner) == "":
		return fail(open+1, "the argument is empty", fmt.Sprintf("%s(…) takes a %s", m.Name, strings.Join(m.Arg, " or a ")))
	}
	return m, strings.TrimSpace(inner), nil
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

// Check tells whether the expectation's argument names something of the plan.
func (e Expectation) Check(p *Plan) error {
	m, ok := MetricOf(e.Metric)
	if !ok || e.Arg == "" {
		return nil
	}
	var known []string
	for _, what := range m.Arg {
		switch what {
		case ArgRequest:
			for _, v := range p.Load.Mix {
				known = append(known, v.Kind)
			}
		case ArgFault:
			known = append(known, AnyFault)
			for _, v := range p.Faults {
				known = append(known, v.Name)
			}
		case ArgProvider:
			for _, v := range p.Providers {
				known = append(known, v.Name)
			}
		case ArgClass:
			known = append(known, Classes...)
		case ArgModel:
			for _, v := range p.Providers {
				for _, m := range v.Models {
					known = append(known, v.Names(m)...)
				}
			}
		}
	}
	if slices.Contains(known, e.Arg) {
		return nil
	}
	slices.Sort(known)
	known = slices.Compact(known)
	text := e.Metric + "(" + e.Arg + ")"
	return &ExpectationError{
		Text: text, Offset: len(e.Metric) + 1,
		Msg:  fmt.Sprintf("the scenario has no %s %q", strings.Join(m.Arg, " or "), e.Arg),
		Hint: "known are " + strings.Join(known, ", "),
	}
}
