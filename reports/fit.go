package reports

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Widths of columns: none is wider than widest, and none is narrower than
// narrowest or than its longest word, up to longest.
const (
	widest    = 60
	narrowest = 9
	longest   = 24
)

// fit gives the columns of a table widths with which it is no wider than width,
// taking from the widest first; false where there is too little room. A width
// of 0 is room for everything.
func fit(head []string, rows [][]string, width int) (widths []int, ok bool) {
	widths = make([]int, len(head))
	least := make([]int, len(head))
	for _, r := range append([][]string{head}, rows...) {
		for i, c := range r {
			c = printable(c)
			widths[i] = max(widths[i], min(text.LongestLineLen(c), widest))
			for _, word := range strings.Fields(c) {
				least[i] = max(least[i], min(text.StringWidthWithoutEscSequences(word), longest))
			}
		}
	}
	if width <= 0 {
		return widths, true
	}
	room := width - 3*len(head) - 1 // a border and two blanks for each column, and the last border
	for _, w := range widths {
		room -= w
	}
	for ; room < 0; room++ {
		most := -1
		for i, w := range widths {
			if w > max(least[i], narrowest) && (most < 0 || w > widths[most]) {
				most = i
			}
		}
		if most < 0 {
			return nil, false
		}
		widths[most]--
	}
	return widths, true
}

// wrapped wraps each line of a text by itself.
func wrapped(s string, width int) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if text.StringWidthWithoutEscSequences(line) > width {
			lines[i] = strings.TrimRight(text.WrapSoft(line, width), " ")
		}
	}
	return strings.Join(lines, "\n")
}

// cards prints a table for terminals that are too narrow for one: each row a
// block, with its first cell as the heading.
func cards(w io.Writer, head []string, rows [][]string, st Style) {
	label := 0
	for _, h := range head[1:] {
		label = max(label, text.StringWidthWithoutEscSequences(h))
	}
	indent := strings.Repeat(" ", 2+label+2)
	for _, r := range rows {
		title := printable(r[0])
		if st.Colour {
			title = text.Bold.Sprint(title)
		}
		fmt.Fprintln(w, title)
		for i, c := range r[1:] {
			if c == "" {
				continue
			}
			lines := strings.Split(wrapped(printable(c), max(st.Width-len(indent), narrowest)), "\n")
			fmt.Fprintf(w, "  %s  %s\n", text.Pad(head[i+1], label, ' '), strings.TrimRight(lines[0], " "))
			for _, line := range lines[1:] {
				fmt.Fprintln(w, strings.TrimRight(indent+line, " "))
			}
		}
	}
}
