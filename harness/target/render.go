package target

import (
	"fmt"
	"maps"
	"slices"

	"brownout/plan"
)

// Rendered is all that is made of a process target's templates.
type Rendered struct {
	Command []string
	Env     []string // NAME=value, in alphabetical order
	Files   []plan.TargetFile
}

// Render fills in the templates of a process.
func Render(t plan.Target, v *View) (*Rendered, error) {
	out := new(Rendered)
	for i, text := range t.Process.Command {
		word, err := v.render(fmt.Sprintf("command %d", i+1), text)
		if err != nil {
			return nil, err
		}
		out.Command = append(out.Command, word)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Process.Env)) {
		value, err := v.render("variable "+name, t.Process.Env[name])
		if err != nil {
			return nil, err
		}
		out.Env = append(out.Env, name+"="+value)
	}
	for _, f := range t.Process.Files {
		text, err := v.render("file "+f.Path, f.Text)
		if err != nil {
			return nil, err
		}
		out.Files = append(out.Files, plan.TargetFile{Path: f.Path, Text: text})
	}
	return out, nil
}

// Preview is what a target would be started with, without starting it: for
// people who want to see it, and for targets that cannot be installed here.
type Preview struct {
	URL, Key, Model string
	Rendered        *Rendered // nil: nothing is started
	Extra           Extra     // of a request of the kind that was given
	Left            []string  // providers that it cannot be pointed at, and why
}

// Show renders a target. The port, the directories and the backends are those
// of v and o as far as they are given.
func Show(t plan.Target, o Options, port int, home, dir string, m plan.Mix) (*Preview, error) {
	v, left, err := view(t, o)
	if err != nil {
		return nil, err
	}
	v.Port, v.Home, v.Dir = port, home, dir
	up := &Target{Dialect: t.Dialect, spec: t, view: v}
	if err := up.settle(); err != nil {
		return nil, err
	}
	out := &Preview{URL: up.URL, Key: up.Key, Model: up.Model, Left: left}
	if t.Process != nil {
		if out.Rendered, err = Render(t, v); err != nil {
			return nil, err
		}
	}
	out.Extra, err = up.Extra(m)
	return out, err
}
