package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// picker is a box over a screen in which one thing, or some, are picked from a
// list; or from one of several lists, between which tab goes.
type picker struct {
	title string
	lists []pickList
	list  int
	one   bool // one thing is picked, so that there is nothing to tick
}

// pickList is one list of a picker.
type pickList struct {
	name  string
	items []pickItem
	at    int
}

// width is how many columns its widest item takes, without the notes.
func (l pickList) width() int {
	w := 0
	for _, it := range l.items {
		w = max(w, ansi.StringWidth(it.text))
	}
	return w
}

type pickItem struct {
	text, note string
	on         bool
}

// picked are the names of what is ticked; of a picker of one thing that under
// the cursor.
func (p picker) picked() []string {
	l := p.lists[p.list]
	var out []string
	for i, it := range l.items {
		if it.on && !p.one || p.one && i == l.at {
			out = append(out, it.text)
		}
	}
	return out
}

// pickKeys are the keys of a picker.
type pickKeys struct {
	move                         moveKeys
	toggle, other, accept, leave key.Binding
}

func newPickKeys() pickKeys {
	return pickKeys{
		move:   newMoveKeys(),
		toggle: bind("space", "tick", "space", "x"),
		other:  bind("tab", "other list", "tab", "shift+tab", "left", "right", "h", "l"),
		accept: bind("enter", "accept", "enter"),
		leave:  bind("esc", "leave", "esc", "q"),
	}
}

// answer is how a picker was left.
type answer int

const (
	unanswered answer = iota
	accepted
	cancelled
)

// update handles a key or the mouse. The lists are copied before they change,
// since models share them.
func (p picker) update(msg tea.Msg) (picker, answer) {
	k := newPickKeys()
	l := p.lists[p.list]
	if by, ok := k.move.move(msg, len(l.items), len(l.items)); ok {
		l.at = within(l.at+by, len(l.items))
		p.lists = slices.Clone(p.lists)
		p.lists[p.list] = l
		return p, unanswered
	}
	press, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return p, unanswered
	}
	switch {
	case key.Matches(press, k.accept):
		return p, accepted
	case key.Matches(press, k.leave):
		return p, cancelled
	case key.Matches(press, k.toggle) && !p.one && len(l.items) > 0:
		l.items = slices.Clone(l.items)
		l.items[l.at].on = !l.items[l.at].on
		p.lists = slices.Clone(p.lists)
		p.lists[p.list] = l
	case key.Matches(press, k.other) && len(p.lists) > 1:
		step := 1
		if s := press.String(); s == "shift+tab" || s == "left" || s == "h" {
			step = len(p.lists) - 1
		}
		p.list = (p.list + step) % len(p.lists)
	}
	return p, unanswered
}

// draw draws the picker in the middle of an area.
func (p picker) draw(a area) {
	l := p.lists[p.list]
	w, names := len(p.title)+2, 0
	for _, each := range p.lists {
		names += len(each.name) + 3
		for _, it := range each.items {
			w = max(w, 6+each.width()+2+ansi.StringWidth(it.note))
		}
	}
	head := 0
	if len(p.lists) > 1 {
		w, head = max(w, names), 2
	}
	hints := p.hints()
	hintW := 0
	for _, k := range hints {
		hintW += ansi.StringWidth(a.th.keyName(k.Help().Key)) + len(k.Help().Desc) + 4
	}
	inner := popup(a, p.title, max(w, hintW), head+len(l.items)+2)
	if head > 0 {
		x := 0
		for i, each := range p.lists {
			in, text := inkDim, " "+each.name+" "
			if i == p.list {
				in, text = inkPick, "["+each.name+"]"
			}
			x = inner.put(x, 0, in, text) + 1
		}
	}
	rows := max(inner.h-head-2, 1)
	first := min(max(l.at-rows/2, 0), lastFirst(len(l.items), rows))
	for i := first; i < min(first+rows, len(l.items)); i++ {
		p.drawItem(inner.line(head+i-first), l.items[i], l.width(), i == l.at)
	}
	drawHints(inner.sub(-1, inner.h-1, inner.w+1, 1), hints)
}

func (p picker) drawItem(a area, it pickItem, width int, here bool) {
	in, x := inkText, 2
	if here {
		in = inkPick
		a.put(0, 0, inkPick, a.th.glyph.pick)
	}
	if !p.one {
		box := "[ ]"
		if it.on {
			box = "[x]"
		}
		x = a.put(x, 0, in, box) + 1
	}
	a.text(x, 0, a.w-x, in, it.text)
	x += width + 2
	a.text(x, 0, a.w-x, inkDim, it.note)
}

func (p picker) hints() []key.Binding {
	k := newPickKeys()
	var out []key.Binding
	out = append(out, k.accept)
	if !p.one {
		out = append(out, k.toggle)
	}
	if len(p.lists) > 1 {
		out = append(out, k.other)
	}
	return append(out, k.leave)
}
