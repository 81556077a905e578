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

// fault is one [[fault]] as read, or one of its repetitions.
type fault struct {
	plan.Fault
	node   *node
	claims string
	whole  bool // everything about its time and victims is known
	round  int  // of a repeated fault, from 0

	after     string // the fault from which At counts; empty: the run's start
	fromClear bool   // from its clearance, not its injection
	repeat    int
	every     time.Duration
}

// faultDoc are the plain keys that every kind has.
type faultDoc struct {
	Kind    string        `toml:"kind"`
	Name    string        `toml:"name"`
	At      time.Duration `toml:"at"`
	After   string        `toml:"after"`
	When    string        `toml:"when"`
	For     time.Duration `toml:"for"`
	Horizon time.Duration `toml:"horizon"`
	Share   float64       `toml:"share"`
	Ramp    time.Duration `toml:"ramp"`
	Repeat  int           `toml:"repeat"`
	Every   time.Duration `toml:"every"`
}

var faultKeys = []string{"kind", "name", "on", "at", "after", "when", "for", "horizon", "share", "ramp", "repeat", "every"}

func (d *document) readFaults(n *node) {
	if n == nil {
		return
	}
	nodes := d.tables(n, "[[fault]]")
	names := faultNames(nodes)
	for i, c := range nodes {
		d.faults = append(d.faults, d.fault(c, names[i]))
	}
	d.faults = repeated(d.faults)
	d.uniqueFaults()
	d.settle()
	d.contradictions()
	slices.SortStableFunc(d.faults, func(a, b fault) int { return int(a.At - b.At) })
	for i, f := range d.faults {
		f.Horizon = horizon(f, d.faults, i, d.plan.Load.Duration)
		d.plan.Faults = append(d.plan.Faults, f.Fault)
	}
}

// faultNames gives each fault its own name or that of its kind, numbered from
// the second on. The repetitions of a fault have names of their own.
func faultNames(nodes []*node) []string {
	taken := map[string]bool{}
	for _, n := range nodes {
		if name := n.text("name"); name != "" {
			for k := range rounds(n) {
				taken[roundName(name, k)] = true
			}
		}
	}
	out := make([]string, len(nodes))
	for i, n := range nodes {
		name := n.text("name")
		if kind := n.text("kind"); name == "" && kind != "" {
			name = kind
			for k := 2; !free(taken, name, rounds(n)); k++ {
				name = fmt.Sprintf("%s-%d", kind, k)
			}
			for k := range rounds(n) {
				taken[roundName(name, k)] = true
			}
		}
		out[i] = name
	}
	return out
}

// free tells whether a name and those of all its repetitions are not taken.
func free(taken map[string]bool, name string, rounds int) bool {
	for k := range rounds {
		if taken[roundName(name, k)] {
			return false
		}
	}
	return true
}

func (d *document) uniqueFaults() {
	first := map[string]*node{}
	for _, f := range d.faults {
		if prior, ok := first[f.Name]; ok && f.Name != "" {
			d.fail(f.node.find("name"), fmt.Sprintf("fault name %q is given twice", f.Name), "the first is at "+prior.at.String())
		} else {
			first[f.Name] = f.node.find("name")
		}
	}
}

func (d *document) fault(n *node, name string) fault {
	label := "[[fault]]"
	if name != "" {
		label = fmt.Sprintf("fault %q", name)
	}
	v := faultDoc{For: plan.DefaultFaultFor, Horizon: plan.DefaultHorizon, Share: 1, Repeat: 1}
	params := map[string]*node{}
	var on []string
	var model string
	before := len(d.errs)
	d.read(n, &v, shape{label: label, path: "fault", hooks: map[string]func(*node){
		"on": func(c *node) { on, model = d.victims(c, label) },
	}, rest: func(key string, c *node) { params[key] = c }})
	d.missing(n, label)
	if given := n.text("name"); given != "" {
		if msg := badName(given); msg != "" {
			d.fail(n.find("name"), label+": "+msg, "")
		}
	}
	f := fault{node: n, repeat: v.Repeat, every: v.Every, Fault: plan.Fault{
		Name: name, Kind: v.Kind, On: on, At: v.At, For: v.For, Horizon: v.Horizon, Share: v.Share,
		Ramp: v.Ramp, Model: model,
	}}
	d.timing(&f, v, label)
	f.whole = len(d.errs) == before
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

// missing reports the keys without which nobody knows what a fault is.
func (d *document) missing(n *node, label string) {
	hints := map[string]string{
		"kind": suggest("", kindNames()), "on": `name a provider, a list, or a selector such as "class:cloud"`,
		"at": `write for example at = "10s"`,
	}
	for _, key := range []string{"kind", "on", "at"} {
		if n.table[key] != nil || key == "at" && (n.table["after"] != nil || n.table["when"] != nil) {
			continue
		}
		d.fail(n, fmt.Sprintf("%s: %s is missing", label, key), hints[key])
	}
}

// bind holds the parameters against the kind's own description of them. Bind
// tells one problem at a time; each is taken out and asked again.
func (d *document) bind(f *fault, label string, params map[string]*node) {
	known := slices.Clone(faultKeys)
	given := map[string]any{}
	for _, p := range chaos.Params(f.Kind) {
		known = append(known, p.Name)
		if p.Name == "model" && f.Model != "" { // the kind asks for a model itself
			given[p.Name] = f.Model
		}
	}
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

// fits sees that each of its victims can have the fault, and that single calls
// can be chosen where that is asked for.
func (d *document) fits(f *fault, label string, bound chaos.Fault) {
	if ok, why := chaos.Divisible(bound); !ok {
		const hint = ", or use a fault of single calls"
		if f.Share < 1 {
			d.fail(f.node.find("share"), label+": "+why+", so that share has no meaning", "leave share out"+hint)
		}
		if f.Ramp > 0 && f.LinkOnly {
			d.fail(f.node.find("ramp"), label+": "+why+", so that no share of them can grow", "leave ramp out"+hint)
		}
		if f.Model != "" && f.Params["model"] == nil {
			d.fail(f.node.find("on"), label+": "+why+", so that those for one model cannot be chosen", "name the providers"+hint)
		}
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
	at := "model"
	if f.Model == model {
		at = "on"
	}
	for _, name := range f.On {
		p, _ := d.plan.Provider(name)
		var ids []string
		for _, m := range p.Models {
			ids = append(ids, m.ID)
		}
		if !contains(ids, model) {
			hint := suggest(model, ids)
			if p.Has(model) {
				hint = "that is an alias; name the model by its id: " + strings.Join(ids, ", ")
			}
			d.fail(f.node.find(at), fmt.Sprintf("%s: provider %q has no model %q", label, name, model), hint)
		}
	}
}

func kindNames() []string { return chaos.KindNames() }
