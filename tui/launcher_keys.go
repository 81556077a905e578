package tui

import "charm.land/bubbles/v2/key"

// launchKeys are the keys of the launcher. The footer and the help are made
// from them.
type launchKeys struct {
	run, search, target, seed key.Binding
	up, down, top, bottom     key.Binding
	pageUp, pageDown          key.Binding
	accept, back              key.Binding
	help, suspend, quit, stop key.Binding
}

func newLaunchKeys() launchKeys {
	return launchKeys{
		run:      bind("enter", "run", "enter"),
		search:   bind("/", "search", "/"),
		target:   bind("t", "target", "t"),
		seed:     bind("s", "seed", "s"),
		up:       bind("↑/k", "up", "up", "k"),
		down:     bind("↓/j", "down", "down", "j"),
		top:      bind("g", "first", "g", "home"),
		bottom:   bind("G", "last", "G", "end"),
		pageUp:   bind("pgup", "preview up", "pgup", "ctrl+b"),
		pageDown: bind("pgdn", "preview down", "pgdown", "ctrl+f", "space"),
		accept:   bind("enter", "accept", "enter"),
		back:     bind("esc", "clear the search", "esc"),
		help:     bind("?", "help", "?"),
		suspend:  bind("ctrl+z", "suspend", "ctrl+z"),
		quit:     bind("q", "quit", "q"),
		stop:     bind("ctrl+c", "quit", "ctrl+c"),
	}
}

// ShortHelp is the footer.
func (k launchKeys) ShortHelp() []key.Binding {
	return []key.Binding{k.run, k.search, k.target, k.seed, k.quit, k.help, k.down, k.up, k.pageDown}
}

// FullHelp is the help screen, in columns.
func (k launchKeys) FullHelp() [][]key.Binding {
	return [][]key.Binding{
		{k.run, k.search, k.target, k.seed, k.back},
		{k.up, k.down, k.top, k.bottom},
		{k.pageUp, k.pageDown},
		{k.help, k.suspend, k.quit, k.stop},
	}
}
