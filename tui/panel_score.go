package tui

import (
	"strings"

	"brownout/harness/score"
)

// scorePanel shows the total, its parts with what they attained of what was
// promised, and how the total came about over time.
var scorePanel = panel{title: "Score", draw: drawScore}

func drawScore(a area, v view) {
	s := v.s
	y := 0
	if a.h >= len(s.Score.Parts)+6 && a.w >= 30 && s.Score.Scored {
		end := bigNumber(a, 0, 0, inkOf(s.Score.Total/100), points(s.Score.Total))
		side := a.sub(end+2, 0, a.w-end-2, 3)
		side.text(0, 0, side.w, inkDim, "of 100")
		side.text(0, 1, side.w, inkText, "worst "+points(s.Score.Worst))
		if s.Score.Low != s.Score.High {
			side.text(0, 2, side.w, inkDim, "95% "+points(s.Score.Low)+"–"+points(s.Score.High))
		}
		y = 4
	} else {
		x := a.put(0, y, inkOfScore(s), total(s))
		if s.Score.Scored {
			x = a.put(x, y, inkDim, " of 100")
			a.text(x+2, y, a.w-x-2, inkText, "worst "+points(s.Score.Worst))
		}
		y++
		if a.h >= len(s.Score.Parts)+4 {
			y++
		}
	}
	for i, p := range namedParts(s) {
		drawPart(a.line(y), p, partTrend(s, i))
		y++
	}
	if rest := a.h - y; rest >= 1 {
		if rest >= 3 {
			y++
		}
		drawTrend(a.sub(0, y, a.w, min(a.h-y, 4)), s)
	}
}

// namedParts are the parts of the total; before there are any, their names.
func namedParts(s *score.Snapshot) score.Parts {
	parts := s.Score.Parts
	for i := range parts {
		parts[i].Name = score.PartNames[i]
	}
	return parts
}

// total is the score, or what stands in its place before there is one.
func total(s *score.Snapshot) string {
	if !s.Score.Scored {
		return "no score yet"
	}
	return points(s.Score.Total)
}

// inkOfScore is the ink of the total.
func inkOfScore(s *score.Snapshot) ink {
	if !s.Score.Scored {
		return inkDim
	}
	return inkOf(s.Score.Total / 100)
}

// inkOf is the ink of a share of what was promised.
func inkOf(value float64) ink {
	switch {
	case value >= 0.8:
		return inkGood
	case value >= 0.5:
		return inkWarn
	}
	return inkBad
}

// drawPart writes one part on a row: mark, name, bar, figures, and how it came
// about where there is room.
func drawPart(a area, p score.Part, trend []float64) {
	g := a.th.glyph
	const name = 14 // columns of mark and name
	if !p.Known {
		a.put(0, 0, inkDim, g.pending)
		a.text(2, 0, name-2, inkDim, p.Name)
		note := p.Note
		if note == "" {
			note = "not known yet"
		}
		a.text(name+1, 0, a.w-name-1, inkDim, note)
		return
	}
	mark, in := g.bad, inkBad
	switch {
	case p.Value >= 1:
		mark, in = g.good, inkGood
	case p.Value >= 0.5:
		mark, in = g.partial, inkWarn
	}
	a.put(0, 0, in, mark)
	a.text(2, 0, name-2, inkText, p.Name)
	attained, promised := a.th.promise(p)
	figures := 18
	length := min(max(a.w-name-figures-2, 4), 24)
	bar(a, name+1, 0, length, in, p.Value)
	x := name + 2 + length
	a.right(x, 0, 8, inkStrong, attained)
	from := x
	x = a.text(x+9, 0, a.w-x-9, inkDim, promised)
	if room := min(a.w-from-19, 30); room >= 10 && trend != nil {
		x = from + 16
		sparks(a.sub(x+2, 0, room, 1), inkAccent, trend, 0, 1)
		x += room + 2
	}
	x = max(x, from+16)
	if a.w-x > 16 && p.Note != "" {
		a.text(x+2, 0, a.w-x-2, inkDim, p.Note)
	}
}

// partTrend are the values of a part at the end of each second; below 0 where
// it was not known.
func partTrend(s *score.Snapshot, part int) []float64 {
	var values []float64
	for _, sec := range s.Seconds {
		if sec.Parts != nil {
			values = append(values, sec.Parts[part])
		}
	}
	return values
}

// drawTrend shows the total at the end of each second.
func drawTrend(a area, s *score.Snapshot) {
	const name = 8
	a.text(0, a.h-1, name, inkDim, "trend")
	values := make([]float64, 0, len(s.Seconds))
	for _, sec := range s.Seconds {
		if sec.Score > 0 {
			values = append(values, sec.Score)
		}
	}
	if len(values) == 0 {
		a.text(name, a.h-1, a.w-name, inkDim, "begins with the first fault")
		return
	}
	sparks(a.sub(name, 0, a.w-name, a.h), inkAccent, values, 0, 100)
}

// digits is a font of three columns by six half rows, packed in rows of block
// characters.
var digits = map[rune][3]string{
	'0': {"█▀█", "█ █", "▀▀▀"}, '1': {"▀█ ", " █ ", "▀▀▀"}, '2': {"▀▀█", "█▀▀", "▀▀▀"},
	'3': {"▀▀█", " ▀█", "▀▀▀"}, '4': {"█ █", "▀▀█", "  ▀"}, '5': {"█▀▀", "▀▀█", "▀▀▀"},
	'6': {"█▀▀", "█▀█", "▀▀▀"}, '7': {"▀▀█", "  █", "  ▀"}, '8': {"█▀█", "█▀█", "▀▀▀"},
	'9': {"█▀█", "▀▀█", "▀▀▀"}, '.': {" ", " ", "▀"},
}

// bigNumber writes a number three rows high and returns the column after it;
// in ASCII, where there are no blocks, spaced out on the middle row.
func bigNumber(a area, x, y int, in ink, number string) int {
	if a.th.ascii {
		return a.put(x, y+1, in, strings.Join(strings.Split(number, ""), " "))
	}
	for _, r := range number {
		glyph := digits[r]
		for i, row := range glyph {
			a.put(x, y+i, in, row)
		}
		x += len([]rune(glyph[0])) + 1
	}
	return x - 1
}
