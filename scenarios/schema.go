package scenarios

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

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
	out, err := json.MarshalIndent(schemaTree(), "", "  ")
	if err != nil { // maps, lists and words cannot fail
		panic(err)
	}
	return append(out, '\n')
}

type schema = map[string]any

func schemaTree() schema {
	root := object(head{Seed: new(plan.DefaultSeed), Target: DefaultTarget}, "", schema{
		varsKey: schema{"type": "object", "propertyNames": schema{"pattern": varForm.String()}},
		"load": object(loadDoc{Workers: plan.DefaultWorkers}, "load", schema{
			"profile": list(object(pointDoc{}, "load.profile", nil, "at", "rate")),
			"mix": list(object(plan.Mix{}, "load.mix", schema{
				"kind":  words(plan.Kinds),
				"allow": list(words(plan.Classes)), "personal": list(words(plan.Classes)),
			}, "kind")),
		}),
		"provider": list(object(plan.Provider{}, "provider", schema{
			"name":    schema{"type": "string", "pattern": nameForm.String() + `|\$\{`},
			"preset":  words(presets.Names()),
			"dialect": words(dialects()),
			"model":   list(object(plan.Model{}, "provider.model", nil, "id")),
			"error":   list(object(plan.Words{}, "provider.error", schema{"kind": words(plan.ErrorKinds)}, "kind")),
		}, "name")),
		"router":  object(plan.DefaultRouter, "router", nil),
		"switch":  list(object(plan.Change{}, "switch", nil, "at")),
		"fault":   list(faultSchema()),
		"promise": object(plan.DefaultPromise, "promise", nil),
		"weights": object(plan.DefaultWeights, "weights", nil),
		"expect": schema{
			"type": "object", "description": keyDocs["expect"],
			"additionalProperties": schema{"type": "string", "pattern": `^\s*(>=|<=|==|>|<)|\$\{`},
		},
	})
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:" + SchemaID
	root["title"] = "Brownout scenario"
	root["$defs"] = schema{"var": schema{"type": "string", "pattern": `^\$\{[A-Za-z_][A-Za-z0-9_-]*\}$`}}
	// A variation may leave to the other scenario what it does not change.
	root["if"] = schema{"not": schema{"required": []string{extendsKey}}}
	root["then"] = schema{
		"required": []string{"load", "provider"},
		"properties": schema{
			"load": schema{"required": []string{"duration"}},
			"fault": schema{"items": schema{
				"required": []string{"kind", "on"},
				"anyOf": []any{
					schema{"required": []string{"at"}}, schema{"required": []string{"after"}}, schema{"required": []string{"when"}},
				},
			}},
		},
	}
	return root
}

// faultSchema allows every fault's keys, and of each kind its own parameters.
func faultSchema() schema {
	s := object(faultDoc{For: plan.DefaultFaultFor, Horizon: plan.DefaultHorizon, Share: 1, Repeat: 1}, "fault", schema{
		"kind": words(kindNames()),
		"name": schema{"type": "string", "pattern": nameForm.String() + `|\$\{`},
		"on": schema{"anyOf": []any{
			schema{"type": "string"}, schema{"type": "array", "items": schema{"type": "string"}},
		}},
	})
	var each []any
	for _, k := range chaos.Kinds() {
		own := schema{}
		for _, key := range faultKeys {
			own[key] = true
		}
		for _, p := range chaos.Params(k.Name) {
			own[p.Name] = paramSchema(p)
		}
		each = append(each, schema{
			"if":   schema{"required": []string{"kind"}, "properties": schema{"kind": schema{"const": k.Name}}},
			"then": schema{"properties": own, "additionalProperties": false, "description": k.Summary},
		})
	}
	s["allOf"] = each
	delete(s, "additionalProperties")
	return s
}

func paramSchema(p chaos.Param) schema {
	var s schema
	switch p.Type {
	case "duration":
		s = duration()
	case "number", "integer":
		s = schema{"type": p.Type}
		if x, err := strconv.ParseFloat(p.Min, 64); err == nil {
			s["minimum"] = x
		}
		if x, err := strconv.ParseFloat(p.Max, 64); err == nil {
			s["maximum"] = x
		}
		s = orVar(s)
	case "flag":
		s = orVar(schema{"type": "boolean"})
	default:
		s = schema{"type": "string"}
		if len(p.Enum) > 0 {
			s = orVar(schema{"enum": p.Enum})
		}
	}
	s["description"] = p.Doc
	switch x, err := strconv.ParseFloat(p.Default, 64); {
	case p.Default == "":
	case p.Type == "flag":
		s["default"] = p.Default == "true"
	case err == nil && (p.Type == "number" || p.Type == "integer"):
		s["default"] = x
	default:
		s["default"] = p.Default
	}
	return s
}

// object describes a struct by its TOML keys, by the rules and the meaning of
// its path, and by the defaults that it holds; known takes the place of, or is
// added to, what the struct says.
func object(of any, path string, known schema, required ...string) schema {
	properties := schema{}
	v := reflect.ValueOf(of)
	below := func(key string) string {
		if path == "" {
			return key
		}
		return path + "." + key
	}
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("toml")
		if key == "" || key == "-" {
			continue
		}
		s, ok := known[key].(schema)
		if !ok {
			s = valueSchema(v.Field(i), below(key))
		}
		properties[key] = s
	}
	for key, s := range known {
		properties[key] = s
	}
	for key := range properties {
		s := maps.Clone(properties[key].(schema))
		if doc := docOf(below(key)); doc != "" {
			s["description"] = doc
		}
		properties[key] = s
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func valueSchema(v reflect.Value, path string) schema {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		if v = v.Elem(); !v.IsValid() {
			v = reflect.Zero(t)
		}
	}
	r := rules[path]
	var s schema
	switch {
	case t == durationType:
		s = duration()
		if !v.IsZero() {
			s["default"] = time.Duration(v.Int()).String()
		}
		return s
	case t.Kind() == reflect.Struct:
		return object(v.Interface(), path, nil)
	case t.Kind() == reflect.Map:
		return schema{"type": "object", "additionalProperties": schema{"type": "number", "minimum": 0}}
	case t.Kind() == reflect.Slice:
		return list(valueSchema(reflect.Zero(t.Elem()), path))
	case t.Kind() == reflect.String && r.oneOf != nil:
		s = words(r.oneOf)
	case t.Kind() == reflect.String:
		s = schema{"type": "string"}
	case t.Kind() == reflect.Bool:
		s = orVar(schema{"type": "boolean"})
	case t.Kind() == reflect.Float64:
		s = orVar(r.bound(schema{"type": "number"}))
	default:
		whole := r.bound(schema{"type": "integer"})
		if t.Kind() == reflect.Uint64 {
			whole["minimum"] = 0
		}
		s = orVar(whole)
	}
	if !v.IsZero() {
		s["default"] = v.Interface()
	}
	return s
}

// bound writes the rule into a schema of a number.
func (r rule) bound(s schema) schema {
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

// orVar allows the value, or a variable in its place.
func orVar(s schema) schema {
	return schema{"anyOf": []any{s, schema{"$ref": "#/$defs/var"}}}
}

func duration() schema {
	return schema{
		"type": "string", "pattern": `^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$|^0$|\$\{`, "examples": []string{"10s", "500ms"},
	}
}

func words(list []string) schema {
	list = slices.Clone(list)
	slices.Sort(list)
	return orVar(schema{"enum": list})
}

func list(of schema) schema {
	return orVar(schema{"type": "array", "items": of})
}
