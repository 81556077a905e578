package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// serdeComplaints are the words of providers written in Rust on requests they
// cannot read: axum's for the request, serde's for what is wrong, and status
// for a body that is JSON of another shape (axum's own is 422). DeepSeek's and
// xAI's were seen in public reports (forgecode#2008, chatbox#1740).
func serdeComplaints(status int) complaints {
	c := openAIComplaints
	c.needModel = false // the field is checked here, in serde's words
	shape := func(what string) *Failure {
		return &Failure{Kind: FailBadRequest, Status: status, Message: serdeShape + what}
	}
	c.syntax = func(err error) *Failure {
		f := &Failure{Kind: FailBadRequest, Message: "Failed to parse the request body as JSON: expected value"}
		var bad *json.SyntaxError
		if errors.As(err, &bad) && strings.HasPrefix(bad.Error(), "unexpected end") {
			f.Message = "Failed to parse the request body as JSON: EOF while parsing an object"
		}
		return f
	}
	c.missing = func(param string) *Failure {
		at, field := splitParam(param)
		return shape(at + "missing field `" + field + "`")
	}
	c.wrongType = func(param, want, got string) *Failure {
		return shape(param + ": invalid type: " + serdeType(got) + ", expected " + serdeWants(want))
	}
	c.empty = func(param string) *Failure { return shape(param + ": invalid length 0, expected at least 1 element") } // unverified
	c.low = func(param string, least, got int) *Failure {
		return &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("Invalid %s value, the valid range of %[1]s is [%d, 393216], got %d", param, least, got)} // unverified
	}
	c.high = func(param string, _, got float64) *Failure {
		return &Failure{Kind: FailBadRequest, Message: fmt.Sprintf("Invalid %s value, the valid range of %[1]s is [0, 2.0], got %g", param, got)} // unverified
	}
	c.role = func(param, got string) *Failure {
		at, _ := splitParam(param)
		return shape(at + "unknown variant `" + got + "`, expected one of `system`, `user`, `assistant`, `tool`")
	}
	return c
}

const serdeShape = "Failed to deserialize the JSON body into the target type: "

// splitParam takes messages[0].role apart into `messages[0]: ` and role.
func splitParam(param string) (at, field string) {
	if i := strings.LastIndexByte(param, '.'); i >= 0 {
		return param[:i] + ": ", param[i+1:]
	}
	return "", param
}

// serdeType is serde's name for a JSON type.
func serdeType(json string) string {
	switch json {
	case "array":
		return "sequence"
	case "object":
		return "map"
	case "bool":
		return "boolean"
	case "number":
		return "integer"
	}
	return json
}

// serdeWants is what serde says that it expected.
func serdeWants(want string) string {
	switch strings.TrimPrefix(want, "one of ") {
	case "an array":
		return "a sequence"
	case "an integer":
		return "u32"
	case "a decimal":
		return "f32"
	case "an object":
		return "a map"
	}
	if strings.HasPrefix(want, "one of a string") {
		return "a string"
	}
	return want
}

// pinpointed adds the place where serde stopped. It is exact for what is
// missing, which serde finds at the end of the object, and only near for the
// rest: the body's end is told.
func pinpointed(f *Failure, body []byte) *Failure {
	if f.Kind != FailBadRequest || !strings.HasPrefix(f.Message, "Failed to ") {
		return f
	}
	line, column := 1, 0
	for _, c := range body {
		if column++; c == '\n' {
			line, column = line+1, 0
		}
	}
	f.Message = fmt.Sprintf("%s at line %d column %d", f.Message, line, column)
	return f
}
