package tui

import "github.com/charmbracelet/x/ansi"

// logPanel is the event log.
var logPanel = panel{
	title: "Events", draw: drawLog, tails: true,
	lines: func(v view, _ int) int { return len(filtered(v.s.Log, v.filter)) },
}

func drawLog(a area, v view) {
	lines := filtered(v.s.Log, v.filter)
	for y := 0; y < a.h && v.first+y < len(lines); y++ {
		l := lines[v.first+y]
		mark, in, words := a.th.glyph.info, inkDim, inkText
		switch l.Level {
		case "warn":
			mark, in, words = a.th.glyph.warn, inkWarn, inkText
		case "error":
			mark, in, words = a.th.glyph.wrong, inkBad, inkBad
		}
		a.put(0, y, inkDim, clock(l.T))
		a.put(6, y, in, mark)
		text := l.Text
		if v.across > 0 {
			text = ansi.TruncateLeft(text, v.across, a.th.glyph.ellipsis)
		}
		a.text(8, y, a.w-8, words, text)
	}
	switch {
	case len(v.s.Log) == 0:
		a.text(0, 0, a.w, inkDim, "nothing has happened yet")
	case len(lines) == 0:
		a.text(0, 0, a.w, inkDim, "no event is like that")
	}
}
