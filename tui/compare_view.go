package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"brownout/harness/score"
)

// comparePlaces are the parts of a comparison: the lanes, of which each has so
// many rows, and below them the matrix.
type comparePlaces struct {
	lanes, matrix place
	each          int
}

// Rows of a lane: its words, and at the most so many of its chart.
const (
	laneWords = 1
	laneChart = 7
)

func (c compare) places() comparePlaces {
	body := place{1, 1, max(c.w-2, 0), max(c.h-2, 0)}
	n := max(len(c.lanes), 1)
	p := comparePlaces{lanes: body}
	if len(c.matrix.Rows) > 0 {
		want := min(len(c.matrix.Rows)+3, body.h*2/3)
		p.lanes.h = body.h - want
		p.matrix = place{body.x, body.y + p.lanes.h, body.w, want}
	}
	p.each = min(max(p.lanes.h/n, laneWords+1), laneWords+laneChart)
	return p
}

// laneFirst is the first lane shown.
func (c compare) laneFirst(p comparePlaces) int {
	rows := max(p.lanes.h/max(p.each, 1), 1)
	return min(max(c.at-rows/2, 0), lastFirst(len(c.lanes), rows))
}

// View is the screen as it is now.
func (c compare) View() tea.View { return tea.NewView(c.draw()) }

func (c compare) draw() string {
	p := newPaper(c.w, c.h)
	a := p.all(c.theme)
	if a.w < 24 || a.h < 6 {
		a.text(0, 0, a.w, inkStrong, c.standing())
		a.text(0, 1, a.w, inkDim, tooSmall(a.w, a.h))
		return p.render(c.theme)
	}
	x := a.put(1, 0, inkAccent, "compare")
	standing := c.standing()
	a.right(a.w/2, 0, a.w-a.w/2-1, inkStrong, standing)
	a.text(x+2, 0, a.w-x-4-len(standing), inkStrong, c.race.Title())
	at := c.places()
	lanes := at.lanes.of(a)
	first := c.laneFirst(at)
	for i := first; i < len(c.lanes) && (i-first)*at.each < lanes.h; i++ {
		drawLane(lanes.sub(0, (i-first)*at.each, lanes.w, at.each), c.lanes[i], i == c.at)
	}
	if at.matrix.h > 0 {
		drawPage(at.matrix.of(a), c.matrixRows(at.matrix.w), c.first)
	}
	foot := a.line(a.h - 1)
	if c.ending {
		x := foot.put(1, 0, inkWarn, "stopping the runs")
		foot.text(x+3, 0, foot.w-x-3, inkDim, c.keys.stop.Help().Key+" again leaves at once")
	} else {
		drawHints(foot, c.keys.ShortHelp())
	}
	switch {
	case c.asking:
		drawQuestion(a, "Quit", "The runs are on. Stop them and leave?", c.keys.yes, c.keys.no)
	case c.help:
		drawHelp(a, c.keys, nil)
	}
	c.export.draw(a)
	return p.render(c.theme)
}

// standing says how many runs have ended.
func (c compare) standing() string {
	ended := 0
	for _, l := range c.lanes {
		if l.Err != nil || l.Snap != nil && l.Snap.Finished {
			ended++
		}
	}
	if c.over {
		return "all have ended"
	}
	return count(uint64(ended)) + " of " + count(uint64(len(c.lanes))) + " have ended"
}

// drawLane draws one run: how it stands in words, and below what became of its
// requests, on the same axis as its neighbours'.
func drawLane(a area, l Lane, here bool) {
	th := a.th
	name := inkStrong
	if here {
		name = inkPick
		a.put(0, 0, inkPick, th.glyph.pick)
	}
	label := min(max(a.w/4, 12), 30)
	x := a.text(2, 0, label, name, l.Label)
	x = max(x, 2+label) + 2
	s := l.Snap
	switch {
	case l.Err != nil:
		a.put(x, 0, inkBad, th.glyph.bad)
		a.text(x+2, 0, a.w-x-2, inkBad, l.Err.Error())
		return
	case s == nil || s.Plan == nil:
		a.text(x, 0, a.w-x, inkDim, "waits for its turn")
		return
	}
	mark, in, word := th.badge(s)
	if s.Finished && s.Verdict != score.Pending && s.Verdict != "" {
		mark, in, word = th.verdict(s.Verdict)
	}
	for _, part := range []struct {
		in   ink
		text string
		w    int
	}{
		{in, mark + " " + word, 14},
		{inkOfScore(s), laneScore(s), 6},
		{inkDim, clock(s.T), 6},
		{inkText, percent(s.Requests.Availability()) + " available", 17},
		{inkText, failoverText(s), 17},
		{inkText, dollars(cost(s)), 8},
	} {
		if x+ansi.StringWidth(part.text) > a.w {
			break
		}
		a.put(x, 0, part.in, part.text)
		x += max(part.w, ansi.StringWidth(part.text)+2)
	}
	if a.h < 2 {
		return
	}
	chart := a.sub(2, 1, a.w-2, a.h-1)
	if chart.h >= 4 {
		chart = a.sub(2, 1, a.w-2, a.h-2)
		newAxis(s.Plan, chart.w).bands(a.sub(2, a.h-1, a.w-2, 1), 0, stretches(s), s.Acts)
	}
	requestChart(chart, s, topRate(s, max(chart.w, 1)))
}

