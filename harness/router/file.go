package router

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/agnivade/levenshtein"

	"brownout/plan"
)

// FromFile reads a configuration file; see Parse.
func FromFile(path string) (Config, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return Config{}, err
	}
	return Parse(path, src, os.LookupEnv)
}

// Parse reads a configuration in TOML: settings at the top or in a [router]
// block, and [[backend]] entries whose key stands in the file or in an
// environment variable. It is strict; each thing wrong is told as
// "file:line:col: what; how to mend", all of them at once.
func Parse(name string, src []byte, env func(string) (string, bool)) (Config, error) {
	tree := map[string]any{}
	if _, err := toml.Decode(string(src), &tree); err != nil {
		var p toml.ParseError
		if errors.As(err, &p) {
			return Config{}, fmt.Errorf("%s:%d:%d: %s; mend the TOML", name, p.Position.Line, p.Position.Col, p.Message)
		}
		return Config{}, fmt.Errorf("%s:1:1: %w; mend the TOML", name, err)
	}
	d := &decoder{name: name, src: string(src), env: env}
	d.settings(tree, nil)
	if v, ok := tree["router"]; ok {
		if block, ok := v.(map[string]any); ok {
			d.settings(block, []string{"router"})
		} else {
			d.wrong(at{"router"}, "router is not a table; write [router]")
		}
	}
	d.backends(tree["backend"])
	if len(d.errs) > 0 {
		return Config{}, errors.Join(d.errs...)
	}
	c := Config{Settings: d.set, Backends: d.list}
	if _, err := newEngine(c, nil, nil); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			d.setAmiss(line)
		}
		return Config{}, errors.Join(d.errs...)
	}
	return c, nil
}

// setAmiss places an error of New, which begins with the setting's name.
func (d *decoder) setAmiss(text string) {
	name, _, _ := strings.Cut(text, ":")
	where := at{}
	for part := range strings.SplitSeq(name, ".") {
		where = append(where, part)
	}
	if line, _ := locate(d.src, where); line == 1 {
		where = append(at{"router"}, where...)
	}
	d.wrong(where, "%s", text)
}

// at is a place in the tree: table names, list indices and a key.
type at []any

type decoder struct {
	name string
	src  string
	env  func(string) (string, bool)
	set  plan.Router
	seen map[string]bool // settings given so far
	list []Backend
	errs []error
}

func (d *decoder) wrong(where at, format string, args ...any) {
	line, col := locate(d.src, where)
	d.errs = append(d.errs, fmt.Errorf("%s:%d:%d: %s", d.name, line, col, fmt.Sprintf(format, args...)))
}

// settings takes in the settings of one block, in the order of their names so
// that errors are too.
func (d *decoder) settings(block map[string]any, path []string) {
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	where := at{}
	for _, p := range path {
		where = append(where, p)
	}
	for _, name := range sortedKeys(block) {
		v := block[name]
		if len(path) == 0 && (name == "backend" || name == "router") {
			continue
		}
		inner := append(where[:len(where):len(where)], name)
		if sub, ok := v.(map[string]any); ok && isBlock(name) {
			for _, key := range sortedKeys(sub) {
				d.setting(name+"."+key, sub[key], append(inner[:len(inner):len(inner)], key))
			}
			continue
		}
		d.setting(name, v, inner)
	}
}

func (d *decoder) setting(name string, v any, where at) {
	i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
	switch {
	case i < 0:
		names := []string{}
		for _, k := range keys {
			names = append(names, k.name)
		}
		if len(where) == 1 {
			names = append(names, "router", "backend")
		}
		d.wrong(where, "unknown key %q; %s", name, nearest(name, names))
	case d.seen[name]:
		d.wrong(where, "%q is given at the top and in [router]; keep one", name)
	case isTables(keys[i].value(&d.set)):
		d.tables(keys[i].value(&d.set), name, v, where)
	case !keys[i].set(&d.set, v):
		d.wrong(where, "%s = %v is out of place; give %s", name, v, kind(keys[i].value(&d.set).Type()))
	}
	d.seen[name] = true
}

