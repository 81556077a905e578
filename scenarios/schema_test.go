package scenarios

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compile(t *testing.T, text []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
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

// TestTheShippedSchemaIsCurrent: the file that the scenarios of the library
// name in their first line is the schema.
func TestTheShippedSchemaIsCurrent(t *testing.T) {
	const file = "scenario.schema.json"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, Schema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, Schema()) {
		t.Errorf("%s is not current; -update rewrites it", file)
	}
	for _, name := range Builtin() {
		if text, _ := Raw(name); !bytes.HasPrefix(text, []byte("#:schema ./"+file+"\n")) {
			t.Errorf("%s.toml does not begin with #:schema ./%s", name, file)
		}
	}
}

// TestTheSchemaAcceptsTheLibraryAndSeesWhatOneValueShows holds the schema
// against the files that the decoder accepts and refuses.
func TestTheSchemaAcceptsTheLibraryAndSeesWhatOneValueShows(t *testing.T) {
	s := compile(t, Schema())
	good, _ := filepath.Glob("*.toml")
	doubtful, _ := filepath.Glob("testdata/doubtful/*.toml")
	for _, file := range append(good, doubtful...) {
		if err := s.Validate(plainOf(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	plain := func(text string) any {
		root, problem := parse("t.toml", []byte(text))
		if problem != nil {
			t.Fatal(problem)
		}
		return root.plain()
	}
	for text, ok := range map[string]bool{
		"extends = 'x'\n[[fault]]\nname = 'outage'\nfor = '5s'":                                                                true,
		"extends = 'x'\n[[fault]]\nname = 'outage'\nfor = 5":                                                                   false,
		"extends = 'x'\n[load]\nrate = '${r}'":                                                                                 true,
		"extends = 'x'\n[load]\nrate = 'r'":                                                                                    false,
		"extends = 'x'\n[[fault]]\nkind = 'outage'\nmode = 'reset'\nwhen = 'rate > 3'\nrepeat = 2":                             true,
		"extends = 'x'\n[[fault]]\nkind = 'outage'\nmode = 'rest'":                                                             false,
		"extends = 'x'\n[[fault]]\nkind = 'outage'\nfirst_token = '3s'":                                                        false,
		"[load]\nrate = 3\nduration = '9s'\n[[provider]]\nname='openai'\n[[fault]]\nkind = 'outage'\non = 'openai'":            false,
		"[load]\nrate = 3\nduration = '9s'\n[[provider]]\nname='openai'\n[[fault]]\nkind = 'outage'\non = 'openai'\nat = '3s'": true,
	} {
		if err := s.Validate(plain(text)); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, name := range []string{
		"unknown-keys", "wrong-types", "no-load", "no-providers", "not-tables", "promise", "weights-negative",
		"fault-kinds", "fault-params", "fault-timing", "vars", "mix", "router", "providers", "expect",
	} {
		if err := s.Validate(plainOf(t, filepath.Join("testdata", "bad", name+".toml"))); err == nil {
			t.Errorf("%s: the schema accepts it", name)
		}
	}
}
