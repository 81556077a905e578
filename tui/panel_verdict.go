package tui

import (
	"brownout/harness/score"

	"github.com/charmbracelet/x/ansi"
)

// verdictPanel shows the gates of the scenario, what breaches there were, and
// at the end the verdict with its reasons.
var verdictPanel = panel{
	title: "Verdict", draw: drawVerdict,
	lines: func(v view, w int) int { return len(verdictLines(v.s, w)) },
}

// remark is one line of the panel.
type remark struct {
	mark  func(*theme) (string, ink)
	text  string
	value string
}

func drawVerdict(a area, v view) {
	lines := verdictLines(v.s, a.w)
	for y := 0; y < a.h && v.first+y < len(lines); y++ {
		l := lines[v.first+y]
		mark, in := l.mark(a.th)
		a.put(0, y, in, mark)
		room := a.w - 2
		if l.value != "" { // a figure, or why there is none yet
			most := max(a.w-2-ansi.StringWidth(l.text)-2, a.w/3)
			value := a.th.cut(l.value, most)
			room -= ansi.StringWidth(value) + 1
			a.right(0, y, a.w, in, value)
		}
		a.text(2, y, room, inkText, l.text)
	}
}

func verdictLines(s *score.Snapshot, w int) []remark {
	verdict := func(th *theme) (string, ink) {
		mark, in, _ := th.verdict(s.Verdict)
		return mark, in
	}
	_, _, word := (&theme{glyph: &asciiGlyphs}).verdict(s.Verdict)
	list := []remark{{mark: verdict, text: word, value: scoreText(s)}}
	for _, b := range s.Violations {
		list = append(list, remark{mark: markBad, text: b.What + ": " + b.Detail, value: b.Provider})
	}
	for _, r := range s.Reasons {
		mark := verdict
		for _, line := range wrap(r, w-2) {
			list = append(list, remark{mark: mark, text: line})
			mark = markNone
		}
	}
	for _, e := range s.Expectations {
		mark := markPending
		if e.Known {
			mark = markBad
			if e.Pass {
				mark = markGood
			}
		}
		list = append(list, remark{mark: mark, text: e.Expr, value: e.Text})
	}
	i := s.Instrument
	if i.Hits > 0 {
		list = append(list, remark{mark: markDot, text: "harness: dispatch lag p99", value: span(i.LagP99)})
		list = append(list, remark{mark: markDot, text: "harness: requests in flight", value: count(uint64(max(i.InFlight, 0)))})
	}
	if i.Dropped > 0 {
		list = append(list, remark{mark: markBad, text: "harness: events dropped", value: count(i.Dropped)})
	}
	return list
}

// scoreText is the total for the line of the verdict.
func scoreText(s *score.Snapshot) string {
	if !s.Score.Scored {
		return ""
	}
	return points(s.Score.Total)
}

func markGood(th *theme) (string, ink)    { return th.glyph.good, inkGood }
func markBad(th *theme) (string, ink)     { return th.glyph.bad, inkBad }
func markPending(th *theme) (string, ink) { return th.glyph.pending, inkDim }
func markNone(*theme) (string, ink)       { return "", inkText }
func markDot(th *theme) (string, ink)     { return th.glyph.dot, inkDim }
