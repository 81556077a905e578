package reports

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// matrixPage is a comparison of one scenario on a page: a row for each figure,
// a column for each variant.
type matrixPage struct {
	Title    string
	Variants []matrixVariant
	Rows     []matrixRow
}

// matrixVariant heads a column.
type matrixVariant struct {
	Name, Verdict string
	Class         string // of the verdict: pass, fail, inconclusive, or none where they differ
}

// matrixRow is one figure of every variant.
type matrixRow struct {
	Name  string
	Cells []matrixCell
}

// matrixCell is what one variant came to: the figure, what surrounds it, and how
// it stands among the others. The mark is a word, so that no colour is needed.
type matrixCell struct {
	Value, Interval, Difference string
	Mark, Class                 string  // best, like best, worst
	Bar                         float64 // of a score, percent; negative: it has none
}

func matrixPageOf(m Matrix) matrixPage {
	p := matrixPage{Title: m.Scenario}
	for i, v := range m.Variants {
		word := m.counts[i].word()
		class := word
		if strings.HasPrefix(word, "(") || word == "not run" {
			class = "none"
		}
		p.Variants = append(p.Variants, matrixVariant{Name: v, Verdict: strings.Trim(word, "()"), Class: class})
	}
	for _, f := range m.Figures {
		r := matrixRow{Name: f.Name}
		for _, c := range f.Cells {
			r.Cells = append(r.Cells, f.onPage(c))
		}
		p.Rows = append(p.Rows, r)
	}
	lost := matrixRow{Name: lostHead}
	for _, words := range m.Lost {
		lost.Cells = append(lost.Cells, matrixCell{Value: cmp.Or(words, "-"), Bar: -1})
	}
	p.Rows = append(p.Rows, lost)
	return p
}

func (f MatrixFigure) onPage(c MatrixCell) matrixCell {
	out := matrixCell{Value: f.missing(), Bar: -1}
	if !c.Known {
		return out
	}
	out.Value = f.value(c.Mean)
	if f.Unit == "points" {
		out.Bar = c.Mean
	}
	if c.High > c.Low {
		out.Interval = fmt.Sprintf("%s to %s", f.value(c.Low), f.value(c.High))
	}
	if d := c.FromBest; d != nil {
		out.Difference = f.signed(d.Mean) + " from the best"
		if d.High > d.Low {
			out.Difference += fmt.Sprintf(" (%s to %s)", f.signed(d.Low), f.signed(d.High))
		}
	}
	switch {
	case c.Best:
		out.Mark, out.Class = "✓ best", "good"
	case c.LikeBest:
		out.Mark, out.Class = "≈ not distinguishable from the best", "none"
	case c.Worst:
		out.Mark, out.Class = "✗ worst", "bad"
	}
	return out
}

// matricesHTML writes the page of a comparison.
func matricesHTML(w io.Writer, ms []Matrix) error {
	p := htmlPage{Title: "Comparison", HowToRead: howToRead, Evidence: arrangedEvidence(ms)}
	if len(ms) > 1 {
		p.Compared = []table{overviewTable(ms)}
	}
	for _, m := range ms {
		p.Matrices = append(p.Matrices, matrixPageOf(m))
	}
	return writePage(w, p)
}
