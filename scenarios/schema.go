package scenarios

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"

	"brownout/harness/chaos"
	"brownout/mocks/presets"
	"brownout/plan"
)

// SchemaID names the JSON Schema of the scenario file.
const SchemaID = "brownout.scenario/1"

// Schema is a JSON Schema (2020-12) of the scenario file, so that editors
// complete it. It is made from the same structs, rules and catalogue that the
// decoder uses. It says less than the decoder checks: nothing that needs more
// than one value.
func Schema() []byte {
	root := object(head{}, "", map[string]any{
		"load": object(loadDoc{}, "load", map[string]any{
			"profile": list(object(pointDoc{}, "load.profile", nil, "at", "rate")),
			"mix": list(object(plan.Mix{}, "load.mix", map[string]any{
				"kind":  words(plan.Kinds),
				"allow": list(words(plan.Classes)),
			}, "kind")),
		}, "duration"),
		"provider": list(object(plan.Provider{}, "provider", map[string]any{
			"name":    map[string]any{"type": "string", "pattern": nameForm.String()},
			"preset":  words(presets.Names()),
			"dialect": words(dialects()),
			"model":   list(object(plan.Model{}, "provider.model", nil, "id")),
		}, "name")),
		"router":  object(plan.Router{}, "router", nil),
		"fault":   list(faultSchema()),
		"promise": object(plan.Promise{}, "promise", nil),
		"weights": object(plan.Weights{}, "weights", nil),
		"expect": map[string]any{
			"type": "object", "additionalProperties": map[string]any{"type": "string", "pattern": `^\s*(>=|<=|==|>|<)`},
		},
	}, "load", "provider")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:" + SchemaID
	root["title"] = "Brownout scenario"
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil { // maps, lists and words cannot fail
		panic(err)
	}
	return append(out, '\n')
}

// faultSchema allows every fault's keys, and of each kind its own parameters.
func faultSchema() map[string]any {
	common := map[string]any{
		"kind": words(kindNames()),
		"name": map[string]any{"type": "string", "pattern": nameForm.String()},
		"on": map[string]any{"anyOf": []any{
			map[string]any{"type": "string"}, list(map[string]any{"type": "string"}),
		}},
	}
	s := object(faultDoc{}, "fault", common, "kind", "on", "at")
	var each []any
	for _, k := range chaos.Kinds() {
		own := map[string]any{"kind": map[string]any{"const": k.Name}}
		for _, key := range faultKeys {
			if key != "kind" {
				own[key] = true
			}
		}
		for _, p := range chaos.Params(k.Name) {
			own[p.Name] = paramSchema(p)
		}
		each = append(each, map[string]any{
			"if":   map[string]any{"properties": map[string]any{"kind": map[string]any{"const": k.Name}}},
			"then": map[string]any{"properties": own, "additionalProperties": false, "description": k.Summary},
		})
	}
	s["allOf"] = each
	delete(s, "additionalProperties")
	return s
}

func paramSchema(p chaos.Param) map[string]any {
	s := map[string]any{"description": p.Doc}
	switch p.Type {
	case "duration":
		s = duration()
		s["description"] = p.Doc
	case "number", "integer":
		s["type"] = p.Type
		if x, err := strconv.ParseFloat(p.Min, 64); err == nil {
			s["minimum"] = x
		}
		if x, err := strconv.ParseFloat(p.Max, 64); err == nil {
			s["maximum"] = x
		}
	case "flag":
		s["type"] = "boolean"
	default:
		s["type"] = "string"
		if len(p.Enum) > 0 {
			s["enum"] = p.Enum
		}
	}
	if p.Default != "" && s["type"] == "string" {
		s["default"] = p.Default
	}
	return s
}

// object describes a struct by its TOML keys and the rules of its path; known
// takes the place of, or is added to, what the struct says.
func object(of any, path string, known map[string]any, required ...string) map[string]any {
	properties := map[string]any{}
	t := reflect.TypeOf(of)
	for i := range t.NumField() {
		f := t.Field(i)
		key := f.Tag.Get("toml")
		if key == "" || key == "-" || known[key] != nil {
			continue
		}
		at := key
		if path != "" {
			at = path + "." + key
		}
		properties[key] = valueSchema(f.Type, at)
	}
	for key, s := range known {
		properties[key] = s
	}
	s := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func valueSchema(t reflect.Type, path string) map[string]any {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	r := rules[path]
	switch {
	case t == durationType:
		return duration()
	case t.Kind() == reflect.String && r.oneOf != nil:
		return words(r.oneOf)
	case t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.Float64:
		return r.bound(map[string]any{"type": "number"})
	case t.Kind() == reflect.Struct:
		return object(reflect.Zero(t).Interface(), path, nil)
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "number", "minimum": 0}}
	case t.Kind() == reflect.Slice:
		return list(valueSchema(t.Elem(), path))
	}
	s := r.bound(map[string]any{"type": "integer"})
	if t.Kind() == reflect.Uint64 {
		s["minimum"] = 0
	}
	return s
}

// bound writes the rule into a schema of a number.
func (r rule) bound(s map[string]any) map[string]any {
	if r.max == 0 {
		return s
	}
	low, high := "minimum", "maximum"
	if r.over {
		low = "exclusiveMinimum"
	}
	if r.under {
		high = "exclusiveMaximum"
	}
	s[low] = r.min
	if !math.IsInf(r.max, 1) {
		s[high] = r.max
	}
	return s
}

func duration() map[string]any {
	return map[string]any{
		"type": "string", "pattern": `^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$|^0$`, "examples": []string{"10s", "500ms"},
	}
}

func words(list []string) map[string]any {
	list = slices.Clone(list)
	slices.Sort(list)
	return map[string]any{"enum": list}
}

func list(of any) map[string]any { return map[string]any{"type": "array", "items": of} }
