package router

import (
	"fmt"
	"maps"
	"slices"

	"brownout/plan"
)

// modelMap is what an operator says of models: their other names, which of them
// may answer for each other, and which are answered by themselves alone.
type modelMap struct {
	alias  map[string]string // name -> model
	class  map[string]string // model or class -> class
	member map[string][]string
	pinned []string
}

func newModelMap(s plan.ModelMap) *modelMap {
	m := &modelMap{alias: map[string]string{}, class: map[string]string{}, member: map[string][]string{}, pinned: s.Pin}
	for _, a := range s.Alias {
		m.alias[a.Name] = a.Model
	}
	for _, v := range s.Class {
		m.class[v.Name], m.member[v.Name] = v.Name, v.Members
		for _, id := range v.Members {
			m.class[id] = v.Name
		}
	}
	return m
}

// mapModels is the mitigation.
func mapModels(r *engine) *stage {
	m := newModelMap(r.set.ModelMap)
	if len(m.alias)+len(m.class)+len(m.pinned) == 0 {
		return nil
	}
	r.mapped = m
	return &stage{
		resolve: func(_ *call, asked string) string {
			if model, ok := m.alias[asked]; ok {
				return model
			}
			return asked
		},
		model:  m.model,
		choose: m.choose,
	}
}

// model is the first of the models equivalent to the one that was asked for
// which a backend has; "": it has that one itself, or none of them.
func (m *modelMap) model(_ *call, b *backend, asked string) string {
	class, ok := m.class[asked]
	if !ok || b.has(asked) || m.pins(asked) {
		return ""
	}
	for _, id := range m.member[class] {
		if b.has(id) {
			return id
		}
	}
	return ""
}

// choose leaves a pinned model to those who have it.
func (m *modelMap) choose(c *call, cands []candidate) []candidate {
	if !m.pins(c.model) {
		return cands
	}
	return slices.DeleteFunc(cands, func(v candidate) bool { return !v.has(c.model) })
}

// pins tells whether a model is answered by itself alone. Of the nil map none
// is.
func (m *modelMap) pins(model string) bool { return m != nil && slices.Contains(m.pinned, model) }

// equal tells whether two models are of one class, so that each may answer for
// the other.
func (m *modelMap) equal(a, b string) bool {
	if m == nil || m.pins(a) {
		return false
	}
	of, ok := m.class[a]
	return ok && of == m.class[b]
}

// names are those that only the router knows, in their order.
func (m *modelMap) names() []string {
	if m == nil {
		return nil
	}
	names := slices.Collect(maps.Keys(m.alias))
	names = slices.AppendSeq(names, maps.Keys(m.member))
	slices.Sort(names)
	return names
}

// has tells whether a backend is known to have a model.
func (b *Backend) has(model string) bool {
	return b.Model == model || slices.Contains(b.Models, model) || b.entry(model) != unknownModel
}

// modelMap checks what is said of models.
func (c *checker) modelMap(s plan.ModelMap) {
	names, classes := map[string]bool{}, map[string]string{}
	for _, a := range s.Alias {
		switch {
		case a.Name == "" || a.Model == "":
			c.bad("model_map.alias", "an alias has no name or no model; give both")
		case names[a.Name]:
			c.bad("model_map.alias", "%q is given twice; keep one", a.Name)
		}
		names[a.Name] = true
	}
	for _, v := range s.Class {
		if v.Name == "" || len(v.Members) == 0 {
			c.bad("model_map.class", "a class has no name or no members; give both")
		}
		for _, id := range v.Members {
			if other, ok := classes[id]; ok {
				c.bad("model_map.class", "%q is in %q and in %q; a model has one class", id, other, v.Name)
			}
			classes[id] = v.Name
		}
	}
	for _, a := range s.Alias {
		if names[a.Model] {
			c.bad("model_map.alias", "%q stands for %q, which is an alias, too; give the model itself", a.Name, a.Model)
		}
	}
	for _, id := range s.Pin {
		if names[id] {
			c.bad("model_map.pin", "%s", fmt.Sprintf("%q is an alias; pin the model that it stands for", id))
		}
	}
}
