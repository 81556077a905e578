package scenarios

import (
	"fmt"
	"path/filepath"
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
}

// Info is what a list or a launcher shows of a scenario.
type Info struct {
	Name       string
	Title      string
	About      string
	Tags       []string
	Challenges []string
	Duration   time.Duration // of the load
	Faults     []string      // one line each: "outage of openai, 12s to 24s"
	Providers  []string
}

// Decode reads a scenario from text. File is its name in messages; the
// scenario's own name is file's base without ".toml". The error is of type
// Errors.
func Decode(file string, text []byte) (*Scenario, error) {
	root, err := parse(file, text)
	if err != nil {
		return nil, Errors{*err}
	}
	return check(file, strings.TrimSuffix(filepath.Base(file), ".toml"), root)
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
	return check(s.file, s.name, root)
}

func (d *document) info() Info {
	p := d.plan
	i := Info{
		Name: p.Scenario, Title: p.Title, About: p.About, Tags: p.Tags, Challenges: p.Challenges,
		Duration: p.Load.Duration, Providers: d.names(),
	}
	for _, f := range p.Faults {
		on := strings.Join(f.On, ", ")
		line := fmt.Sprintf("%s of %s, %s to %s", f.Kind, on, f.At, f.Clear())
		if f.Name != f.Kind {
			line = f.Name + ": " + line
		}
		i.Faults = append(i.Faults, line)
	}
	return i
}
