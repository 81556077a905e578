package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// paper is a frame being drawn: a grid of cells as large as the terminal.
// Nothing drawn on it can leave it, which is how no frame is ever wider or
// higher than the terminal, whatever a panel does. Cells hold the number of an
// ink and not a style, so that drawing allocates next to nothing and a frame
// is written out in one pass.
type paper struct {
	w, h  int
	cells []cell
}

// cell is one column of one row. The zero cell is blank.
type cell struct {
	text string // one grapheme; tail in the right half of a wide one
	ink  ink
}

// tail marks the right half of a grapheme two columns wide.
const tail = "\x00"

func newPaper(w, h int) *paper {
	w, h = max(w, 0), max(h, 0)
	return &paper{w: w, h: h, cells: make([]cell, w*h)}
}

// all is the whole sheet.
func (p *paper) all(th *theme) area { return area{p: p, th: th, w: p.w, h: p.h} }

// set puts one grapheme of the given width at a place that is on the sheet.
func (p *paper) set(x, y, width int, in ink, text string) {
	row := p.cells[y*p.w : (y+1)*p.w]
	if row[x].text == tail && x > 0 {
		row[x-1].text = ""
	}
	if end := x + width; end < len(row) && row[end].text == tail {
		row[end].text = ""
	}
	row[x] = cell{text: text, ink: in}
	if width == 2 {
		row[x+1] = cell{text: tail, ink: in}
	}
}

// area is a rectangle of a paper, with the theme it is drawn in. Coordinates
// are its own; what falls outside is dropped.
type area struct {
	p          *paper
	th         *theme
	x, y, w, h int
}

// sub is a part of the area, cut to it.
func (a area) sub(x, y, w, h int) area {
	x0, y0 := min(max(x, 0), a.w), min(max(y, 0), a.h)
	x1, y1 := min(max(x+w, x0), a.w), min(max(y+h, y0), a.h)
	return area{p: a.p, th: a.th, x: a.x + x0, y: a.y + y0, w: x1 - x0, h: y1 - y0}
}

// line is one row of the area.
func (a area) line(y int) area { return a.sub(0, y, a.w, 1) }

// put writes text from a column on and returns the column after it. Control
// characters are dropped: what providers say must not steer the terminal.
func (a area) put(x, y int, in ink, text string) int {
	if strings.IndexByte(text, '\x1b') >= 0 {
		text = ansi.Strip(text)
	}
	if a.th.ascii {
		text = toASCII(text)
	}
	for len(text) > 0 {
		g, width := text[:1], 1
		if text[0] >= 0x80 || len(text) > 1 && text[1] >= 0x80 {
			g, width = ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
		}
		text = text[len(g):]
		if width == 0 || control(g) {
			continue
		}
		width = min(width, 2)
		if x >= 0 && x+width <= a.w && y >= 0 && y < a.h {
			a.p.set(a.x+x, a.y+y, width, in, g)
		}
		x += width
	}
	return x
}

// control tells whether a grapheme begins with a control character.
func control(g string) bool {
	for _, r := range g {
		return r < 0x20 || r >= 0x7f && r < 0xa0
	}
	return true
}

// text writes at most w columns of text, cut with an ellipsis.
func (a area) text(x, y, w int, in ink, text string) int {
	return a.put(x, y, in, a.th.cut(text, min(w, a.w-x)))
}

// right writes text so that it ends before column x+w.
func (a area) right(x, y, w int, in ink, text string) {
	text = a.th.cut(text, w)
	a.put(x+w-ansi.StringWidth(text), y, in, text)
}

// stamp writes one of the theme's own glyphs, which are one column wide.
// Charts are made of thousands of them, so they are not looked at again.
func (a area) stamp(x, y int, in ink, glyph string) {
	if x >= 0 && x < a.w && y >= 0 && y < a.h {
		a.p.set(a.x+x, a.y+y, 1, in, glyph)
	}
}

// fill repeats one of the theme's own glyphs over w columns.
func (a area) fill(x, y, w int, in ink, glyph string) {
	for i := range max(w, 0) {
		a.stamp(x+i, y, in, glyph)
	}
}

// clear blanks the area, for what lies above other things.
func (a area) clear() {
	for y := range a.h {
		a.fill(0, y, a.w, inkText, " ")
	}
}

// cut shortens text to w columns, with an ellipsis where something is lost.
func (th *theme) cut(text string, w int) string {
	if w <= 0 {
		return ""
	}
	if len(text) <= w || ansi.StringWidth(text) <= w {
		return text
	}
	if w <= len(th.glyph.ellipsis) && th.ascii {
		return ansi.Truncate(text, w, "")
	}
	return ansi.Truncate(text, w, th.glyph.ellipsis)
}

// render writes the sheet out, with one escape sequence for each change of
// ink and none for the blank ends of lines.
func (p *paper) render(th *theme) string {
	var b strings.Builder
	b.Grow(len(p.cells) * 2)
	for y := range p.h {
		if y > 0 {
			b.WriteByte('\n')
		}
		row := p.cells[y*p.w : (y+1)*p.w]
		end := len(row)
		for end > 0 && blank(row[end-1], th) {
			end--
		}
		current := ""
		for _, c := range row[:end] {
			if c.text == tail {
				continue
			}
			if want := th.escape(c.ink); want != current {
				if current != "" {
					b.WriteString(ansi.ResetStyle)
				}
				b.WriteString(want)
				current = want
			}
			if c.text == "" {
				b.WriteByte(' ')
			} else {
				b.WriteString(c.text)
			}
		}
		if current != "" {
			b.WriteString(ansi.ResetStyle)
		}
	}
	return b.String()
}

// blank tells whether a cell shows nothing.
func blank(c cell, th *theme) bool {
	return (c.text == "" || c.text == " ") && !th.backed(c.ink)
}
