package tui

import (
	"strconv"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// requestsPanel shows what became of the requests of each second.
var requestsPanel = panel{title: "Requests per second", draw: drawRequests}

// gutter is the width of the scale to the left of a chart.
const gutter = 6

func drawRequests(a area, v view) {
	s := v.s
	drawLegend(a.line(0), s.Requests, true)
	plot := a.sub(gutter, 1, a.w-gutter, a.h-3)
	if a.h < 6 {
		plot = a.sub(gutter, 1, a.w-gutter, a.h-1)
	}
	if plot.h < 1 || plot.w < 1 {
		return
	}
	top := topRate(s, plot.w)
	a.right(0, 1, gutter-1, inkDim, tenth(top))
	if plot.h > 4 {
		a.right(0, 1+plot.h/2, gutter-1, inkDim, tenth(top/2))
	}
	a.right(0, plot.h, gutter-1, inkDim, "0")
	requestChart(plot, s, top)
	x := newAxis(s.Plan, plot.w)
	below := a.sub(gutter, 1+plot.h, plot.w, 2)
	x.bands(below, 0, stretches(s), s.Acts)
	x.ticks(below, 1)
}

// outcomeWords are the outcomes in at most four letters.
var outcomeWords = [5]string{"ok", "degr", "fail", "hung", "corr"}

// drawLegend writes each outcome's shape, count and word, with the words cut
// or left out where it is tight.
func drawLegend(a area, t score.Tally, offered bool) {
	digits := 0
	for _, o := range journal.Outcomes {
		digits += len(count(t.Count(o)))
	}
	const full, cut = 5*5 + 2 + 8 + 6 + 4 + 7, 5*3 + 2 + 4*4 // columns beside the digits
	x := 0
	for i, o := range journal.Outcomes {
		n, in := t.Count(o), outcomeInks[i]
		x = a.put(x, 0, in, a.th.glyph.outcome[i])
		if n == 0 && i > 0 {
			in = inkDim
		}
		switch {
		case digits+full <= a.w+2:
			x = a.put(x+1, 0, in, count(n))
			x = a.put(x+1, 0, inkDim, string(o)) + 2
		case digits+cut <= a.w+1:
			x = a.put(x, 0, in, count(n))
			x = a.put(x+1, 0, inkDim, outcomeWords[i]) + 1
		default:
			x = a.put(x, 0, in, count(n)) + 1
		}
	}
	if offered && a.w-x >= 11 {
		x = a.put(x, 0, inkDim, a.th.glyph.offered) + 1
		a.put(x, 0, inkDim, "offered")
	}
}

// rateNow is the rate the profile asks for now, in words.
func rateNow(s *score.Snapshot) string {
	return strconv.FormatFloat(s.Plan.Load.Rate(s.T), 'f', 0, 64) + "/s"
}
