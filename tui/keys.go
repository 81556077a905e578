package tui

import (
	"charm.land/bubbles/v2/key"
	"github.com/charmbracelet/x/ansi"
)

// bind declares a key, and with it what the help says of it.
func bind(shown, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
}

// liveKeys are the keys of the live screen. The footer and the help are made
// from them.
type liveKeys struct {
	next, previous, zoom, follow    key.Binding
	up, down, left, right           key.Binding
	pageUp, pageDown, top, bottom   key.Binding
	back, help, suspend, quit, stop key.Binding
	yes, no                         key.Binding

	filter, open, worst, panel key.Binding

	inject, clear, load, more, less, router, save key.Binding // acts on the run
}

func newLiveKeys() liveKeys {
	return liveKeys{
		next:     bind("tab", "next panel", "tab"),
		previous: bind("shift+tab", "previous panel", "shift+tab"),
		zoom:     bind("z", "zoom", "z"),
		follow:   bind("f", "follow events", "f"),
		up:       bind("↑/k", "scroll up", "up", "k"),
		down:     bind("↓/j", "scroll down", "down", "j"),
		left:     bind("←/h", "scroll left", "left", "h"),
		right:    bind("→/l", "scroll right", "right", "l"),
		pageUp:   bind("pgup", "page up", "pgup", "ctrl+b"),
		pageDown: bind("pgdn", "page down", "pgdown", "ctrl+f"),
		top:      bind("g", "first line", "g", "home"),
		bottom:   bind("G", "last line", "G", "end"),
		back:     bind("esc", "back", "esc"),
		help:     bind("?", "help", "?"),
		suspend:  bind("ctrl+z", "suspend", "ctrl+z"),
		quit:     bind("q", "quit", "q"),
		stop:     bind("ctrl+c", "stop the run now", "ctrl+c"),
		yes:      bind("y", "yes", "y", "Y", "enter"),
		no:       bind("n", "no", "n", "N", "esc", "q"),

		filter: bind("/", "filter events or requests", "/"),
		open:   bind("enter", "open the request", "enter"),
		worst:  bind("e", "worst requests", "e"),
		panel:  bind("1-9", "go to a panel", "1", "2", "3", "4", "5", "6", "7", "8", "9"),

		inject: bind("i", "inject a fault", "i"),
		clear:  bind("c", "clear a fault", "c"),
		load:   bind("o", "change the load", "o"),
		more:   bind("+", "load × 1.25", "+", "="),
		less:   bind("-", "load × 0.8", "-"),
		router: bind("m", "policy, mitigations", "m"),
		save:   bind("w", "save as a scenario", "w"),
	}
}

// ShortHelp is the footer.
func (k liveKeys) ShortHelp() []key.Binding {
	return []key.Binding{k.help, k.quit, k.inject, k.clear, k.next, k.zoom, k.save, k.load, k.router, k.follow, k.stop}
}

// FullHelp is the help screen, in columns.
func (k liveKeys) FullHelp() [][]key.Binding {
	return [][]key.Binding{
		{k.next, k.previous, k.panel, k.zoom, k.back, k.follow},
		{k.filter, k.open, k.worst},
		{k.inject, k.clear, k.load, k.more, k.less, k.router, k.save},
		{k.up, k.down, k.left, k.right},
		{k.pageUp, k.pageDown, k.top, k.bottom},
		{k.help, k.suspend, k.quit, k.stop},
	}
}

// drawHints writes as many keys as fit on a row, the most wanted first.
func drawHints(a area, keys []key.Binding) {
	x := 1
	for _, k := range keys {
		h := k.Help()
		if h.Key == "" || !k.Enabled() {
			continue
		}
		name := a.th.keyName(h.Key)
		if x+ansi.StringWidth(name)+1+len(h.Desc) > a.w {
			return
		}
		x = a.put(x, 0, inkKey, name)
		x = a.put(x+1, 0, inkDim, h.Desc) + 3
	}
}

// popup clears a box of some inner size in the middle of a screen, and its last
// row, whose keys do something else while the box is there.
func popup(a area, title string, w, h int) area {
	if a.h >= smallH {
		a.line(a.h - 1).clear()
	}
	w, h = min(w+4, a.w), min(h+2, a.h)
	over := a.sub((a.w-w)/2, (a.h-h)/2, w, h)
	over.clear()
	return box(over, title, boxed, inkFocus, inkFocus)
}

// drawQuestion asks something that has yes and no for answers.
func drawQuestion(a area, title, question string, yes, no key.Binding) {
	w := min(ansi.StringWidth(question), max(a.w-4, 1))
	lines := wrap(question, w)
	inner := popup(a, title, w, len(lines)+2)
	for y, line := range lines {
		inner.text(0, y, inner.w, inkText, line)
	}
	hints := inner.line(max(inner.h-1, 0))
	x := hints.put(0, 0, inkKey, yes.Help().Key)
	x = hints.put(x+1, 0, inkDim, yes.Help().Desc)
	x = hints.put(x+3, 0, inkKey, no.Help().Key)
	hints.put(x+1, 0, inkDim, no.Help().Desc)
}
