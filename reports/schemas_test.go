package reports_test

import (
	"bytes"
	"maps"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"brownout/harness/conduct"
	"brownout/harness/score"
	"brownout/reports"
)

// What is written fits the schema that is printed, whether much is known or
// nothing; a key more or less does not.
func TestSchemasFitWhatIsWritten(t *testing.T) {
	matrix := func(runs ...*score.Snapshot) reports.Matrix {
		return reports.NewMatrix("outage", []reports.Variant{{Label: "a", Runs: runs}, {Label: "b", Runs: []*score.Snapshot{scored(20, 0)}}})
	}
	for kind, docs := range map[string][]func(*bytes.Buffer) error{
		"scorecard": {func(b *bytes.Buffer) error { return reports.WriteScorecard(b, "json", sheet()) }},
		"conduct": {
			func(b *bytes.Buffer) error { return reports.WriteConduct(b, "json", execution()) },
			func(b *bytes.Buffer) error {
				return reports.WriteConduct(b, "json", &reports.Execution{Command: []string{"true"}, Report: (&conduct.Board{}).Report()})
			},
		},
		"worth": {
			func(b *bytes.Buffer) error { return reports.WriteWorths(b, "json", nil) },
			func(b *bytes.Buffer) error {
				return reports.WriteWorths(b, "json", []reports.Worth{
					{Mitigation: "breaker", Scenario: "broken", With: []*score.Snapshot{scored(90, 1)}},
					{Mitigation: "retries", Scenario: "storm", With: []*score.Snapshot{scored(90, 1)}, Without: []*score.Snapshot{scored(20, 0)}},
				})
			},
		},
		"compare": {
			func(b *bytes.Buffer) error {
				return reports.WriteMatrices(b, "json", []reports.Matrix{matrix(scored(95, 1))})
			},
			func(b *bytes.Buffer) error { return reports.WriteMatrices(b, "json", []reports.Matrix{matrix()}) },
		},
	} {
		s := compile(t, kind)
		for _, write := range docs {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.UnmarshalJSON(&b)
			if err != nil {
				t.Fatal(err)
			}
			doc := v.(map[string]any)
			if err := s.Validate(doc); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			more := maps.Clone(doc)
			more["more"] = true
			if s.Validate(more) == nil {
				t.Errorf("%s: a key that nobody knows is valid", kind)
			}
			for key := range doc {
				less := maps.Clone(doc)
				delete(less, key)
				if s.Validate(less) == nil {
					t.Errorf("%s: valid without %s", kind, key)
				}
			}
		}
	}
	if _, err := reports.JSONSchema("reprot"); err == nil {
		t.Error("a kind that nobody knows has a schema")
	}
	for _, kind := range reports.Schemas() {
		compile(t, kind)
	}
}
