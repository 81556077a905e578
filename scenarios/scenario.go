package scenarios

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Scenario is a scenario file that has been read and found free of errors.
type Scenario struct {
	// Warnings are about what is allowed but unlikely to be meant.
	Warnings Errors

	file string
	name string
	root *node
	info Info
	over []string // what differs from the file
}

// Info is what a list or a launcher shows of a scenario.
type Info struct {
	Name       string
	Title      string
	About      string
	Tags       []string
	Challenges []string
	Shows      []string      // mitigations whose worth it shows
	Duration   time.Duration // of the load
	Faults     []string      // one line each: "outage of openai, 12s to 24s"
	Kinds      []string      // of the faults, each once
	Providers  []string      // their names
	Presets    []string      // and what each is
}

// Decode reads a scenario from text. File is its name in messages; the
// scenario's own name is file's base without ".toml". The error is of type
// Errors.
//
// What it extends is looked for beside file.
func Decode(file string, source []byte) (*Scenario, error) {
	return text{file: file, bytes: source}.decode()
}

func (t text) decode() (*Scenario, error) {
	root, errs := t.assemble(nil)
	if errs != nil {
		return nil, errs
	}
	return check(t.file, strings.TrimSuffix(filepath.Base(t.file), ".toml"), root)
}

// check makes a scenario of a tree.
func check(file, name string, root *node) (*Scenario, error) {
	d := read(file, name, root)
	if len(d.errs) > 0 {
		return nil, d.errs
	}
	return &Scenario{Warnings: d.warns, file: file, name: name, root: root, info: d.info()}, nil
}

// Info is what a list or a launcher shows.
func (s *Scenario) Info() Info { return s.info }

// With returns the scenario with overrides of the form key=value put into it.
// All that is checked in a file is checked again. The error is of type Errors.
func (s *Scenario) With(set ...string) (*Scenario, error) {
	if len(set) == 0 {
		return s, nil
	}
	root := s.root.clone()
	var errs Errors
	for _, assignment := range set {
		if err := override(root, assignment); err != nil {
			errs = append(errs, *err)
		}
	}
	if len(errs) > 0 {
		return nil, errs.sorted()
	}
	return s.changed(root, set...)
}

// changed is the scenario with another tree, which differs by some changes.
func (s *Scenario) changed(root *node, changes ...string) (*Scenario, error) {
	out, err := check(s.file, s.name, root)
	if err != nil {
		return nil, err
	}
	out.over = slices.Concat(s.over, changes)
	return out, nil
}

func (d *document) info() Info {
	p := d.plan
	i := Info{
		Name: p.Scenario, Title: p.Title, About: p.About, Tags: p.Tags, Challenges: p.Challenges, Shows: p.Shows,
		Duration: p.Load.Duration, Providers: d.names(),
	}
	for _, v := range p.Providers {
		i.Presets = append(i.Presets, v.Preset)
	}
	for _, f := range p.Faults {
		on := strings.Join(f.On, ", ")
		line := fmt.Sprintf("%s of %s, %s to %s", f.Kind, on, f.At, f.Clear())
		if f.When != nil {
			line = fmt.Sprintf("%s of %s, for %s when %s", f.Kind, on, f.For, f.When)
		}
		if f.Name != f.Kind {
			line = f.Name + ": " + line
		}
		i.Faults = append(i.Faults, line)
		if !contains(i.Kinds, f.Kind) {
			i.Kinds = append(i.Kinds, f.Kind)
		}
	}
	return i
}
