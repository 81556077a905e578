package tui

import (
	"errors"
	"slices"
	"strings"

	"brownout/harness/score"
	"brownout/plan"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// form asks for values, tells what is wrong with them while they are given,
// and does something with them.
type form struct {
	title  string
	intro  string
	fields []field
	at     int
	wrong  *plan.OrderError // what is wrong with the values; nil: nothing, as far as is known
	busy   bool             // what it asked for is being done
	turn   int              // counts changes, so that late checks can be told
	back   dialog           // what esc leads to; nil: none

	check func(values) error   // nil: nothing is checked beforehand; runs beside the screen
	do    func(values) tea.Cmd // ends in an actedMsg
}

// field is one value of a form: a text, or one of some words.
type field struct {
	name    string // as a *plan.OrderError calls it
	doc     string // what it means
	bounds  string // in words
	choices []string
	chosen  int
	input   textinput.Model
}

// values are what a form holds, by the names of its fields.
type values map[string]string

// checkedMsg says what is wrong with the values of a form at some turn.
type checkedMsg struct {
	turn int
	err  error
}

func textField(name, value, bounds, doc string) field {
	f := field{name: name, bounds: bounds, doc: doc, input: textinput.New()}
	f.input.SetValue(value)
	f.input.CursorEnd()
	return f
}

func choiceField(name string, choices []string, chosen, doc string) field {
	return field{name: name, doc: doc, choices: choices, chosen: max(slices.Index(choices, chosen), 0)}
}

func (f field) value() string {
	if f.choices != nil {
		return f.choices[f.chosen]
	}
	return strings.TrimSpace(f.input.Value())
}

func (f *form) values() values {
	v := make(values, len(f.fields))
	for _, e := range f.fields {
		v[e.name] = e.value()
	}
	return v
}

// opened is the screen with the form on it, whose values are checked at once.
func (f *form) opened(m live) (live, tea.Cmd) {
	m.dialog = f
	return m, f.checking()
}

// checking checks the values as they are now.
func (f *form) checking() tea.Cmd {
	if f.check == nil {
		return nil
	}
	turn, v, check := f.turn, f.values(), f.check
	return func() tea.Msg { return checkedMsg{turn: turn, err: check(v)} }
}

// told is the form with an error in it.
func (f *form) told(err error) *form {
	g := *f
	g.busy, g.wrong = false, nil
	if err == nil {
		return &g
	}
	if !errors.As(err, &g.wrong) {
		g.wrong = &plan.OrderError{Msg: err.Error()}
	}
	return &g
}

// update implements dialog.
func (f *form) update(m live, msg tea.Msg) (live, tea.Cmd) {
	switch msg := msg.(type) {
	case checkedMsg:
		if msg.turn == f.turn && !f.busy {
			m.dialog = f.told(msg.err)
		}
	case tea.PasteMsg:
		return f.edited(m, msg)
	case tea.KeyPressMsg:
		return f.pressed(m, msg)
	}
	return m, nil
}

func (f *form) pressed(m live, msg tea.KeyPressMsg) (live, tea.Cmd) {
	k, g := newDialogKeys(), *f
	switch {
	case key.Matches(msg, k.back):
		m.dialog = f.back
		return m, nil
	case f.busy:
	case key.Matches(msg, k.accept):
		g.busy, g.wrong = true, nil
		m.dialog = &g
		return m, f.do(f.values())
	case key.Matches(msg, k.next):
		g.at = (f.at + 1) % len(f.fields)
		m.dialog = &g
	case key.Matches(msg, k.previous):
		g.at = (f.at + len(f.fields) - 1) % len(f.fields)
		m.dialog = &g
	case f.fields[f.at].choices != nil:
		step := 0
		switch {
		case key.Matches(msg, k.right):
			step = 1
		case key.Matches(msg, k.left):
			step = -1
		default:
			return m, nil
		}
		return f.changed(m, func(e *field) { e.chosen = (e.chosen + step + len(e.choices)) % len(e.choices) })
	default:
		return f.edited(m, msg)
	}
	return m, nil
}

// edited gives a key, or what was pasted, to the text of a field.
func (f *form) edited(m live, msg tea.Msg) (live, tea.Cmd) {
	if f.busy || f.fields[f.at].choices != nil {
		return m, nil
	}
	return f.changed(m, func(e *field) {
		e.input.Focus()
		e.input, _ = e.input.Update(msg)
	})
}

// changed is the screen with another value in the form's field.
func (f *form) changed(m live, change func(*field)) (live, tea.Cmd) {
	g := *f
	g.fields = slices.Clone(f.fields)
	g.turn++
	change(&g.fields[g.at])
	m.dialog = &g
	return m, g.checking()
}

// Columns of a form.
const (
	formLabel = 22
	formValue = 26
	formWidth = 74
)

// draw implements dialog.
func (f *form) draw(a area, _ *score.Snapshot) {
	doc, trouble := 2, 2
	rows := len(f.fields) + 1 + doc + trouble + 1
	intro := wrap(f.intro, min(formWidth, a.w-4))
	if f.intro == "" || a.h < rows+len(intro)+3 {
		intro = nil
	} else {
		rows += len(intro) + 1
	}
	inner := popup(a, f.title, min(formWidth, a.w-4), min(rows, a.h-2))
	for y, line := range intro {
		inner.text(0, y, inner.w, inkDim, line)
	}
	if intro != nil {
		inner = inner.sub(0, len(intro)+1, inner.w, inner.h)
	}
	below := min(doc+trouble+2, max(inner.h-2, 1))
	if inner.h < 8 { // one row for what is wrong, one for the keys
		below = min(2, max(inner.h-1, 0))
	}
	list := inner.sub(0, 0, inner.w, max(inner.h-below, 1))
	first := min(max(f.at-list.h+1, 0), max(len(f.fields)-list.h, 0))
	for y := 0; y < list.h && first+y < len(f.fields); y++ {
		f.drawField(list.line(y), first+y)
	}
	rest := inner.sub(0, list.h, inner.w, below)
	f.drawBelow(rest, below > 2)
}

func (f *form) drawField(a area, i int) {
	e, g := f.fields[i], a.th.glyph
	label, value := min(formLabel, a.w/2), inkText
	if i == f.at {
		a.put(0, 0, inkPick, g.pick)
		value = inkPick
	}
	in := inkText
	if f.wrong != nil && f.wrong.Field == e.name {
		a.put(0, 0, inkBad, g.bad)
		in = inkBad
	}
	a.text(2, 0, label-3, in, e.name)
	room := a.w - label
	if a.w > label+formValue+8 {
		room = formValue
		a.text(label+formValue+2, 0, a.w-label-formValue-2, inkDim, e.bounds)
	}
	text := e.value()
	if e.choices != nil {
		if i == f.at {
			text = "< " + text + " >"
		}
	} else {
		text = e.input.Value()
		if i == f.at && !f.busy {
			runes := []rune(text)
			at := min(e.input.Position(), len(runes))
			text = string(runes[:at]) + g.caret + string(runes[at:])
			if over := ansi.StringWidth(text) - room; over > 0 && at == len(runes) {
				text = ansi.TruncateLeft(text, over+1, g.ellipsis)
			}
		} else if text == "" {
			text, value = g.dash, inkDim
		}
	}
	a.text(label, 0, room, value, text)
}

// drawBelow writes what the field means, what is wrong and the keys.
func (f *form) drawBelow(a area, doc bool) {
	keys := a.line(a.h - 1)
	y := 0
	if doc {
		y++
		for i, line := range wrap(f.fields[f.at].doc, a.w) {
			if i < 2 {
				a.text(0, y+i, a.w, inkDim, line)
			}
		}
		y += 2
	}
	switch {
	case f.busy:
		a.text(0, y, a.w, inkWarn, "working on it"+a.th.glyph.ellipsis)
	case f.wrong != nil:
		mark := a.th.glyph.bad + " "
		for i, line := range wrap(mark+f.wrong.Error(), a.w) {
			if y+i < a.h-1 {
				a.text(0, y+i, a.w, inkBad, line)
			}
		}
	}
	k := newDialogKeys()
	hints := []key.Binding{k.accept, k.back, k.next}
	if f.fields[f.at].choices != nil {
		hints = append(hints, k.right)
	}
	drawHints(keys.sub(-1, 0, keys.w+1, 1), hints)
}
