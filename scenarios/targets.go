package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"brownout/plan"
)

//go:embed targets
var targets embed.FS

// targetsDir is where the built-in targets are.
const targetsDir = "targets"

// Targets lists the names of the built-in targets: those that run in this
// process first, then the others in alphabetical order.
func Targets() []string {
	entries, err := targets.ReadDir(targetsDir)
	if err != nil { // an embedded directory cannot fail to be read
		panic(err)
	}
	out := slices.Clone(plan.TargetRouters)
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".toml"); ok && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// RawTarget returns the text of a built-in target.
func RawTarget(name string) ([]byte, bool) {
	text, err := targets.ReadFile(path.Join(targetsDir, name+".toml"))
	return text, err == nil
}

// OpenTarget reads a target by its built-in name, from a path, or makes one of
// the URL of a gateway that runs already. The error is of type Errors.
func OpenTarget(word string) (plan.Target, error) {
	if strings.HasPrefix(word, "http://") || strings.HasPrefix(word, "https://") {
		return running(word)
	}
	file := path.Join("scenarios", targetsDir, word+".toml")
	var raw []byte
	var files fs.FS
	builtin, ok := RawTarget(word)
	switch {
	case ok && !isPath(word):
		sub, err := fs.Sub(targets, targetsDir)
		if err != nil { // it is a fixed path
			panic(err)
		}
		raw, files = builtin, sub
	case isPath(word):
		text, err := readFile(word)
		if err != nil {
			var pe *fs.PathError
			if errors.As(err, &pe) {
				err = pe.Err
			}
			return plan.Target{}, Errors{{File: word, Msg: "cannot read the target: " + err.Error(), Hint: "give a path to a TOML file, a URL, or one of: " + strings.Join(Targets(), ", ")}}
		}
		file, raw, files = word, text, os.DirFS(filepath.Dir(word))
	default:
		return plan.Target{}, Errors{{File: "target", Msg: fmt.Sprintf("unknown target %q", word), Hint: "give a name, a path to a TOML file or a URL; " + suggest(word, Targets())}}
	}
	return DecodeTarget(word, file, raw, files)
}

// running is the target that a URL alone names: a gateway that runs already
// and speaks OpenAI's dialect.
func running(word string) (plan.Target, error) {
	u, err := url.Parse(word)
	problem := func(msg, hint string) (plan.Target, error) {
		return plan.Target{}, Errors{{File: "target", Msg: msg, Hint: hint}}
	}
	switch {
	case err != nil || u.Host == "":
		return problem(fmt.Sprintf("%q is no URL of a gateway", word), "give scheme and host, such as http://127.0.0.1:4000")
	case u.User != nil:
		return problem("the URL of a target carries a user or a password, which would be written into journals", "name the key in a target's file: key = '{{env \"MY_KEY\"}}'")
	case u.RawQuery != "" || u.Fragment != "":
		return problem(fmt.Sprintf("the URL %q has a query or a fragment", word), "give scheme, host and path alone; headers and keys stand in a target's file")
	}
	t := plan.DefaultTarget
	t.Name, t.Title, t.URL = word, "a gateway that runs already", word
	return t, nil
}

// DecodeTarget reads a target from text. File is its name in messages, and
// files is where the files stand that it names. The error is of type Errors.
func DecodeTarget(name, file string, source []byte, files fs.FS) (plan.Target, error) {
	root, problem := parse(file, source)
	if problem != nil {
		return plan.Target{}, Errors{*problem}
	}
	p := &problems{file: file}
	t := plan.DefaultTarget
	t.Name, t.Title = name, name
	p.read(root, &t, shape{label: "target", path: "target", hooks: map[string]func(*node){
		"process": func(n *node) {
			process := plan.DefaultTargetProcess
			p.read(n, &process, shape{label: "[process]", path: "target.process"})
			t.Process = &process
		},
	}})
	t.About = paragraphs(t.About)
	p.wholeTarget(root, t)
	if t.Process != nil {
		p.include(root.find("process", "file"), t.Process.Files, files)
	}
	if t.Install != nil {
		p.include(root.find("install", "file"), t.Install.Files, files)
	}
	if len(p.errs) > 0 {
		return plan.Target{}, p.errs.sorted()
	}
	return t, nil
}

// wholeTarget tells what a target lacks, or has too much of.
func (p *problems) wholeTarget(root *node, t plan.Target) {
	switch {
	case t.Router != "" && (t.Process != nil || t.URL != ""):
		p.fail(root.find("router"), "a target is served in this process by router, or found at its url, not both", "leave out router, or url and [process]")
	case t.Router == "" && t.URL == "":
		p.fail(root, "the target has no url", `write where clients find it, for example url = "http://127.0.0.1:4000"; of a process url = "http://127.0.0.1:{{.Port}}"`)
	case t.Process != nil && len(t.Process.Command) == 0:
		p.fail(root.find("process"), "[process] has no command", `write for example command = ["my-gateway", "--port", "{{.Port}}"]`)
	case t.Install != nil && t.Process == nil:
		p.fail(root.find("install"), "[install] is for what [process] starts, and there is no [process]", "")
	}
	for i, d := range t.Speaks {
		if d == "" {
			p.fail(root.find("speaks"), fmt.Sprintf("speaks: element %d is empty", i+1), "name dialects of providers")
		}
	}
}

// include puts the text of the files that are named in place of their names.
func (p *problems) include(n *node, list []plan.TargetFile, files fs.FS) {
	for i := range list {
		f, at := &list[i], n
		if i < len(n.items) {
			at = n.items[i]
		}
		switch {
		case !filepath.IsLocal(f.Path):
			p.fail(at, fmt.Sprintf("a file's path must lie below its directory, and %q does not", f.Path), `write for example path = "config.yaml"`)
		case (f.Text == "") == (f.From == ""):
			p.fail(at, fmt.Sprintf("the file %s needs either text or from", f.Path), "text is what stands in it, from the name of a file beside the target's")
		case f.From != "" && files == nil:
			p.fail(at, "from names a file, and there is no directory to look in", "")
		case f.From != "":
			text, err := fs.ReadFile(files, path.Clean(f.From))
			if err != nil {
				p.fail(at, fmt.Sprintf("cannot read the file %s: %v", f.From, err), "from is relative to the target's file")
				continue
			}
			f.Text, f.From = string(text), ""
		}
	}
}
