package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"brownout/mocks/presets"
)

// setPrefix stands before the path in the place of an override.
const setPrefix = "--set "

// idKeys are the keys by which the elements of lists are called in a path.
var idKeys = map[string]string{"provider": "name", "fault": "name", "mix": "kind", "model": "id"}

// blocks are the keys that a scenario may begin with.
var blocks = []string{
	extendsKey, "title", "about", "tags", "seeds", "shows", "seed", "target", varsKey,
	"load", "provider", "router", "switch", "fault", "promise", "weights", "expect",
}

// override puts key=value into the tree, where the same checks will meet it as
// if it stood in the file. A path is made of keys joined by dots, quoted where
// they have dots themselves; elements of lists are called by their name, kind
// or id, or by their number from 0:
//
//	load.duration=10s  fault.outage.for=5s  load.mix.chat.weight=3
//	provider.openai.model."gpt-4.1".price_in=2
func override(root *node, assignment string) *Error {
	path, text, ok := splitAssignment(assignment)
	if !ok {
		return &Error{File: setPrefix + assignment, Msg: "not of the form key=value", Hint: "write for example --set load.duration=10s"}
	}
	at := place{set: path}
	bad := func(msg, hint string) *Error { return &Error{File: setPrefix + path, Msg: msg, Hint: hint} }
	keys, ok := splitPath(path)
	if !ok {
		return bad("not a path of keys joined by dots", "write for example --set load.duration=10s")
	}
	if keys[0] == extendsKey {
		return bad("extends cannot be set: it decides what there is to be set", "write a scenario of your own that extends another")
	}
	declared := root.find(varsKey).keys
	switch {
	case root.table[varsKey] == nil:
		declared = nil
	case len(keys) == 1 && contains(declared, keys[0]) && !contains(blocks, keys[0]):
		return bad(fmt.Sprintf("unknown key %q, but there is a variable of that name", keys[0]), "did you mean --set vars."+keys[0]+"?")
	}
	if len(keys) == 2 && keys[0] == varsKey && !contains(declared, keys[1]) {
		return bad(fmt.Sprintf("the scenario has no variable %q", keys[1]), suggest(keys[1], declared))
	}
	n, list := root, ""
	for i, key := range keys[:len(keys)-1] {
		var owner *node
		if n.kind == kindArray {
			owner, n = n, element(n, list, key)
			if n == nil {
				return bad(fmt.Sprintf("no %s is called %q", list, key), suggest(key, callNames(owner, list)))
			}
			continue
		}
		if n.kind != kindTable {
			return bad(fmt.Sprintf("%s holds %s, so that nothing stands below it", strings.Join(keys[:i], "."), n.is()), "")
		}
		if list = key; key == "model" && n.table[key] == nil {
			n.put(key, presetModels(n, at))
		}
		if n.table[key] == nil {
			n.put(key, &node{kind: kindTable, at: at})
		}
		n = n.table[key]
	}
	last := keys[len(keys)-1]
	switch n.kind {
	case kindTable:
		n.put(last, setValue(text, at))
	case kindArray:
		old := element(n, list, last)
		if old == nil {
			return bad(fmt.Sprintf("no %s is called %q", list, last), suggest(last, callNames(n, list)))
		}
		*old = *setValue(text, at)
	default:
		return bad(fmt.Sprintf("%s holds %s, so that nothing stands below it", strings.Join(keys[:len(keys)-1], "."), n.is()), "")
	}
	// A flat rate and a profile say the same thing; the override wins.
	switch strings.Join(keys, ".") {
	case "load.rate":
		n.remove("profile")
	case "load.profile":
		n.remove("rate")
	}
	return nil
}

// splitAssignment cuts at the first = outside of quotes.
func splitAssignment(s string) (path, value string, ok bool) {
	quoted := false
	for i, r := range s {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '=' && !quoted:
			return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:]), i > 0
		}
	}
	return "", "", false
}

// splitPath cuts a path at its dots outside of quotes.
func splitPath(path string) (keys []string, ok bool) {
	var b strings.Builder
	quoted := false
	for _, r := range path {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '.' && !quoted:
			keys = append(keys, b.String())
			b.Reset()
		default:
			b.WriteRune(r)
		}
	}
	keys = append(keys, b.String())
	return keys, !quoted && !slices.Contains(keys, "")
}

// callNames are the words by which the elements of a list are called.
func callNames(n *node, list string) []string {
	if list == "fault" {
		return faultNames(n.items)
	}
	out := make([]string, len(n.items))
	for i, c := range n.items {
		out[i] = strconv.Itoa(i)
		if id := c.text(idKeys[list]); id != "" {
			out[i] = id
		}
	}
	return out
}

// element returns the element of a list that is called by a word, or nil.
func element(n *node, list, word string) *node {
	for i, name := range callNames(n, list) {
		if name == word {
			return n.items[i]
		}
	}
	if i, err := strconv.Atoi(word); err == nil && i >= 0 && i < len(n.items) {
		return n.items[i]
	}
	return nil
}

// presetModels lists the models of a provider's preset, so that one of them
// can be changed and the others stay.
func presetModels(provider *node, at place) *node {
	out := &node{kind: kindArray, at: at}
	preset := provider.text("preset")
	if preset == "" {
		preset = provider.text("name")
	}
	p, _ := presets.Get(preset)
	for _, m := range p.Models {
		c := &node{kind: kindTable, at: at}
		c.put("id", &node{at: at, value: m.ID})
		out.items = append(out.items, c)
	}
	return out
}

// setValue reads the right side of an override: TOML where it is TOML, text
// otherwise, so that 10s, openai and ">= 80" need no quotes of their own.
func setValue(text string, at place) *node {
	var m map[string]any
	n := &node{raw: text}
	if _, err := toml.Decode("v = "+text, &m); err == nil && len(m) == 1 && !strings.Contains(text, "\n") {
		n.fill(m["v"])
	} else {
		n.value = text
	}
	n.move(at)
	return n
}

// move gives n and all below it one place.
func (n *node) move(at place) {
	n.at = at
	for _, c := range n.table {
		c.move(at)
	}
	for _, c := range n.items {
		c.move(at)
	}
	slices.Sort(n.keys)
}
