package tui

import "brownout/harness/score"

// slot is a panel in its place.
type slot struct {
	id         panelID
	x, y, w, h int
	edge       edge
}

// edge is how a panel is set off from its neighbours.
type edge int

const (
	bare  edge = iota // not at all; such a panel takes no focus
	ruled             // by a rule above it
	boxed             // by a box
)

// layout places panels on a screen of at least a certain size. The first one
// that fits is taken; adding one is adding a line.
type layout struct {
	w, h   int // least size
	header int // rows
	place  func(w, h int, s *score.Snapshot) []slot
}

// layouts runs from the largest to the smallest. Below them all, the
// essentials are written without panels.
var layouts = []layout{
	{170, 46, 2, placeGrand},
	{110, 30, 2, placeWide},
	{72, 20, 1, placeCompact},
}

// arrange places the panels between a header and a footer of one row. Where
// one panel is zoomed it has the whole place. No slots: too small for panels.
func arrange(w, h int, s *score.Snapshot, zoomed bool, focus panelID) (header int, slots []slot) {
	for _, l := range layouts {
		if w < l.w || h < l.h {
			continue
		}
		if zoomed {
			return l.header, []slot{{focus, 0, l.header, w, h - l.header - 1, boxed}}
		}
		slots = l.place(w, h-l.header-1, s)
		for i := range slots {
			slots[i].y += l.header
		}
		return l.header, slots
	}
	return 0, nil
}

// timelineRows is how many rows the timeline uses well: one for each fault, one
// for the times.
func timelineRows(s *score.Snapshot) int { return min(max(len(s.Plan.Faults), 1), 4) + 1 }

// placeCompact is for 80×24: rules instead of boxes, faults only on the
// timeline, and the verdict beside the log once there is one.
func placeCompact(w, h int, s *score.Snapshot) []slot {
	left := min(max(w*9/20, 36), 48)
	top := 10
	if h > 26 {
		top = 12
	}
	lanes := min(max(len(s.Providers), 1)+2, max(h-top-5, 4))
	slots := []slot{
		{panelScore, 0, 0, left, top, ruled},
		{panelRequests, left + 1, 0, w - left - 1, top, ruled},
	}
	if s.Finished { // the chart above has the faults; the verdict needs the rows
		half := w * 11 / 20
		y := top + lanes
		return append(slots,
			slot{panelLanes, 0, top, w, lanes, ruled},
			slot{panelVerdict, 0, y, half, h - y, ruled},
			slot{panelLog, half + 1, y, w - half - 1, h - y, ruled})
	}
	line := 2
	y := top + line + lanes
	return append(slots,
		slot{panelTimeline, 0, top, w, line, bare},
		slot{panelLanes, 0, top + line, w, lanes, ruled},
		slot{panelLog, 0, y, w, h - y, ruled})
}

// placeWide is for 120×40.
func placeWide(w, h int, s *score.Snapshot) []slot {
	left := min(max(w/3, 44), 54)
	line := min(timelineRows(s), 3) + 2
	lanes := min(len(s.Providers), 6) + 3
	bottom := max((h-line-lanes)/3, 6)
	top := h - line - lanes - bottom
	latency := 0
	if top >= 15 {
		latency = 6
	}
	right := w - left
	half := w / 2
	beside := panelFeed // while there is no verdict
	if s.Finished {
		beside, half = panelVerdict, w*11/20
	}
	slots := []slot{
		{panelScore, 0, 0, left, top, boxed},
		{panelRequests, left, 0, right, top - latency, boxed},
		{panelTimeline, 0, top, w, line, boxed},
		{panelLanes, 0, top + line, w, lanes, boxed},
		{panelLog, 0, top + line + lanes, half, bottom, boxed},
		{beside, half, top + line + lanes, w - half, bottom, boxed},
	}
	if latency > 0 {
		slots = append(slots, slot{panelLatency, left, top - latency, right, latency, boxed})
	}
	return slots
}

// placeGrand is for 200×60: everything at once.
func placeGrand(w, h int, s *score.Snapshot) []slot {
	left, right := 52, min(max(w/4, 48), 64)
	line := timelineRows(s) + 2
	lanes := min(len(s.Providers), 10) + 3
	bottom := max((h-line-lanes)*3/10, 8)
	top := h - line - lanes - bottom
	latency := top * 2 / 5
	faults := min(faultLines*max(len(s.Plan.Faults), 1)+2, top/2)
	middle := w - left - right
	return []slot{
		{panelScore, 0, 0, left, top, boxed},
		{panelRequests, left, 0, middle, top - latency, boxed},
		{panelLatency, left, top - latency, middle, latency, boxed},
		{panelFaults, left + middle, 0, right, faults, boxed},
		{panelVerdict, left + middle, faults, right, top - faults, boxed},
		{panelTimeline, 0, top, w, line, boxed},
		{panelLanes, 0, top + line, w, lanes, boxed},
		{panelLog, 0, top + line + lanes, w / 2, bottom, boxed},
		{panelFeed, w / 2, top + line + lanes, w - w/2, bottom, boxed},
	}
}
