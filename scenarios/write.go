package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"brownout/harness/chaos"
	"brownout/mocks/presets"
	"brownout/plan"
)

// Write writes a plan as a scenario file that stands alone: nothing of it
// hangs on another scenario, on a variable or on a flag, and it resolves to the
// same plan. What is as a preset or a default has it is left out. The comment,
// of any number of lines, comes first.
func Write(p *plan.Plan, comment string) []byte {
	w := &writer{}
	for line := range strings.SplitSeq(strings.TrimSpace(comment), "\n") {
		if line != "" {
			w.line("# " + strings.TrimSpace(line))
		}
	}
	w.gap()
	w.pair("title", p.Title)
	if p.About != "" {
		w.line("about = " + prose(p.About))
	}
	w.unless("tags", p.Tags, []string(nil))
	w.unless("seeds", p.Challenges, []string(nil))
	w.unless("shows", p.Shows, []string(nil))
	w.pair("seed", p.Seed)
	w.pair("target", p.Target)
	w.load(p.Load)
	for i := range p.Providers {
		w.provider(&p.Providers[i])
	}
	w.table("[router]", diff(p.Router, plan.DefaultRouter))
	for _, c := range p.Changes {
		w.table("[[switch]]", diff(c, plan.Change{At: -1}))
	}
	for i := range p.Faults {
		w.fault(&p.Faults[i])
	}
	w.table("[promise]", diff(p.Promise, plan.DefaultPromise))
	w.table("[weights]", diff(p.Weights, plan.DefaultWeights))
	w.expect(p.Expect)
	return w.Bytes()
}

// writer is a file that grows.
type writer struct{ bytes.Buffer }

// entry is a key with its value as TOML has it.
type entry struct{ key, value string }

func (w *writer) line(s string) { w.WriteString(s + "\n") }

// gap leaves a line empty, but for the first.
func (w *writer) gap() {
	if w.Len() > 0 {
		w.line("")
	}
}

func (w *writer) pair(key string, v any) { w.line(key + " = " + written(reflect.ValueOf(v))) }

// unless writes a pair where it is not the default.
func (w *writer) unless(key string, v, fallback any) {
	if !reflect.DeepEqual(v, fallback) {
		w.pair(key, v)
	}
}

// table writes a table, if there is anything in it.
func (w *writer) table(head string, entries []entry) {
	if len(entries) == 0 {
		return
	}
	w.gap()
	w.line(head)
	w.entries(entries)
}

func (w *writer) entries(entries []entry) {
	for _, e := range entries {
		w.line(e.key + " = " + e.value)
	}
}

func (w *writer) load(l plan.Load) {
	w.gap()
	w.line("[load]")
	w.pair("duration", l.Duration)
	w.unless("workers", l.Workers, plan.DefaultWorkers)
	if len(l.Profile) == 1 && l.Profile[0].At == 0 {
		w.pair("rate", l.Profile[0].Rate)
	} else {
		w.line("profile = [")
		for _, pt := range l.Profile {
			w.line(fmt.Sprintf("  { at = %q, rate = %s },", pt.At, number(pt.Rate)))
		}
		w.line("]")
	}
	w.line("mix = [")
	for _, m := range l.Mix {
		own := append([]entry{{"kind", quote(m.Kind)}}, without(diff(m, plan.DefaultMix[m.Kind]), "kind")...)
		w.line("  " + inline(own) + ",")
	}
	w.line("]")
}

func (w *writer) provider(p *plan.Provider) {
	base, _ := presets.Get(p.Preset)
	models, variants, words := base.Models, base.Variants, base.Words
	w.gap()
	w.line("[[provider]]")
	w.pair("name", p.Name)
	w.unless("preset", p.Preset, p.Name)
	w.entries(without(diff(*p, base), "name", "preset", "model", "variant", "error"))
	if !reflect.DeepEqual(p.Models, models) {
		for _, m := range p.Models {
			w.table("[[provider.model]]", append([]entry{{"id", quote(m.ID)}}, without(diff(m, modelBase(m.ID, models)), "id")...))
		}
	}
	if !reflect.DeepEqual(p.Variants, variants) {
		for _, v := range p.Variants {
			w.table("[[provider.variant]]", diff(v, plan.Variant{Weight: 1}))
		}
	}
	for _, v := range p.Words[min(len(words), len(p.Words)):] {
		w.table("[[provider.error]]", diff(v, plan.Words{}))
	}
}

