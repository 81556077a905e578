package scenarios

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// extendsKey names the scenario that a scenario is a variation of.
const extendsKey = "extends"

// text is a scenario's text and where it came from.
type text struct {
	file    string // its name in messages
	builtin bool   // one of the library, which knows no files
	bytes   []byte
}

// assemble reads a scenario's tree with all that it extends below it. Way are
// the scenarios that led here, for cycles.
func (t text) assemble(way []string) (*node, Errors) {
	root, problem := parse(t.file, t.bytes)
	if problem != nil {
		return nil, Errors{*problem}
	}
	n := root.table[extendsKey]
	if n == nil {
		return root, nil
	}
	fail := func(msg, hint string) (*node, Errors) {
		return nil, Errors{n.at.problem(t.file, msg, hint)}
	}
	name, ok := n.value.(string)
	if !ok || name == "" {
		return fail("extends must be the name of a built-in scenario or a path, not "+n.is(), "")
	}
	base, problem := t.beside(name)
	if problem != nil {
		return fail("extends: "+problem.Msg, problem.Hint)
	}
	way = append(slices.Clone(way), t.id())
	if slices.Contains(way, base.id()) {
		return fail("extends: the scenario extends itself: "+strings.Join(append(way, base.id()), " -> "), "let one of them stand alone")
	}
	below, errs := base.assemble(way)
	if errs != nil {
		return nil, errs
	}
	below.stamp(base.file)
	return merge(below, root, ""), nil
}

// id tells scenarios apart however they are called.
func (t text) id() string {
	if t.builtin {
		return strings.TrimSuffix(filepath.Base(t.file), ".toml")
	}
	return filepath.Clean(t.file)
}

// beside finds the text that a scenario calls by a name or by a path relative
// to its own.
func (t text) beside(name string) (text, *Error) {
	if !isPath(name) {
		if b, ok := builtinText(name); ok {
			return b, nil
		}
	}
	if t.builtin {
		return text{}, &Error{Msg: fmt.Sprintf("no built-in scenario is called %q", name), Hint: suggest(name, Builtin())}
	}
	at := name
	if !filepath.IsAbs(at) {
		at = filepath.Join(filepath.Dir(t.file), at)
	}
	return fileText(at, name)
}

// stamp says of all nodes that have no place elsewhere that they stand in file.
func (n *node) stamp(file string) {
	if n.at.file == "" {
		n.at.file, n.starts.file = file, file
	}
	for _, c := range n.table {
		c.stamp(file)
	}
	for _, c := range n.items {
		c.stamp(file)
	}
}

// merge lays table over on table base and returns it. Tables are merged key by
// key; [[provider]] and [[fault]] by the names of their elements; everything
// else, lists too, is replaced.
func merge(base, over *node, path string) *node {
	base.at = over.at
	for _, key := range over.keys {
		b, o := base.table[key], over.table[key]
		at := strings.TrimPrefix(path+"."+key, ".")
		switch {
		case b == nil:
			base.put(key, o)
		case b.kind == kindTable && o.kind == kindTable:
			base.table[key] = merge(b, o, at)
		case b.kind == kindArray && o.kind == kindArray && (at == "provider" || at == "fault"):
			base.table[key] = mergeNamed(b, o, at)
		default:
			base.table[key] = o
		}
		// A flat rate and a profile say the same thing; the later one wins.
		switch {
		case at == "load.rate" && over.table["profile"] == nil:
			base.remove("profile")
		case at == "load.profile" && over.table["rate"] == nil:
			base.remove("rate")
		}
	}
	return base
}

// mergeNamed lays the elements of one list over those of another that are
// called the same, and adds the others. A fault of another kind takes the whole
// place of the one that had its name.
func mergeNamed(base, over *node, list string) *node {
	base.at = over.at
	names := elementNames(base, list)
	for i, name := range elementNames(over, list) {
		o := over.items[i]
		j := slices.Index(names, name)
		switch {
		case j < 0 || name == "":
			base.items = append(base.items, o)
		case base.items[j].kind != kindTable || o.kind != kindTable,
			list == "fault" && o.table["kind"] != nil && o.text("kind") != base.items[j].text("kind"):
			base.items[j] = o
		default:
			base.items[j] = merge(base.items[j], o, list+"[]")
		}
	}
	return base
}

func elementNames(n *node, list string) []string {
	if list == "fault" {
		return faultNames(n.items)
	}
	out := make([]string, len(n.items))
	for i, c := range n.items {
		out[i] = c.text("name")
	}
	return out
}