func laneScore(s *score.Snapshot) string {
	if !s.Score.Scored {
		return "–"
	}
	return points(s.Score.Total)
}

// failoverText is the slowest failover so far.
func failoverText(s *score.Snapshot) string {
	text := ""
	slowest := -1.0
	for _, w := range s.Windows {
		switch {
		case w.Injected == 0 || !w.Parts[1].Known: // failover
		case !w.FailedOver:
			return "no failover"
		case w.TimeToFailover.Seconds() > slowest:
			slowest = w.TimeToFailover.Seconds()
			text = "failover " + seconds(slowest)
		}
	}
	return text
}

// matrixRows are the rows of the matrix, with as many lanes, around the one
// under the cursor, as fit.
func (c compare) matrixRows(w int) []row {
	m := c.matrix
	if len(m.Rows) == 0 {
		return nil
	}
	names, widest := 6, 8
	for _, r := range m.Rows {
		names = max(names, ansi.StringWidth(r.Name))
		for _, cell := range r.Cells {
			widest = max(widest, ansi.StringWidth(cell.Text)+2)
		}
	}
	for _, l := range m.Lanes {
		widest = max(widest, min(ansi.StringWidth(l)+2, 24))
	}
	names = min(names, max(w/3, 8))
	// Rather all lanes without their intervals than some with them.
	if each := (w-names)/len(m.Lanes) - 2; each < widest && each >= 10 {
		widest = each
	}
	fit := min(max((w-names)/(widest+2), 1), len(m.Lanes))
	at := 0 // the column of the lane under the cursor
	if c.at < len(c.lanes) {
		at = max(slices.Index(m.Lanes, c.lanes[c.at].Label), 0)
	}
	first := min(max(at-fit/2, 0), lastFirst(len(m.Lanes), fit))
	line := func(name string, cell func(a area, i int)) row {
		return func(a area) {
			a.text(0, 0, names, inkDim, name)
			for i := first; i < first+fit; i++ {
				cell(a.sub(names+2+(i-first)*(widest+2), 0, widest, 1), i)
			}
		}
	}
	rows := []row{func(a area) { a.fill(0, 0, a.w, inkFrame, a.th.glyph.horizontal) }, line("figure", func(a area, i int) {
		in := inkStrong
		if i == at {
			in = inkPick
		}
		a.text(2, 0, a.w-2, in, m.Lanes[i])
	})}
	for _, r := range m.Rows {
		rows = append(rows, line(r.Name, func(a area, i int) {
			mark, in := a.th.markOf(r.Cells[i].Mark)
			a.put(0, 0, in, mark)
			text := r.Cells[i].Text
			if ansi.StringWidth(text) > a.w-2 {
				text, _, _ = strings.Cut(text, " (")
			}
			a.text(2, 0, a.w-2, in, text)
		}))
	}
	return append(rows, func(a area) {
		x := 0
		for _, k := range []struct {
			mark Mark
			word string
		}{{MarkBest, "best"}, {MarkLike, "not to be told from the best"}, {MarkWorst, "worst"}} {
			mark, in := a.th.markOf(k.mark)
			x = a.put(x, 0, in, mark) + 1
			x = a.text(x, 0, a.w-x, inkDim, k.word) + 3
		}
		if fit < len(m.Lanes) {
			a.text(x, 0, a.w-x, inkDim, "more lanes beside")
		}
	})
}

// markOf is the shape and ink of a mark.
func (th *theme) markOf(m Mark) (string, ink) {
	switch m {
	case MarkBest:
		return th.glyph.good, inkGood
	case MarkLike:
		return th.glyph.partial, inkText
	case MarkWorst:
		return th.glyph.bad, inkBad
	}
	return "", inkText
}
