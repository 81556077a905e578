package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
)

// TriggerSpan is the trailing time over which a trigger's metric is measured.
const TriggerSpan = 2 * time.Second

// Trigger is what a fault waits for: a figure of the run under way, compared
// with a bound. It is held against the trailing TriggerSpan.
type Trigger struct {
	Metric string  `json:"metric"`        // a name of TriggerMetrics
	Arg    string  `json:"arg,omitempty"` // the provider, where the metric has one
	Op     string  `json:"op"`            // <, <=, >, >=
	Bound  float64 `json:"bound"`         // shares 0..1; rate in requests per second
}

// TriggerMetrics lists the figures that a trigger may name, as explain and the
// documentation print them.
func TriggerMetrics() []Metric {
	provider := []string{ArgProvider}
	return []Metric{
		{Name: "share", Unit: UnitShare, Arg: provider, Required: true, Doc: "share of the good calls of the last 2 s that the provider served"},
		{Name: "errors", Unit: UnitShare, Arg: provider, Required: true, Doc: "share of the calls of the last 2 s at the provider that failed"},
		{Name: "rate", Unit: UnitRate, Doc: "requests that clients sent, per second over the last 2 s"},
		{Name: "availability", Unit: UnitShare, Doc: "mean outcome value of the requests that ended in the last 2 s"},
	}
}

// TriggerError says what is wrong with a trigger, and where.
type TriggerError struct {
	Text   string // what was read
	Offset int    // of the first wrong byte in Text
	Msg    string
	Hint   string
}

// Error points at the character.
func (e *TriggerError) Error() string {
	s := fmt.Sprintf("when %q, character %d: %s", e.Text, len([]rune(e.Text[:e.Offset]))+1, e.Msg)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// triggerExample stands in hints.
const triggerExample = `for example "share(openai) < 10%", "errors(openai) > 0.5", "rate > 50" or "availability < 95%"`

// ParseTrigger reads a condition such as "share(openai) < 0.1". The error is a
// *TriggerError.
func ParseTrigger(text string) (Trigger, error) {
	fail := func(offset int, msg, hint string) (Trigger, error) {
		return Trigger{}, &TriggerError{Text: text, Offset: offset, Msg: msg, Hint: hint}
	}
	cut := strings.IndexAny(text, "<>=!")
	if cut < 0 {
		cut = len(text)
	}
	left := strings.TrimRight(text[:cut], " \t")
	start := len(left) - len(strings.TrimLeft(left, " \t"))
	name, rest, called := strings.Cut(left[start:], "(")
	name = strings.TrimRight(name, " \t")
	if name == "" {
		return fail(start, "a figure to wait for is missing", triggerExample)
	}
	m, ok := triggerMetric(name)
	if !ok {
		return fail(start, fmt.Sprintf("unknown figure %q", name), suggestTrigger(name))
	}
	arg := ""
	open := start + len(left[start:]) - len(rest) // of what follows the parenthesis
	switch {
	case m.Required && !called:
		return fail(start+len(name), m.Name+" needs a provider", fmt.Sprintf("write %s(NAME)", m.Name))
	case !m.Required && called:
		return fail(open-1, m.Name+" takes no argument", "write "+m.Name)
	case called:
		inner, after, closed := strings.Cut(rest, ")")
		switch arg = strings.TrimSpace(inner); {
		case !closed:
			return fail(len(left), "a closing parenthesis is missing", "")
		case after != "":
			return fail(open+len(inner)+1, "nothing may stand between the parenthesis and the comparison", "")
		case arg == "":
			return fail(open, "the provider's name is missing", fmt.Sprintf("write %s(NAME)", m.Name))
		}
	}
	t := Trigger{Metric: m.Name, Arg: arg}
	right := text[cut:]
	for _, op := range []string{"<=", ">=", "<", ">"} { // longer ones first
		if strings.HasPrefix(right, op) {
			t.Op = op
			break
		}
	}
	if t.Op == "" {
		return fail(cut, "a comparison is missing: one of <, <=, >, >=", triggerExample)
	}
	right = right[len(t.Op):]
	value := strings.TrimSpace(right)
	at := len(text) - len(strings.TrimLeft(right, " \t"))
	if value == "" {
		return fail(len(text), "a bound is missing", triggerExample)
	}
	bound, bad, msg := parseBound(m.Unit, value)
	if msg != "" {
		return fail(at+bad, msg, triggerExample)
	}
	t.Bound = bound
	return t, nil
}

func triggerMetric(name string) (Metric, bool) {
	all := TriggerMetrics()
	if i := slices.IndexFunc(all, func(m Metric) bool { return m.Name == name }); i >= 0 {
		return all[i], true
	}
	return Metric{}, false
}

func suggestTrigger(name string) string {
	var names []string
	best, distance := "", max(2, len(name)/3)+1
	for _, m := range TriggerMetrics() {
		names = append(names, m.Name)
		if d := levenshtein.ComputeDistance(strings.ToLower(name), m.Name); d < distance {
			best, distance = m.Name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known are " + strings.Join(names, ", ")
}

// String writes the trigger so that ParseTrigger reads the same.
func (t Trigger) String() string {
	s := t.Metric
	if t.Arg != "" {
		s += "(" + t.Arg + ")"
	}
	return s + " " + t.Op + " " + strconv.FormatFloat(t.Bound, 'f', -1, 64)
}

// Holds tells whether a measured value meets the bound. A value that is not
// known, a NaN, never does.
func (t Trigger) Holds(value float64) bool {
	switch t.Op {
	case "<":
		return value < t.Bound
	case "<=":
		return value <= t.Bound
	case ">":
		return value > t.Bound
	case ">=":
		return value >= t.Bound
	}
	return false
}
