package scenarios

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"brownout/harness/chaos"
	"brownout/plan"
)

// Selectors of providers in a fault's on.
const (
	selectAll    = "all"
	selectClass  = "class:"
	selectRegion = "region:"
)

// fault is one [[fault]] as read.
type fault struct {
	plan.Fault
	node   *node
	claims string
	whole  bool // everything about its time and victims is known
}

// faultDoc are the keys that every kind has.
type faultDoc struct {
	Kind    string        `toml:"kind"`
	Name    string        `toml:"name"`
	At      time.Duration `toml:"at"`
	For     time.Duration `toml:"for"`
	Horizon time.Duration `toml:"horizon"`
	Share   float64       `toml:"share"`
}

var faultKeys = []string{"kind", "name", "on", "at", "for", "horizon", "share"}

func (d *document) readFaults(n *node) {
	if n == nil {
		return
	}
	nodes := d.tables(n, "[[fault]]")
	names := faultNames(nodes)
	first := map[string]*node{}
	for i, c := range nodes {
		f := d.fault(c, names[i])
		if prior, ok := first[f.Name]; ok && f.Name != "" {
			d.fail(c.find("name"), fmt.Sprintf("fault name %q is given twice", f.Name), "the first is at "+prior.at.String())
		} else {
			first[f.Name] = c.find("name")
		}
		d.faults = append(d.faults, f)
	}
	d.contradictions()
	slices.SortStableFunc(d.faults, func(a, b fault) int { return int(a.At - b.At) })
	for i, f := range d.faults {
		f.Horizon = horizon(f, d.faults, i, d.plan.Load.Duration)
		d.plan.Faults = append(d.plan.Faults, f.Fault)
	}
}

// faultNames gives each fault its own name or that of its kind, numbered from
// the second on.
func faultNames(nodes []*node) []string {
	taken := map[string]bool{}
	for _, n := range nodes {
		taken[n.text("name")] = true
	}
	out := make([]string, len(nodes))
	for i, n := range nodes {
		name := n.text("name")
		if kind := n.text("kind"); name == "" && kind != "" {
			name = kind
			for k := 2; taken[name]; k++ {
				name = fmt.Sprintf("%s-%d", kind, k)
			}
			taken[name] = true
		}
		out[i] = name
	}
	return out
}

func (d *document) fault(n *node, name string) fault {
	label := "[[fault]]"
	if name != "" {
		label = fmt.Sprintf("fault %q", name)
	}
	v := faultDoc{For: plan.DefaultFaultFor, Horizon: plan.DefaultHorizon, Share: 1}
	params := map[string]*node{}
	var on []string
	before := len(d.errs)
	d.read(n, &v, shape{label: label, path: "fault", hooks: map[string]func(*node){
		"on": func(c *node) { on = d.victims(c, label) },
	}, rest: func(key string, c *node) { params[key] = c }})
	for _, key := range []string{"kind", "on", "at"} {
		if n.table[key] == nil {
			d.fail(n, fmt.Sprintf("%s: %s is missing", label, key), map[string]string{
				"kind": suggest("", kindNames()), "on": `name a provider, a list, or a selector such as "class:cloud"`, "at": `write for example at = "10s"`,
			}[key])
		}
	}
	if given := n.text("name"); given != "" {
		if msg := badName(given); msg != "" {
			d.fail(n.find("name"), label+": "+msg, "")
		}
	}
	f := fault{node: n, whole: len(d.errs) == before, Fault: plan.Fault{
		Name: name, Kind: v.Kind, On: on, At: v.At, For: v.For, Horizon: v.Horizon, Share: v.Share,
	}}
	if end := d.plan.Load.Duration; f.whole && end > 0 && f.At >= end {
		d.fail(n.find("at"), fmt.Sprintf("%s: begins at %s, when the load has ended (%s)", label, f.At, end), "begin it earlier or lengthen the load")
	}
	kind, ok := chaos.Lookup(v.Kind)
	if !ok {
		if v.Kind != "" {
			d.fail(n.find("kind"), fmt.Sprintf("%s: unknown fault kind %q", label, v.Kind), suggest(v.Kind, kindNames()))
		}
		return f
	}
	f.claims = kind.Claims
	d.bind(&f, label, params)
	return f
}

