package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// varsKey is the table of variables.
const varsKey = "vars"

var varForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// vars are the variables of a document while they are put into it.
type vars struct {
	*problems
	table map[string]*node
	names []string
	used  map[string]bool
}

// expand returns the tree with every ${name} replaced. A text that is nothing
// but one reference becomes the variable's value, of whatever type; within a
// longer text a value is written as TOML would write it. $${ is a plain ${.
func (p *problems) expand(root *node) *node {
	v := vars{problems: p, table: map[string]*node{}, used: map[string]bool{}}
	if n := root.table[varsKey]; n != nil {
		v.declare(n)
	}
	out := root.clone()
	for _, key := range out.keys {
		if key != varsKey {
			out.table[key] = v.replace(out.table[key])
		}
	}
	for _, name := range v.names {
		if n := v.table[name]; !v.used[name] && n.at.file == "" {
			p.warn(n, fmt.Sprintf("[vars]: nothing refers to %q", name), fmt.Sprintf("write \"${%s}\" where a value is wanted, or remove it", name))
		}
	}
	return out
}

func (v *vars) declare(n *node) {
	if n.kind != kindTable {
		v.fail(n, "[vars] must be a table, not "+n.is(), "")
		return
	}
	for _, name := range n.keys {
		c := n.table[name]
		if !varForm.MatchString(name) {
			v.fail(c, fmt.Sprintf("[vars]: the name %q is not usable: letters, digits, - and _, a letter or _ first", name), "")
			continue
		}
		if c.refers() {
			v.fail(c, fmt.Sprintf("[vars]: %s refers to a variable, and a variable cannot", name), "write its value")
		}
		v.table[name] = c
		v.names = append(v.names, name)
	}
}

// refers tells whether there is a reference in n or below it.
func (n *node) refers() bool {
	if t, ok := n.value.(string); ok && strings.Contains(strings.ReplaceAll(t, "$${", ""), "${") {
		return true
	}
	return slices.ContainsFunc(n.items, (*node).refers) ||
		slices.ContainsFunc(n.keys, func(k string) bool { return n.table[k].refers() })
}

// replace puts the values into n, and into all below it.
func (v *vars) replace(n *node) *node {
	for _, key := range n.keys {
		n.table[key] = v.replace(n.table[key])
	}
	for i, c := range n.items {
		n.items[i] = v.replace(c)
	}
	t, ok := n.value.(string)
	if !ok || !strings.Contains(t, "${") {
		return n
	}
	if name, ok := wholly(t); ok {
		c := v.lookup(n, name, 2)
		if c == nil {
			return n
		}
		out := c.clone()
		out.move(n.at)
		out.via = via(name, c)
		return out
	}
	n.value = v.within(n, t)
	return n
}

// wholly tells whether a text is one reference and no more.
func wholly(t string) (name string, ok bool) {
	name, ok = strings.CutPrefix(t, "${")
	if !ok {
		return "", false
	}
	name, ok = strings.CutSuffix(name, "}")
	return name, ok && !strings.ContainsAny(name, "${}")
}

// within writes values into a text.
func (v *vars) within(n *node, t string) string {
	var b strings.Builder
	for i := 0; i < len(t); {
		switch {
		case strings.HasPrefix(t[i:], "$${"):
			b.WriteString("${")
			i += 3
		case strings.HasPrefix(t[i:], "${"):
			name, _, closed := strings.Cut(t[i+2:], "}")
			if !closed {
				v.failAt(n, i, "a reference to a variable has no end", "write ${name}, or $${ for a plain ${")
				return t
			}
			c := v.lookup(n, name, i+2)
			if c == nil {
				return t
			}
			word, ok := c.word()
			if !ok {
				v.failAt(n, i, fmt.Sprintf("the variable %q holds %s, which cannot stand within a text", name, c.is()), "")
				return t
			}
			b.WriteString(word)
			n.via = via(name, c)
			i += 2 + len(name) + 1
		default:
			b.WriteByte(t[i])
			i++
		}
	}
	return b.String()
}

// lookup returns the variable that the reference at an offset of n's text means.
func (v *vars) lookup(n *node, name string, offset int) *node {
	c := v.table[name]
	if c == nil {
		hint := "declare it: [vars] with " + name + " = …"
		if len(v.names) > 0 {
			hint = suggest(name, v.names)
		}
		v.failAt(n, offset, fmt.Sprintf("unknown variable %q", name), hint)
		return nil
	}
	v.used[name] = true
	return c
}

// via says which variable a value came from.
func via(name string, c *node) string {
	if c.at.set != "" {
		return fmt.Sprintf("${%s}, given by %s", name, c.at)
	}
	return fmt.Sprintf("${%s}, set at %s", name, c.at)
}

// word writes a value as it stands within a text.
func (n *node) word() (string, bool) {
	if n.kind != kindValue {
		return "", false
	}
	switch x := n.value.(type) {
	case string:
		return x, true
	case int64:
		return strconv.FormatInt(x, 10), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(x), true
	case time.Time:
		return x.Format(time.RFC3339), true
	}
	return "", false
}