func isTables(f reflect.Value) bool {
	return f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct
}

// tables takes in a list of tables.
func (d *decoder) tables(f reflect.Value, name string, v any, where at) {
	list, ok := v.([]map[string]any)
	if !ok {
		d.wrong(where, "%s is out of place; give %s", name, kind(f.Type()))
		return
	}
	out := reflect.MakeSlice(f.Type(), len(list), len(list))
	for i, t := range list {
		d.table(out.Index(i), name, t, append(where[:len(where):len(where)], i))
	}
	f.Set(out)
}

// table takes in one of them.
func (d *decoder) table(f reflect.Value, name string, t map[string]any, where at) {
	for _, key := range sortedKeys(t) {
		here := append(where[:len(where):len(where)], key)
		switch field := fieldOf(f, key); {
		case !field.IsValid():
			d.wrong(here, "unknown key %q in [[%s]]; %s", key, name, nearest(key, tags(f.Type())))
		case !assign(field, t[key]):
			d.wrong(here, "%s = %v is out of place in [[%s]]; give %s", key, t[key], name, kind(field.Type()))
		}
	}
}

// tags are the keys of a table.
func tags(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("toml"); tag != "" {
			names = append(names, tag)
		}
	}
	return names
}

// backendKeys are what a [[backend]] may say.
var backendKeys = []string{"name", "dialect", "base_url", "key", "key_env", "class", "region", "model", "models", "catalogue"}

func (d *decoder) backends(v any) {
	if v == nil {
		d.errs = append(d.errs, fmt.Errorf("%s:1:1: no backend; add a [[backend]] with name, dialect and base_url", d.name))
		return
	}
	list, ok := v.([]map[string]any)
	if !ok {
		d.wrong(at{"backend"}, "backend is not a list of tables; write [[backend]]")
		return
	}
	for i, t := range list {
		d.list = append(d.list, d.backend(i, t))
	}
}

func (d *decoder) backend(i int, t map[string]any) Backend {
	var b Backend
	fields := map[string]*string{
		"name": &b.Name, "dialect": &b.Dialect, "base_url": &b.BaseURL, "key": &b.Key,
		"class": &b.Class, "region": &b.Region, "model": &b.Model, "key_env": new(string),
	}
	for _, name := range sortedKeys(t) {
		where := at{"backend", i, name}
		ok := true
		switch f := fields[name]; {
		case f != nil:
			*f, ok = t[name].(string)
		case name == "models":
			b.Models, ok = texts(t[name])
		case name == "catalogue":
			d.tables(reflect.ValueOf(&b.Catalogue).Elem(), "backend.catalogue", t[name], where)
		default:
			d.wrong(where, "unknown key %q in [[backend]]; %s", name, nearest(name, backendKeys))
		}
		if !ok {
			// The value is not shown: it may be a key.
			d.wrong(where, "%s is of the wrong sort; give a text in quotes (models: a list of them)", name)
		}
	}
	if variable := *fields["key_env"]; variable != "" {
		key, ok := d.env(variable)
		switch {
		case t["key"] != nil:
			d.wrong(at{"backend", i, "key_env"}, "key and key_env are both given; keep one")
		case !ok:
			d.wrong(at{"backend", i, "key_env"}, "the environment has no %s; set it, or take key_env away", variable)
		}
		b.Key = key
	}
	before := map[string]*backend{}
	for _, other := range d.list {
		before[other.Name] = &backend{}
	}
	if err := check(b, before); err != nil {
		d.wrong(at{"backend", i}, "%v", err)
	}
	return b
}

// nearest suggests the known word that is least far from the unknown one.
func nearest(word string, known []string) string {
	best, far := "", 4
	for _, k := range known {
		if n := levenshtein.ComputeDistance(word, k); n < far {
			best, far = k, n
		}
	}
	if best == "" {
		return "known are " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("did you mean %q?", best)
}

func sortedKeys(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
