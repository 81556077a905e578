package scenarios

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
)

// shape is how a table is read: what it is called in messages and in the table
// of rules, which keys are read by hand, and who takes the keys that are not
// known.
type shape struct {
	label string                      // "[load]", `fault "outage"`
	path  string                      // prefix in rules: "load"
	hooks map[string]func(node *node) // keys read by hand
	rest  func(key string, n *node)
}

// problems collects what is wrong and what is doubtful.
type problems struct {
	file  string
	errs  Errors
	warns Errors
}

func (p *problems) fail(n *node, msg, hint string) {
	p.errs = append(p.errs, p.at(n, msg, hint))
}

func (p *problems) warn(n *node, msg, hint string) {
	p.warns = append(p.warns, p.at(n, msg, hint))
}

func (p *problems) at(n *node, msg, hint string) Error {
	if n.via != "" {
		msg += " (from " + n.via + ")"
	}
	return n.at.problem(p.file, msg, hint)
}

// problem is one at this place of the scenario in file.
func (p place) problem(file, msg, hint string) Error {
	e := Error{File: file, Line: p.line, Col: p.col, Msg: msg, Hint: hint}
	switch {
	case p.set != "":
		e.File = setPrefix + p.set
	case p.file != "":
		e.File = p.file
	}
	return e
}

// failAt reports a problem at a character of n's text.
func (p *problems) failAt(n *node, offset int, msg, hint string) {
	if at := n.char(offset); at != n.at && n.via == "" {
		p.errs = append(p.errs, at.problem(p.file, msg, hint))
		return
	}
	p.fail(n, msg, hint)
}

// read decodes table n over what dst, a pointer to a struct, holds already. It
// returns false where anything in the table was wrong.
func (p *problems) read(n *node, dst any, s shape) bool {
	before := len(p.errs)
	if n.kind != kindTable {
		p.fail(n, fmt.Sprintf("%s must be a table, not %s", s.label, n.is()), "")
		return false
	}
	v := reflect.ValueOf(dst).Elem()
	fields, known := fieldsOf(v)
	for key := range s.hooks {
		if _, ok := fields[key]; !ok {
			known = append(known, key)
		}
	}
	for _, key := range n.keys {
		c := n.table[key]
		if hook, ok := s.hooks[key]; ok {
			hook(c)
		} else if f, ok := fields[key]; ok {
			p.value(c, f, s, key)
		} else if s.rest != nil {
			s.rest(key, c)
		} else {
			p.fail(c, fmt.Sprintf("%s: unknown key %q", s.label, key), suggest(key, known))
		}
	}
	return len(p.errs) == before
}

// fieldsOf maps TOML keys to the fields of a struct.
func fieldsOf(v reflect.Value) (fields map[string]reflect.Value, known []string) {
	fields = map[string]reflect.Value{}
	for i := range v.NumField() {
		if key := v.Type().Field(i).Tag.Get("toml"); key != "" && key != "-" {
			fields[key] = v.Field(i)
			known = append(known, key)
		}
	}
	return fields, known
}

var durationType = reflect.TypeFor[time.Duration]()

// value decodes one value into a field and holds it against its rule.
func (p *problems) value(n *node, f reflect.Value, s shape, key string) {
	path := key
	if s.path != "" {
		path = s.path + "." + key
	}
	wrong := func(want string) {
		p.fail(n, fmt.Sprintf("%s: %s must be %s, not %s", s.label, key, want, n.is()), "")
	}
	check := func(value float64, show string) bool {
		if msg := rules[path].broken(value, f.Type() == durationType); msg != "" {
			p.fail(n, fmt.Sprintf("%s: %s must be %s, not %s", s.label, key, msg, show), rules[path].hint)
			return false
		}
		return true
	}
	if f.Kind() == reflect.Pointer {
		f.Set(reflect.New(f.Type().Elem()))
		f = f.Elem()
	}
	switch {
	case f.Type() == durationType:
		d, ok := p.duration(n, s.label, key)
		if ok && check(d.Seconds(), d.String()) {
			f.SetInt(int64(d))
		}
	case f.Kind() == reflect.String:
		if t, ok := n.asText(); !ok {
			wrong("text in quotes")
		} else if one := rules[path].oneOf; one != nil && !contains(one, t) {
			p.fail(n, fmt.Sprintf("%s: unknown %s %q", s.label, key, t), suggest(t, one))
		} else {
			f.SetString(t)
		}
	case f.Kind() == reflect.Bool:
		if t, ok := n.value.(bool); ok {
			f.SetBool(t)
		} else {
			wrong("true or false")
		}
	case f.CanInt(), f.CanUint():
		i, ok := n.value.(int64)
		switch {
		case !ok:
			wrong("a whole number")
		case f.CanUint() && i < 0:
			wrong("a whole number of at least 0")
		case !check(float64(i), fmt.Sprint(i)):
		case f.CanUint():
			f.SetUint(uint64(i))
		default:
			f.SetInt(i)
		}
	case f.CanFloat():
		x, ok := n.asNumber()
		if !ok {
			wrong("a finite number")
		} else if check(x, fmt.Sprint(n.value)) {
			f.SetFloat(x)
		}
	case f.Kind() == reflect.Struct:
		p.read(n, f.Addr().Interface(), shape{label: s.label + " " + key, path: path})
	case f.Kind() == reflect.Map && f.Type().Elem().Kind() == reflect.String:
		p.namedTexts(n, f, s, key)
	case f.Kind() == reflect.Map:
		p.numbers(n, f, s, key)
	case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
		label := "[[" + path + "]]"
		list := reflect.MakeSlice(f.Type(), 0, 0)
		for _, c := range p.tables(n, label) {
			entry := reflect.New(f.Type().Elem())
			p.read(c, entry.Interface(), shape{label: label, path: path})
			list = reflect.Append(list, entry.Elem())
		}
		f.Set(list)
	case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.String:
		p.list(n, f, s, key, rules[path].oneOf)
	default:
		panic(fmt.Sprintf("scenarios: no decoder for %s of type %s", path, f.Type()))
	}
}

