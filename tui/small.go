package tui

import (
	"brownout/harness/score"

	"github.com/charmbracelet/x/ansi"
)

// The least size at which the essentials make sense.
const (
	smallW, smallH = 36, 8
)

// drawEssentials is the live screen where there is no room for panels: score,
// outcomes, timeline, lanes in short, the last events.
func drawEssentials(a area, s *score.Snapshot) {
	th := a.th
	mark, in, phase := th.badge(s)
	x := a.put(0, 0, in, mark+" "+phase)
	x = a.put(x+1, 0, inkStrong, clock(s.T)+"/"+clock(s.Plan.Load.Duration))
	vMark, vInk, verdict := th.verdict(s.Verdict)
	if s.Verdict == score.Pending || s.Verdict == "" {
		verdict = titleOf(s)
		vMark = ""
		vInk = inkDim
	} else {
		vMark += " "
	}
	a.right(x+2, 0, a.w-x-2, vInk, vMark+verdict)

	x = a.put(0, 1, inkOfScore(s), total(s))
	if s.Score.Scored {
		x = a.put(x, 1, inkDim, " of 100  worst ")
		x = a.put(x, 1, inkText, points(s.Score.Worst))
	}
	a.right(x+1, 1, a.w-x-1, inkDim, percent(s.Requests.Availability())+" available")
	drawLegend(a.line(2), s.Requests, false)
	y := 3
	if a.h >= 18 {
		rows := min(a.h/4, 8)
		requestChart(a.sub(0, y, a.w, rows), s, topRate(s, a.w))
		y += rows
	}
	if a.h >= 26 {
		for i, p := range namedParts(s) {
			drawPart(a.line(y+i), p, nil)
		}
		y += len(s.Score.Parts)
	}
	drawTimeline(a.line(y), view{s: s})
	y++
	lanes := min(len(s.Providers), max(a.h-y-2, 1))
	for _, l := range s.Providers[:lanes] {
		drawShortLane(a.line(y), s, l)
		y++
	}
	if rest := a.h - y; rest > 0 {
		below := a.sub(0, y, a.w, rest)
		if s.Finished {
			drawVerdict(below, view{s: s, first: 1})
			return
		}
		drawLog(below, view{s: s, first: logPanel.firstLine(view{s: s, follow: true}, a.w, rest)})
	}
}

// drawShortLane is a lane on one short row.
func drawShortLane(a area, s *score.Snapshot, l score.Lane) {
	mark, in := a.th.breaker(l.Breaker)
	a.put(0, 0, in, mark)
	a.text(2, 0, 11, inkStrong, l.Name)
	a.right(14, 0, 4, inkText, percentRound(l.RecentShare))
	bar(a, 19, 0, 5, inkAccent, l.RecentShare)
	if l.Breaker == "open" || l.Breaker == "half-open" {
		x := a.text(25, 0, a.w-25, in, l.Breaker)
		if len(l.Faults) > 0 {
			a.text(x+1, 0, a.w-x-1, inkBad, l.Faults[0])
		}
		return
	}
	drawState(a.sub(25, 0, a.w-25, 1), s, l)
}

// drawTiny is what is left on a screen too small for anything: the score, the
// phase, and why there is no more.
func drawTiny(a area, s *score.Snapshot) {
	_, in, phase := a.th.badge(s)
	lines := []struct {
		in   ink
		text string
	}{
		{inkOfScore(s), total(s)},
		{in, phase + " " + clock(s.T)},
	}
	if s.Verdict != score.Pending && s.Verdict != "" {
		_, vIn, verdict := a.th.verdict(s.Verdict)
		lines = append(lines, lines[1])
		lines[1].in, lines[1].text = vIn, verdict
	}
	for y, l := range lines {
		a.text(0, y, a.w, l.in, l.text)
	}
	a.text(0, min(len(lines), max(a.h-1, 0)), a.w, inkDim, tooSmall(a.w, a.h))
}

// tooSmall says that a screen is, as shortly as the width asks for.
func tooSmall(w, h int) string {
	long := "too small: " + sizeText(w, h)
	if ansi.StringWidth(long) <= w {
		return long
	}
	return "too small"
}
