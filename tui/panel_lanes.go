package tui

import (
	"strings"

	"brownout/harness/score"
	"brownout/plan"
)

// lanesPanel is a table with a lane for each provider.
var lanesPanel = panel{
	title: "Providers", draw: drawLanes, head: 1,
	lines: func(v view, _ int) int { return len(v.s.Providers) },
}

// laneColumn is one column of the table. Adding one is adding a line.
type laneColumn struct {
	title string
	width int
	// need says how early the column is let in as the screen grows: 1 first.
	need  int
	right bool
	draw  func(a area, s *score.Snapshot, l score.Lane)
}

var laneColumns = []laneColumn{
	{"provider", 12, 1, false, func(a area, _ *score.Snapshot, l score.Lane) { a.text(0, 0, a.w, inkStrong, l.Name) }},
	{"class", classWidth, 10, false, func(a area, _ *score.Snapshot, l score.Lane) { a.text(0, 0, a.w, inkText, l.Class) }},
	{"region", 12, 11, false, func(a area, _ *score.Snapshot, l score.Lane) { a.text(0, 0, a.w, inkDim, l.Region) }},
	{"breaker", 11, 2, false, drawBreaker},
	{"share", 10, 3, false, func(a area, _ *score.Snapshot, l score.Lane) {
		a.right(0, 0, 4, inkText, percentRound(l.RecentShare))
		bar(a, 5, 0, a.w-5, inkAccent, l.RecentShare)
	}},
	{"calls/s", 7, 12, true, func(a area, _ *score.Snapshot, l score.Lane) { a.right(0, 0, a.w, inkText, tenth1(l.RecentRate)) }},
	{"p95", 6, 4, true, func(a area, _ *score.Snapshot, l score.Lane) { a.right(0, 0, a.w, inkText, span(l.P95)) }},
	{"first token", 11, 13, true, func(a area, _ *score.Snapshot, l score.Lane) { a.right(0, 0, a.w, inkText, span(l.TTFTP95)) }},
	{"errors", 6, 4, true, drawErrors},
	{"limit", 5, 6, true, drawHeadroom},
	{"queue", 5, 8, true, drawQueue},
	{"kv", 4, 9, true, drawKV},
	{"cost", 7, 7, true, func(a area, _ *score.Snapshot, l score.Lane) { a.right(0, 0, a.w, inkText, dollars(l.CostUSD)) }},
	{"calls", 8, 15, true, func(a area, _ *score.Snapshot, l score.Lane) { a.right(0, 0, a.w, inkText, count(l.Calls)) }},
	{"last minute", 30, 14, false, drawHistory},
	{"state", 13, 5, false, drawState},
}

// classWidth is that of the classes' names.
const classWidth = 7

// whereColumn has class and region together, where there is no room for two
// columns.
var whereColumn = laneColumn{"class, region", 17, 0, false, func(a area, _ *score.Snapshot, l score.Lane) {
	x := a.text(0, 0, a.w, inkText, l.Class)
	a.text(x+1, 0, a.w-x-1, inkDim, l.Region)
}}

// drawLanes draws a row for each lane, or a card where there is room for that.
func drawLanes(a area, v view) {
	if drawCards(a, v) {
		return
	}
	columns, x := fitLanes(a.w), 0
	for i, c := range columns {
		w := c.width
		if i == len(columns)-1 {
			w = a.w - x // the last one takes what is left
		}
		if c.right {
			a.right(x, 0, w, inkDim, c.title)
		} else {
			a.text(x, 0, w, inkDim, c.title)
		}
		for y := 1; y < a.h && v.first+y-1 < len(v.s.Providers); y++ {
			c.draw(a.sub(x, y, w, 1), v.s, v.s.Providers[v.first+y-1])
		}
		x += w + 2
	}
}

