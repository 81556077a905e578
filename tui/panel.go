package tui

import (
	"fmt"

	"brownout/harness/score"
)

// view is what a panel draws from.
type view struct {
	s      *score.Snapshot
	first  int  // first line shown, where the panel scrolls
	across int  // columns scrolled to the right, where it does that
	follow bool // stays at the last line
}

// panel is a part of the live screen: a function of a snapshot and a size.
// What little state it has (how far it is scrolled) is the screen's, so that
// panels are pure.
type panel struct {
	title string
	draw  func(a area, v view)
	// lines is how much there is to scroll through, and head how many rows
	// stay above it. Without lines the panel does not scroll.
	lines func(s *score.Snapshot, w int) int
	head  int
	tails bool // begins at the end and follows it
}

// panelID names a panel by its index in the table.
type panelID int

// The panels in the order in which tab visits them. Adding a panel is adding
// its file, its line here, and its place in a layout.
const (
	panelScore panelID = iota
	panelRequests
	panelLatency
	panelTimeline
	panelLanes
	panelFaults
	panelVerdict
	panelLog
	panelCount
)

func panels() [panelCount]panel {
	return [panelCount]panel{
		panelScore:    scorePanel,
		panelRequests: requestsPanel,
		panelLatency:  latencyPanel,
		panelTimeline: timelinePanel,
		panelLanes:    lanesPanel,
		panelFaults:   faultsPanel,
		panelVerdict:  verdictPanel,
		panelLog:      logPanel,
	}
}

// firstLine keeps a scroll offset within what there is to see.
func (p panel) firstLine(s *score.Snapshot, first, w, h int, follow bool) int {
	if p.lines == nil {
		return 0
	}
	last := max(p.lines(s, w)-max(h-p.head, 0), 0)
	if follow && p.tails {
		return last
	}
	return min(max(first, 0), last)
}

// framed draws a panel with its frame: a box, or only a rule above where rows
// are dear.
func framed(a area, p panel, v view, set edge, focused bool) {
	frame, title := inkFrame, inkTitle
	name := p.title
	if focused {
		frame, title = inkFocus, inkFocus
		name = a.th.glyph.pick + " " + name
	}
	inner := box(a, name, set, frame, title)
	v.first = p.firstLine(v.s, v.first, inner.w, inner.h, v.follow)
	if p.lines != nil && set != bare {
		if all, shown := p.lines(v.s, inner.w), max(inner.h-p.head, 0); all > shown {
			a.right(0, 0, a.w-2, frame, fmt.Sprintf(" %d/%d ", v.first+shown, all))
		}
	}
	p.draw(inner, v)
}

// box draws a frame with a title and returns what is inside.
func box(a area, title string, set edge, frame, name ink) area {
	g := a.th.glyph
	if set == bare || a.w < 4 || a.h < 2 {
		return a
	}
	if set == ruled {
		a.fill(0, 0, a.w, frame, g.horizontal)
		a.text(1, 0, a.w-2, name, " "+title+" ")
		return a.sub(0, 1, a.w, a.h-1)
	}
	if a.h < 3 {
		return a
	}
	a.stamp(0, 0, frame, g.topLeft)
	a.fill(1, 0, a.w-2, frame, g.horizontal)
	a.stamp(a.w-1, 0, frame, g.topRight)
	for y := 1; y < a.h-1; y++ {
		a.stamp(0, y, frame, g.vertical)
		a.stamp(a.w-1, y, frame, g.vertical)
	}
	a.stamp(0, a.h-1, frame, g.bottomLeft)
	a.fill(1, a.h-1, a.w-2, frame, g.horizontal)
	a.stamp(a.w-1, a.h-1, frame, g.bottomRight)
	a.text(2, 0, a.w-4, name, " "+title+" ")
	return a.sub(2, 1, a.w-4, a.h-2)
}

// inside is what a frame leaves of a place: the rectangle that box returns.
func (p place) inside(set edge) place {
	switch {
	case set == bare || p.w < 4 || p.h < 2:
		return p
	case set == ruled:
		return place{p.x, p.y + 1, p.w, p.h - 1}
	case p.h < 3:
		return p
	}
	return place{p.x + 2, p.y + 1, p.w - 4, p.h - 2}
}
