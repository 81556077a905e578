package tui

import tea "charm.land/bubbletea/v2"

// moved goes up or down in a pane.
func (l launcher) moved(msg tea.Msg, in pane) launcher {
	n := map[pane]int{paneList: len(l.shown), paneRuns: len(l.kept)}[in]
	by, ok := l.keys.move.move(msg, max(n, 1000), l.place(in).h)
	if !ok {
		return l
	}
	switch in {
	case paneList:
		l.at, l.first = within(l.at+by, n), 0
	case paneRuns:
		l.runAt = within(l.runAt+by, n)
	case panePreview:
		return l.scrolled(by)
	}
	return l
}

// scrolled moves the preview.
func (l launcher) scrolled(by int) launcher {
	p := l.place(panePreview)
	l.first = min(max(l.first+by, 0), lastFirst(len(l.previewed(p.w)), p.h))
	return l
}

// pointed handles the mouse: a click picks what it meets, the wheel turns what
// it is over.
func (l launcher) pointed(msg tea.MouseMsg) launcher {
	m := msg.Mouse()
	if l.mode == leavingOut || l.mode == contesting {
		l.box, _ = l.box.update(msg)
		return l
	}
	if l.help || l.writing() {
		return l
	}
	for in := range panes {
		p := l.place(in)
		if !p.holds(m.X, m.Y) {
			continue
		}
		if _, turned := msg.(tea.MouseWheelMsg); turned {
			return l.moved(msg, in)
		}
		click, ok := msg.(tea.MouseClickMsg)
		if !ok || click.Button != tea.MouseLeft {
			return l
		}
		l.focus = in
		switch in {
		case paneList:
			first, each := l.listFirst(p.h)
			if i := first + (m.Y-p.y)/each; i < len(l.shown) {
				l.at, l.first = i, 0
			}
		case paneRuns:
			if i := l.runsFirst(p.h) + m.Y - p.y - 1; m.Y > p.y && i < len(l.kept) {
				l.runAt = i
			}
		}
		return l
	}
	return l
}
