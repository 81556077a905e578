package scenarios

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// TestTheShippedTargetSchemaIsCurrent: the file that the built-in targets name
// in their first line is the schema.
func TestTheShippedTargetSchemaIsCurrent(t *testing.T) {
	const file = "targets/target.schema.json"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, TargetSchema(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, TargetSchema()) {
		t.Errorf("%s is not current (%v); -update rewrites it", file, err)
	}
}

// TestTheTargetSchemaAcceptsWhatTheDecoderDoes holds the schema against the
// built-in targets, and against files that the decoder refuses.
func TestTheTargetSchemaAcceptsWhatTheDecoderDoes(t *testing.T) {
	s := compile(t, TargetSchema())
	files, _ := filepath.Glob("targets/*.toml")
	for _, file := range files {
		if err := s.Validate(plainOf(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if text, err := os.ReadFile(file); err != nil || !bytes.HasPrefix(text, []byte("#:schema ./target.schema.json\n")) {
			t.Errorf("%s does not begin with #:schema ./target.schema.json (%v)", file, err)
		}
	}
	for text, ok := range map[string]bool{
		"url = 'http://a'\nspeaks = ['openai']\n[headers]\nx = 'y'":                                                               true,
		"url = 'http://a'\n[process]\ncommand = ['a']\ngrace = '1s'\nalone = true":                                                true,
		"url = 'http://a'\n[process]\ncommand = ['a']\n[[process.file]]\npath = 'x'\nfrom = 'y'\n[process.ready]\ntimeout = '9s'": true,
		"router = 'retries'":                                                         true,
		"title = 'x'":                                                                false, // no url
		"url = 'http://a'\nrouter = 'direct'":                                        false,
		"router = 'portal'":                                                          false,
		"url = 'http://a'\ndialect = 'antropic'":                                     false,
		"url = 'http://a'\n[headers]\nx = 3":                                         false,
		"url = 'http://a'\n[process]\ncomand = ['a']":                                false,
		"url = 'http://a'\n[process]\ngrace = '1s'":                                  false, // no command
		"url = 'http://a'\n[process]\ncommand = ['a']\nshared = '${x}'":              false, // there are no variables
		"url = 'http://a'\n[process]\ncommand = ['a']\ngrace = 3":                    false,
		"url = 'http://a'\n[process]\ncommand = ['a']\ngrace = '${x}'":               false,
		"url = 'http://a'\n[process]\ncommand = ['a']\n[[process.file]]\npath = 'x'": false,
		"url = 'http://a'\n[process]\ncommand = ['a']\n[[process.file]]\ntext = 'x'": false,
		"url = 'http://a'\n[install]\nneeds = ['a']":                                 false, // for nothing
	} {
		root, problem := parse("t.toml", []byte(text))
		if problem != nil {
			t.Fatal(problem)
		}
		if err := s.Validate(root.plain()); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := DecodeTarget("t", "t.toml", []byte(text), fstest.MapFS{"y": {Data: []byte("z")}}); (err == nil) != ok {
			t.Errorf("the decoder, of %q: %v", text, err)
		}
	}
}
