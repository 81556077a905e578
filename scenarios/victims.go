package scenarios

import (
	"fmt"
	"strings"

	"brownout/plan"
)

// Selectors of providers in a fault's on.
const (
	selectAll    = "all"
	selectClass  = "class:"
	selectRegion = "region:"
	selectModel  = "model:"
)

// victims resolves on to names of providers, in the order of the plan, and to
// the model whose calls alone are meant, if one is.
func (d *document) victims(n *node, label string) (names []string, model string) {
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
		if m, ok := strings.CutPrefix(word, selectModel); ok {
			model = m
			if len(list) > 1 {
				d.fail(nodes[i], fmt.Sprintf("%s: %q stands beside other victims, and it would not be clear which of their calls are meant", label, word), "write one [[fault]] for the model and one for the others")
			}
		}
		msg, hint := d.choose(word, hit)
		if msg != "" {
			d.fail(nodes[i], label+": "+msg, hint)
		}
	}
	for _, name := range d.names() {
		if hit[name] {
			names = append(names, name)
		}
	}
	return names, model
}

// choose marks the providers that a name or selector means.
func (d *document) choose(word string, hit map[string]bool) (msg, hint string) {
	class, isClass := strings.CutPrefix(word, selectClass)
	region, isRegion := strings.CutPrefix(word, selectRegion)
	model, isModel := strings.CutPrefix(word, selectModel)
	found := false
	var regions, models []string
	for _, p := range d.plan.Providers {
		if word == selectAll || word == p.Name || isClass && p.Class == class || isRegion && p.Region == region || isModel && p.Has(model) {
			hit[p.Name], found = true, true
		}
		regions = append(regions, p.Region)
		for _, m := range p.Models {
			models = append(append(models, m.ID), m.Aliases...)
		}
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
	case isModel:
		return fmt.Sprintf("no provider has a model %q", model), suggest(model, models)
	}
	if before, _, ok := strings.Cut(word, ":"); ok {
		return fmt.Sprintf("unknown selector %q", before+":"), "known are " + selectClass + ", " + selectRegion + " and " + selectModel + ", and the word " + selectAll
	}
	return fmt.Sprintf("unknown provider %q", word), suggest(word, append(d.names(), selectAll))
}
