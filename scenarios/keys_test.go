package scenarios

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"brownout/harness/chaos"
	"brownout/plan"
)

// key is one key of the schema.
type key struct {
	path   string
	schema schema
}

// keysOf lists the keys of the schema, depth first.
func keysOf(s schema, path string) []key {
	var out []key
	for _, alternative := range anyOf(s) {
		if items, ok := alternative["items"].(schema); ok {
			out = append(out, keysOf(items, path)...)
		}
		properties, _ := alternative["properties"].(schema)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			at := strings.TrimPrefix(path+"."+name, ".")
			c := properties[name].(schema)
			out = append(out, key{at, c})
			out = append(out, keysOf(c, at)...)
		}
	}
	return out
}

func anyOf(s schema) []schema {
	list, ok := s["anyOf"].([]any)
	if !ok {
		return []schema{s}
	}
	var out []schema
	for _, alternative := range list {
		out = append(out, alternative.(schema))
	}
	return out
}

func TestEveryKeyIsExplained(t *testing.T) {
	for file, c := range map[string]struct {
		tree schema
		path string
		docs map[string]string
	}{"keys.go": {schemaTree(), "", keyDocs}, "targetschema.go": {targetTree(), "target", targetDocs}} {
		known := map[string]bool{}
		for _, k := range keysOf(c.tree, c.path) {
			known[k.path] = true
			if c.docs[k.path] == "" {
				t.Errorf("%s has no line in %s", k.path, file)
			}
		}
		for path := range c.docs {
			if !known[path] {
				t.Errorf("%s explains %s, which is no key", file, path)
			}
		}
	}
}

// typeWords says what a key holds.
func typeWords(s schema) string {
	var out []string
	for _, a := range anyOf(s) {
		switch {
		case a["$ref"] != nil:
		case a["enum"] != nil:
			var list []string
			for _, w := range a["enum"].([]string) {
				list = append(list, "`"+w+"`")
			}
			if len(list) > 8 {
				list = append(list[:8], "…")
			}
			out = append(out, strings.Join(list, ", "))
		case a["examples"] != nil:
			out = append(out, "duration")
		case a["type"] == "array" && a["items"].(schema)["properties"] != nil:
			out = append(out, "list of tables")
		case a["type"] == "array":
			out = append(out, "list")
		case a["type"] == "object":
			out = append(out, "table")
		case a["type"] == "integer", a["type"] == "number":
			word := map[any]string{"integer": "whole number", "number": "number"}[a["type"]]
			for _, b := range [][2]string{{"minimum", "≥"}, {"exclusiveMinimum", ">"}, {"maximum", "≤"}, {"exclusiveMaximum", "<"}} {
				if x, ok := a[b[0]]; ok {
					word += fmt.Sprintf(" %s %v", b[1], x)
				}
			}
			out = append(out, word)
		case a["type"] == "boolean":
			out = append(out, "true or false")
		default:
			out = append(out, "text")
		}
	}
	return strings.Join(slices.Compact(out), " or ")
}

// keyTable is the table of docs/scenarios.md for the keys of one block; for the
// empty one, of those that stand before the first table.
func keyTable(block string) string { return tableOf(keysOf(schemaTree(), ""), block) }

// tableOf is a table of those of some keys that stand in one block.
func tableOf(keys []key, block string) string {
	var b strings.Builder
	b.WriteString("| key | holds | default | meaning |\n|---|---|---|---|\n")
	for _, k := range keys {
		name, ok := strings.CutPrefix(k.path, block+".")
		if block == "" {
			name, ok = k.path, !strings.Contains(k.path, ".")
		}
		if !ok {
			continue
		}
		fallback := ""
		if d := k.schema["default"]; d != nil {
			fallback = fmt.Sprintf("`%v`", d)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, strings.ReplaceAll(typeWords(k.schema), "|", `\|`), fallback, docOf(k.path))
	}
	return b.String()
}

func catalogueTable() string {
	var b strings.Builder
	b.WriteString("| kind | acts on | what it does | parameters |\n|---|---|---|---|\n")
	for _, k := range chaos.Kinds() {
		var params []string
		for _, p := range chaos.Params(k.Name) {
			params = append(params, "`"+p.Name+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, k.Layer, strings.ReplaceAll(k.Summary, "|", `\|`), strings.Join(params, ", "))
	}
	return b.String()
}

func metricTable(metrics []plan.Metric) string {
	var b strings.Builder
	b.WriteString("| figure | unit | in parentheses | of a window | meaning |\n|---|---|---|---|---|\n")
	for _, m := range metrics {
		arg := strings.Join(m.Arg, " or ")
		if arg != "" && !m.Required {
			arg += ", or nothing"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Unit, arg, strings.Join(m.Spans, ", "), m.Doc)
	}
	return b.String()
}

// TestTheDocumentedKeysAreTheKeys holds the generated tables of
// docs/scenarios.md and docs/targets.md against the schemas, the catalogue and
// the metrics.
func TestTheDocumentedKeysAreTheKeys(t *testing.T) {
	tables := map[string]string{
		"head": keyTable(""), "kinds": catalogueTable(),
		"metrics": metricTable(plan.Metrics()), "triggers": metricTable(plan.TriggerMetrics()),
	}
	for _, block := range []string{"load", "provider", "router", "switch", "fault", "promise", "weights"} {
		tables[block] = keyTable(block)
	}
	holdTables(t, "../docs/scenarios.md", tables)
	holdTables(t, "../docs/targets.md", map[string]string{"target": tableOf(keysOf(targetTree(), "target"), "target")})
}

// holdTables sees that the generated tables of a file are current, and rewrites
// those that are not where it is told to.
func holdTables(t *testing.T, file string, tables map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for name, table := range tables {
		begin, end := "<!-- generated: "+name+" -->\n", "<!-- end -->\n"
		before, rest, ok := strings.Cut(text, begin)
		is, after, closed := strings.Cut(rest, end)
		switch {
		case !ok || !closed:
			t.Errorf("%s has no place for the table %q", file, name)
		case is == table:
		case flag.Lookup("update").Value.String() == "true":
			text = before + begin + table + end + after
		default:
			t.Errorf("%s: the table %q is not current; -update rewrites it", file, name)
		}
	}
	if text != string(raw) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
