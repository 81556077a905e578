package mocks

import (
	"encoding/json"
	"strings"

	"brownout/mocks/answer"
)

// In JSON mode the answer is one object whose one string is the text, so that
// who parses it can verify the text. Heads, words and checks hold nothing that
// JSON escapes, so the text is the same inside and outside a string.
const (
	jsonBefore = `{"answer":"`
	jsonAfter  = `"}`
)

// jsonAround is what stands around the text of a marker in JSON mode. Where the
// request gives a schema, the object is one of that schema with the text in its
// first string that may hold any; in an object without such a string there is
// no text, and after is "".
func jsonAround(schema json.RawMessage, marker string) (before, after string) {
	if len(schema) == 0 {
		return jsonBefore, jsonAfter
	}
	object, hole := answer.Object(marker, schema)
	if !strings.HasPrefix(object, "{") {
		return jsonBefore, jsonAfter
	}
	if hole < 0 {
		return object, ""
	}
	return object[:hole], object[hole:]
}

// resumeJSON takes off a prefill what it holds of the object before the text,
// and returns what it holds of the text.
func (r *reply) resumeJSON(prefill string) string {
	body := strings.TrimLeft(prefill, " \t\r\n")
	if rest, ok := strings.CutPrefix(body, r.before); ok {
		if text, ended := strings.CutSuffix(rest, r.after); ended && r.after != "" {
			rest, r.after = text, ""
		}
		r.before = ""
		return rest
	}
	if rest, ok := strings.CutPrefix(r.before, body); ok {
		r.before = rest
	}
	return ""
}

// insideString is a text as it stands inside a JSON string.
func insideString(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		return ""
	}
	return string(b[1 : len(b)-1])
}
