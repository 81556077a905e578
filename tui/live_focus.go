package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// acrossBy is how many columns a key scrolls to the side.
const acrossBy = 8

// slots are the panels on the screen now, zoomed or not.
func (m live) slots(zoomed bool) []slot {
	if m.snap == nil || m.snap.Plan == nil {
		return nil
	}
	_, slots := arrange(m.w, m.h, m.snap, zoomed, m.focus)
	return slots
}

// placed tells whether a panel is on the unzoomed screen and takes the focus.
func (m live) placed(id panelID) bool {
	return slices.ContainsFunc(m.slots(false), func(s slot) bool { return s.id == id && s.edge != bare })
}

// focused is the screen with the focus on a panel, which is zoomed where it has
// no place among the others.
func (m live) focused(id panelID) live {
	if id < 0 || id >= panelCount || len(m.slots(false)) == 0 {
		return m
	}
	m.focus = id
	m.zoomed = m.zoomed || !m.placed(id)
	return m
}

// view is what a panel is drawn from.
func (m live) view(id panelID) view {
	return view{
		s: m.snap, first: m.first[id], follow: m.follow, across: m.across,
		filter: m.filters[id], feed: m.feed, focused: id == m.focus && m.look != nil,
	}
}

// neighbour is the panel that is step places after the focused one in the
// table, of those on the screen. A zoomed screen can show any of them.
func (m live) neighbour(step int) panelID {
	for i := 1; i <= int(panelCount); i++ {
		id := (m.focus + panelID(i*step) + panelCount*panelCount) % panelCount
		if m.zoomed || m.placed(id) {
			return id
		}
	}
	return m.focus
}

// room is the size inside a panel's frame; nothing where it is not shown.
func (m live) room(id panelID) (w, h int) {
	for _, s := range m.slots(m.zoomed) {
		switch {
		case s.id != id:
		case s.edge == boxed:
			return max(s.w-4, 0), max(s.h-2, 0)
		case s.edge == ruled:
			return s.w, max(s.h-1, 0)
		}
	}
	return 0, 0
}

// lastLine is the first line shown of a panel that is scrolled to its end.
func (m live) lastLine(id panelID) int {
	if m.snap == nil || m.snap.Plan == nil {
		return 0
	}
	p := panels()[id]
	w, h := m.room(id)
	if p.lines == nil || h == 0 {
		return 0
	}
	return max(p.lines(m.view(id), w)-max(h-p.head, 0), 0)
}

// scrolled moves within the focused panel. The event log stops following when
// it is moved, and follows again from its last line.
func (m live) scrolled(msg tea.KeyPressMsg) live {
	k, id := m.keys, m.focus
	p := panels()[id]
	_, h := m.room(id)
	if h == 0 {
		return m
	}
	last := m.lastLine(id)
	first := min(m.first[id], last)
	if p.tails && m.follow {
		first = last
	}
	page := max(h-p.head-1, 1)
	switch {
	case key.Matches(msg, k.up):
		first--
	case key.Matches(msg, k.down):
		first++
	case key.Matches(msg, k.pageUp):
		first -= page
	case key.Matches(msg, k.pageDown):
		first += page
	case key.Matches(msg, k.top):
		first = 0
	case key.Matches(msg, k.bottom):
		first = last
	case key.Matches(msg, k.left) && p.tails:
		m.across = max(m.across-acrossBy, 0)
		return m
	case key.Matches(msg, k.right) && p.tails:
		m.across = min(m.across+acrossBy, 400)
		return m
	default:
		return m
	}
	m.first[id] = min(max(first, 0), last)
	if p.tails {
		m.follow = m.first[id] == last
	}
	return m
}
