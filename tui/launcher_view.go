package tui

import (
	"strconv"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// View is the screen as it is now.
func (l launcher) View() tea.View {
	v := tea.NewView(l.draw())
	v.AltScreen = true
	v.WindowTitle = "brownout"
	return v
}

// draw draws a frame: the list, and beside it, where there is room, what the
// entry under the cursor is.
func (l launcher) draw() string {
	p := newPaper(l.w, l.h)
	a := p.all(l.theme)
	switch {
	case a.w < 24 || a.h < 6:
		if e, ok := l.current(); ok {
			a.text(0, 0, a.w, inkPick, a.th.glyph.pick+" "+e.Name)
		}
		a.text(0, 1, a.w, inkDim, tooSmall(a.w, a.h))
	default:
		l.paint(a)
	}
	if l.help {
		drawHelp(a, l.keys, nil)
	}
	return p.render(l.theme)
}

func (l launcher) paint(a area) {
	x := a.put(1, 0, inkAccent, "brownout")
	if a.w >= 60 {
		x = a.text(x+2, 0, a.w-x-2, inkDim, count(uint64(len(l.shown)))+" of "+count(uint64(len(l.entries)))+" scenarios")
	}
	l.settings(a, x+3)
	body := a.sub(0, 1, a.w, a.h-2)
	listW, boxes := l.split()
	set := ruled
	if boxes {
		set = boxed
	}
	if listW == a.w {
		l.list(box(body, "Scenarios", set, inkFocus, inkFocus))
	} else {
		l.list(box(body.sub(0, 0, listW, body.h), "Scenarios", set, inkFocus, inkFocus))
		l.preview(box(body.sub(listW+1, 0, a.w-listW-1, body.h), l.previewTitle(), set, inkFrame, inkTitle))
	}
	l.foot(a.line(a.h - 1))
}

// split is the width of the list, and whether there are rows for boxes.
func (l launcher) split() (listW int, boxes bool) {
	boxes = l.w >= 100 && l.h >= 28
	if l.w < 64 {
		return l.w, boxes
	}
	return min(max(l.w*3/10, 27), 44), boxes
}

// settings writes what a run would use, at the right edge.
func (l launcher) settings(a area, from int) {
	e, ok := l.current()
	if !ok {
		return
	}
	text := "target " + l.targets[l.target] + "   seed " + seedText(l.seedOf(e))
	a.right(from, 0, max(a.w-from-1, 0), inkStrong, text)
}

// list writes the entries around the cursor, on two rows each where there is
// room.
func (l launcher) list(a area) {
	if len(l.shown) == 0 {
		a.text(0, 0, a.w, inkDim, "no scenario matches")
		return
	}
	each := 1
	if len(l.shown)*2 <= a.h || a.h >= 20 {
		each = 2
	}
	rows := max(a.h/each, 1)
	first := min(max(l.at-rows/2, 0), max(len(l.shown)-rows, 0))
	for i := first; i < len(l.shown) && (i-first)*each < a.h; i++ {
		e, y := l.entries[l.shown[i]], (i-first)*each
		in := inkText
		if i == l.at {
			in = inkPick
			a.put(0, y, inkPick, a.th.glyph.pick)
		}
		length := short(e.Plan.Load.Duration)
		a.text(2, y, a.w-3-len(length), in, e.Name)
		a.right(a.w-len(length), y, len(length), inkDim, length)
		if each == 2 {
			a.text(2, y+1, a.w-2, inkDim, e.Plan.Title)
		}
	}
}

// foot is the last row: the keys, or the text being written.
func (l launcher) foot(a area) {
	switch l.mode {
	case searching:
		l.prompt(a, "/", l.search, "enter keeps, esc clears")
	case seeding:
		l.prompt(a, "seed ", l.number, "enter keeps, empty means the scenario's own")
	default:
		keys := l.keys.ShortHelp()
		if l.search.Value() != "" {
			keys = append([]key.Binding{l.keys.back}, keys...)
		}
		drawHints(a, keys)
	}
}

// prompt writes a text being edited with its cursor, and what ends it.
func (l launcher) prompt(a area, name string, in textinput.Model, hint string) {
	x := a.put(1, 0, inkKey, name)
	value := []rune(in.Value())
	at := min(max(in.Position(), 0), len(value))
	x = a.put(x, 0, inkStrong, string(value[:at]))
	x = a.put(x, 0, inkAccent, a.th.glyph.caret)
	x = a.put(x, 0, inkStrong, string(value[at:]))
	a.text(x+3, 0, a.w-x-3, inkDim, hint)
}

// previewTitle is the name of what is previewed.
func (l launcher) previewTitle() string {
	if e, ok := l.current(); ok {
		return e.Name
	}
	return "Preview"
}

// rateText writes a rate of requests.
func rateText(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) + "/s" }
