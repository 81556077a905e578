package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// maxBytes bounds a scenario file. The largest in the library has a few
// kilobytes; the bound keeps a hostile file from exhausting the stack.
const maxBytes = 256 << 10

type nodeKind int

const (
	kindValue nodeKind = iota
	kindTable
	kindArray
)

// node is one value of a document and where its key, or the element itself,
// begins.
type node struct {
	kind  nodeKind
	at    place
	value any              // string, int64, float64, bool or time.Time
	raw   string           // of an override: as typed
	via   string           // the variable that the value came from, and where that is set
	keys  []string         // of a table, in the order of the file
	table map[string]*node // of a table
	items []*node          // of an array

	starts place  // of the value, in a file
	quoted string // of a text in a file: as it stands there
	key    string // in a file: as it stands there
}

// char is the place of the character at a byte of a text value, or that of the
// key where the text does not stand in the file as it is.
func (n *node) char(offset int) place {
	t, ok := n.value.(string)
	if !ok || n.quoted != `"`+t+`"` && n.quoted != "'"+t+"'" || offset > len(t) {
		return n.at
	}
	p := n.starts
	p.col += 1 + utf8.RuneCountInString(t[:offset])
	return p
}

// keyChar is the place of the character at a byte of the node's key, or that of
// the key where it does not stand in the file as it is.
func (n *node) keyChar(key string, offset int) place {
	p := n.at
	switch {
	case offset > len(key):
	case n.key == `"`+key+`"`, n.key == "'"+key+"'":
		p.col += 1 + utf8.RuneCountInString(key[:offset])
	case n.key == key:
		p.col += utf8.RuneCountInString(key[:offset])
	}
	return p
}

// child returns the node below key, made at the given place if it is new.
func (n *node) child(key string, at place) *node {
	if c, ok := n.table[key]; ok {
		return c
	}
	c := &node{at: at}
	n.put(key, c)
	return c
}

func (n *node) put(key string, c *node) {
	if n.table == nil {
		n.table = map[string]*node{}
	}
	if _, ok := n.table[key]; !ok {
		n.keys = append(n.keys, key)
	}
	n.table[key] = c
}

func (n *node) remove(key string) {
	delete(n.table, key)
	n.keys = slices.DeleteFunc(n.keys, func(k string) bool { return k == key })
}

// find returns the deepest node on the way along keys, so that a problem with
// a key that is missing has the place of the table that misses it.
func (n *node) find(keys ...string) *node {
	for _, k := range keys {
		c, ok := n.table[k]
		if !ok {
			break
		}
		n = c
	}
	return n
}

// text returns the string below key, or "".
func (n *node) text(key string) string {
	c, ok := n.table[key]
	if !ok {
		return ""
	}
	s, _ := c.value.(string)
	return s
}

func (n *node) clone() *node {
	c := *n
	c.keys = slices.Clone(n.keys)
	c.items = make([]*node, len(n.items))
	for i, v := range n.items {
		c.items[i] = v.clone()
	}
	if n.table != nil {
		c.table = make(map[string]*node, len(n.table))
		for k, v := range n.table {
			c.table[k] = v.clone()
		}
	}
	return &c
}

// plain turns the node back into what a TOML decoder gives.
func (n *node) plain() any {
	switch n.kind {
	case kindTable:
		m := make(map[string]any, len(n.table))
		for k, c := range n.table {
			m[k] = c.plain()
		}
		return m
	case kindArray:
		s := make([]any, len(n.items))
		for i, c := range n.items {
			s[i] = c.plain()
		}
		return s
	}
	return n.value
}

// is says in words what the node holds.
func (n *node) is() string {
	switch n.kind {
	case kindTable:
		return "a table"
	case kindArray:
		return "a list"
	}
	switch v := n.value.(type) {
	case string:
		return fmt.Sprintf("the text %q", v)
	case int64:
		return fmt.Sprintf("the number %d", v)
	case float64:
		return fmt.Sprintf("the number %v", v)
	case bool:
		return fmt.Sprintf("%t", v)
	case time.Time:
		return "a date"
	}
	return "nothing"
}

// fill puts a decoded value into the node that the index made for it.
func (n *node) fill(v any) {
	switch v := v.(type) {
	case map[string]any:
		n.kind = kindTable
		for k, c := range v {
			n.child(k, n.at).fill(c)
		}
	case []map[string]any:
		n.kind = kindArray
		for i, c := range v {
			n.item(i).fill(c)
		}
	case []any:
		n.kind = kindArray
		for i, c := range v {
			n.item(i).fill(c)
		}
	default:
		n.kind, n.value = kindValue, v
	}
}

func (n *node) item(i int) *node {
	if i >= len(n.items) {
		n.items = append(n.items, &node{at: n.at})
	}
	return n.items[i]
}

// parse reads a document into a tree. The problem, if any, is one of syntax.
func parse(file string, text []byte) (*node, *Error) {
	if len(text) > maxBytes {
		return nil, &Error{File: file, Msg: fmt.Sprintf("the file has %d bytes, more than a scenario may have", len(text)), Hint: fmt.Sprintf("the limit is %d", maxBytes)}
	}
	src := strings.TrimPrefix(string(text), "\ufeff")
	if !utf8.ValidString(src) {
		line, col := invalidAt(src)
		return nil, &Error{File: file, Line: line, Col: col, Msg: "the text is not UTF-8", Hint: "save the file as UTF-8"}
	}
	var m map[string]any
	if _, err := toml.Decode(src, &m); err != nil {
		e := &Error{File: file, Line: 1, Col: 1, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
		var p toml.ParseError
		if errors.As(err, &p) {
			e.Line, e.Col = max(1, p.Position.Line), column(src, p.Position)
			e.Msg = "not valid TOML: " + strings.TrimSuffix(p.Message, ".")
		}
		return nil, e
	}
	root := index(src)
	root.fill(m)
	if n, r := root.steering(); n != nil {
		e := n.at.problem(file, fmt.Sprintf("the text holds %U, which steers whatever shows it", r), "leave it out")
		return nil, &e
	}
	return root, nil
}

// steering finds a text with a character that a terminal would obey instead of
// showing it: an escape, a bell, a change of direction.
func (n *node) steering() (*node, rune) {
	if s, ok := n.value.(string); ok {
		for _, r := range s {
			if unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) || unicode.Is(unicode.Bidi_Control, r) {
				return n, r
			}
		}
	}
	for _, key := range n.keys {
		if c, r := n.table[key].steering(); c != nil {
			return c, r
		}
	}
	for _, item := range n.items {
		if c, r := item.steering(); c != nil {
			return c, r
		}
	}
	return nil, 0
}

// column turns the parser's column, in bytes, into one in characters.
func column(src string, p toml.Position) int {
	lines := strings.Split(src, "\n")
	if p.Line < 1 || p.Line > len(lines) || p.Col < 1 {
		return 1
	}
	col := 1
	for i := range lines[p.Line-1] {
		if i >= p.Col-1 {
			break
		}
		col++
	}
	return col
}

func invalidAt(src string) (line, col int) {
	line, col = 1, 1
	for len(src) > 0 {
		r, size := utf8.DecodeRuneInString(src)
		if r == utf8.RuneError && size == 1 {
			break
		}
		col++
		if r == '\n' {
			line, col = line+1, 1
		}
		src = src[size:]
	}
	return line, col
}
