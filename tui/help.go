package tui

import (
	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	"github.com/charmbracelet/x/ansi"
)

// helpColumn is a column of the help: groups of keys, below each other.
type helpColumn struct {
	groups     [][]key.Binding
	name, does int // widths of the keys and of what they do
}

func (c helpColumn) width() int { return c.name + 2 + c.does }

func (c helpColumn) height() int {
	rows := len(c.groups) - 1 // blank ones between
	for _, g := range c.groups {
		rows += len(g)
	}
	return rows
}

// Rows of the legend below the keys, and columns between those of the keys.
const (
	legendRows = 7
	helpGap    = 3
)

// drawHelp lays the help over a screen: in as many columns as fit beside each
// other, and where even these are too high, as a paragraph.
func drawHelp(a area, keys help.KeyMap, legend func(area)) {
	groups := enabled(keys.FullHelp())
	for n := len(groups); n > 0; n-- {
		columns := helpColumns(a.th, groups, n)
		w, h := -helpGap, 0
		for _, c := range columns {
			w, h = w+c.width()+helpGap, max(h, c.height())
		}
		if w > a.w-4 || h > a.h-2 {
			continue
		}
		extra := 0
		if legend != nil && a.h >= h+2+legendRows {
			extra = legendRows
		}
		inner := popup(a, "Keys", w, h+extra)
		x := 0
		for _, c := range columns {
			y := 0
			for _, g := range c.groups {
				for _, k := range g {
					inner.put(x, y, inkKey, a.th.keyName(k.Help().Key))
					inner.text(x+c.name+2, y, c.does, inkText, k.Help().Desc)
					y++
				}
				y++
			}
			x += c.width() + helpGap
		}
		if extra > 0 {
			legend(inner.sub(0, h+1, inner.w, extra-1))
		}
		if h+extra+2 < a.h-1 { // the last row is free
			drawHints(a.line(a.h-1), []key.Binding{bind("esc", "close", "esc")})
		}
		return
	}
	drawHelpText(popup(a, "Keys", a.w, a.h), groups)
}

// drawHelpText writes the keys one after the other, as far as they fit.
func drawHelpText(a area, groups [][]key.Binding) {
	x, y := 0, 0
	for _, g := range groups {
		for _, k := range g {
			name := a.th.keyName(k.Help().Key)
			w := ansi.StringWidth(name) + 1 + ansi.StringWidth(k.Help().Desc)
			if x > 0 && x+w > a.w {
				x, y = 0, y+1
			}
			x = a.put(x, y, inkKey, name) + 1
			x = a.text(x, y, a.w-x, inkText, k.Help().Desc) + 2
		}
	}
}

// enabled are the keys that do something, without the groups that have none.
func enabled(groups [][]key.Binding) [][]key.Binding {
	var out [][]key.Binding
	for _, g := range groups {
		var list []key.Binding
		for _, k := range g {
			if k.Enabled() {
				list = append(list, k)
			}
		}
		if len(list) > 0 {
			out = append(out, list)
		}
	}
	return out
}

// helpColumns shares groups out among n columns at the most, in their order, so
// that the highest column is as low as may be.
func helpColumns(th *theme, groups [][]key.Binding, n int) []helpColumn {
	for limit := 1; ; limit++ {
		columns := []helpColumn{{}}
		for _, g := range groups {
			last := &columns[len(columns)-1]
			if rows := (helpColumn{groups: append(last.groups[:len(last.groups):len(last.groups)], g)}).height(); len(last.groups) > 0 && rows > limit {
				columns = append(columns, helpColumn{})
				last = &columns[len(columns)-1]
			}
			last.groups = append(last.groups, g)
			for _, k := range g {
				last.name = max(last.name, ansi.StringWidth(th.keyName(k.Help().Key)))
				last.does = max(last.does, ansi.StringWidth(k.Help().Desc))
			}
		}
		if len(columns) <= n {
			return columns
		}
	}
}
