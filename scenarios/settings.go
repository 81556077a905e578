package scenarios

import (
	"slices"
	"strings"

	"brownout/harness/chaos"
)

// Setting is a value of a scenario that an override can set.
type Setting struct {
	Path string // as With takes it
	Doc  string // what it means; empty for what the scenario itself has named
}

// Settings are what With can set: the values that the scenario has, and those
// that its file could have, by their paths. Elements that a list lacks are not
// among them, since nothing calls them yet.
func (s *Scenario) Settings() []Setting {
	out := settings(s.root, schemaTree(), "", "")
	out = slices.DeleteFunc(out, func(x Setting) bool { return x.Path == extendsKey }) // see override
	slices.SortFunc(out, func(a, b Setting) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// settings are those at and below a path. The node is nil where the scenario
// says nothing; list is the key under which the node stands.
func settings(n *node, c schema, path, list string) (out []Setting) {
	doc, _ := c["description"].(string)
	if either, ok := c["anyOf"].([]any); ok { // the value itself, or a variable
		c, _ = either[0].(schema)
	}
	items, isList := c["items"].(schema)
	properties, _ := c["properties"].(schema)
	switch {
	case isList && idKeys[list] != "":
		if n == nil || n.kind != kindArray {
			return nil
		}
		for i, name := range callNames(n, list) {
			out = append(out, settings(n.items[i], items, path+"."+inPath(name), list)...)
		}
	case c["type"] == "object":
		below := map[string]schema{}
		for key, v := range properties {
			below[key], _ = v.(schema)
		}
		if list == "fault" && n != nil {
			for _, p := range chaos.Params(n.text("kind")) {
				below[p.Name] = paramSchema(p)
			}
		}
		if n == nil {
			n = &node{}
		}
		for _, key := range n.keys {
			if below[key] == nil {
				below[key] = schema{}
			}
		}
		for key, v := range below {
			out = append(out, settings(n.table[key], v, strings.TrimPrefix(path+"."+inPath(key), "."), key)...)
		}
	default:
		out = append(out, Setting{Path: path, Doc: doc})
	}
	return out
}

// inPath is a key as it stands in a path.
func inPath(key string) string {
	if strings.Contains(key, ".") {
		return `"` + key + `"`
	}
	return key
}
