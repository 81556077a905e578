package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"brownout/harness/scorecard"
)

// ScorecardSchema names the shape of a scorecard in JSON.
const ScorecardSchema = "brownout.scorecard/1"

// ScorecardFormats lists the formats of scorecards.
func ScorecardFormats() []string { return []string{"table", "json", "md", "html"} }

// gradeColours are those of a terminal, by the words of grades.
var gradeColours = map[string]text.Colors{
	string(scorecard.Pass):    {text.FgGreen},
	string(scorecard.Partial): {text.FgYellow},
	string(scorecard.Safe):    {text.FgCyan},
	string(scorecard.Unknown): {text.FgMagenta},
	string(scorecard.Fail):    {text.Bold, text.FgRed},
}

// Scorecard prints the matrix, and the evidence of every cell that is no pass.
func Scorecard(w io.Writer, s *scorecard.Sheet, st Style) {
	matrix := scorecardTable(s)
	fmt.Fprintln(w, matrix.title)
	painted(w, matrix.head, matrix.rows, gradeColours, st)
	for _, t := range evidenceTables(s, false) {
		fmt.Fprintf(w, "\n%s\n", t.title)
		painted(w, t.head, t.rows, gradeColours, st)
	}
	for _, c := range s.Cards {
		if c.Error != "" {
			fmt.Fprintf(w, "\n%s has no card: %s\n", c.Target, printable(c.Error))
		}
		for _, f := range c.Findings {
			fmt.Fprintf(w, "\n%s: %s\n", c.Target, printable(f))
		}
	}
	fmt.Fprintln(w)
	for _, g := range scorecard.Grades {
		const beside = 9 // the longest of their words, and two spaces
		means := g.Means()
		if st.Width > 2*beside {
			lines := strings.Split(wrapped(means, st.Width-beside), "\n")
			for i, line := range lines {
				lines[i] = strings.TrimRight(line, " ")
			}
			means = strings.Join(lines, "\n"+strings.Repeat(" ", beside))
		}
		fmt.Fprintf(w, "%-*s%s\n", beside, g, means)
	}
}

// gradeWords says what the grades mean.
func gradeWords() string {
	var words []string
	for _, g := range scorecard.Grades {
		words = append(words, string(g)+": "+g.Means())
	}
	return strings.Join(words, "; ")
}

// scorecardTable is the matrix: a row for each fault, a column for each target.
func scorecardTable(s *scorecard.Sheet) table {
	t := table{title: "Scorecard", head: []string{"fault", "on", "request"}}
	for _, c := range s.Cards {
		t.head = append(t.head, c.Target)
	}
	for i, r := range s.Rows {
		row := []string{r.Name, r.On, r.Request}
		for _, c := range s.Cards {
			if i < len(c.Cells) {
				row = append(row, string(c.Cells[i].Grade))
			} else {
				row = append(row, "-")
			}
		}
		t.rows = append(t.rows, row)
	}
	for _, g := range scorecard.Grades {
		row := []string{"of " + string(g), "", ""}
		some := false
		for _, c := range s.Cards {
			row = append(row, fmt.Sprint(c.Count(g)))
			some = some || c.Count(g) > 0
		}
		if some {
			t.rows = append(t.rows, row)
		}
	}
	took := []string{"seconds", "", ""}
	for _, c := range s.Cards {
		took = append(took, fmt.Sprintf("%.0f", c.TookS))
	}
	t.rows = append(t.rows, took)
	return t
}

// evidenceTables are one for each target: what decided each cell, and the calls
// behind it. All tells whether cells that pass have a row, too, and what is
// wrong with the target as a whole.
func evidenceTables(s *scorecard.Sheet, all bool) []table {
	var out []table
	for _, c := range s.Cards {
		t := table{title: "Evidence: " + c.Target, head: []string{"fault", "grade", "why", "calls"}}
		for _, v := range c.Cells {
			if all || v.Grade != scorecard.Pass {
				t.rows = append(t.rows, []string{v.Fault, string(v.Grade), why(v), v.Waterfall()})
			}
		}
		for _, f := range c.Findings {
			if all {
				t.rows = append(t.rows, []string{"(its process)", "", f, ""})
			}
		}
		if all && c.Error != "" {
			t.rows = append(t.rows, []string{"(all)", "", c.Error, ""})
		}
		if len(t.rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// why is what decided a cell, with the outcomes where there were several.
func why(c scorecard.Cell) string {
	if c.Requests < 2 {
		return c.Why
	}
	o := c.Outcomes
	var parts []string
	for _, p := range []struct {
		n    int
		word string
	}{{o.OK, "ok"}, {o.Degraded, "degraded"}, {o.Failed, "failed"}, {o.Hung, "hung"}, {o.Corrupt, "corrupt"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	return fmt.Sprintf("%s; of %d requests %s, with %d calls", c.Why, c.Requests, strings.Join(parts, ", "), c.CallsAll)
}

// WriteScorecard writes a scorecard in one of ScorecardFormats.
func WriteScorecard(w io.Writer, format string, s *scorecard.Sheet) error {
	switch format {
	case "table":
		Scorecard(w, s, Style{})
		return nil
	case "json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			Schema string `json:"schema"`
			*scorecard.Sheet
		}{ScorecardSchema, s})
	case "md":
		var b strings.Builder
		b.WriteString(markdownTable(scorecardTable(s)))
		for _, t := range evidenceTables(s, true) {
			b.WriteString(markdownTable(t))
		}
		b.WriteString(escapeMarkdown(gradeWords()) + "\n")
		_, err := io.WriteString(w, b.String())
		return err
	case "html":
		matrix, grades := scorecardTable(s), table{title: "What the grades mean", head: []string{"grade", "means"}}
		matrix.title = "Every fault once, without load"
		for _, g := range scorecard.Grades {
			grades.rows = append(grades.rows, []string{string(g), g.Means()})
		}
		p := htmlPage{Title: "Scorecard", Compared: append([]table{matrix, grades}, evidenceTables(s, true)...)}
		return writePage(w, p)
	}
	return fmt.Errorf("unknown format %q of a scorecard; known are %s", format, strings.Join(ScorecardFormats(), ", "))
}
