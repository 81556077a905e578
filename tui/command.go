package tui

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// command is what can be written behind a colon. Adding one is adding a line
// to the commands of its screen, or of the root.
type command struct {
	name  string
	args  string // as the list of commands shows them
	about string
	// complete lists what the argument may be, given as far as it is written;
	// nil: anything.
	complete func(arg string) []string
	// do gives what follows, as a command of the screen that is shown, or says
	// what is wrong with the argument.
	do func(arg string) (tea.Cmd, error)
}

// commander is a screen with commands of its own.
type commander interface{ commands() []command }

// commandLine is the last row while a command is written.
type commandLine struct {
	open  bool
	list  []command
	input textinput.Model
	stem  string // what was written before tab completed it
	at    int    // of the candidates for stem; -1: none was taken yet
}

// lineKeys are the keys while a command is written.
type lineKeys struct{ accept, cancel, next, previous key.Binding }

func newLineKeys() lineKeys {
	return lineKeys{
		accept:   bind("enter", "do it", "enter"),
		cancel:   bind("esc", "leave", "esc", "ctrl+c"),
		next:     bind("tab", "complete", "tab", "down"),
		previous: bind("shift+tab", "the one before", "shift+tab", "up"),
	}
}

func newCommandLine(list []command) commandLine {
	c := commandLine{open: true, list: list, input: textinput.New(), at: -1}
	c.input.Focus()
	return c
}

// typed passes text to the line.
func (c commandLine) typed(msg tea.Msg) commandLine {
	c.input, _ = c.input.Update(msg)
	c.stem, c.at = c.input.Value(), -1
	return c
}

// candidates are the whole lines that what is written may become.
func (c commandLine) candidates() []string {
	name, arg, spaced := strings.Cut(strings.TrimLeft(c.stem, " "), " ")
	var out []string
	if !spaced {
		for _, d := range c.list {
			if strings.HasPrefix(d.name, name) {
				line := d.name
				if d.args != "" {
					line += " "
				}
				out = append(out, line)
			}
		}
		return out
	}
	d, err := c.find(name)
	if err != nil || d.complete == nil {
		return nil
	}
	for _, a := range d.complete(arg) {
		out = append(out, d.name+" "+a)
	}
	return out
}

// find finds a command by its name, or by the beginning of one.
func (c commandLine) find(name string) (command, error) {
	var found []command
	for _, d := range c.list {
		if d.name == name {
			return d, nil
		}
		if strings.HasPrefix(d.name, name) {
			found = append(found, d)
		}
	}
	switch {
	case len(found) == 1 && name != "":
		return found[0], nil
	case len(found) > 1 && name != "":
		return command{}, fmt.Errorf("%q may be %s or %s; write more of it", name, found[0].name, found[1].name)
	}
	names := make([]string, len(c.list))
	for i, d := range c.list {
		names[i] = d.name
	}
	return command{}, fmt.Errorf("there is no command %q here; there are %s", name, strings.Join(names, ", "))
}

// commanded handles a key while a command is written.
func (r root) commanded(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	k := newLineKeys()
	c := r.line
	switch {
	case key.Matches(msg, k.cancel), c.input.Value() == "" && msg.String() == "backspace":
		c = commandLine{}
	case key.Matches(msg, k.next), key.Matches(msg, k.previous):
		all := c.candidates()
		if len(all) == 0 {
			return r, nil
		}
		if key.Matches(msg, k.next) {
			c.at = (c.at + 1) % len(all)
		} else {
			c.at = (max(c.at, 0) + len(all) - 1) % len(all)
		}
		c.input.SetValue(all[c.at])
		c.input.CursorEnd()
	case key.Matches(msg, k.accept):
		text := strings.TrimSpace(c.input.Value())
		r.line = commandLine{}
		if text == "" {
			return r, nil
		}
		name, arg, _ := strings.Cut(text, " ")
		d, err := c.find(name)
		var cmd tea.Cmd
		if err == nil {
			cmd, err = d.do(strings.TrimSpace(arg))
		}
		if err != nil {
			r.notice = notice{text: err.Error(), bad: true}
			return r, nil
		}
		return r, r.own(r.top().id, cmd)
	default:
		c = c.typed(msg)
	}
	r.line = c
	return r, nil
}

