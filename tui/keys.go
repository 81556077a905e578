package tui

import (
	"charm.land/bubbles/v2/help"
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
	}
}

// ShortHelp is the footer.
func (k liveKeys) ShortHelp() []key.Binding {
	return []key.Binding{k.help, k.quit, k.next, k.zoom, k.down, k.up, k.follow, k.stop}
}

// FullHelp is the help screen, in columns.
func (k liveKeys) FullHelp() [][]key.Binding {
	return [][]key.Binding{
		{k.next, k.previous, k.zoom, k.back, k.follow},
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

// drawHelp lays the help over a screen, as wide as it needs.
func drawHelp(a area, keys help.KeyMap, legend func(area)) {
	groups := keys.FullHelp()
	name, does := 0, 0
	for _, g := range groups {
		for _, k := range g {
			name = max(name, ansi.StringWidth(a.th.keyName(k.Help().Key)))
			does = max(does, len(k.Help().Desc))
		}
	}
	columns := max(min((a.w-4)/(name+does+5), len(groups)), 1)
	rows := 0
	for i := 0; i < len(groups); i += columns {
		most := 0
		for _, g := range groups[i:min(i+columns, len(groups))] {
			most = max(most, len(g))
		}
		rows += most + 1
	}
	extra := 0
	if legend != nil && a.h >= rows+2+7 {
		extra = 7
	}
	inner := popup(a, "Keys", columns*(name+does+5)-1, rows+extra-1)
	y, most := 0, 0
	for i, g := range groups {
		if i > 0 && i%columns == 0 {
			y += most + 1
			most = 0
		}
		x := i % columns * (name + does + 5)
		for j, k := range g {
			inner.put(x, y+j, inkKey, a.th.keyName(k.Help().Key))
			inner.text(x+name+2, y+j, does, inkText, k.Help().Desc)
		}
		most = max(most, len(g))
	}
	if extra > 0 {
		legend(inner.sub(0, rows, inner.w, extra-1))
	}
}

// popup clears a box of some inner size in the middle of an area.
func popup(a area, title string, w, h int) area {
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
