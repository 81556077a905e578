package reports

import (
	"embed"
	"fmt"
)

// Schemas names the kinds of JSON that have a schema: the report of a run, the
// scorecard, the conduct of a program, the comparison, and what mitigations are
// worth.
func Schemas() []string { return []string{"report", "scorecard", "conduct", "compare", "worth"} }

//go:embed *.schema.json
var schemas embed.FS

// JSONSchema is the JSON Schema of one of Schemas.
func JSONSchema(of string) ([]byte, error) {
	text, err := schemas.ReadFile(of + ".schema.json")
	if err != nil {
		return nil, fmt.Errorf("there is no schema of %q", of)
	}
	return text, nil
}
