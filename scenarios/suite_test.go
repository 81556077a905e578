package scenarios_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"brownout/scenarios"
)

func TestASuiteListsScenarios(t *testing.T) {
	dir := write(t, map[string]string{
		"base.toml": base, "sub/one.toml": "extends = \"../base.toml\"", "sub/two.toml": "extends = \"../base.toml\"\nseed = 3",
		"sub/suite.toml": `
title = "Ours"
about = "Some\nof ours."
scenarios = [
  "provider-*",
  "*.toml",
  "../base.toml",
  { scenario = "latency-spike", set = ["load.rate=11"], target = "direct", seed = 9 },
]`,
	})
	s, err := scenarios.OpenSuite(filepath.Join(dir, "sub/suite.toml"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range s.Entries {
		names = append(names, e.Scenario.Info().Name)
	}
	if got := strings.Join(names, " "); got != "provider-outage one two base latency-spike" || s.Name != "suite" || s.Title != "Ours" || s.About != "Some of ours." {
		t.Errorf("%s: %+v", got, s)
	}
	last := s.Entries[len(s.Entries)-1]
	p, err := last.Scenario.Resolve(scenarios.ResolveOptions{Seed: last.Seed, Target: last.Target})
	if err != nil {
		t.Fatal(err)
	}
	if p.Load.Rate(0) != 11 || p.Seed != 9 || p.Target != "direct" {
		t.Errorf("%+v", p)
	}
	all, err := scenarios.OpenSuite(scenarios.WholeLibrary)
	if err != nil || len(all.Entries) != len(scenarios.Builtin()) {
		t.Errorf("the library: %v, %v", all, err)
	}
}

func TestBadSuitesAreToldWithPlaceAndCure(t *testing.T) {
	dir := write(t, map[string]string{"broken.toml": "title = 1\n" + base})
	for text, want := range map[string]string{
		"":                                       "s.toml:1:1: the suite has no scenarios",
		"scenarios = []":                         "s.toml:1:1: the suite has no scenarios",
		"scenarios = 3":                          "s.toml:1:1: scenarios must be a list, not the number 3",
		"scenarios = [\n3]":                      "s.toml:2:1: scenarios: an element must be a name",
		"scenarios = [\n  \"provider-outtage\"]": `s.toml:2:3: scenarios: no built-in scenario and no file is called "provider-outtage"; did you mean "provider-outage"?`,
		"scenarios = [\"x*\"]":                   `s.toml:1:14: scenarios: no built-in scenario matches "x*"; "brownout list" shows all`,
		"scenarios = [\"x/*.toml\"]":             `s.toml:1:14: scenarios: no file matches "x/*.toml"`,
		"scenarios = [\"x/[.toml\"]":             `s.toml:1:14: scenarios: "x/[.toml" is not a pattern`,
		"scenarios = [\"x/y.toml\"]":             "s.toml:1:14: scenarios: cannot read the scenario",
		"scenarios = [{ scenario = \"latency-spike\", sets = [] }]":              `s.toml:1:44: scenarios: unknown key "sets"; did you mean "set"?`,
		"scenarios = [{ scenario = \"latency-spike\", set = [\"load.rat=3\"] }]": `s.toml:1:16: scenarios: set load.rat: [load]: unknown key "rat"; did you mean "rate"?`,
		"scenarios = [{ set = [] }]":                                             "s.toml:1:14: scenarios: an element names no scenario",
		"scenarios = [\"./broken.toml\"]":                                        "broken.toml:",
		"titel = \"x\"\nscenarios = [\"a*\"]":                                    `s.toml:1:1: suite: unknown key "titel"; did you mean "title"?`,
		"title = \"x\"\n[load]\nrate = 3":                                        "s.toml:2:2: this is a scenario, and no suite",
	} {
		_, err := scenarios.DecodeSuite(filepath.Join(dir, "s.toml"), []byte(text))
		if err == nil {
			t.Errorf("%q: accepted", text)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), dir+"/", ""); !strings.HasPrefix(got, want) {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
	if _, err := scenarios.OpenSuite("missing.toml"); err == nil || !strings.Contains(err.Error(), `"all" for every built-in one`) {
		t.Error(err)
	}
	if _, err := scenarios.Decode("s.toml", []byte("scenarios = [\"latency-spike\"]")); err == nil || err.Error() != "s.toml:1:1: this is a suite, which lists scenarios, and no scenario; run it with --suite s.toml" {
		t.Error(err)
	}
}

// FuzzDecodeSuite asks of every text: no panic, and errors of the known type.
func FuzzDecodeSuite(f *testing.F) {
	for _, s := range []string{"scenarios = [\"provider-*\"]", "scenarios = [{ scenario = \"latency-spike\", set = [\"load.rate=3\"], seed = 1 }]", "scenarios = [[]]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		_, err := scenarios.DecodeSuite("testdata/none/s.toml", source)
		var es scenarios.Errors
		if err != nil && (!errors.As(err, &es) || len(es) == 0 || es.Error() == "") {
			t.Fatalf("not Errors: %v", err)
		}
	})
}

// TestTheDocumentedFilesAreValid reads every scenario and every suite that
// docs/scenarios.md shows.
func TestTheDocumentedFilesAreValid(t *testing.T) {
	text, err := os.ReadFile("../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```toml\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 3 {
		t.Fatalf("only %d blocks", len(blocks))
	}
	for _, b := range blocks {
		if strings.Contains(b[1], "\nscenarios = [") {
			if _, err := scenarios.DecodeSuite("docs.toml", []byte(b[1])); err != nil {
				t.Errorf("%v\nin\n%s", err, b[1])
			}
			continue
		}
		s, err := scenarios.Decode("docs.toml", []byte(b[1]))
		if err != nil {
			t.Errorf("%v\nin\n%s", err, b[1])
		} else if len(s.Warnings) > 0 {
			t.Errorf("%v\nin\n%s", s.Warnings, b[1])
		}
	}
}
