package scenarios_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brownout/scenarios"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file, or rewrites the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Errorf("line %d\n got %s\nwant %s", i+1, g[i], w[i])
			}
		}
		t.Fatalf("%s differs: %d lines instead of %d; -update accepts it", file, len(g), len(w))
	}
}

// inputs runs f on each TOML file of a directory of testdata.
func inputs(t *testing.T, dir string, f func(t *testing.T, file, golden string, text []byte)) {
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.toml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no inputs in %s: %v", dir, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".toml")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f(t, name+".toml", strings.TrimSuffix(file, ".toml")+".golden", text)
		})
	}
}

func TestBadInputIsToldWithPlaceAndCure(t *testing.T) {
	inputs(t, "bad", func(t *testing.T, file, want string, text []byte) {
		s, err := scenarios.Decode(file, text)
		if err == nil {
			t.Fatalf("accepted: %+v", s.Info())
		}
		golden(t, want, err.Error()+"\n")
	})
}

func TestDoubtsAreWarningsNotErrors(t *testing.T) {
	inputs(t, "doubtful", func(t *testing.T, file, want string, text []byte) {
		s, err := scenarios.Decode(file, text)
		if err != nil {
			t.Fatal(err)
		}
		golden(t, want, s.Warnings.Error()+"\n")
	})
}

func TestATitleIsOneLine(t *testing.T) {
	s, err := scenarios.Decode("lines.toml", []byte("title = \"two\\n  lines \"\n[load]\nrate = 9\nduration = \"9s\"\n[[provider]]\nname = \"openai\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Info().Title; got != "two lines" {
		t.Errorf("%q", got)
	}
}

func TestTextThatSteersTerminalsIsRefused(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`title = "a\u001b[31mb"`, "steer.toml:1:1: the text holds U+001B"},
		{`tags = ["fine", "b\u202e"]`, "U+202E"},
		{"about = \"\"\"two\nlines and a\ttab\"\"\"", ""},
		{`title = "שלום عالم"`, ""},
	} {
		_, err := scenarios.Decode("steer.toml", []byte(c.line+"\n[load]\nrate = 9\nduration = \"9s\"\n[[provider]]\nname = \"openai\"\n"))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.line, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.line, err, c.want)
		}
	}
}
