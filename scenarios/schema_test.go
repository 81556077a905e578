package scenarios

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("urn:test", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("urn:test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func plainOf(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root, problem := parse(file, text)
	if problem != nil {
		t.Fatal(problem)
	}
	return root.plain()
}

// TestTheSchemaAcceptsTheLibraryAndSeesWhatOneValueShows holds the schema
// against the files that the decoder accepts and refuses.
func TestTheSchemaAcceptsTheLibraryAndSeesWhatOneValueShows(t *testing.T) {
	s := compile(t)
	good, _ := filepath.Glob("*.toml")
	doubtful, _ := filepath.Glob("testdata/doubtful/*.toml")
	for _, file := range append(good, doubtful...) {
		if err := s.Validate(plainOf(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, name := range []string{
		"unknown-keys", "wrong-types", "no-load", "no-providers", "not-tables", "promise", "weights-negative",
		"fault-kinds", "fault-params", "mix", "router", "providers", "expect",
	} {
		if err := s.Validate(plainOf(t, filepath.Join("testdata", "bad", name+".toml"))); err == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}
