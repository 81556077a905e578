package tui

import "charm.land/bubbles/v2/key"

// launchKeys are the keys of the launcher. The footer and the help are made
// from them.
type launchKeys struct {
	run, search, target, seed, providers key.Binding
	compare, replay, mark, again         key.Binding
	move                                 moveKeys
	next, previous, pageUp, pageDown     key.Binding
	accept, back                         key.Binding
	command, help, suspend, quit, stop   key.Binding
}

// newLaunchKeys declares the keys; what the desk does not offer has none.
func newLaunchKeys(d Desk) launchKeys {
	k := launchKeys{
		run:       bind("enter", "run, or report of a run", "enter"),
		search:    bind("/", "search", "/"),
		target:    bind("t", "target", "t"),
		seed:      bind("s", "seed", "s"),
		providers: bind("o", "providers that take part", "o"),
		compare:   bind("c", "compare", "c"),
		replay:    bind("p", "replay a run", "p"),
		mark:      bind("space", "mark a run", "space"),
		again:     bind("a", "run it again", "a"),
		move:      newMoveKeys(),
		next:      bind("tab/→", "next pane", "tab", "right", "l"),
		previous:  bind("shift+tab/←", "pane before", "shift+tab", "left", "h"),
		pageUp:    bind("ctrl+u", "preview up", "ctrl+u", "["),
		pageDown:  bind("ctrl+d", "preview down", "ctrl+d", "]"),
		accept:    bind("enter", "accept", "enter"),
		back:      bind("esc", "clear search and marks", "esc"),
		command:   bind(commandKey, "commands", commandKey),
		help:      bind("?", "help", "?"),
		suspend:   bind("ctrl+z", "suspend", "ctrl+z"),
		quit:      bind("q", "quit", "q"),
		stop:      bind("ctrl+c", "quit", "ctrl+c"),
	}
	k.run.SetEnabled(d.Begin != nil || d.Read != nil)
	k.compare.SetEnabled(d.Contest != nil)
	k.replay.SetEnabled(d.Play != nil)
	k.again.SetEnabled(d.Begin != nil)
	return k
}

// hints are the keys for the last row, by the pane that has the focus.
func (k launchKeys) hints(focus pane) []key.Binding {
	if focus == paneRuns {
		return []key.Binding{renamed(k.run, "report"), renamed(k.replay, "replay"), renamed(k.mark, "mark"), k.compare, k.help, k.quit, renamed(k.again, "again"), k.next, k.search}
	}
	return []key.Binding{renamed(k.run, "run"), k.search, k.target, k.help, k.quit, k.compare, k.seed, renamed(k.next, "runs"), renamed(k.providers, "providers"), k.pageDown}
}

// renamed is a key that is called otherwise where there is little room.
func renamed(b key.Binding, does string) key.Binding {
	b.SetHelp(b.Help().Key, does)
	return b
}

// ShortHelp is the footer.
func (k launchKeys) ShortHelp() []key.Binding { return k.hints(paneList) }

// FullHelp is the help screen, in columns.
func (k launchKeys) FullHelp() [][]key.Binding {
	return [][]key.Binding{
		{k.run, k.search, k.target, k.seed, k.providers, k.compare},
		{k.replay, k.mark, k.again, k.back, k.next, k.previous},
		append(k.move.group(), k.pageUp, k.pageDown),
		{k.command, k.help, k.suspend, k.quit, k.stop},
	}
}