// list decodes a list of texts. One text given by an override is a list of it,
// and more may be joined by commas: --set router.off=breaker,retries.
func (p *problems) list(n *node, f reflect.Value, s shape, key string, oneOf []string) {
	var list []string
	var nodes []*node
	if t, ok := n.asText(); ok && n.raw != "" && n.kind == kindValue {
		for part := range strings.SplitSeq(t, ",") {
			list, nodes = append(list, strings.TrimSpace(part)), append(nodes, n)
		}
	} else {
		list, nodes = p.texts(n, s.label, key)
	}
	for i, t := range list {
		if oneOf != nil && !contains(oneOf, t) {
			p.fail(nodes[i], fmt.Sprintf("%s: %s has an unknown word %q", s.label, key, t), suggest(t, oneOf))
		}
	}
	f.Set(reflect.ValueOf(list))
}

// numbers decodes a table of numbers by name.
func (p *problems) numbers(n *node, f reflect.Value, s shape, key string) {
	if n.kind != kindTable {
		p.fail(n, fmt.Sprintf("%s: %s must be a table of numbers, not %s", s.label, key, n.is()), "write for example { a = 3, b = 1 }")
		return
	}
	numbers := map[string]float64{}
	for _, name := range n.keys {
		c := n.table[name]
		x, ok := c.asNumber()
		if !ok || x < 0 {
			p.fail(c, fmt.Sprintf("%s: %s of %q must be a number of at least 0, not %s", s.label, key, name, c.is()), "")
			continue
		}
		numbers[name] = x
	}
	f.Set(reflect.ValueOf(numbers))
}

// namedTexts decodes a table of texts by name.
func (p *problems) namedTexts(n *node, f reflect.Value, s shape, key string) {
	if n.kind != kindTable {
		p.fail(n, fmt.Sprintf("%s: %s must be a table of texts, not %s", s.label, key, n.is()), `write for example { name = "text" }`)
		return
	}
	texts := map[string]string{}
	for _, name := range n.keys {
		c := n.table[name]
		t, ok := c.asText()
		if !ok {
			p.fail(c, fmt.Sprintf("%s: %s of %q must be text in quotes, not %s", s.label, key, name, c.is()), "")
			continue
		}
		texts[name] = t
	}
	f.Set(reflect.ValueOf(texts))
}

// asText is the node's text. An override's text needs no quotes, so that there
// even what looks like a number is text where text is wanted.
func (n *node) asText() (string, bool) {
	if n.kind == kindValue && n.raw != "" {
		if t, ok := n.value.(string); ok {
			return t, true
		}
		return n.raw, true
	}
	t, ok := n.value.(string)
	return t, ok
}

// asNumber is the node's finite number.
func (n *node) asNumber() (float64, bool) {
	switch x := n.value.(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, !math.IsNaN(x) && !math.IsInf(x, 0)
	}
	return 0, false
}

// duration reads a length of time, written as text with a unit.
func (p *problems) duration(n *node, label, key string) (time.Duration, bool) {
	const example = `write for example "10s", "500ms" or "1m30s"`
	t, ok := n.value.(string)
	if !ok {
		p.fail(n, fmt.Sprintf("%s: %s must be a duration in quotes, not %s", label, key, n.is()), example)
		return 0, false
	}
	d, err := time.ParseDuration(t)
	if err != nil {
		p.fail(n, fmt.Sprintf("%s: %s: %q is not a duration", label, key, t), example)
		return 0, false
	}
	return d, true
}

// texts reads a list of texts and returns the node of each beside it.
func (p *problems) texts(n *node, label, key string) (list []string, nodes []*node) {
	if n.kind != kindArray {
		p.fail(n, fmt.Sprintf("%s: %s must be a list of texts, not %s", label, key, n.is()), `write for example ["a", "b"]`)
		return nil, nil
	}
	for _, c := range n.items {
		t, ok := c.value.(string)
		if !ok {
			p.fail(c, fmt.Sprintf("%s: %s must be a list of texts, and one of it is %s", label, key, c.is()), "")
			continue
		}
		list, nodes = append(list, t), append(nodes, c)
	}
	return list, nodes
}

// tables returns the elements of a list of tables.
func (p *problems) tables(n *node, label string) []*node {
	if n.kind != kindArray {
		p.fail(n, fmt.Sprintf("%s must be a list of tables, not %s", label, n.is()), "")
		return nil
	}
	var out []*node
	for _, c := range n.items {
		if c.kind != kindTable {
			p.fail(c, fmt.Sprintf("%s must be a list of tables, and one of it is %s", label, c.is()), "")
			continue
		}
		out = append(out, c)
	}
	return out
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
