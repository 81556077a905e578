package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
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
	isPath := strings.ContainsAny(nameOrPath, `/\`) || strings.HasSuffix(nameOrPath, ".toml")
	if !isPath {
		if text, ok := Raw(nameOrPath); ok {
			return Decode(path.Join("scenarios", nameOrPath+".toml"), text)
		}
	}
	text, err := readFile(nameOrPath)
	switch {
	case err == nil:
		return Decode(nameOrPath, text)
	case isPath || !errors.Is(err, fs.ErrNotExist):
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, Errors{{File: nameOrPath, Msg: "cannot read the scenario: " + err.Error(), Hint: "give a path to a TOML file or one of: " + strings.Join(Builtin(), ", ")}}
	}
	hint := "built in are " + strings.Join(Builtin(), ", ")
	if best := nearest(nameOrPath, Builtin()); best != "" {
		hint = fmt.Sprintf("did you mean %q? %s", best, hint)
	}
	return nil, Errors{{File: nameOrPath, Msg: "no built-in scenario and no file has this name", Hint: hint}}
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
