package reports

import (
	"fmt"
	"io"
	"strings"

	"brownout/harness/score"
)

// overviewTable sets the scores of several scenarios side by side: a row for
// each, and what the variants came to over all.
func overviewTable(ms []Matrix) table {
	t := table{title: "Scores over all scenarios", head: []string{"scenario"}}
	t.head = append(t.head, ms[0].Variants...)
	n := len(ms[0].Variants)
	sum, scored, passed, runs := make([]float64, n), make([]int, n), make([]int, n), make([]int, n)
	for _, m := range ms {
		row := []string{m.Scenario}
		for i := range n {
			c, v := m.Figures[0].Cells[i], m.counts[i]
			cell := "no score"
			if c.Known {
				cell = m.Figures[0].value(c.Mean)
				sum[i] += c.Mean
				scored[i]++
			}
			row = append(row, cell+" "+v.word())
			passed[i] += v.pass
			runs[i] += v.pass + v.fail + v.doubt
		}
		t.rows = append(t.rows, row)
	}
	mean, pass := []string{"mean score"}, []string{"passed"}
	for i := range n {
		text := "-"
		if scored[i] > 0 {
			text = fmt.Sprintf("%.1f of %d", sum[i]/float64(scored[i]), scored[i])
		}
		mean = append(mean, text)
		pass = append(pass, fmt.Sprintf("%d of %d", passed[i], runs[i]))
	}
	t.rows = append(t.rows, mean, pass)
	return t
}

// matrixTables are all tables of a comparison: the overview comes first.
func matrixTables(ms []Matrix) []table {
	var out []table
	if len(ms) > 1 {
		out = append(out, overviewTable(ms))
	}
	for _, m := range ms {
		out = append(out, matrixTable(m), differenceTable(m))
	}
	return out
}

// evidenceOf are the tables of what went wrong.
func evidenceOf(ms []Matrix) []table {
	var out []table
	for _, m := range ms {
		if t := evidenceTable(m, true); len(t.rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// matricesMarkdown writes as many tables as fit a summary.
func matricesMarkdown(w io.Writer, ms []Matrix) error {
	const rest = "More tables do not fit here; the JSON and HTML comparisons have them all.\n"
	var b strings.Builder
	for _, t := range append(matrixTables(ms), evidenceOf(ms)...) {
		text := markdownTable(t)
		if b.Len()+len(text)+len(howToRead)+len(rest) > markdownLimit {
			b.WriteString(rest + "\n")
			break
		}
		b.WriteString(text)
	}
	_, err := io.WriteString(w, b.String()+howToRead+"\n")
	return err
}

// verdictCounts counts the verdicts of a variant's runs.
type verdictCounts struct{ pass, fail, doubt int }

func countVerdicts(runs []*score.Snapshot) (v verdictCounts) {
	for _, s := range runs {
		switch s.Verdict {
		case score.Pass:
			v.pass++
		case score.Fail:
			v.fail++
		default:
			v.doubt++
		}
	}
	return v
}

// String is such as "pass 3, fail 0, inconclusive 0".
func (v verdictCounts) String() string {
	return fmt.Sprintf("pass %d, fail %d, inconclusive %d", v.pass, v.fail, v.doubt)
}

// word is the verdict of all, where they agree.
func (v verdictCounts) word() string {
	switch v.pass + v.fail + v.doubt {
	case 0:
		return "not run"
	case v.pass:
		return "pass"
	case v.fail:
		return "fail"
	case v.doubt:
		return "inconclusive"
	}
	return "(" + v.String() + ")"
}
