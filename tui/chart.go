package tui

import (
	"math"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"

	"github.com/NimbleMarkets/ntcharts/v2/canvas"
	"github.com/NimbleMarkets/ntcharts/v2/canvas/graph"
)

// stack is one column of the chart of requests: requests per second by
// outcome, in the order of journal.Outcomes.
type stack [5]float64

func (s stack) sum() float64 {
	total := 0.0
	for _, v := range s {
		total += v
	}
	return total
}

// stackOf is the mean of some seconds.
func stackOf(seconds []score.Second) stack {
	var s stack
	for _, sec := range seconds {
		for i, o := range journal.Outcomes {
			s[i] += float64(sec.Tally.Count(o))
		}
	}
	for i := range s {
		s[i] /= float64(max(len(seconds), 1))
	}
	return s
}

// cellsOf shares out the rows of a column among the outcomes, from the bottom.
// An outcome that occurred gets a row however rare it is: one failure among a
// thousand answers is the thing to see.
func (s stack) cellsOf(rows int, top float64) [5]int {
	var n [5]int
	if top <= 0 || s.sum() <= 0 {
		return n
	}
	occurred := 0
	for _, v := range s {
		if v > 0 {
			occurred++
		}
	}
	height := min(max(int(math.Round(s.sum()/top*float64(rows))), occurred), rows)
	left := height
	for i := len(s) - 1; i >= 0 && left > 0; i-- { // the worst first, should rows run out
		if s[i] > 0 {
			n[i]++
			left--
		}
	}
	for ; left > 0; left-- { // each further row to whoever lacks most
		most := 0
		for i := range s {
			if s[i]/s.sum()*float64(height)-float64(n[i]) > s[most]/s.sum()*float64(height)-float64(n[most]) {
				most = i
			}
		}
		n[most]++
	}
	return n
}

// requestChart draws the stacked columns of a run up to a rate of top, with its
// fault windows shaded and the offered rate as a line, which runs on into what
// is to come.
func requestChart(a area, s *score.Snapshot, top float64) {
	x, faults := newAxis(s.Plan, a.w), stretches(s)
	g := a.th.glyph
	for c := range a.w {
		from, to := x.seconds(c, len(s.Seconds))
		st := stackOf(s.Seconds[from:to])
		shade := ink(0)
		if x.under(faults, c) {
			shade = shaded
		}
		y := a.h - 1
		for i, n := range st.cellsOf(a.h, top) {
			for range n {
				a.stamp(c, y, outcomeInks[i]|shade, g.outcome[i])
				y--
			}
		}
		offered := a.h - int(math.Round(s.Plan.Load.Rate(x.at(c))/top*float64(a.h)))
		for ; y >= 0; y-- {
			switch {
			case y == offered:
				a.stamp(c, y, inkDim|shade, g.offered)
			case shade != 0 && a.th.plain:
				a.stamp(c, y, inkDim, g.shade)
			default:
				a.stamp(c, y, inkText|shade, " ")
			}
		}
	}
}

// topRate is the highest rate the chart of requests has to show.
func topRate(s *score.Snapshot, cols int) float64 {
	x, top := newAxis(s.Plan, cols), max(s.Plan.Load.Rate(0), s.Plan.Load.Rate(s.Plan.Load.Duration), 1)
	for _, p := range s.Plan.Load.Profile {
		if p.At <= s.Plan.Load.Duration {
			top = max(top, p.Rate)
		}
	}
	for c := range cols {
		from, to := x.seconds(c, len(s.Seconds))
		top = max(top, stackOf(s.Seconds[from:to]).sum())
	}
	return top
}

// sparks draws values as columns in steps of an eighth of a row, newest at the
// right edge. A value below zero is a gap.
func sparks(a area, in ink, values []float64, low, high float64) {
	if len(values) > a.w {
		values = values[len(values)-a.w:]
	}
	steps := a.th.glyph.columns
	for i, v := range values {
		if v < 0 || high <= low {
			continue
		}
		eighths := int(math.Round((v - low) / (high - low) * float64(a.h*len(steps))))
		eighths = min(max(eighths, 1), a.h*len(steps))
		for y := a.h - 1; y >= 0 && eighths > 0; y-- {
			a.stamp(i, y, in, steps[min(eighths, len(steps))-1])
			eighths -= len(steps)
		}
	}
}

// answered are the seconds without the last ones whose requests are mostly still
// under way: what has ended of them already are the quickest answers, and would
// draw the latency too low.
func answered(s *score.Snapshot) []score.Second {
	out := s.Seconds
	for n := len(out); !s.Finished && n > 0 && len(s.Seconds)-n < unansweredMost; n-- {
		sec := out[n-1]
		if float64(sec.Tally.Total) >= answeredShare*sec.Offered {
			break
		}
		out = out[:n-1]
	}
	return out
}

// How much of what was offered in a second must have ended for it to
// count, and how many of the last seconds may not.
const (
	answeredShare  = 0.9
	unansweredMost = 6
)

// trace draws a line of durations along the axis of a run: in braille dots
// where the terminal has them, in stars where not. Zero is a gap.
func trace(a area, in ink, s *score.Snapshot, value func(score.Second) time.Duration, top time.Duration) {
	x, faults := newAxis(s.Plan, a.w), stretches(s)
	for c := range a.w {
		if !x.under(faults, c) {
			continue
		}
		for y := range a.h {
			if a.th.plain {
				a.stamp(c, y, inkDim, a.th.glyph.shade)
			} else {
				a.stamp(c, y, inkText|shaded, " ")
			}
		}
	}
	if a.w == 0 || a.h == 0 || top <= 0 {
		return
	}
	dots := graph.NewBrailleGrid(a.w, a.h, 0, float64(x.whole), 0, float64(top))
	shown := answered(s)
	for i, sec := range shown {
		v := value(sec)
		if v <= 0 || sec.At >= x.whole {
			continue
		}
		from := canvas.Float64Point{X: float64(sec.At) + float64(time.Second)/2, Y: min(float64(v), float64(top))}
		if a.th.ascii {
			y := a.h - 1 - min(int(from.Y/float64(top)*float64(a.h)), a.h-1)
			a.put(x.col(time.Duration(from.X)), y, in, "*")
			continue
		}
		to := from
		if i+1 < len(shown) && value(shown[i+1]) > 0 {
			to = canvas.Float64Point{X: from.X + float64(time.Second), Y: min(float64(value(shown[i+1])), float64(top))}
		}
		for _, p := range graph.GetLinePoints(dots.GridPoint(from), dots.GridPoint(to)) {
			dots.Set(p)
		}
	}
	for y, row := range dots.BraillePatterns() {
		for c, r := range row {
			if r != 0 && r != 0x2800 && c < a.w && y < a.h {
				shade := ink(0)
				if x.under(faults, c) {
					shade = shaded
				}
				a.stamp(c, y, in|shade, string(r))
			}
		}
	}
}

// bar fills a share of w columns. It is full only where nothing is missing.
func bar(a area, x, y, w int, in ink, share float64) {
	full := min(max(int(share*float64(w)), 0), w)
	if share > 0 && full == 0 {
		full = min(1, w)
	}
	a.fill(x, y, full, in, a.th.glyph.barFull)
	a.fill(x+full, y, w-full, inkFrame, a.th.glyph.barEmpty)
}
