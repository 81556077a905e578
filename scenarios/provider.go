package scenarios

import (
	"fmt"
	"regexp"
	"slices"

	"brownout/mocks/presets"
	"brownout/plan"
)

// names of providers and faults stand in URLs, in metrics and in the paths of
// overrides.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)

// badName says what is wrong with a name of a provider or fault, or "".
func badName(name string) string {
	switch {
	case name == selectAll:
		return fmt.Sprintf("the name %q is the selector of every provider", name)
	case !nameForm.MatchString(name):
		return fmt.Sprintf("the name %q is not usable: letters, digits, - and _, at most 40, a letter or digit first", name)
	}
	return ""
}

func (d *document) readProviders(n *node) {
	if n == nil {
		d.fail(d.root, "the scenario has no providers", `add [[provider]] with name = "openai"`)
		return
	}
	seen := map[string]*node{}
	for _, c := range d.tables(n, "[[provider]]") {
		p := d.provider(c)
		if first, ok := seen[p.Name]; ok && p.Name != "" {
			d.fail(c.find("name"), fmt.Sprintf("provider %q is given twice", p.Name), "the first is at "+first.at.String()+"; give this one another name and preset = \""+p.Preset+"\"")
			continue
		}
		seen[p.Name] = c.find("name")
		d.plan.Providers = append(d.plan.Providers, p)
	}
	if n.kind == kindArray && len(n.items) == 0 {
		d.fail(n, "the scenario has no providers", `add [[provider]] with name = "openai"`)
	}
}

// String gives a place within a message.
func (p place) String() string {
	if p.set != "" {
		return setPrefix + p.set
	}
	if p.file != "" {
		return fmt.Sprintf("line %d of %s", p.line, p.file)
	}
	return fmt.Sprintf("line %d", p.line)
}

// provider reads one [[provider]] over its preset.
func (d *document) provider(n *node) plan.Provider {
	name, preset := n.text("name"), n.text("preset")
	label := "[[provider]]"
	if name != "" {
		label = fmt.Sprintf("provider %q", name)
		if msg := badName(name); msg != "" {
			d.fail(n.find("name"), "[[provider]]: "+msg, "")
		}
	} else if c := n.table["name"]; c == nil || c.value == "" {
		d.fail(n.find("name"), "[[provider]] has no name", `write for example name = "openai"`)
	}
	from := n.find("preset")
	if preset == "" {
		preset, from = name, n.find("name")
	}
	p, ok := presets.Get(preset)
	if !ok && preset != "" && n.table["preset"].isTextOrNone() {
		hint := suggest(preset, presets.Names())
		if from == n.find("name") && nearest(preset, presets.Names()) == "" {
			hint = "give it one: preset = …; " + hint
		}
		d.fail(from, fmt.Sprintf("%s: unknown preset %q", label, preset), hint)
	}
	base := p.Models
	p.Models = nil
	models := n.table["model"]
	read := d.read(n, &p, shape{label: label, path: "provider", hooks: map[string]func(*node){
		"model":   func(*node) {},
		"variant": func(*node) {},
		"error":   func(*node) {},
		"dialect": func(c *node) { p.Dialect = d.dialect(c, label) },
	}})
	p.Name, p.Preset, p.Models = name, preset, base
	if models != nil {
		p.Models = d.models(models, label, base)
	}
	if v := n.table["variant"]; v != nil {
		p.Variants = d.variants(v, label, p.Models)
	}
	if e := n.table["error"]; e != nil {
		p.Words = append(slices.Clone(p.Words), d.words(e, label)...) // the last of a kind counts
	}
	if m := p.Service.Model; ok && read && (m == plan.ServiceSlots || m == plan.ServiceEdge || m == plan.ServiceManaged) && p.Service.Slots < 1 {
		d.fail(n.find("service", "slots"), fmt.Sprintf("%s: a service of model %q has no slots", label, m), "write slots = 8 in its service")
	}
	return p
}

func (n *node) isTextOrNone() bool {
	if n == nil {
		return true
	}
	_, ok := n.value.(string)
	return ok
}

// dialect reads the wire format; those of the presets are known.
func (d *document) dialect(n *node, label string) string {
	t, ok := n.asText()
	if !ok {
		d.fail(n, fmt.Sprintf("%s: dialect must be text in quotes, not %s", label, n.is()), "")
		return ""
	}
	known := dialects()
	if !contains(known, t) {
		d.fail(n, fmt.Sprintf("%s: unknown dialect %q", label, t), suggest(t, known))
	}
	return t
}

func dialects() []string {
	var out []string
	for _, name := range presets.Names() {
		if p, ok := presets.Get(name); ok && !contains(out, p.Dialect) {
			out = append(out, p.Dialect)
		}
	}
	return out
}

// variants reads the versions of models.
func (d *document) variants(n *node, label string, models []plan.Model) []plan.Variant {
	var out []plan.Variant
	for _, c := range d.tables(n, label+" variant") {
		v := plan.Variant{Weight: 1}
		if d.read(c, &v, shape{label: fmt.Sprintf("%s variant %q", label, c.text("id")), path: "provider.variant"}) {
			has := false
			for _, m := range models {
				has = has || m.ID == v.Model
			}
			switch {
			case v.ID == "":
				d.fail(c.find("id"), label+": a variant has no id", "write the model id that its answers name")
			case !has:
				d.fail(c.find("model"), fmt.Sprintf("%s: variant %q is one of model %q, which the provider does not have", label, v.ID, v.Model), "name a model of its catalogue")
			}
		}
		out = append(out, v)
	}
	return out
}

// words reads what errors say.
func (d *document) words(n *node, label string) []plan.Words {
	var out []plan.Words
	for _, c := range d.tables(n, label+" error") {
		var w plan.Words
		if d.read(c, &w, shape{label: fmt.Sprintf("%s error %q", label, c.text("kind")), path: "provider.error"}) && w.Kind == "" {
			d.fail(c.find("kind"), label+": an error has no kind", `write for example kind = "overload"`)
		}
		out = append(out, w)
	}
	return out
}

// models reads a catalogue. It takes the place of the preset's; an entry with
// the id of one of the preset's starts from that one.
func (d *document) models(n *node, label string, base []plan.Model) []plan.Model {
	var out []plan.Model
	seen := map[string]bool{}
	for _, c := range d.tables(n, label+" model") {
		id := c.text("id")
		m := plan.Model{}
		if len(base) > 0 { // a new model is as large and as dear as the first one
			m = base[0]
			m.Replaces = ""
		}
		for _, b := range base {
			if b.ID == id {
				m = b
			}
		}
		switch {
		case id == "" && c.table["id"].isTextOrNone():
			d.fail(c.find("id"), label+": a model has no id", "")
		case seen[id] && id != "":
			d.fail(c.find("id"), fmt.Sprintf("%s: model %q is given twice", label, id), "")
		}
		seen[id] = true
		d.read(c, &m, shape{label: fmt.Sprintf("%s model %q", label, id), path: "provider.model"})
		out = append(out, m)
	}
	if n.kind == kindArray && len(n.items) == 0 {
		d.fail(n, label+": model is an empty list", "leave it out to keep the preset's models")
	}
	return out
}
