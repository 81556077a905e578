package tui

import "github.com/charmbracelet/x/ansi"

// gridColumn is a column of a grid.
type gridColumn struct {
	title string
	right bool // aligned
	in    ink
	wide  bool // may be cut to what room there is
}

// gridRows are the rows of a table in a page: as many of the columns, from the
// left, as fit.
func gridRows(columns []gridColumn, cells [][]string, w int) []row {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = ansi.StringWidth(c.title)
		for _, r := range cells {
			widths[i] = max(widths[i], ansi.StringWidth(r[i]))
		}
	}
	used, n := -2, 0
	for n < len(columns) && used+widths[n]+2 <= w {
		used += widths[n] + 2
		n++
	}
	if n < len(columns) && columns[n].wide && w-used-2 >= 8 {
		widths[n] = w - used - 2
		n++
	}
	n = max(n, 1)
	line := func(texts []string, inks func(i int) ink) row {
		return func(a area) {
			x := 0
			for i := range n {
				cw := min(widths[i], a.w-x)
				if columns[i].right {
					a.right(x, 0, cw, inks(i), texts[i])
				} else {
					a.text(x, 0, cw, inks(i), texts[i])
				}
				x += widths[i] + 2
			}
		}
	}
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = c.title
	}
	rows := []row{line(titles, func(int) ink { return inkDim })}
	for _, r := range cells {
		rows = append(rows, line(r, func(i int) ink { return columns[i].in }))
	}
	return rows
}

// pictureRows are the rows of something that is drawn as a whole.
func pictureRows(h int, draw func(a area)) []row {
	rows := make([]row, h)
	for y := range h {
		rows[y] = func(a area) {
			p := newPaper(a.w, h)
			draw(p.all(a.th))
			for x := range a.w {
				if c := p.cells[y*p.w+x]; c.text != "" && c.text != tail {
					width := 1
					if x+1 < p.w && p.cells[y*p.w+x+1].text == tail {
						width = 2
					}
					a.p.set(a.x+x, a.y, width, c.ink, c.text)
				}
			}
		}
	}
	return rows
}
