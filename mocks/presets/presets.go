// Package presets are the ready-made providers: one embedded TOML file each,
// with the models, prices, limits, region and speed of a provider and where
// each figure comes from.
//
// TOML flows in, a plan.Provider flows out. The package knows only the shape of
// the file: whether its dialect or service model exists is for those who use
// it. Adding a provider is adding a file.
package presets

import (
	"bytes"
	"embed"
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"

	"brownout/plan"
)

//go:embed *.toml
var files embed.FS

const suffix = ".toml"

// Names lists the presets in alphabetical order.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), suffix))
	}
	return names
}

// Raw is the preset's file as written, comments and all.
func Raw(name string) ([]byte, bool) {
	b, err := files.ReadFile(name + suffix)
	return b, err == nil
}

// Get is the provider of that preset. Its name and its preset are the preset's
// own name.
func Get(name string) (plan.Provider, bool) {
	b, ok := Raw(name)
	if !ok {
		return plan.Provider{}, false
	}
	p, err := Decode(b)
	if err != nil {
		return plan.Provider{}, false
	}
	p.Name, p.Preset = name, name
	return p, true
}

// Decode reads a preset strictly: a key that means nothing is an error, as is
// a preset without a dialect, a class of the known ones, or models.
func Decode(b []byte) (plan.Provider, error) {
	var p plan.Provider
	meta, err := toml.NewDecoder(bytes.NewReader(b)).Decode(&p)
	if err != nil {
		return plan.Provider{}, fmt.Errorf("preset: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return plan.Provider{}, fmt.Errorf("preset: unknown key %q", unknown[0])
	}
	if err := check(p); err != nil {
		return plan.Provider{}, err
	}
	return p, nil
}
