package chaos

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
)

// Param describes one parameter of a kind. It is read from the tags of the
// kind's struct, so that explain, validate and forms cannot disagree with the
// code that uses it.
type Param struct {
	Name    string
	Type    string // duration, number, integer, text, flag
	Unit    string // for people; empty where the type tells it
	Default string
	Min     string // empty: none
	Max     string // empty: none
	Enum    []string
	Doc     string
}

// ParamError says what is wrong with one parameter of a fault.
type ParamError struct {
	Param string
	Msg   string
	Hint  string
}

func (e *ParamError) Error() string {
	if e.Hint == "" {
		return e.Msg
	}
	return e.Msg + "; " + e.Hint
}

// Params lists the parameters of a kind, in the order of its struct.
func Params(kind string) []Param {
	k, ok := Lookup(kind)
	if !ok {
		return nil
	}
	t := reflect.TypeOf(k.New()).Elem()
	out := make([]Param, 0, t.NumField())
	for i := range t.NumField() {
		out = append(out, paramOf(t.Field(i)))
	}
	return out
}

func paramOf(f reflect.StructField) Param {
	p := Param{
		Name: f.Tag.Get("toml"), Unit: f.Tag.Get("unit"), Default: f.Tag.Get("default"),
		Min: f.Tag.Get("min"), Max: f.Tag.Get("max"), Doc: f.Tag.Get("doc"),
	}
	if e := f.Tag.Get("enum"); e != "" {
		p.Enum = strings.Split(e, ",")
	}
	switch {
	case f.Type == durationType:
		p.Type = "duration"
	case f.Type.Kind() == reflect.Float64:
		p.Type = "number"
	case f.Type.Kind() == reflect.Int:
		p.Type = "integer"
	case f.Type.Kind() == reflect.Bool:
		p.Type = "flag"
	default:
		p.Type = "text"
	}
	return p
}

var durationType = reflect.TypeFor[time.Duration]()

// Checker is implemented by faults whose parameters must also fit together.
type Checker interface{ Check() *ParamError }

// Bind makes a fault of a kind from parameters as a scenario or a journal has
// them: durations as strings, numbers as any number. It returns the fault and
// the full set of parameters with defaults filled in, in the form a journal
// keeps. The error is a *ParamError.
func Bind(kind string, params map[string]any) (Fault, map[string]any, error) {
	k, ok := Lookup(kind)
	if !ok {
		return nil, nil, &ParamError{Msg: fmt.Sprintf("unknown fault kind %q", kind), Hint: Suggest(kind, KindNames())}
	}
	f := k.New()
	v := reflect.ValueOf(f).Elem()
	names := make([]string, 0, v.NumField())
	canonical := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		p := paramOf(v.Type().Field(i))
		names = append(names, p.Name)
		given, ok := params[p.Name]
		if !ok {
			given = p.Default
		}
		if err := set(v.Field(i), p, given, !ok); err != nil {
			return nil, nil, err
		}
		canonical[p.Name] = canon(v.Field(i))
	}
	for name := range params {
		if _, ok := canonical[name]; !ok {
			return nil, nil, &ParamError{Param: name, Msg: fmt.Sprintf("fault %q has no parameter %q", kind, name), Hint: Suggest(name, names)}
		}
	}
	if c, ok := f.(Checker); ok {
		if err := c.Check(); err != nil {
			return nil, nil, err
		}
	}
	return f, canonical, nil
}

// set writes a value into a field of the struct. Defaults are text; given
// values have the type of the document they came from.
func set(field reflect.Value, p Param, given any, isDefault bool) error {
	bad := func(want string) error {
		return &ParamError{Param: p.Name, Msg: fmt.Sprintf("%s must be %s, not %v", p.Name, want, show(given)), Hint: "the default is " + show(p.Default)}
	}
	switch p.Type {
	case "duration":
		s, ok := given.(string)
		d, err := time.ParseDuration(s)
		if isDefault && s == "" {
			d, err = 0, nil
		}
		if !ok || err != nil {
			return bad(`a duration such as "2s" or "250ms"`)
		}
		if (p.Min != "" && d < mustDuration(p.Min)) || (p.Max != "" && d > mustDuration(p.Max)) || d < 0 {
			return bad(p.bounds("0s"))
		}
		field.SetInt(int64(d))
	case "number", "integer":
		n, ok := number(given, isDefault)
		if !ok || (p.Type == "integer" && n != math.Trunc(n)) {
			return bad("a " + map[string]string{"number": "number", "integer": "whole number"}[p.Type])
		}
		if (p.Min != "" && n < mustFloat(p.Min)) || (p.Max != "" && n > mustFloat(p.Max)) {
			return bad(p.bounds(""))
		}
		if p.Type == "integer" {
			field.SetInt(int64(n))
		} else {
			field.SetFloat(n)
		}
	case "flag":
		b, ok := given.(bool)
		if isDefault {
			b, ok = p.Default == "true", true
		}
		if !ok {
			return bad("true or false")
		}
		field.SetBool(b)
	default:
		s, ok := given.(string)
		if !ok {
			return bad("text")
		}
		if len(p.Enum) > 0 && !slices.Contains(p.Enum, s) {
			e := &ParamError{Param: p.Name, Msg: fmt.Sprintf("%s must be one of %s, not %q", p.Name, strings.Join(p.Enum, ", "), s), Hint: Suggest(s, p.Enum)}
			return e
		}
		field.SetString(s)
	}
	return nil
}

// Range says in words what values a parameter takes; empty: any of its type.
func (p Param) Range() string {
	switch {
	case len(p.Enum) > 0:
		return strings.Join(p.Enum, " | ")
	case p.Min == "" && p.Max == "":
		return p.Unit
	case p.Unit == "":
		return p.bounds("")
	default:
		return p.bounds("") + "; " + p.Unit
	}
}

// bounds says in words what range a parameter has.
func (p Param) bounds(floor string) string {
	low := p.Min
	if low == "" {
		low = floor
	}
	switch {
	case low != "" && p.Max != "":
		return "between " + low + " and " + p.Max
	case low != "":
		return "at least " + low
	default:
		return "at most " + p.Max
	}
}

func number(v any, isDefault bool) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	case string:
		if !isDefault {
			return 0, false
		}
		if n == "" {
			return 0, true
		}
		f, err := strconv.ParseFloat(n, 64)
		return f, err == nil
	}
	return 0, false
}

func canon(v reflect.Value) any {
	switch {
	case v.Type() == durationType:
		return time.Duration(v.Int()).String()
	case v.Kind() == reflect.Int:
		return float64(v.Int())
	default:
		return v.Interface()
	}
}

func show(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(s)
	}
	return fmt.Sprint(v)
}

func mustDuration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic("chaos: bad bound in a parameter's tag: " + s)
	}
	return d
}

func mustFloat(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("chaos: bad bound in a parameter's tag: " + s)
	}
	return f
}

// KindNames lists the names of Kinds.
func KindNames() []string {
	ks := Kinds()
	out := make([]string, len(ks))
	for i, k := range ks {
		out[i] = k.Name
	}
	return out
}

// Suggest names the nearest of the known words, or lists them all.
func Suggest(word string, known []string) string {
	best, dist := "", 4
	for _, k := range known {
		if d := levenshtein.ComputeDistance(word, k); d < dist {
			best, dist = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "known are " + strings.Join(known, ", ")
}
