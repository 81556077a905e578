package answer

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"brownout/chance"
)

// filler makes up a value of a JSON Schema. It honours types, enum, const,
// required, bounds of numbers, strings and arrays, the common formats, anyOf,
// oneOf, allOf and local references; not patterns and what relates one value to
// another. Each value is a pure function of the key and its place.
type filler struct {
	root *schema
	key  string
	out  []byte
	// all fills properties that are not required too, where none is.
	all bool
	// hole, where it is -1 at first, becomes the place in out of the first
	// string that may hold any text, which is left empty.
	hole int
}

const noHole = -2

// maxDepth bounds how deep values nest. A schema that must go deeper has no
// finite value, or none that an application would ask a model for.
const maxDepth = 12

// maxValue bounds the size of a value, in bytes; beyond it all is null.
const maxValue = 64 << 10

// Arguments are those with which a mock calls the function of that name in
// answer to a marker: made up after the JSON Schema of its parameters, and the
// same at any provider.
func Arguments(marker, name string, schema json.RawMessage) string {
	return newFiller(schema, marker+" "+name).fill()
}

// Object is the object that a mock answers a marker with in JSON mode, made up
// after a JSON Schema with all its properties. hole is where in it the text of
// the answer goes: into its first string that may hold any. It is below 0 where
// the object has none.
func Object(marker string, schema json.RawMessage) (object string, hole int) {
	f := newFiller(schema, marker)
	f.hole, f.all = -1, true
	return f.fill(), f.hole
}

// newFiller makes the filler of a schema's values; without a schema they are
// empty objects.
func newFiller(raw json.RawMessage, key string) *filler {
	return &filler{root: readSchema(raw), key: key, hole: noHole}
}

// fill makes up one value, an object where the schema names no type.
func (f *filler) fill() string {
	if len(f.root.Type) == 0 && f.root.Properties == nil && f.root.Ref == "" && f.root.AnyOf == nil && f.root.OneOf == nil && f.root.AllOf == nil {
		return "{}"
	}
	f.value(f.root, "", maxDepth)
	return string(f.out)
}

func (f *filler) draw(place, what string) chance.Key {
	return chance.Key{Marker: f.key, Purpose: "fill " + place + " " + what}
}

func (f *filler) value(s *schema, place string, depth int) {
	if depth == 0 || len(f.out) > maxValue {
		f.out = append(f.out, "null"...)
		return
	}
	if s.Ref != "" {
		if target := f.resolve(s.Ref); target != nil {
			f.value(target, place, depth-1)
			return
		}
	}
	if choices := slices.Concat(s.AnyOf, s.OneOf); len(choices) > 0 {
		f.value(choose(choices), place, depth-1)
		return
	}
	if len(s.AllOf) > 0 {
		f.value(s.merged(), place, depth-1)
		return
	}
	switch {
	case s.Const != nil:
		f.raw(s.Const)
	case len(s.Enum) > 0:
		f.raw(s.Enum[f.draw(place, "enum").IntN(len(s.Enum))])
	default:
		f.typed(s, place, depth)
	}
}

// raw appends a value as it stands in the schema, without its white space.
func (f *filler) raw(v json.RawMessage) {
	if b, err := json.Marshal(v); err == nil {
		f.out = append(f.out, b...)
	}
}

func (f *filler) typed(s *schema, place string, depth int) {
	typ := ""
	for _, t := range s.Type {
		if typ == "" || typ == "null" {
			typ = t
		}
	}
	switch {
	case typ == "object", typ == "" && s.Properties != nil:
		f.object(s, place, depth)
	case typ == "array", typ == "" && s.Items != nil:
		f.array(s, place, depth)
	case typ == "integer":
		low, high := s.bounds(1)
		low, high = math.Ceil(low), math.Floor(high)
		f.out = strconv.AppendInt(f.out, int64(low)+int64(f.draw(place, "integer").IntN(span(low, high))), 10)
	case typ == "number":
		low, high := s.bounds(0.5)
		f.out = strconv.AppendFloat(f.out, low+0.5*float64(f.draw(place, "number").IntN(span(2*low, 2*high))), 'f', -1, 64)
	case typ == "boolean":
		f.out = strconv.AppendBool(f.out, f.draw(place, "boolean").Hit(0.5))
	case typ == "null":
		f.out = append(f.out, "null"...)
	default:
		f.text(s, place)
	}
}

func (f *filler) object(s *schema, place string, depth int) {
	names := s.Required
	if len(names) == 0 && f.all {
		for name := range s.Properties {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	f.out = append(f.out, '{')
	first := true
	for _, name := range names {
		raw, described := s.Properties[name]
		if !described {
			continue
		}
		if !first {
			f.out = append(f.out, ',')
		}
		first = false
		f.quote(name)
		f.out = append(f.out, ':')
		f.value(readSchema(raw), place+"/"+name, depth-1)
	}
	f.out = append(f.out, '}')
}

func (f *filler) array(s *schema, place string, depth int) {
	n := max(s.MinItems, 1)
	if s.MaxItems != nil {
		n = min(n, *s.MaxItems)
	}
	f.out = append(f.out, '[')
	for i := range n {
		if len(f.out) > maxValue {
			break
		}
		if i > 0 {
			f.out = append(f.out, ',')
		}
		f.value(readSchema(s.Items), place+"/"+strconv.Itoa(i), depth-1)
	}
	f.out = append(f.out, ']')
}

// span is how many whole steps lie between two numbers, both included.
func span(low, high float64) int { return int(max(1, high-low+1)) }

// formats are values of the formats that JSON Schema names.
var formats = map[string]string{
	"date":      "2026-11-24",
	"date-time": "2026-11-24T10:00:00Z",
	"time":      "10:00:00Z",
	"duration":  "PT1H",
	"hostname":  "example.com",
	"ipv4":      "192.0.2.1",
	"ipv6":      "2001:db8::1",
	"uri":       "https://example.com/",
}

// text appends a string: a word of the answers' vocabulary, or one of the
// format that s asks for.
func (f *filler) text(s *schema, place string) {
	if fixed, ok := formats[s.Format]; ok {
		f.quote(fixed)
		return
	}
	k := f.draw(place, "string")
	word := strings.TrimSpace(NewGen("x", 1<<12).Token(1 + k.IntN(1<<12)))
	switch s.Format {
	case "email":
		word += "@example.com"
	case "uuid":
		bits := k.Bits()
		word = fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(bits), uint16(bits>>32), bits>>48&0xfff, bits>>52&0xfff, bits&0xffffffffffff)
	default:
		if f.hole == -1 && s.Pattern == "" && s.MaxLength == nil && s.Format == "" {
			f.hole = len(f.out) + 1
			f.out = append(f.out, '"', '"')
			return
		}
		for len(word) < min(s.MinLength, maxValue) {
			word += word
		}
		if s.MaxLength != nil && *s.MaxLength >= 0 {
			word = word[:min(len(word), max(*s.MaxLength, s.MinLength))]
		}
	}
	f.quote(word)
}

func (f *filler) quote(s string) {
	b, err := json.Marshal(s)
	if err == nil {
		f.out = append(f.out, b...)
	}
}

// resolve finds what a local reference points to, or nil.
func (f *filler) resolve(ref string) *schema {
	if ref == "#" {
		return f.root
	}
	for prefix, defs := range map[string]map[string]json.RawMessage{"#/$defs/": f.root.Defs, "#/definitions/": f.root.Old} {
		if name, ok := strings.CutPrefix(ref, prefix); ok {
			if raw, ok := defs[name]; ok {
				return readSchema(raw)
			}
		}
	}
	return nil
}
