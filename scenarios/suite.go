package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// scenariosKey is the key by which a suite differs from a scenario.
const scenariosKey = "scenarios"

// WholeLibrary is the name of the suite of every built-in scenario.
const WholeLibrary = "all"

// Suite is a list of scenarios to run, read and found free of errors.
type Suite struct {
	Name    string
	Title   string
	About   string
	Entries []Entry
}

// Entry is one scenario of a suite and what the suite changes in it.
type Entry struct {
	Scenario *Scenario // with the suite's overrides in it
	Set      []string  // those overrides
	Target   string    // empty: the scenario's
	Seed     *uint64   // nil: the scenario's
}

// suiteHead are the plain keys of a suite.
type suiteHead struct {
	Title string `toml:"title"`
	About string `toml:"about"`
}

// entryDoc are the plain keys of a suite's element.
type entryDoc struct {
	Scenario string   `toml:"scenario"`
	Set      []string `toml:"set"`
	Target   string   `toml:"target"`
	Seed     *uint64  `toml:"seed"`
}

// OpenSuite reads a suite from a path, or the one that is built in: "all". The
// error is of type Errors.
func OpenSuite(nameOrPath string) (*Suite, error) {
	if nameOrPath == WholeLibrary {
		return wholeLibrary()
	}
	raw, err := readFile(nameOrPath)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, Errors{{File: nameOrPath, Msg: "cannot read the suite: " + err.Error(), Hint: fmt.Sprintf("give a path to a TOML file that lists scenarios, or %q for every built-in one", WholeLibrary)}}
	}
	return DecodeSuite(nameOrPath, raw)
}

func wholeLibrary() (*Suite, error) {
	s := &Suite{Name: WholeLibrary, Title: "Every built-in scenario"}
	for _, name := range Builtin() {
		sc, err := Open(name)
		if err != nil {
			return nil, err
		}
		s.Entries = append(s.Entries, Entry{Scenario: sc})
	}
	return s, nil
}

// DecodeSuite reads a suite from text. File is its name in messages; paths and
// patterns in it are relative to file. The error is of type Errors.
func DecodeSuite(file string, source []byte) (*Suite, error) {
	root, problem := parse(file, source)
	if problem != nil {
		return nil, Errors{*problem}
	}
	p := &problems{file: file}
	s := &Suite{Name: strings.TrimSuffix(filepath.Base(file), ".toml")}
	h := suiteHead{Title: s.Name}
	list := root.table[scenariosKey]
	if list == nil && root.table["load"] != nil {
		return nil, Errors{root.table["load"].at.problem(file, "this is a scenario, and no suite, which lists scenarios", "run it without --suite")}
	}
	p.read(root, &h, shape{label: "suite", hooks: map[string]func(*node){scenariosKey: func(*node) {}}})
	s.Title, s.About = oneLine(h.Title), paragraphs(h.About)
	const example = `write for example scenarios = ["provider-outage", "mine/*.toml"]`
	switch {
	case list == nil:
		p.fail(root, "the suite has no scenarios", example)
	case list.kind != kindArray:
		p.fail(list, "scenarios must be a list, not "+list.is(), example)
	case len(list.items) == 0:
		p.fail(list, "the suite has no scenarios", example)
	default:
		for _, c := range list.items {
			s.Entries = append(s.Entries, p.entry(c)...)
		}
	}
	if len(p.errs) > 0 {
		return nil, p.errs.sorted()
	}
	return s, nil
}

// entry reads one element of a suite, which may be a pattern for several
// scenarios.
func (p *problems) entry(n *node) []Entry {
	const label = "scenarios"
	var v entryDoc
	at := n
	switch t, ok := n.value.(string); {
	case ok:
		v.Scenario = t
	case n.kind == kindTable:
		if !p.read(n, &v, shape{label: label, path: "suite"}) {
			return nil
		}
		at = n.find("scenario")
	default:
		p.fail(n, "scenarios: an element must be a name, a path or a table, not "+n.is(), `write for example { scenario = "provider-outage", set = ["load.rate=10"] }`)
		return nil
	}
	if v.Scenario == "" {
		p.fail(at, "scenarios: an element names no scenario", `write for example scenario = "provider-outage"`)
		return nil
	}
	names, msg, hint := p.named(v.Scenario)
	if msg != "" {
		p.fail(at, "scenarios: "+msg, hint)
	}
	var out []Entry
	for _, name := range names {
		sc, err := Open(name)
		if err == nil {
			sc, err = sc.With(v.Set...)
		}
		if err != nil {
			p.inner(at, err)
			continue
		}
		out = append(out, Entry{Scenario: sc, Set: v.Set, Target: v.Target, Seed: v.Seed})
	}
	return out
}

// inner passes on what is wrong with a scenario. What a scenario that cannot be
// found lacks is a problem of the suite.
func (p *problems) inner(n *node, err error) {
	var es Errors
	if !errors.As(err, &es) {
		p.fail(n, err.Error(), "")
		return
	}
	for _, e := range es {
		switch {
		case e.Line > 0:
			p.errs = append(p.errs, e)
		case strings.HasPrefix(e.File, setPrefix):
			p.fail(n, fmt.Sprintf("scenarios: set %s: %s", strings.TrimPrefix(e.File, setPrefix), e.Msg), e.Hint)
		default:
			p.fail(n, "scenarios: "+e.Msg, e.Hint)
		}
	}
}

// named resolves a name, a path or a pattern to what Open reads.
func (p *problems) named(word string) (names []string, msg, hint string) {
	pattern := strings.ContainsAny(word, "*?[")
	if !isPath(word) {
		if _, ok := Raw(word); ok || !pattern {
			return []string{word}, "", ""
		}
		for _, name := range Builtin() {
			if ok, err := path.Match(word, name); err == nil && ok {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			msg, hint = fmt.Sprintf("no built-in scenario matches %q", word), builtinHint(word)
		}
		return names, msg, hint
	}
	at := filepath.FromSlash(word)
	if !filepath.IsAbs(at) {
		at = filepath.Join(filepath.Dir(p.file), at)
	}
	if !filepath.IsAbs(at) && !strings.ContainsRune(at, filepath.Separator) {
		at = "." + string(filepath.Separator) + at // never the name of a built-in one
	}
	if !pattern {
		return []string{at}, "", ""
	}
	names, err := filepath.Glob(at)
	if err != nil {
		return nil, fmt.Sprintf("%q is not a pattern: %v", word, err), ""
	}
	// The suite itself may lie among the scenarios that it means.
	names = slices.DeleteFunc(names, func(name string) bool { return filepath.Clean(name) == filepath.Clean(p.file) })
	if len(names) == 0 {
		return nil, fmt.Sprintf("no file matches %q", word), "patterns are relative to the suite: " + at
	}
	return names, "", ""
}
