package tui

import tea "charm.land/bubbletea/v2"

// pointed handles the mouse: a click gives a panel the focus, and chooses a
// request of the feed; the wheel turns the panel that it is over. Dialogs have
// keys only.
func (m live) pointed(msg tea.MouseMsg) live {
	at := msg.Mouse()
	if m.help || m.asking || m.dialog != nil {
		return m
	}
	for _, s := range m.slots(m.zoomed) {
		all := place{s.x, s.y, s.w, s.h}
		if s.edge == bare || !all.holds(at.X, at.Y) {
			continue
		}
		switch msg := msg.(type) {
		case tea.MouseClickMsg:
			if msg.Button != tea.MouseLeft {
				break
			}
			m.focus = s.id
			if in := all.inside(s.edge); s.id == panelFeed && in.holds(at.X, at.Y) {
				m = m.chosen(at.Y-in.y, in.h)
			}
		case tea.MouseWheelMsg:
			code := tea.KeyUp
			if msg.Button == tea.MouseWheelDown {
				code = tea.KeyDown
			}
			focus := m.focus
			m.focus = s.id
			for range wheelStep {
				m = m.turned(tea.KeyPressMsg{Code: code})
			}
			m.focus = focus
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
