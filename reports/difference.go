package reports

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// Difference of a figure from that of the best, with its 95 % interval: by
// Student's t over the differences seed by seed where both ran with several
// seeds, since equal seeds send equal requests; and of one run each, from the
// intervals of the two by the square-and-add rule (Zou and Donner, 2008; with
// Wilson's intervals it is Newcombe's, 1998).
type Difference struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// holdsZero tells whether the two figures cannot be told apart.
func (d *Difference) holdsZero() bool { return d != nil && d.Low <= 0 && 0 <= d.High }

func difference(c, best MatrixCell) *Difference {
	var paired []float64
	for _, seed := range slices.Sorted(maps.Keys(c.bySeed)) { // in order: a sum of floats depends on it
		if b, ok := best.bySeed[seed]; ok {
			paired = append(paired, c.bySeed[seed]-b)
		}
	}
	if len(paired) > 1 {
		mean, half := meanInterval(paired)
		return &Difference{Mean: mean, Low: mean - half, High: mean + half}
	}
	d := c.Mean - best.Mean
	return &Difference{
		Mean: d,
		Low:  d - math.Hypot(c.Mean-c.Low, best.High-best.Mean),
		High: d + math.Hypot(c.High-c.Mean, best.Mean-best.Low),
	}
}

// differenceTable tells how far each variant is from the best, figure by
// figure; without rows where nothing differs.
func differenceTable(m Matrix) table {
	t := table{title: m.Scenario + ": differences from the best", head: []string{"variant"}}
	differs := false
	for _, f := range m.Figures {
		t.head = append(t.head, f.Name)
	}
	for i, v := range m.Variants {
		row := []string{v}
		for _, f := range m.Figures {
			c := f.Cells[i]
			text := ""
			switch {
			case !c.Known:
				text = f.missing()
			case c.Best:
				text = "best"
			case c.FromBest != nil:
				differs = true
				text = f.signed(c.FromBest.Mean)
				if c.FromBest.High > c.FromBest.Low {
					text += fmt.Sprintf(" (%s to %s)", f.signed(c.FromBest.Low), f.signed(c.FromBest.High))
				}
				if c.LikeBest {
					text += " not distinguishable"
				}
			}
			row = append(row, text)
		}
		t.rows = append(t.rows, row)
	}
	if !differs {
		t.rows = nil
	}
	return t
}

// signed is a difference for people.
func (f MatrixFigure) signed(v float64) string {
	switch {
	case v < 0:
		return "-" + f.value(-v)
	case v > 0:
		return "+" + f.value(v)
	}
	return f.value(0)
}