// commands are those of the screen that is shown, and those that all have.
func (r root) commands() []command {
	var list []command
	if c, ok := r.top().screen.(commander); ok {
		list = c.commands()
	}
	list = append(list, r.desk.commands(r.options)...)
	list = append(list,
		command{name: "help", about: "the keys of this screen", do: pressing("?")},
		command{name: "quit", about: "leave this screen", do: pressing("q")},
	)
	slices.SortStableFunc(list, func(a, b command) int { return strings.Compare(a.name, b.name) })
	return list
}

// pressing is a command that does what a key does.
func pressing(letter string) func(string) (tea.Cmd, error) {
	return func(string) (tea.Cmd, error) {
		return func() tea.Msg { return pressedKey{tea.KeyPressMsg{Code: rune(letter[0]), Text: letter}} }, nil
	}
}

// pressedKey is a key that a command presses for the user.
type pressedKey struct{ key tea.KeyPressMsg }

// commandKey opens the command line.
const commandKey = ":"

// candidateRows is how many candidates are shown at the most.
const candidateRows = 8

// overlaid lays the command line, or what there is to be said, over the last
// rows of a frame.
func (r root) overlaid(frame string) string {
	var rows []row
	switch {
	case r.h < 1 || r.w < 1:
		return frame
	case r.line.open:
		rows = r.line.rows(min(candidateRows, r.h/2))
	case r.notice.text != "":
		in, mark := inkStrong, r.theme.glyph.info
		if r.notice.bad {
			in, mark = inkBad, r.theme.glyph.wrong
		}
		lines := wrap(r.notice.text, max(r.w-4, 1))
		for i, line := range lines[:min(len(lines), max(r.h/2, 1))] {
			rows = append(rows, func(a area) {
				if i == 0 {
					a.put(1, 0, in, mark)
				}
				a.text(3, 0, a.w-3, in, line)
			})
		}
	default:
		return frame
	}
	rows = rows[:min(len(rows), r.h)]
	lines := strings.Split(frame, "\n")
	keep := r.h - len(rows)
	for len(lines) < keep {
		lines = append(lines, "")
	}
	lines = lines[:keep]
	p := newPaper(r.w, len(rows))
	a := p.all(r.theme)
	for y, draw := range rows {
		draw(a.line(y))
	}
	return strings.Join(append(lines, p.render(r.theme)), "\n")
}

// rows are the candidates and, last, the line itself.
func (c commandLine) rows(most int) []row {
	var rows []row
	all := c.candidates()
	first := min(max(c.at-most/2, 0), max(len(all)-most, 0))
	for i := first; i < min(first+most, len(all)); i++ {
		line := strings.TrimSpace(all[i])
		about := ""
		if !strings.Contains(strings.TrimLeft(c.stem, " "), " ") {
			if d, err := c.find(line); err == nil {
				line, about = strings.TrimSpace(line+" "+d.args), d.about
			}
		}
		rows = append(rows, func(a area) {
			in := inkText
			if i == c.at {
				in = inkPick
				a.put(0, 0, inkPick, a.th.glyph.pick)
			}
			x := a.text(2, 0, a.w-2, in, line)
			if x = max(x+2, 34); about != "" && x < a.w {
				a.text(x, 0, a.w-x, inkDim, about)
			}
		})
	}
	return append(rows, func(a area) { prompt(a, commandKey, c.input, "tab completes, enter does it, esc leaves") })
}

// prompt writes a text being edited with its cursor, and what ends it.
func prompt(a area, name string, in textinput.Model, hint string) {
	x := a.put(1, 0, inkKey, name)
	value := []rune(in.Value())
	at := min(max(in.Position(), 0), len(value))
	if over := x + len(value) + 2 - a.w; over > 0 && over < at { // keep the cursor in sight
		value, at = value[over:], at-over
	}
	x = a.put(x, 0, inkStrong, string(value[:at]))
	x = a.put(x, 0, inkAccent, a.th.glyph.caret)
	x = a.put(x, 0, inkStrong, string(value[at:]))
	a.text(x+3, 0, a.w-x-3, inkDim, hint)
}
