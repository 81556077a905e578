package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// exporter asks for a format and a path, and writes a file: the part of a
// screen by which what it shows is taken away.
type exporter struct {
	formats []Format
	write   func(format, path string, over bool) error // fails with ErrExists
	stage   exportStage
	list    picker
	format  string
	path    textinput.Model
	keys    exportKeys
}

// exportStage is what an exporter waits for.
type exportStage int

const (
	notExporting exportStage = iota
	choosing                 // a format
	naming                   // a path
	asking                   // whether a file may be written over
)

// exportKeys are the keys of an exporter.
type exportKeys struct{ start, accept, leave, yes, no key.Binding }

// Messages of an exporter.
type (
	exportMsg struct{ format, path string } // writes a report; without a path asks for one
	wroteMsg  struct {
		format, path string
		err          error
	}
)

// newExporter makes one. Its key is off where there is nothing to write with.
func newExporter(formats []Format, write func(format, path string, over bool) error) exporter {
	x := exporter{formats: formats, write: write, path: textinput.New(), keys: exportKeys{
		start:  bind("e", "export", "e"),
		accept: bind("enter", "write it", "enter"),
		leave:  bind("esc", "leave", "esc", "ctrl+c"),
		yes:    bind("y", "yes", "y", "Y", "enter"),
		no:     bind("n", "no", "n", "N", "esc", "q"),
	}}
	x.keys.start.SetEnabled(write != nil && len(formats) > 0)
	return x
}

func (x exporter) writing() bool { return x.stage == naming }

// started asks for a format.
func (x exporter) started() exporter {
	l := pickList{}
	for _, f := range x.formats {
		l.items = append(l.items, pickItem{text: f.Name, note: f.Summary})
	}
	x.stage, x.list = choosing, picker{title: "Export", lists: []pickList{l}, one: true}
	return x
}

// update handles what is meant for the exporter; false where a message is not.
func (x exporter) update(msg tea.Msg) (exporter, tea.Cmd, bool) {
	switch msg := msg.(type) {
	case exportMsg:
		if msg.path == "" {
			return x.named(msg.format), nil, true
		}
		x.format = msg.format
		x.path.SetValue(msg.path)
		return x, x.written(false), true
	case wroteMsg:
		return x.wrote(msg)
	case tea.PasteMsg:
		if x.stage == naming {
			x.path, _ = x.path.Update(msg)
			return x, nil, true
		}
	case tea.MouseMsg:
		if x.stage == choosing {
			x.list, _ = x.list.update(msg)
		}
		return x, nil, x.stage != notExporting
	case tea.KeyPressMsg:
		if x.stage != notExporting {
			x, cmd := x.pressed(msg)
			return x, cmd, true
		}
	}
	return x, nil, false
}

func (x exporter) pressed(msg tea.KeyPressMsg) (exporter, tea.Cmd) {
	k := x.keys
	switch x.stage {
	case choosing:
		var a answer
		x.list, a = x.list.update(msg)
		switch a {
		case accepted:
			return x.named(x.list.picked()[0]), nil
		case cancelled:
			x.stage = notExporting
		}
	case naming:
		switch {
		case key.Matches(msg, k.leave):
			x.stage = notExporting
		case key.Matches(msg, k.accept):
			x.stage = notExporting
			if strings.TrimSpace(x.path.Value()) == "" {
				return x, failed(errors.New("a file needs a path; nothing was written"))
			}
			return x, x.written(false)
		default:
			x.path, _ = x.path.Update(msg)
		}
	case asking:
		switch {
		case key.Matches(msg, k.yes):
			x.stage = notExporting
			return x, x.written(true)
		case key.Matches(msg, k.no):
			return x.named(x.format), nil
		}
	}
	return x, nil
}

// named asks for a path, and offers one.
func (x exporter) named(format string) exporter {
	if format != x.format || x.path.Value() == "" {
		for _, f := range x.formats {
			if f.Name == format {
				x.path.SetValue(f.File)
			}
		}
	}
	x.format, x.stage = format, naming
	x.path.CursorEnd()
	x.path.Focus()
	return x
}

// written writes the file that was named.
func (x exporter) written(over bool) tea.Cmd {
	format, path, write := x.format, strings.TrimSpace(x.path.Value()), x.write
	return func() tea.Msg { return wroteMsg{format, path, write(format, path, over)} }
}

// wrote says what came of it.
func (x exporter) wrote(msg wroteMsg) (exporter, tea.Cmd, bool) {
	switch {
	case errors.Is(msg.err, ErrExists):
		x.stage = asking
		return x, nil, true
	case msg.err != nil:
		return x, failed(fmt.Errorf("%s was not written: %w", msg.format, msg.err)), true
	}
	return x, told(msg.format + " written to " + msg.path), true
}

// draw lays over a screen what is being asked.
func (x exporter) draw(a area) {
	switch x.stage {
	case choosing:
		x.list.draw(a)
	case naming:
		foot := a.line(a.h - 1)
		foot.clear()
		prompt(foot, x.format+" to ", x.path, "enter writes it, esc leaves")
	case asking:
		drawQuestion(a, "Export", strings.TrimSpace(x.path.Value())+" is there already. Write over it?", x.keys.yes, x.keys.no)
	}
}

// commands of the exporter.
func (x exporter) commands() []command {
	if !x.keys.start.Enabled() {
		return nil
	}
	names := make([]string, len(x.formats))
	offers := make([]string, len(x.formats))
	for i, f := range x.formats {
		names[i], offers[i] = f.Name, f.Name+" "+f.File
	}
	return []command{{
		name: "export", args: "FORMAT [PATH]", about: "write this to a file",
		complete: func(arg string) []string { return beginning(offers, arg) },
		do: func(arg string) (tea.Cmd, error) {
			name, path, _ := strings.Cut(arg, " ")
			if !slices.Contains(names, name) {
				return nil, fmt.Errorf("there is no format %q; there are %s", name, strings.Join(names, ", "))
			}
			return func() tea.Msg { return exportMsg{name, strings.TrimSpace(path)} }, nil
		},
	}}
}
