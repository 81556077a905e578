package scenarios

import (
	"strings"
	"testing"
)

const tricky = `# [not.a.table] and "not a string
"a.b" = "# no comment" # a comment with "quotes"
'lit"eral' = 'back\'
text = """
[fake]
fake = 1 ""quotes"" and \""" escaped
"""""
raw = '''
x = [ 1,
it's '''
list = [ # why
  "]", '}', # not the end ]
  [1, 2], { in = { deep = true }, also.deep = 2 },
  1979-05-27 07:32:00, -inf,
]
[ table . "sub key" ]
"ké" = { 'ö' = 1, z = 2 }
[[rows]]
n = 1
[rows.sub]
m = 2
[[rows]]
n = 3
[[rows.inner]]
k.x = 1
k.y = 2
`

// TestEveryKeyHasItsPlace looks up each key of a document that is made to
// mislead, and finds the key's own text at the place that is told.
func TestEveryKeyHasItsPlace(t *testing.T) {
	for name, src := range map[string]string{"LF": tricky, "CRLF": strings.ReplaceAll(tricky, "\n", "\r\n"), "BOM": "\ufeff" + tricky} {
		root, err := parse("t.toml", []byte(src))
		if err != nil {
			t.Fatal(name, err)
		}
		lines := strings.Split(strings.TrimPrefix(src, "\ufeff"), "\n")
		keys := 0
		var walk func(path string, n *node)
		walk = func(path string, n *node) {
			for key, c := range n.table {
				keys++
				rest := string([]rune(lines[c.at.line-1])[c.at.col-1:])
				if !strings.HasPrefix(rest, key) && !strings.HasPrefix(rest, `"`+key+`"`) && !strings.HasPrefix(rest, "'"+key+"'") {
					t.Errorf("%s: %s.%s is told at %d:%d, where %q stands", name, path, key, c.at.line, c.at.col, rest)
				}
				walk(path+"."+key, c)
			}
			for _, c := range n.items {
				walk(path+"[]", c)
			}
		}
		walk("", root)
		if keys != 23 {
			t.Errorf("%s: %d keys seen", name, keys)
		}
		last := root.table["rows"].items[1].table["inner"].items[0].table["k"].table["y"]
		if last.at.line != 26 || last.at.col != 3 || last.value != int64(2) {
			t.Errorf("%s: rows[1].inner[0].k.y is told at %d:%d as %v", name, last.at.line, last.at.col, last.value)
		}
		if e := root.table["list"].items[3]; e.at.line != 13 || e.at.col != 11 {
			t.Errorf("%s: list[3] is told at %d:%d", name, e.at.line, e.at.col)
		}
	}
}

// FuzzIndex holds the index against the TOML library: every key and element
// that the library decodes has been seen by the index, and nothing else.
func FuzzIndex(f *testing.F) {
	f.Add(tricky)
	f.Add("a = [[1, [2]], {b = [{c = 1}]}]\n[x.y]\n[x]\nz.'w' = \"\"\"\"\"\"")
	f.Fuzz(func(t *testing.T, src string) {
		root, err := parse("f.toml", []byte(src))
		if err != nil {
			return
		}
		seen := index(strings.TrimPrefix(src, "\ufeff"))
		var compare func(path string, full, idx *node)
		compare = func(path string, full, idx *node) {
			if len(full.table) != len(idx.table) || len(full.items) != len(idx.items) {
				t.Fatalf("at %s the library sees %d keys and %d elements, the index %d and %d", path, len(full.table), len(full.items), len(idx.table), len(idx.items))
			}
			for k, c := range full.table {
				if idx.table[k] == nil {
					t.Fatalf("%s.%s is not in the index", path, k)
				}
				compare(path+"."+k, c, idx.table[k])
			}
			for i, c := range full.items {
				compare(path+"[]", c, idx.items[i])
			}
		}
		compare("", root, seen)
	})
}
