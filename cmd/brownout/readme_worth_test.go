package main

import (
	"os"
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

var comparedRow = regexp.MustCompile(`(?m)^\| ([a-z0-9-]+) +\| [0-9.]+ (?:pass|fail|inconclusive) +\| [0-9.]+ `)

// The table of docs/gateways.md has a row for each built-in scenario, and no
// other.
func TestGatewaysAreComparedOverTheWholeLibrary(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/gateways.md")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, m := range comparedRow.FindAllStringSubmatch(string(text), -1) {
		said = append(said, m[1])
	}
	for _, name := range scenarios.Builtin() {
		if !slices.Contains(said, name) {
			t.Errorf("docs/gateways.md does not compare over %s; take its row from \"brownout compare %s --report md=FILE\"", name, name)
		}
	}
	for _, name := range said {
		if !slices.Contains(scenarios.Builtin(), name) {
			t.Errorf("docs/gateways.md compares over %s, which is not built in", name)
		}
	}
}
