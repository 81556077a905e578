package plan

import (
	"fmt"
	"slices"
	"strings"
)

// blanks may stand between the words of a metric.
const blanks = " \t"

// metricText is the left side of a gate while it is read:
//
//	metric = name [ "(" arg ")" ] [ ("in" | "after") window ]
//	arg    = word | figure | word "." figure
type metricText struct {
	text string
	m    Metric
	e    Expectation
}

// parseMetric reads the left side of a gate.
func parseMetric(text string) (Expectation, Metric, error) {
	t := metricText{text: text}
	if err := t.read(); err != nil {
		return Expectation{}, Metric{}, err
	}
	return t.e, t.m, nil
}

func (t *metricText) fail(offset int, msg, hint string) error {
	return &ExpectationError{Text: t.text, Offset: offset, Msg: msg, Hint: hint}
}

// skip is the offset of the next character that is no blank.
func (t *metricText) skip(i int) int {
	return len(t.text) - len(strings.TrimLeft(t.text[i:], blanks))
}

func (t *metricText) read() error {
	start := t.skip(0)
	end := len(t.text)
	if n := strings.IndexAny(t.text[start:], blanks+"("); n >= 0 {
		end = start + n
	}
	name := t.text[start:end]
	var ok bool
	switch t.m, ok = MetricOf(name); {
	case name == "":
		return t.fail(start, "a metric is missing", "for example availability")
	case !ok:
		return t.fail(start, fmt.Sprintf("unknown metric %q", name), suggestMetric(name))
	}
	t.e.Metric = name
	rest := t.skip(end)
	switch {
	case strings.HasPrefix(t.text[rest:], "("):
		if len(t.m.Arg) == 0 {
			return t.fail(rest, name+" takes no argument", "write "+name)
		}
		closing := strings.IndexByte(t.text[rest:], ')')
		if closing < 0 {
			return t.fail(len(t.text), "a closing parenthesis is missing", "")
		}
		if err := t.argument(rest+1, rest+closing); err != nil {
			return err
		}
		rest += closing + 1
	case t.m.Required:
		return t.fail(end, name+" needs an argument", t.takes())
	}
	return t.window(rest)
}

// takes says what the metric's argument may be.
func (t *metricText) takes() string {
	return fmt.Sprintf("%s(…) takes a %s", t.m.Name, strings.Join(t.m.Arg, " or a "))
}

// argument reads what stands between the parentheses.
func (t *metricText) argument(from, to int) error {
	inner := strings.Trim(t.text[from:to], blanks)
	if inner == "" {
		return t.fail(from, "the argument is empty", t.takes())
	}
	t.e.Arg = inner
	if !slices.Contains(t.m.Arg, ArgFigure) {
		return nil
	}
	if slices.Contains(Figures(), inner) {
		t.e.Arg, t.e.Figure = "", inner
		return nil
	}
	word, figure, split := strings.Cut(inner, ".")
	if !split {
		return nil
	}
	if !slices.Contains(Figures(), figure) {
		return t.fail(t.skip(from)+len(word)+1, fmt.Sprintf("unknown latency %q", figure), "known are "+strings.Join(Figures(), ", "))
	}
	t.e.Arg, t.e.Figure = word, figure
	return nil
}

// window reads what may stand behind: "in outage", "after outage".
func (t *metricText) window(from int) error {
	at := t.skip(from)
	if at == len(t.text) {
		return nil
	}
	end := len(t.text)
	if n := strings.IndexAny(t.text[at:], blanks); n >= 0 {
		end = at + n
	}
	word := t.text[at:end]
	if word != SpanIn && word != SpanAfter {
		return t.fail(at, fmt.Sprintf("nothing may follow the metric but %q or %q and a fault's name", SpanIn, SpanAfter), "for example hung in outage")
	}
	name := t.skip(end)
	window := strings.TrimRight(t.text[name:], blanks)
	switch {
	case window == "":
		return t.fail(len(t.text), fmt.Sprintf("a fault's name is missing after %q", word), "")
	case strings.ContainsAny(window, blanks):
		return t.fail(name+strings.IndexAny(window, blanks), "nothing may follow the fault's name", "")
	case t.m.Spans == nil:
		return t.fail(at, t.m.Name+" is a figure of the whole run", "write "+t.m.Name)
	case !slices.Contains(t.m.Spans, word):
		return t.fail(at, fmt.Sprintf("%s is a figure of the time while a fault lasted", t.m.Name), fmt.Sprintf("write %s %s %s", t.m.Name, SpanIn, window))
	case t.m.ofFaults() && t.e.Arg != "":
		return t.fail(at, "the fault is named twice", fmt.Sprintf("write %s %s %s", t.m.Name, SpanIn, window))
	case window == SteadyWindow && (word == SpanAfter || !slices.Contains(t.m.Spans, SpanAfter)):
		return t.fail(name, fmt.Sprintf("%s has no figure for %s %s", t.m.Name, word, window), "name a fault")
	}
	if t.m.ofFaults() { // "time_to_failover in outage" is "time_to_failover(outage)"
		t.e.Arg = window
		return nil
	}
	t.e.Span, t.e.Window = word, window
	return nil
}