// fitLanes picks the columns that a width has room for, by need, and keeps
// their order.
func fitLanes(w int) []laneColumn {
	taken := make(map[string]bool, len(laneColumns))
	left, where := w+2, false
	for need := 1; need <= len(laneColumns); need++ {
		for _, c := range laneColumns {
			switch {
			case c.need != need:
			case c.width+2 <= left:
				taken[c.title] = true
				left -= c.width + 2
			case c.title == "region" && taken["class"] && whereColumn.width-classWidth <= left:
				where = true
				left -= whereColumn.width - classWidth
			}
		}
	}
	picked := make([]laneColumn, 0, len(laneColumns))
	for _, c := range laneColumns {
		switch {
		case c.title == "class" && where:
			picked = append(picked, whereColumn)
		case taken[c.title]:
			picked = append(picked, c)
		}
	}
	return picked
}

func drawBreaker(a area, _ *score.Snapshot, l score.Lane) {
	mark, in := a.th.breaker(l.Breaker)
	word := l.Breaker
	if word == "" {
		word = "not told"
	}
	x := a.put(0, 0, in, mark)
	if l.Breaker == "closed" || l.Breaker == "" {
		in = inkDim
	}
	a.text(x+1, 0, a.w-x-1, in, word)
}

func drawErrors(a area, _ *score.Snapshot, l score.Lane) {
	a.right(0, 0, a.w, errorInk(l), percentRound(l.RecentErrors))
}

// drawHeadroom tells how much is left of the tightest rate limit.
func drawHeadroom(a area, _ *score.Snapshot, l score.Lane) {
	switch g := l.Gauge; {
	case g == nil || !g.Limited:
		a.right(0, 0, a.w, inkDim, a.th.glyph.dash)
	case g.Headroom < 0.05:
		a.right(0, 0, a.w, inkBad, "!"+percentRound(g.Headroom))
	default:
		a.right(0, 0, a.w, inkText, percentRound(g.Headroom))
	}
}

// drawQueue tells how many calls wait at a provider.
func drawQueue(a area, _ *score.Snapshot, l score.Lane) {
	switch {
	case l.Gauge == nil:
		a.right(0, 0, a.w, inkDim, a.th.glyph.dash)
	case l.Gauge.Waiting > 0:
		a.right(0, 0, a.w, inkWarn, count(uint64(l.Gauge.Waiting)))
	default:
		a.right(0, 0, a.w, inkDim, "0")
	}
}

// drawKV tells how full the KV cache of a GPU is.
func drawKV(a area, _ *score.Snapshot, l score.Lane) {
	switch g := l.Gauge; {
	case g == nil || l.Class != plan.ClassGPU:
		a.right(0, 0, a.w, inkDim, a.th.glyph.dash)
	case g.KVCache >= 0.9:
		a.right(0, 0, a.w, inkBad, percentRound(g.KVCache))
	default:
		a.right(0, 0, a.w, inkText, percentRound(g.KVCache))
	}
}

func drawHistory(a area, _ *score.Snapshot, l score.Lane) {
	top := 1.0
	for _, v := range l.History {
		top = max(top, v)
	}
	sparks(a, inkAccent, l.History, 0, top)
}

// drawState tags a lane with its faults, and with how long it still asks to be
// left alone.
func drawState(a area, s *score.Snapshot, l score.Lane) {
	switch {
	case len(l.Faults) > 0:
		x := a.put(0, 0, inkBad, a.th.glyph.faulty+" ")
		a.text(x, 0, a.w-x, inkBad, strings.Join(l.Faults, ", "))
	case l.Throttled > s.T:
		a.text(0, 0, a.w, inkWarn, "wait "+span(l.Throttled-s.T))
	case l.RecentErrors >= 0.2:
		a.text(0, 0, a.w, inkBad, "failing")
	case l.RecentRate == 0:
		a.text(0, 0, a.w, inkDim, "idle")
	default:
		a.text(0, 0, a.w, inkDim, "serving")
	}
}

// percentRound writes a share without decimals, for tables.
func percentRound(share float64) string {
	if share > 0 && share < 0.01 {
		return "<1%"
	}
	if share > 0.99 && share < 1 {
		return "99%"
	}
	return tenth(float64(int(share*100+0.5))) + "%"
}

// tenth1 writes a rate that jitters, without decimals once they say nothing.
func tenth1(v float64) string {
	if v >= 10 {
		return tenth(float64(int(v + 0.5)))
	}
	return tenth(v)
}
