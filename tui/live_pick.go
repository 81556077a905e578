package tui

import (
	"slices"
	"strings"

	"brownout/harness/score"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// chooser lets one of some things be chosen; writing narrows the list.
type chooser struct {
	title  string
	items  []item
	search textinput.Model
	at     int // among those that the search leaves
	pick   func(m live, name string) (live, tea.Cmd)
}

// item is one thing to choose.
type item struct{ name, note string }

func newChooser(title string, items []item, pick func(live, string) (live, tea.Cmd)) *chooser {
	return &chooser{title: title, items: items, search: textinput.New(), pick: pick}
}

// shown are the items that the search leaves: every word of it occurs.
func (p *chooser) shown() []item {
	words := strings.Fields(strings.ToLower(p.search.Value()))
	return slices.DeleteFunc(slices.Clone(p.items), func(i item) bool {
		text := strings.ToLower(i.name + " " + strings.ReplaceAll(i.name, "_", " ") + " " + i.note)
		return slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	})
}

// update implements dialog.
func (p *chooser) update(m live, msg tea.Msg) (live, tea.Cmd) {
	k, q, shown := newDialogKeys(), *p, p.shown()
	switch msg := msg.(type) {
	case tea.PasteMsg:
		return p.searched(m, msg)
	case tea.KeyPressMsg:
		switch {
		case key.Matches(msg, k.back):
			m.dialog = nil
		case key.Matches(msg, k.accept):
			if p.at < len(shown) {
				return p.pick(m, shown[p.at].name)
			}
		case key.Matches(msg, k.next):
			q.at = min(p.at+1, max(len(shown)-1, 0))
			m.dialog = &q
		case key.Matches(msg, k.previous):
			q.at = max(p.at-1, 0)
			m.dialog = &q
		case key.Matches(msg, k.pageDown):
			q.at = min(p.at+10, max(len(shown)-1, 0))
			m.dialog = &q
		case key.Matches(msg, k.pageUp):
			q.at = max(p.at-10, 0)
			m.dialog = &q
		default:
			return p.searched(m, msg)
		}
	}
	return m, nil
}

func (p *chooser) searched(m live, msg tea.Msg) (live, tea.Cmd) {
	q := *p
	q.search.Focus()
	q.search, _ = q.search.Update(msg)
	if q.search.Value() != p.search.Value() {
		q.at = 0
	}
	m.dialog = &q
	return m, nil
}

// draw implements dialog.
func (p *chooser) draw(a area, _ *score.Snapshot) {
	shown := p.shown()
	inner := popup(a, p.title, min(formWidth, a.w-4), min(len(p.items)+3, a.h-2))
	x := inner.put(0, 0, inkKey, "/")
	inner.text(x, 0, inner.w-x, inkText, p.search.Value()+inner.th.glyph.caret)
	list := inner.sub(0, 1, inner.w, max(inner.h-3, 1))
	first := min(max(p.at-list.h+1, 0), max(len(shown)-list.h, 0))
	for y := 0; y < list.h && first+y < len(shown); y++ {
		e, in := shown[first+y], inkText
		if first+y == p.at {
			in = inkPick
			list.put(0, y, in, list.th.glyph.pick)
		}
		label := min(22, list.w/2)
		list.text(2, y, label-3, in, e.name)
		list.text(label, y, list.w-label, inkDim, e.note)
	}
	if len(shown) == 0 {
		list.text(2, 0, list.w-2, inkDim, "nothing is called like that")
	}
	k := newDialogKeys()
	choose := k.accept
	choose.SetHelp("enter", "choose")
	keys := inner.line(inner.h - 1)
	drawHints(keys.sub(-1, 0, keys.w+1, 1), []key.Binding{choose, k.back, k.next, k.previous})
}
