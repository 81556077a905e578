package wire

import (
	"encoding/json"
	"errors"
	"strings"
)

// complaints are the words for requests that cannot be read.
type complaints struct {
	syntax    func(err error) *Failure
	missing   func(param string) *Failure
	wrongType func(param, want, got string) *Failure
	empty     func(param string) *Failure
	low       func(param string, least, got int) *Failure
	high      func(param string, bound, got float64) *Failure
	role      func(param, got string) *Failure
	needModel bool
}

// withArticle puts "a" or "an" before the name of a JSON type.
func withArticle(s string) string {
	switch s {
	case "bool":
		return "a boolean"
	case "null", "nothing":
		return s
	}
	if strings.ContainsRune("aeiou", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

// typeError takes apart what encoding/json says of a value of the wrong type.
// It reports false for any other error.
func typeError(err error) (param, want, got string, ok bool) {
	var bad *json.UnmarshalTypeError
	if !errors.As(err, &bad) {
		return "", "", "", false
	}
	switch bad.Type.Kind().String() {
	case "int":
		want = "an integer"
	case "float64":
		want = "a decimal"
	case "bool":
		want = "a boolean"
	case "string":
		want = "a string"
	case "slice":
		want = "an array"
	default:
		want = "an object"
	}
	got, _, _ = strings.Cut(bad.Value, " ") // "number 1.5"
	return bad.Field, want, got, true
}

// plainly says what encoding/json says of a body, without the names that types
// have here.
func plainly(err error) string {
	if param, want, got, ok := typeError(err); ok {
		what := "expected " + want + ", got " + withArticle(got)
		if param != "" {
			what = param + ": " + what
		}
		return what
	}
	return err.Error()
}

// validly turns "an integer" into "a valid integer", in pydantic's words. Of
// several types the first is named.
func validly(want string) string {
	_, noun, _ := strings.Cut(strings.TrimPrefix(want, "one of "), " ")
	noun, _, _ = strings.Cut(noun, " ")
	switch noun {
	case "array":
		noun = "list"
	case "object":
		noun = "dictionary"
	case "decimal":
		noun = "number"
	}
	return "a valid " + noun
}