// modelBase is the entry from which a model of that id starts, as in reading.
func modelBase(id string, base []plan.Model) plan.Model {
	if i := slices.IndexFunc(base, func(m plan.Model) bool { return m.ID == id }); i >= 0 {
		return base[i]
	}
	m := plan.Model{}
	if len(base) > 0 {
		m = base[0]
		m.Replaces = ""
	}
	return m
}

func (w *writer) fault(f *plan.Fault) {
	w.gap()
	w.line("[[fault]]")
	w.pair("kind", f.Kind)
	w.unless("name", f.Name, f.Kind)
	switch {
	case f.Model != "":
		w.pair("on", selectModel+f.Model)
	case len(f.On) == 1:
		w.pair("on", f.On[0])
	default:
		w.pair("on", f.On)
	}
	if f.When != nil {
		w.pair("when", f.When.String())
	}
	if f.When == nil || f.At > 0 {
		w.pair("at", f.At)
	}
	w.pair("for", f.For)
	if f.Horizon > 0 { // one that was cut to nothing is cut again
		w.pair("horizon", f.Horizon)
	}
	w.unless("share", f.Share, 1.0)
	w.unless("ramp", f.Ramp, time.Duration(0))
	_, usual, _ := chaos.Bind(f.Kind, nil)
	for _, name := range slices.Sorted(maps.Keys(f.Params)) {
		if name == "model" && f.Model != "" {
			continue // on says it
		}
		if v := f.Params[name]; !reflect.DeepEqual(v, usual[name]) {
			w.pair(name, v)
		}
	}
}

func (w *writer) expect(list []plan.Expectation) {
	var entries []entry
	for _, e := range list {
		key, bound, _ := strings.Cut(e.Expr, e.Op) // no figure has an operator in its name
		if key = strings.TrimSpace(key); !bareKey(key) {
			key = quote(key)
		}
		entries = append(entries, entry{key, quote(e.Op + bound)})
	}
	w.table("[expect]", entries)
}

// diff are the fields of a struct that differ from those of another.
func diff(v, from any) []entry {
	a, b := reflect.ValueOf(v), reflect.ValueOf(from)
	var out []entry
	for i := range a.NumField() {
		key := a.Type().Field(i).Tag.Get("toml")
		if key == "" || key == "-" || reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			continue
		}
		f := a.Field(i)
		switch {
		case f.Kind() == reflect.Struct:
			out = append(out, entry{key, inline(diff(f.Interface(), b.Field(i).Interface()))})
		case f.Kind() == reflect.Pointer && f.IsNil():
			// Nothing in a file means none; it can only be so by default.
		default:
			out = append(out, entry{key, written(f)})
		}
	}
	return out
}

func without(list []entry, keys ...string) []entry {
	return slices.DeleteFunc(list, func(e entry) bool { return slices.Contains(keys, e.key) })
}

func inline(entries []entry) string {
	parts := make([]string, len(entries))
	for i, e := range entries {
		parts[i] = e.key + " = " + e.value
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// written is a value as TOML has it.
func written(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return quote(time.Duration(v.Int()).String())
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10)
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10)
	case v.CanFloat():
		return number(v.Float())
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return written(v.Elem())
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Struct:
		return inline(diff(v.Interface(), reflect.Zero(v.Type()).Interface()))
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = written(v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		var entries []entry
		for _, k := range slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }) {
			entries = append(entries, entry{quote(k.String()), written(v.MapIndex(k))})
		}
		return inline(entries)
	}
	return quote(v.String())
}

// number writes a number that reads as a number again.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// quote writes a text: what JSON calls a string is one in TOML, too.
func quote(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text cannot fail
	return strings.TrimSpace(strings.ReplaceAll(b.String(), "\x7f", `\u007f`))
}

// bareKey tells whether a key needs no quotes.
func bareKey(key string) bool {
	return key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// proseWidth is where the lines of a paragraph are broken.
const proseWidth = 80

// prose writes paragraphs in lines that people read.
func prose(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `"""`, `""\"`).Replace(s)
	if strings.HasSuffix(s, `"`) {
		s = s[:len(s)-1] + `\"`
	}
	return `"""` + "\n" + ansi.Wordwrap(s, proseWidth, "") + `"""`
}
