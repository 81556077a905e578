package tui

import (
	"slices"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// View is the screen as it is now.
func (m live) View() tea.View {
	from := m
	from.drawn = nil
	if m.drawn.text == "" || !sameFrame(m.drawn.from, from) {
		m.drawn.from, m.drawn.text = from, m.draw()
	}
	v := tea.NewView(m.drawn.text)
	v.AltScreen = true
	v.WindowTitle = "brownout"
	return v
}

// sameFrame tells whether two states look the same. Snapshots are immutable,
// so the same pointer is the same state.
func sameFrame(a, b live) bool {
	return a.snap == b.snap && a.w == b.w && a.h == b.h && a.theme == b.theme &&
		a.over == b.over && a.focus == b.focus && a.zoomed == b.zoomed && a.help == b.help &&
		a.asking == b.asking && a.ending == b.ending && a.first == b.first &&
		a.filters == b.filters && a.feed == b.feed && a.dialog == b.dialog &&
		a.across == b.across && a.follow == b.follow && a.replaying == b.replaying
}

// draw draws a frame.
func (m live) draw() string {
	p := newPaper(m.w, m.h)
	a := p.all(m.theme)
	m.paint(a)
	switch {
	case m.asking:
		drawQuestion(a, "Quit", "The run is on. Stop it and quit?", m.keys.yes, m.keys.no)
	case m.dialog != nil:
		m.dialog.draw(a, m.snap)
	case m.help:
		drawHelp(a, m.keys, drawShapes)
	}
	return p.render(m.theme)
}

// helped draws a frame with some keys laid over it.
func (m live) helped(keys help.KeyMap) string {
	p := newPaper(m.w, m.h)
	a := p.all(m.theme)
	m.paint(a)
	drawHelp(a, keys, drawShapes)
	return p.render(m.theme)
}

func (m live) paint(a area) {
	if m.snap == nil || m.snap.Plan == nil {
		drawWaiting(a)
		return
	}
	header, slots := arrange(m.w, m.h, m.snap, m.zoomed, m.focus)
	switch {
	case len(slots) > 0:
		drawHeader(a.sub(0, 0, a.w, header), m.snap)
		for _, s := range slots {
			framed(a.sub(s.x, s.y, s.w, s.h), s.id, m.view(s.id), s.edge)
		}
		m.foot(a.line(a.h - 1))
	case a.w >= smallW && a.h >= smallH:
		drawEssentials(a.sub(0, 0, a.w, a.h-1), m.snap)
		m.foot(a.line(a.h - 1))
	default:
		drawTiny(a, m.snap)
	}
}

// foot is the last row: the keys, or what the screen is waiting for.
func (m live) foot(a area) {
	switch {
	case m.replaying != "":
		x := a.put(1, 0, inkStrong, m.replaying)
		drawHints(a.sub(x+2, 0, a.w-x-2, 1), newDeckKeys().hints())
	case m.ending:
		x := a.put(1, 0, inkWarn, "stopping the run")
		a.text(x+1, 0, a.w-x-1, inkDim, "  "+m.keys.stop.Help().Key+" again leaves at once")
	case m.over:
		k := m.keys
		x := a.put(1, 0, inkStrong, "the run is over")
		drawHints(a.sub(x+2, 0, a.w-x-2, 1), slices.Concat(m.after, []key.Binding{k.quit, k.help, k.next, k.zoom, k.down, k.up}))
	default:
		drawHints(a, m.keys.ShortHelp())
	}
}

// drawShapes explains the shapes, under the keys of the help.
func drawShapes(a area) {
	g := a.th.glyph
	rows := [][]struct {
		in         ink
		mark, what string
	}{
		{{inkOK, g.outcome[0], "ok"}, {inkDegraded, g.outcome[1], "degraded"}, {inkFailed, g.outcome[2], "failed"}, {inkHung, g.outcome[3], "hung"}, {inkCorrupt, g.outcome[4], "corrupt"}},
		{{inkGood, g.closed, "breaker closed"}, {inkWarn, g.halfOpen, "half-open"}, {inkBad, g.open, "open"}},
		{{inkFault, g.fault, "fault"}, {inkRecovery, g.horizon, "recovery horizon"}, {inkStrong, g.cursor, "now"}, {inkStrong, g.hand, "changed by hand"}, {inkAccent, g.planned, "as planned"}},
		{{inkGood, g.good, "promise kept"}, {inkWarn, g.partial, "in part"}, {inkBad, g.bad, "broken"}, {inkDim, g.pending, "not known yet"}},
	}
	a.put(0, 0, inkTitle, "Shapes")
	for y, row := range rows {
		x := 0
		for _, s := range row {
			x = a.put(x, y+1, s.in, s.mark) + 1
			x = a.put(x, y+1, inkText, s.what) + 3
		}
	}
}
