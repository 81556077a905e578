package tui

import (
	"strings"

	"brownout/harness/score"
)

// timelinePanel shows the whole run, its faults and where it is now.
var timelinePanel = panel{title: "Timeline", draw: drawTimeline}

func drawTimeline(a area, v view) {
	if a.h < 1 || a.w < 1 {
		return
	}
	s, g := v.s, a.th.glyph
	x, faults := newAxis(s.Plan, a.w), stretches(s)
	now := x.col(s.T)
	bars := max(min(len(faults), a.h-1), 1)
	for y := range bars {
		for c := range a.w {
			if c < now {
				a.stamp(c, y, inkText, g.elapsed)
			} else {
				a.stamp(c, y, inkFrame, g.ahead)
			}
		}
	}
	// One fault a row where there are rows; what is left shares the last one.
	for y := range bars {
		mine := faults[min(y, len(faults)):min(y+1, len(faults))]
		if y == bars-1 {
			mine = faults[min(y, len(faults)):]
		}
		x.bands(a, y, mine, s.Acts)
	}
	for y := range bars {
		a.stamp(now, y, inkStrong, g.cursor)
	}
	if a.h > bars {
		x.ticks(a, bars)
	}
	if a.h > bars+1 {
		a.put(0, bars+1, inkFault, g.fault)
		c := a.put(2, bars+1, inkDim, "fault")
		a.put(c+2, bars+1, inkRecovery, g.horizon)
		c = a.put(c+4, bars+1, inkDim, "recovery horizon")
		if len(s.Acts) > 0 {
			a.put(c+2, bars+1, inkStrong, g.hand)
			c = a.put(c+4, bars+1, inkDim, "changed by hand")
			a.put(c+2, bars+1, inkAccent, g.planned)
			a.put(c+4, bars+1, inkDim, "as planned")
		}
	}
	// What was changed, the latest last, in the rows that are left.
	y := bars + 3
	for _, act := range s.Acts[max(len(s.Acts)-max(a.h-y, 0), 0):] {
		drawAct(a.line(y), act)
		y++
	}
}

// drawAct is a change in words.
func drawAct(a area, act score.Act) {
	mark, in := a.th.change(act)
	a.put(0, 0, inkDim, clock(act.T))
	a.put(6, 0, in, mark)
	text := act.Text
	if act.ByHand {
		text = "by hand: " + text
	}
	a.text(8, 0, a.w-8, inkText, text)
}

// onWhom names the providers of a fault.
func onWhom(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:2], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}
