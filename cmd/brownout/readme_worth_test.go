package main

import (
	"regexp"
	"slices"
	"testing"

	"brownout/scenarios"
)

var worthRow = regexp.MustCompile(`(?m)^\| ([a-z_]+) +\| ([a-z0-9-]+) +\| [0-9.]+ (?:pass|fail|mixed) +\| [0-9.]+ `)

// The table of docs/mitigations.md has a row for each that
// a built-in scenario shows, and no other.
func TestReadmeSaysWhatEachMitigationIsWorth(t *testing.T) {
	text, _ := readme(t)
	var said, shown []string
	for _, m := range worthRow.FindAllStringSubmatch(text, -1) {
		said = append(said, m[1]+" by "+m[2])
	}
	for _, name := range scenarios.Builtin() {
		sc, err := scenarios.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range sc.Info().Shows {
			shown = append(shown, m+" by "+name)
		}
	}
	slices.Sort(said)
	slices.Sort(shown)
	for _, s := range shown {
		if !slices.Contains(said, s) {
			t.Errorf("docs/mitigations.md does not say what it is worth: %s; take the row from \"brownout worth --report md=FILE\"", s)
		}
	}
	for _, s := range said {
		if !slices.Contains(shown, s) {
			t.Errorf("docs/mitigations.md says what nobody shows: %s", s)
		}
	}
}