// ofFaults tells whether all that the metric can be told of is faults.
func (m Metric) ofFaults() bool { return len(m.Arg) == 1 && m.Arg[0] == ArgFault }

// Check tells whether the expectation's argument and window name something of
// the plan.
func (e Expectation) Check(p *Plan) error {
	m, ok := MetricOf(e.Metric)
	if !ok {
		return nil
	}
	if err := e.checkArg(m, p); err != nil {
		return err
	}
	if err := e.checkFigure(p); err != nil {
		return err
	}
	if e.Span == "" {
		return nil
	}
	known := append(faultNames(p), AnyFault)
	if e.Span == SpanIn {
		known = append(known, SteadyWindow)
	}
	if slices.Contains(known, e.Window) {
		return nil
	}
	text := e.subject()
	return &ExpectationError{
		Text: text, Offset: len(text) - len(e.Window),
		Msg:  fmt.Sprintf("the scenario has no fault %q", e.Window),
		Hint: "known are " + strings.Join(known, ", "),
	}
}

func (e Expectation) checkArg(m Metric, p *Plan) error {
	if e.Arg == "" {
		return nil
	}
	var known, takes []string
	for _, what := range m.Arg {
		if what == ArgFault && e.Span != "" {
			continue // the fault is named by the window
		}
		names := argNames(what, p)
		if names != nil {
			takes = append(takes, what)
		}
		known = append(known, names...)
	}
	if slices.Contains(known, e.Arg) {
		return nil
	}
	slices.Sort(known)
	known = slices.Compact(known)
	return &ExpectationError{
		Text: e.subject(), Offset: len(e.Metric) + 1,
		Msg:  fmt.Sprintf("the scenario has no %s %q", strings.Join(takes, " or "), e.Arg),
		Hint: "known are " + strings.Join(known, ", "),
	}
}

// checkFigure sees that a latency which only streams have is asked of streams.
func (e Expectation) checkFigure(p *Plan) error {
	if e.Figure != FigureTTFT && e.Figure != FigureGap {
		return nil
	}
	for _, v := range p.Load.Mix {
		if (e.Arg == "" || v.Kind == e.Arg) && v.Streams() {
			return nil
		}
	}
	what := "no request is streamed"
	if e.Arg != "" {
		what = fmt.Sprintf("request %q is not streamed", e.Arg)
	}
	text := e.subject()
	return &ExpectationError{
		Text: text, Offset: strings.Index(text, e.Figure), Msg: what + ", so that it has no " + e.Figure,
		Hint: fmt.Sprintf("write %s, or ask for a stream", FigureTotal),
	}
}

// argNames are the names that an argument of one sort may be; nil where it
// names nothing of a plan.
func argNames(what string, p *Plan) []string {
	names := []string{}
	switch what {
	case ArgRequest:
		for _, v := range p.Load.Mix {
			names = append(names, v.Kind)
		}
	case ArgFault:
		names = append(faultNames(p), AnyFault)
	case ArgProvider:
		for _, v := range p.Providers {
			names = append(names, v.Name)
		}
	case ArgClass:
		names = append(names, Classes...)
	case ArgModel:
		for _, v := range p.Providers {
			for _, m := range v.Models {
				names = append(names, v.Names(m)...)
			}
		}
	default:
		return nil
	}
	return names
}

func faultNames(p *Plan) []string {
	var names []string
	for _, f := range p.Faults {
		names = append(names, f.Name)
	}
	return names
}
