package scenarios

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed *.toml
var library embed.FS

// Builtin lists the names of the built-in scenarios, in alphabetical order.
func Builtin() []string {
	entries, err := library.ReadDir(".")
	if err != nil { // an embedded directory cannot fail to be read
		panic(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".toml"))
	}
	slices.Sort(out)
	return out
}

// Raw returns the text of a built-in scenario.
func Raw(name string) ([]byte, bool) {
	text, err := library.ReadFile(name + ".toml")
	return text, err == nil
}

// Open reads a scenario by its built-in name or from a path. What has no
// separator and no ".toml" is a built-in name first. The error is of type
// Errors.
func Open(nameOrPath string) (*Scenario, error) {
	if !isPath(nameOrPath) {
		if open, ok := builtin()[nameOrPath]; ok {
			return open()
		}
	}
	t, err := fileText(nameOrPath, nameOrPath)
	if err != nil {
		err.File = nameOrPath
		return nil, Errors{*err}
	}
	return t.decode()
}

// isPath tells whether a word can be no name of a built-in scenario.
func isPath(word string) bool {
	return strings.ContainsAny(word, `/\`) || strings.HasSuffix(word, ".toml")
}

// builtin reads each built-in scenario once: lists, completions and pages look
// through all of them, some more than once. A Scenario never changes.
var builtin = sync.OnceValue(func() map[string]func() (*Scenario, error) {
	all := map[string]func() (*Scenario, error){}
	for _, name := range Builtin() {
		all[name] = sync.OnceValues(func() (*Scenario, error) {
			t, _ := builtinText(name)
			return t.decode()
		})
	}
	return all
})

func builtinText(name string) (text, bool) {
	raw, ok := Raw(name)
	return text{file: path.Join("scenarios", name+".toml"), builtin: true, bytes: raw}, ok
}

// fileText reads the file at a path; name is how the user called it.
func fileText(at, name string) (text, *Error) {
	raw, err := readFile(at)
	switch {
	case err == nil:
		return text{file: at, bytes: raw}, nil
	case isPath(name) || !errors.Is(err, fs.ErrNotExist):
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return text{}, &Error{Msg: fmt.Sprintf("cannot read the scenario %s: %v", at, err), Hint: "give a path to a TOML file or a built-in name; " + seeList()}
	}
	return text{}, &Error{Msg: fmt.Sprintf("no built-in scenario and no file is called %q", name), Hint: builtinHint(name)}
}

// builtinHint names the built-in scenarios that a word may have meant: the
// nearest one, or those that share a part of the name with it.
func builtinHint(word string) string {
	names := Builtin()
	if best := nearest(word, names); best != "" {
		return fmt.Sprintf("did you mean %q? %s", best, seeList())
	}
	words := strings.FieldsFunc(strings.ToLower(word), func(r rune) bool { return r < 'a' || r > 'z' })
	shared := map[string]int{}
	for _, name := range names {
		for part := range strings.SplitSeq(name, "-") {
			if slices.Contains(words, part) {
				shared[name]++
			}
		}
	}
	if len(shared) == 0 {
		return seeList()
	}
	const most = 6
	alike := slices.SortedFunc(maps.Keys(shared), func(a, b string) int {
		return cmp.Or(cmp.Compare(shared[b], shared[a]), cmp.Compare(a, b))
	})
	return "alike are " + strings.Join(alike[:min(most, len(alike))], ", ") + "; " + seeList()
}

func seeList() string {
	return fmt.Sprintf("\"brownout list\" shows all %d built-in ones", len(Builtin()))
}

// readFile reads a regular file of a bounded size.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, errors.New("it is a directory")
	}
	if info.Size() > maxBytes {
		return nil, fmt.Errorf("it has %d bytes, and %d are the most a scenario may have", info.Size(), maxBytes)
	}
	return os.ReadFile(name)
}
