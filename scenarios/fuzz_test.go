package scenarios_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"brownout/scenarios"
)

// FuzzDecode asks of every text: no panic, and each problem stands at a place
// that exists in the text and says something.
func FuzzDecode(f *testing.F) {
	seeds, err := filepath.Glob("testdata/*/*.toml")
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds: ", err)
	}
	f.Add([]byte("\"=⻀")) // the column of an end of file within a character
	f.Add([]byte("extends = \"provider-outage\"\n[load]\nduration = \"9s\"\n[[fault]]\nkind = \"outage\"\nwhen = \"rate > 5\""))
	f.Add([]byte("extends = \"f.toml\"\n[vars]\na = 1\n[load]\nrate = \"${a}\"\nduration = \"${a}${b\""))
	for _, file := range append(seeds, "provider-outage.toml", "cloud-partition.toml") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := scenarios.Decode("f.toml", text)
		if err == nil {
			if _, err := s.Resolve(scenarios.ResolveOptions{}); err != nil {
				t.Fatalf("accepted, then not resolved: %v", err)
			}
			wellPlaced(t, s.Warnings, text)
			return
		}
		var es scenarios.Errors
		if !errors.As(err, &es) || len(es) == 0 {
			t.Fatalf("not Errors: %v", err)
		}
		wellPlaced(t, es, text)
	})
}

func wellPlaced(t *testing.T, es scenarios.Errors, text []byte) {
	lines := strings.Split(strings.TrimPrefix(string(text), "\ufeff"), "\n")
	for _, e := range es {
		if e.Msg == "" || e.File != "f.toml" && !strings.HasPrefix(e.File, "scenarios/") {
			t.Errorf("says nothing: %+v", e)
		}
		if e.File != "f.toml" { // a scenario that this one extends
			continue
		}
		if e.Line < 1 || e.Line > len(lines) || e.Col < 1 || e.Col > utf8.RuneCountInString(lines[e.Line-1])+1 {
			t.Errorf("no such place: %v", e)
		}
	}
}

// FuzzOverride asks of every assignment: no panic, and each problem names it.
func FuzzOverride(f *testing.F) {
	for _, s := range []string{
		"load.duration=50s", "load.mix.chat.weight=3", `provider.openai.model."gpt-5.4".price_in=2`,
		"fault.outage.on=[\"openai\"]", "expect.score=>= 80", "a.b.c=1", "=", "load=5", "fault.0=3", "x.\"=1", "title={a=[{b=1}]}",
	} {
		f.Add(s)
	}
	text, ok := scenarios.Raw("provider-outage")
	if !ok {
		f.Fatal("no scenario")
	}
	base, err := scenarios.Decode("f.toml", text)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, set string) {
		_, err := base.With(set)
		var es scenarios.Errors
		if err != nil && (!errors.As(err, &es) || len(es) == 0) {
			t.Fatalf("not Errors: %v", err)
		}
	})
}
