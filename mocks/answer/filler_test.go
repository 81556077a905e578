package answer

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestFiller(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{``, `{}`},
		{`null`, `{}`},
		{`not JSON`, `{}`},
		{`{"type":"object"}`, `{}`},
		{`{"type":"OBJECT","properties":{"a":{"type":"NULL"}},"required":["a"]}`, `{"a":null}`},
		{`{"type":"object","properties":{"a":{"type":"string"}}}`, `{}`},
		{`{"properties":{"b":{"const":"x"},"a":{"enum":[7]}},"required":["b","a","undescribed"]}`, `{"b":"x","a":7}`},
		{`{"type":"object","properties":{"n":{"type":"integer","minimum":3,"maximum":3},"m":{"type":"integer","exclusiveMinimum":4,"exclusiveMaximum":6},"x":{"type":"number","minimum":0.1,"maximum":0.2}},"required":["n","m","x"]}`, `{"n":3,"m":5,"x":0.1}`},
		{`{"type":"object","properties":{"s":{"type":["null","string"],"format":"date"},"l":{"type":"array","items":{"const":1},"minItems":3}},"required":["s","l"]}`, `{"s":"2026-11-24","l":[1,1,1]}`},
		{`{"type":"object","properties":{"o":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/o"}]}},"required":["o"],"$defs":{"o":{"type":"object","properties":{"k":{"const":true}},"required":["k"]}}}`, `{"o":{"k":true}}`},
		{`{"allOf":[{"type":"object","properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":{"const":2}},"required":["b"]}]}`, `{"a":1,"b":2}`},
		{`{"type":"object","properties":{"l":{"type":"array","maxItems":0}},"required":["l"]}`, `{"l":[]}`},
		{`{"type":"array","items":{"const":"é\u003c"}}`, `["é\u003c"]`},
	} {
		if got := newFiller(json.RawMessage(c.schema), "k").fill(); got != c.want {
			t.Errorf("%s: %s, want %s", c.schema, got, c.want)
		}
	}
}

func TestFillerIsKeyed(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{"a":{"type":"string","minLength":9,"maxLength":9},"b":{"type":"string","format":"uuid"},"c":{"type":"boolean"},"d":{"type":"string","format":"email"}},"required":["a","b","c","d"]}`)
	one, again, other := newFiller(schema, "m-1").fill(), newFiller(schema, "m-1").fill(), newFiller(schema, "m-2").fill()
	if one != again || one == other {
		t.Errorf("%s, %s, %s", one, again, other)
	}
	var in struct{ A, B, D string }
	if err := json.Unmarshal([]byte(one), &in); err != nil || len(in.A) != 9 || len(in.B) != 36 || !strings.Contains(in.D, "@") {
		t.Errorf("%s: %v", one, err)
	}
}

// Whatever the schema, the value is JSON, and it has an end: schemas that refer
// to themselves are cut off.
func FuzzFiller(f *testing.F) {
	for _, s := range []string{
		`{"$ref":"#"}`, `{"type":"object","properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}},"required":["a","b"]}`,
		`{"type":"array","minItems":1000000,"items":{"$ref":"#"}}`, `{"enum":[{"a":[1]}]}`, `{"type":5,"enum":{}}`,
		`{"type":"string","minLength":1000000}`, `{"type":"string","maxLength":-1}`, `{"anyOf":[]}`, `{"oneOf":[null]}`,
		`{"type":"integer","minimum":1e300}`, `{"type":"number","maximum":-1e300,"minimum":1e300}`, `{"allOf":[{"allOf":[{"$ref":"#"}]}]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, schema string) {
		got := newFiller(json.RawMessage(schema), "k").fill()
		if !json.Valid([]byte(got)) || len(got) > 4*maxValue+len(schema) {
			t.Fatalf("%d bytes: %.200s", len(got), got)
		}
		object, hole := Object("k", json.RawMessage(schema))
		if !json.Valid([]byte(object)) || hole >= 0 && !json.Valid([]byte(object[:hole]+"words"+object[hole:])) {
			t.Fatalf("with the text at %d: %.200s", hole, object)
		}
	})
}

func TestVector(t *testing.T) {
	long, short := Vector("a text", 1536), Vector("a text", 256)
	if other := Vector("another", 256); other[0] == short[0] && other[1] == short[1] {
		t.Error("another text has the same vector")
	}
	ratio := float64(long[0]) / float64(short[0])
	for i, x := range short {
		if d := float64(long[i]) - ratio*float64(x); d > 1e-6 || d < -1e-6 {
			t.Fatalf("number %d of the short vector points elsewhere", i)
		}
	}
}
