package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// field is a name and the raw JSON of its value, both parts of a line.
type field struct{ name, value []byte }

var errNotObject = errors.New("not a JSON object")

// scan splits a flat JSON object into its fields and appends them to fields.
// It finds where values end; what stands in them is checked by whoever reads
// them.
func scan(line []byte, fields []field) ([]field, error) {
	s := scanner{rest: line}
	if !s.take('{') {
		return fields, errNotObject
	}
	if s.take('}') {
		return fields, s.end()
	}
	for {
		name, ok := s.string()
		if !ok || !s.take(':') {
			return fields, errNotObject
		}
		value, ok := s.value()
		if !ok {
			return fields, errNotObject
		}
		fields = append(fields, field{name[1 : len(name)-1], value})
		if s.take('}') {
			return fields, s.end()
		}
		if !s.take(',') {
			return fields, errNotObject
		}
	}
}

type scanner struct{ rest []byte }

// take passes over white space and then over c, if that is next.
func (s *scanner) take(c byte) bool {
	s.space()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) space() {
	for len(s.rest) > 0 {
		switch s.rest[0] {
		case ' ', '\t', '\r', '\n':
			s.rest = s.rest[1:]
		default:
			return
		}
	}
}

func (s *scanner) end() error {
	if s.space(); len(s.rest) > 0 {
		return errNotObject
	}
	return nil
}

// string takes a string with its quotes.
func (s *scanner) string() ([]byte, bool) {
	s.space()
	n := stringLen(s.rest)
	if n == 0 {
		return nil, false
	}
	v := s.rest[:n]
	s.rest = s.rest[n:]
	return v, true
}

// stringLen is the length of the string at the start of b with its quotes, or
// 0 where there is none.
func stringLen(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

// value takes a value: a string, an object or array with balanced brackets, or
// what stands before the next comma or bracket.
func (s *scanner) value() ([]byte, bool) {
	s.space()
	depth, i := 0, 0
	for i < len(s.rest) {
		switch c := s.rest[i]; {
		case c == '"':
			n := stringLen(s.rest[i:])
			if n == 0 {
				return nil, false
			}
			i += n
			continue
		case c == '{' || c == '[':
			depth++
		case (c == '}' || c == ']' || c == ',') && depth == 0:
			v := bytes.TrimRight(s.rest[:i], " \t\r\n")
			s.rest = s.rest[i:]
			return v, i > 0
		case c == '}' || c == ']':
			depth--
		}
		i++
	}
	return nil, false
}

// The setters read a value as encoding/json would; null leaves the field.

func isNull(v []byte) bool { return string(v) == "null" }

func setInt[T ~int | ~int64](to *T, v []byte) error {
	if isNull(v) {
		return nil
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	*to = T(n)
	return err
}

func setUint(to *uint64, v []byte) (err error) {
	if isNull(v) {
		return nil
	}
	*to, err = strconv.ParseUint(string(v), 10, 64)
	return err
}

func setFloat(to *float64, v []byte) error {
	// ParseFloat knows numbers that JSON does not: Inf, 0x1p-2, 1_000.
	for _, c := range v {
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			if isNull(v) {
				return nil
			}
			return fmt.Errorf("%q is no number", v)
		}
	}
	n, err := strconv.ParseFloat(string(v), 64)
	*to = n
	return err
}

func setBool(to *bool, v []byte) error {
	switch string(v) {
	case "true":
		*to = true
	case "false":
		*to = false
	case "null":
	default:
		return fmt.Errorf("%q is neither true nor false", v)
	}
	return nil
}

func setString[T ~string](to *T, v []byte) error {
	if len(v) >= 2 && v[0] == '"' && stringLen(v) == len(v) && isPlain(v[1:len(v)-1]) {
		*to = T(v[1 : len(v)-1])
		return nil
	}
	var s string
	if isNull(v) {
		return nil
	}
	err := json.Unmarshal(v, &s)
	*to = T(s)
	return err
}

// isPlain tells whether the inside of a JSON string stands for itself.
func isPlain(v []byte) bool {
	for _, c := range v {
		if c < ' ' || c == '\\' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func setStrings(to *[]string, v []byte) error { return json.Unmarshal(v, to) }
