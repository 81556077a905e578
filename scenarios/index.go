package scenarios

import (
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// place is where a key or an array's element begins: a line and column of the
// file, or the override that put it there.
type place struct {
	line, col int
	set       string // path of an override; empty: in a file
	file      string // of a scenario that this one extends; empty: its own
}

// indexer walks the text of a document that has already been parsed without
// error, and notes where each key and each element of an array begins. Because
// the text is known to be valid it needs to tell strings, comments, brackets
// and bare values apart, and no more.
type indexer struct {
	src       string
	i         int
	line      int
	lineStart int
}

// index returns the document's tree with places and the order of keys, but
// without values. A text that is not valid TOML gives a part of a tree.
func index(src string) *node {
	x := &indexer{src: src, line: 1}
	root := &node{kind: kindTable, at: place{line: 1, col: 1}}
	table := root
	for x.blank(); x.i < len(src); x.blank() {
		before := x.i
		if src[x.i] == '[' {
			table = x.header(root)
		} else {
			x.pair(table)
		}
		if x.i == before { // not valid after all
			break
		}
	}
	return root
}

func (x *indexer) peek() byte {
	if x.i < len(x.src) {
		return x.src[x.i]
	}
	return 0
}

func (x *indexer) here() place {
	return place{line: x.line, col: 1 + utf8.RuneCountInString(x.src[x.lineStart:x.i])}
}

// step moves on by one byte and counts lines.
func (x *indexer) step() {
	if x.i >= len(x.src) {
		return
	}
	if x.src[x.i] == '\n' {
		x.line++
		x.lineStart = x.i + 1
	}
	x.i++
}

// blank skips white space, ends of lines and comments.
func (x *indexer) blank() {
	for x.i < len(x.src) {
		switch x.src[x.i] {
		case ' ', '\t', '\r', '\n':
			x.step()
		case '#':
			for x.i < len(x.src) && x.src[x.i] != '\n' {
				x.i++
			}
		default:
			return
		}
	}
}

func (x *indexer) spaces() {
	for x.peek() == ' ' || x.peek() == '\t' {
		x.i++
	}
}

// header reads [a.b] or [[a.b]] and returns the table that it opens.
func (x *indexer) header(root *node) *node {
	x.step()
	array := x.peek() == '['
	if array {
		x.step()
	}
	t := root
	for {
		x.spaces()
		at := x.here()
		name, ok := x.part()
		if !ok {
			return t
		}
		x.spaces()
		last := x.peek() != '.'
		t = t.child(name, at)
		if last && array {
			t.kind = kindArray
			t.items = append(t.items, &node{kind: kindTable, at: at})
		}
		if n := len(t.items); n > 0 {
			t = t.items[n-1]
		}
		if last {
			break
		}
		x.step()
	}
	for x.peek() == ']' {
		x.step()
	}
	return t
}

// pair reads key = value into table t.
func (x *indexer) pair(t *node) {
	for {
		x.spaces()
		at, start := x.here(), x.i
		name, ok := x.part()
		if !ok {
			return
		}
		t = t.child(name, at)
		t.key = x.src[start:x.i]
		x.spaces()
		if x.peek() != '.' {
			break
		}
		x.step()
	}
	if x.peek() != '=' {
		return
	}
	x.step()
	x.value(t)
}

// part reads one part of a key.
func (x *indexer) part() (name string, ok bool) {
	start := x.i
	switch x.peek() {
	case '"':
		x.quoted()
		return unquoteKey(x.src[start:x.i]), true
	case '\'':
		x.quoted()
		return strings.Trim(x.src[start:x.i], "'"), true
	}
	for x.i < len(x.src) && !strings.ContainsRune(" \t\r\n.=[]{}\"'#,", rune(x.src[x.i])) {
		x.i++
	}
	return x.src[start:x.i], x.i > start
}

func unquoteKey(raw string) string {
	if !strings.Contains(raw, `\`) {
		return strings.Trim(raw, `"`)
	}
	var v struct{ K string }
	if _, err := toml.Decode("k = "+raw, &v); err != nil {
		return raw
	}
	return v.K
}

// value reads a value and notes what stands in it below n.
func (x *indexer) value(n *node) {
	x.blank()
	n.starts = x.here()
	switch x.peek() {
	case '"', '\'':
		start := x.i
		x.quoted()
		n.quoted = x.src[start:x.i]
	case '[':
		x.step()
		for x.blank(); x.i < len(x.src) && x.peek() != ']'; x.blank() {
			before := x.i
			item := &node{at: x.here()}
			n.items = append(n.items, item)
			x.value(item)
			x.comma()
			if x.i == before {
				return
			}
		}
		x.step()
	case '{':
		x.step()
		for x.blank(); x.i < len(x.src) && x.peek() != '}'; x.blank() {
			before := x.i
			x.pair(n)
			x.comma()
			if x.i == before {
				return
			}
		}
		x.step()
	default:
		for x.i < len(x.src) && !strings.ContainsRune(",]}#\r\n", rune(x.src[x.i])) {
			x.i++
		}
	}
}

func (x *indexer) comma() {
	x.blank()
	if x.peek() == ',' {
		x.step()
	}
}

// quoted skips a string of any of the four sorts.
func (x *indexer) quoted() {
	q := x.peek()
	triple := strings.Repeat(string(q), 3)
	if strings.HasPrefix(x.src[x.i:], triple) {
		x.i += 3
		for x.i < len(x.src) && !strings.HasPrefix(x.src[x.i:], triple) {
			x.escaped(q)
		}
		// Up to two more quotes may belong to the string's end.
		for range 5 {
			if x.peek() == q {
				x.i++
			}
		}
		return
	}
	x.i++
	for x.i < len(x.src) && x.src[x.i] != q {
		x.escaped(q)
	}
	x.step()
}

// escaped moves on by one byte, or by two after a backslash that escapes.
func (x *indexer) escaped(q byte) {
	if q == '"' && x.peek() == '\\' {
		x.step()
	}
	x.step()
}
