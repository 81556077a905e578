package tui

import tea "charm.land/bubbletea/v2"

// pointed handles the mouse: a click gives a panel the focus, the wheel turns
// the panel that it is over.
func (m live) pointed(msg tea.MouseMsg) live {
	at := msg.Mouse()
	if m.help || m.asking {
		return m
	}
	for _, s := range m.slots(m.zoomed) {
		if s.edge == bare || !(place{s.x, s.y, s.w, s.h}).holds(at.X, at.Y) {
			continue
		}
		switch msg := msg.(type) {
		case tea.MouseClickMsg:
			if msg.Button == tea.MouseLeft {
				m.focus = s.id
			}
		case tea.MouseWheelMsg:
			code := tea.KeyUp
			if msg.Button == tea.MouseWheelDown {
				code = tea.KeyDown
			}
			focus := m.focus
			m.focus = s.id
			for range wheelStep {
				m = m.scrolled(tea.KeyPressMsg{Code: code})
			}
			m.focus = focus
		}
		return m
	}
	return m
}
