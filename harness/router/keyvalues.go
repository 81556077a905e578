package router

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"brownout/plan"
)

var durationType = reflect.TypeFor[time.Duration]()

// value is k's field in s.
func (k key) value(s *plan.Router) reflect.Value {
	v := reflect.ValueOf(s).Elem()
	for part := range strings.SplitSeq(k.name, ".") {
		v = fieldOf(v, part)
	}
	return v
}

// fieldOf is the field of a struct with that toml tag; the zero Value where it
// has none.
func fieldOf(v reflect.Value, tag string) reflect.Value {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("toml") == tag {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// offWord is how a file says that a setting is switched off.
const offWord = "off"

// mayBeOff tells whether k takes that word.
func (k key) mayBeOff() bool {
	switch k.name {
	case "deadline", "first_token_timeout", "stream_gap_timeout", "connect_timeout", "retries", "max_attempts", "max_retry_after_wait":
		return true
	}
	return false
}

// kind is what sort of value a field takes, in words.
func kind(t reflect.Type) string {
	switch {
	case t == durationType:
		return `a duration such as "1.5s"`
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.Bool, t.Kind() == reflect.Pointer:
		return "true or false"
	case t.Kind() == reflect.Map:
		return "a table of numbers such as { a = 3, b = 1 }"
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return "a list of tables, written [[name]]"
	case t.Kind() == reflect.Slice:
		return `a list such as ["a", "b"]`
	}
	return "a text in quotes"
}

// set puts a decoded TOML value into s; false where it is of the wrong sort.
func (k key) set(s *plan.Router, v any) bool {
	f, def := k.value(s), k.value(&plan.DefaultRouter)
	if k.mayBeOff() {
		if v == offWord || v == int64(0) && f.Kind() == reflect.Int {
			f.SetInt(off)
			return true
		}
	}
	if !assign(f, v) {
		return false
	}
	switch f.Kind() {
	case reflect.Int, reflect.Int64, reflect.Float64: // zero would mean the default
		return !f.IsZero() || def.IsZero()
	}
	return true
}

// assign puts a decoded TOML value into a field; false where it is of the
// wrong sort.
func assign(f reflect.Value, v any) (ok bool) {
	switch {
	case f.Type() == durationType:
		text, _ := v.(string)
		d, err := time.ParseDuration(text)
		f.SetInt(int64(d))
		return err == nil && d >= 0
	case f.Kind() == reflect.String:
		var text string
		text, ok = v.(string)
		f.SetString(text)
	case f.Kind() == reflect.Bool:
		var b bool
		b, ok = v.(bool)
		f.SetBool(b)
	case f.Kind() == reflect.Pointer:
		f.Set(reflect.New(f.Type().Elem()))
		ok = assign(f.Elem(), v)
	case f.Kind() == reflect.Int:
		var n int64
		n, ok = v.(int64)
		f.SetInt(n)
		ok = ok && n >= 0 && n <= 1<<40
	case f.Kind() == reflect.Float64:
		var x float64
		x, ok = number(v)
		f.SetFloat(x)
		ok = ok && x >= 0
	case f.Kind() == reflect.Map:
		ok = assignNumbers(f, v)
	case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.String:
		var list []string
		list, ok = texts(v)
		if len(list) > 0 {
			f.Set(reflect.ValueOf(list))
		}
	}
	return ok
}

func assignNumbers(f reflect.Value, v any) bool {
	table, ok := v.(map[string]any)
	numbers := map[string]float64{}
	for name, entry := range table {
		x, isNumber := number(entry)
		numbers[name], ok = x, ok && isNumber
	}
	if len(numbers) > 0 {
		f.Set(reflect.ValueOf(numbers))
	}
	return ok
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}

func texts(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, true
}

// show is the value of k in s as TOML.
func (k key) show(s *plan.Router) string {
	v := k.value(s)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case k.mayBeOff() && v.Int() < 0:
		return strconv.Quote(offWord)
	case v.Type() == durationType:
		return strconv.Quote(time.Duration(v.Int()).String())
	case v.Kind() == reflect.String:
		return strconv.Quote(v.String())
	case v.Kind() == reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case v.Kind() == reflect.Map:
		return "{}"
	case v.Kind() == reflect.Slice:
		quoted := make([]string, v.Len())
		for i := range quoted {
			quoted[i] = strconv.Quote(v.Index(i).String())
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprint(v.Interface())
}