// bind holds the parameters against the kind's own description of them. Bind
// tells one problem at a time; each is taken out and asked again.
func (d *document) bind(f *fault, label string, params map[string]*node) {
	known := slices.Clone(faultKeys)
	for _, p := range chaos.Params(f.Kind) {
		known = append(known, p.Name)
	}
	given := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(params)) {
		if !contains(known, key) {
			d.fail(params[key], fmt.Sprintf("%s: unknown key %q", label, key), suggest(key, known))
			continue
		}
		given[key] = params[key].plain()
	}
	for {
		bound, canonical, err := chaos.Bind(f.Kind, given)
		if err == nil {
			f.Params, f.LinkOnly = canonical, bound.OnLink()
			d.fits(f, label, bound)
			break
		}
		var pe *chaos.ParamError
		if !errors.As(err, &pe) {
			d.fail(f.node, label+": "+err.Error(), "")
			return
		}
		d.fail(f.node.find(pe.Param), label+": "+pe.Msg, pe.Hint)
		if _, ok := given[pe.Param]; !ok {
			return
		}
		delete(given, pe.Param)
	}
	d.modelOf(f, label)
}

// fits sees that each of its victims can have the fault, and that a share of
// their calls can.
func (d *document) fits(f *fault, label string, bound chaos.Fault) {
	if ok, why := chaos.Divisible(bound); !ok && f.Share < 1 {
		d.fail(f.node.find("share"), label+": "+why+", so that share has no meaning", "leave share out, or use a fault of single calls")
	}
	for _, name := range f.On {
		if p, ok := d.plan.Provider(name); ok {
			if err := chaos.Fits(bound, p); err != nil {
				d.fail(f.node.find("on"), label+": "+err.Error(), "")
			}
		}
	}
}

// modelOf sees that a model which a fault names is sold by each of its victims.
func (d *document) modelOf(f *fault, label string) {
	model, _ := f.Params["model"].(string)
	if model == "" {
		return
	}
	for _, name := range f.On {
		p, _ := d.plan.Provider(name)
		var ids []string
		for _, m := range p.Models {
			ids = append(ids, m.ID)
		}
		if !contains(ids, model) {
			d.fail(f.node.find("model"), fmt.Sprintf("%s: provider %q has no model %q", label, name, model), suggest(model, ids))
		}
	}
}

// victims resolves on to names of providers, in the order of the plan.
func (d *document) victims(n *node, label string) []string {
	var list []string
	nodes := []*node{n}
	if t, ok := n.value.(string); ok {
		list = []string{t}
	} else if n.kind == kindArray {
		list, nodes = d.texts(n, label, "on")
		if len(n.items) == 0 {
			d.fail(n, label+": on is an empty list", "name a provider")
		}
	} else {
		d.fail(n, fmt.Sprintf("%s: on must be a provider, a list of them or a selector, not %s", label, n.is()), "")
	}
	hit := map[string]bool{}
	for i, word := range list {
		msg, hint := d.choose(word, hit)
		if msg != "" {
			d.fail(nodes[i], label+": "+msg, hint)
		}
	}
	var out []string
	for _, name := range d.names() {
		if hit[name] {
			out = append(out, name)
		}
	}
	return out
}

// choose marks the providers that a name or selector means.
func (d *document) choose(word string, hit map[string]bool) (msg, hint string) {
	class, isClass := strings.CutPrefix(word, selectClass)
	region, isRegion := strings.CutPrefix(word, selectRegion)
	found := false
	var regions []string
	for _, p := range d.plan.Providers {
		if word == selectAll || word == p.Name || isClass && p.Class == class || isRegion && p.Region == region {
			hit[p.Name], found = true, true
		}
		regions = append(regions, p.Region)
	}
	switch {
	case found, len(d.plan.Providers) == 0: // no providers: told already
		return "", ""
	case isClass && !contains(plan.Classes, class):
		return fmt.Sprintf("unknown class %q", class), suggest(class, plan.Classes)
	case isClass:
		return fmt.Sprintf("no provider is of class %q", class), ""
	case isRegion:
		return fmt.Sprintf("no provider is in region %q", region), suggest(region, regions)
	}
	return fmt.Sprintf("unknown provider %q", word), suggest(word, append(d.names(), selectAll))
}

func kindNames() []string {
	var out []string
	for _, k := range chaos.Kinds() {
		out = append(out, k.Name)
	}
	return out
}
