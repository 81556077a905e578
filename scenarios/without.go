package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// Without returns the scenario without some of its providers: they leave the
// router's order and the faults' victims too. All else is checked as if it
// stood in the file so, and what asks for a provider that is gone is an error
// that says where.
func (s *Scenario) Without(names ...string) (*Scenario, error) {
	if len(names) == 0 {
		return s, nil
	}
	root := s.root.clone()
	known := callNames(root.find("provider"), "provider")
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, Errors{{File: s.file, Msg: fmt.Sprintf("there is no provider %q to be left out", name), Hint: suggest(name, known)}}
		}
	}
	gone := func(n *node) bool { return slices.Contains(names, n.text("name")) }
	providers := root.find("provider")
	providers.items = slices.DeleteFunc(providers.items, gone)
	named := func(n *node) bool {
		text, _ := n.value.(string)
		name, _, _ := strings.Cut(text, "/") // a route's "provider/model"
		return slices.Contains(names, name)
	}
	if order := root.find("router").find("order"); order.kind == kindArray {
		order.items = slices.DeleteFunc(order.items, named)
	}
	for _, r := range root.find("router").find("route").items {
		if to := r.find("to"); to.kind == kindArray {
			to.items = slices.DeleteFunc(to.items, named)
		}
	}
	faults := root.find("fault").items
	for i, f := range faults {
		on := f.find("on")
		if on.kind == kindArray {
			on.items = slices.DeleteFunc(on.items, named)
		}
		if on.kind == kindArray && len(on.items) == 0 || on.kind == kindValue && named(on) {
			return nil, Errors{{File: s.file, Msg: fmt.Sprintf("without %s fault %q would meet nobody", strings.Join(names, ", "), faultNames(faults)[i]), Hint: "leave one of its providers in"}}
		}
	}
	return s.changed(root, "without "+strings.Join(names, ", "))
}
