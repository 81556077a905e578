package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"brownout/harness/score"
)

// dialog lies over the live screen and takes its keys. A dialog never changes:
// a key puts another one, or none, into its place in the screen.
type dialog interface {
	update(m live, msg tea.Msg) (live, tea.Cmd)
	draw(a area, s *score.Snapshot)
}

// actedMsg says what came of something that was done by hand.
type actedMsg struct {
	done string // in words, where err is nil
	err  error
}

// acted takes in what came of it. What went well closes the dialog that asked
// for it; what did not is told in it, or on the last row where it is gone.
func (m live) acted(msg actedMsg) (live, tea.Cmd) {
	if f, ok := m.dialog.(*form); ok && f.busy {
		if msg.err != nil {
			m.dialog = f.told(msg.err)
			return m, nil
		}
		m.dialog = nil
	}
	if msg.err != nil {
		return m, failed(msg.err)
	}
	return m, told(msg.done)
}

// writing tells that letters are no keys while a dialog is open.
func (m live) writing() bool { return m.dialog != nil }

// dialogKeys are the keys of dialogs. Their last rows are made from them.
type dialogKeys struct {
	next, previous   key.Binding
	left, right      key.Binding
	accept, back     key.Binding
	pageUp, pageDown key.Binding
	earlier, later   key.Binding
	close            key.Binding
}

func newDialogKeys() dialogKeys {
	return dialogKeys{
		next:     bind("↓/tab", "next", "down", "tab"),
		previous: bind("↑", "previous", "up", "shift+tab"),
		left:     bind("←", "choose", "left"),
		right:    bind("→", "choose", "right", "space"),
		accept:   bind("enter", "do it", "enter"),
		back:     bind("esc", "back", "esc"),
		pageUp:   bind("pgup", "page up", "pgup"),
		pageDown: bind("pgdn", "page down", "pgdown"),
		earlier:  bind("↑/k", "request before", "up", "k", "left", "h"),
		later:    bind("↓/j", "request after", "down", "j", "right", "l"),
		close:    bind("esc/q", "close", "esc", "q", "enter"),
	}
}
