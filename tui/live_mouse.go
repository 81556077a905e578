package tui

import tea "charm.land/bubbletea/v2"

// pointing handles the mouse: a click goes to a panel, and in the feed to a
// request; the wheel scrolls what it is over. Dialogs have keys only.
func (m live) pointing(msg tea.MouseMsg) live {
	if m.dialog != nil || m.asking || m.help {
		return m
	}
	at := msg.Mouse()
	for _, s := range m.slots(m.zoomed) {
		if s.edge == bare || !(place{s.x, s.y, s.w, s.h}).holds(at.X, at.Y) {
			continue
		}
		m.focus = s.id
		switch {
		case at.Button == tea.MouseWheelUp:
			return m.turned(tea.KeyPressMsg{Code: tea.KeyUp})
		case at.Button == tea.MouseWheelDown:
			return m.turned(tea.KeyPressMsg{Code: tea.KeyDown})
		case s.id == panelFeed && at.Button == tea.MouseLeft:
			in := place{s.x, s.y, s.w, s.h}.inside(s.edge)
			if in.holds(at.X, at.Y) {
				return m.chosen(at.Y-in.y, in.h)
			}
		}
		return m
	}
	return m
}

// turned scrolls the focused panel as a key does.
func (m live) turned(k tea.KeyPressMsg) live {
	if next, mine := m.fed(k); mine {
		return next
	}
	return m.scrolled(k)
}
