package router

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaBook keeps compiled schemas: clients ask with the same few again and
// again.
type schemaBook struct {
	mu sync.Mutex
	by map[[sha256.Size]byte]*jsonschema.Schema
}

// keptSchemas is how many it keeps. One more, and it begins anew: clients that
// ask with so many make them up.
const keptSchemas = 256

func newSchemaBook() *schemaBook {
	return &schemaBook{by: map[[sha256.Size]byte]*jsonschema.Schema{}}
}

// check tells what is wrong with a JSON text under a schema; without a schema,
// only whether it parses. A schema that does not compile is the client's
// matter and its provider's to complain of: then only parsing counts.
func (b *schemaBook) check(schema []byte, text string) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	if len(schema) == 0 {
		return nil
	}
	s := b.compiled(schema)
	if s == nil {
		return nil
	}
	if err := s.Validate(value); err != nil {
		return errors.New(firstFault(err))
	}
	return nil
}

// firstFault is the first of the places that a schema's error lists, one a
// line, each as "- at '/place': what is wrong".
func firstFault(err error) string {
	for line := range strings.Lines(err.Error()) {
		if at, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok {
			return at
		}
	}
	return err.Error()
}

// compiled is the schema ready for use; nil where it cannot be.
func (b *schemaBook) compiled(schema []byte) *jsonschema.Schema {
	k := sha256.Sum256(schema)
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.by[k]
	if !ok {
		if len(b.by) >= keptSchemas {
			clear(b.by)
		}
		s = compileSchema(schema)
		b.by[k] = s
	}
	return s
}

func compileSchema(schema []byte) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(jsonschema.SchemeURLLoader{}) // a schema must not make the router fetch anything
	const here = "request:schema"
	if c.AddResource(here, doc) != nil {
		return nil
	}
	s, err := c.Compile(here)
	if err != nil {
		return nil
	}
	return s
}
