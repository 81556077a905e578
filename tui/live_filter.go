package tui

import (
	"slices"
	"strings"

	"brownout/harness/score"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// filtering narrows a panel's list while it is written: every word must occur.
// It lies on the last row only, so that the list is seen.
type filtering struct {
	of    panelID
	input textinput.Model
}

// narrowing begins to narrow the focused panel's list, or that of the event log
// where the focused one has none.
func (m live) narrowing() live {
	if m.focus != panelFeed {
		m = m.focused(panelLog)
	}
	f := &filtering{of: m.focus, input: textinput.New()}
	f.input.SetValue(m.filters[m.focus])
	f.input.CursorEnd()
	m.dialog = f
	return m
}

// update implements dialog.
func (f *filtering) update(m live, msg tea.Msg) (live, tea.Cmd) {
	k := newDialogKeys()
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch {
		case key.Matches(press, k.back):
			m.filters[f.of] = ""
			m.dialog = nil
			return m, nil
		case key.Matches(press, k.accept):
			m.dialog = nil
			return m, nil
		}
	}
	g := *f
	g.input.Focus()
	g.input, _ = g.input.Update(msg)
	m.filters[f.of] = strings.TrimSpace(g.input.Value())
	if f.of == panelFeed {
		m.feed = &feed{worst: m.feed.worst}
	}
	m.dialog = &g
	return m, nil
}

// draw implements dialog.
func (f *filtering) draw(a area, _ *score.Snapshot) {
	row := a.line(a.h - 1)
	row.clear()
	x := row.put(1, 0, inkKey, "/")
	x = row.text(x, 0, row.w-x-30, inkText, f.input.Value()+row.th.glyph.caret)
	k := newDialogKeys()
	keep, clear := k.accept, k.back
	keep.SetHelp("enter", "keep the filter")
	clear.SetHelp("esc", "clear it")
	drawHints(row.sub(x+1, 0, row.w-x-1, 1), []key.Binding{keep, clear})
}

// filtered are the lines of the event log that a filter leaves. Levels count as
// words of their lines.
func filtered(lines []score.Line, filter string) []score.Line {
	words := strings.Fields(strings.ToLower(filter))
	if len(words) == 0 {
		return lines
	}
	return slices.DeleteFunc(slices.Clone(lines), func(l score.Line) bool { return !meant(words, l.Level+" "+l.Text) })
}
