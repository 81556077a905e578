package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// row is one row of a page: a function of an area one row high, so that
// pictures and text scroll alike.
type row func(a area)

// textRow is a row of one text.
func textRow(in ink, text string) row {
	return func(a area) { a.text(0, 0, a.w, in, text) }
}

// textRows are the rows of a paragraph.
func textRows(in ink, text string, w int) []row {
	var rows []row
	for _, line := range wrap(text, w) {
		rows = append(rows, textRow(in, line))
	}
	return rows
}

// markedRows are the rows of a paragraph with a mark before it.
func markedRows(mark func(*theme) (string, ink), in ink, text string, w int) []row {
	var rows []row
	for i, line := range wrap(text, max(w-2, 1)) {
		rows = append(rows, func(a area) {
			if i == 0 {
				shape, hue := mark(a.th)
				a.put(0, 0, hue, shape)
			}
			a.text(2, 0, a.w-2, in, line)
		})
	}
	return rows
}

// blankRow is an empty row.
func blankRow(area) {}

// drawPage draws the rows of a page from one of them on, and says where there
// are more.
func drawPage(a area, rows []row, first int) {
	first = min(max(first, 0), lastFirst(len(rows), a.h))
	for y := 0; y < a.h && first+y < len(rows); y++ {
		rows[first+y](a.line(y))
	}
	if first+a.h < len(rows) && a.h > 0 {
		a.right(0, a.h-1, a.w, inkDim, " more below ")
	}
}

// lastFirst is the first row of a page that is scrolled to its end.
func lastFirst(rows, h int) int { return max(rows-max(h, 0), 0) }

// moveKeys are the keys by which lists and pages are moved, the same on every
// screen.
type moveKeys struct {
	up, down, top, bottom, pageUp, pageDown key.Binding
}

func newMoveKeys() moveKeys {
	return moveKeys{
		up:       bind("↑/k", "up", "up", "k"),
		down:     bind("↓/j", "down", "down", "j"),
		top:      bind("g", "first", "g", "home"),
		bottom:   bind("G", "last", "G", "end"),
		pageUp:   bind("pgup", "page up", "pgup", "ctrl+b"),
		pageDown: bind("pgdn", "page down", "pgdown", "ctrl+f"),
	}
}

func (k moveKeys) group() []key.Binding {
	return []key.Binding{k.up, k.down, k.top, k.bottom, k.pageUp, k.pageDown}
}

// wheelStep is how many rows a notch of the mouse's wheel goes.
const wheelStep = 3

// move is how far a key or a turn of the wheel goes, in a list of n that shows
// page of them; false where it is neither.
func (k moveKeys) move(msg tea.Msg, n, page int) (by int, ok bool) {
	switch msg := msg.(type) {
	case tea.MouseWheelMsg:
		switch msg.Button {
		case tea.MouseWheelUp:
			return -wheelStep, true
		case tea.MouseWheelDown:
			return wheelStep, true
		}
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, k.up):
			return -1, true
		case key.Matches(msg, k.down):
			return 1, true
		case key.Matches(msg, k.top):
			return -n, true
		case key.Matches(msg, k.bottom):
			return n, true
		case key.Matches(msg, k.pageUp):
			return -max(page-1, 1), true
		case key.Matches(msg, k.pageDown):
			return max(page-1, 1), true
		}
	}
	return 0, false
}

// within keeps an index in a list of n; 0 where it is empty.
func within(at, n int) int { return min(max(at, 0), max(n-1, 0)) }
