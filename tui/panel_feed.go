package tui

import (
	"slices"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// feedPanel lists single requests, the latest or the worst, with the way that
// each took.
var feedPanel = panel{title: "Requests", draw: drawFeed, named: feedTitle}

func drawFeed(a area, v view) {
	list, at := v.feed.traces(v.s, v.filter)
	if len(list) == 0 {
		why := "no request has ended yet"
		switch {
		case v.filter != "":
			why = "no request is like that"
		case v.feed.worst:
			why = "no request has failed"
		}
		a.text(0, 0, a.w, inkDim, why)
		return
	}
	first := v.feed.firstRow(len(list), at, a.h)
	for y := 0; y < a.h && first+y < len(list); y++ {
		drawFed(a.line(y), list[first+y], v.focused && first+y == at)
	}
}

func drawFed(a area, t score.Trace, chosen bool) {
	in := inkText
	if chosen {
		in = inkPick
		a.put(0, 0, in, a.th.glyph.pick)
	}
	a.put(1, 0, inkDim, clock(t.Sample.Scheduled))
	i := max(slices.Index(journal.Outcomes, t.Outcome), 0)
	x := a.put(7, 0, outcomeInks[i], a.th.glyph.outcome[i]) + 1
	if a.w >= 50 {
		a.text(x, 0, 8, outcomeInks[i], string(t.Outcome))
		x += 9
	}
	a.text(x, 0, 9, in, t.Sample.Request)
	x += 10
	a.right(x, 0, 6, inkText, span(t.Sample.Total))
	x += 8
	x = a.text(x, 0, a.w-x, in, route(a.th, t))
	if t.Sample.Reason != "" {
		a.text(x+2, 0, a.w-x-2, inkDim, t.Sample.Reason)
	}
}

// feedTitle is the panel's title: which requests it lists.
func feedTitle(v view) string {
	switch {
	case v.feed.worst:
		return "Worst requests"
	case v.feed.held != nil:
		return "Requests (held)"
	}
	return "Requests"
}
