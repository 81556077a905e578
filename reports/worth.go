package reports

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"brownout/harness/score"
)

// Worth sets a scenario's runs as they are against its runs without one
// mitigation, with the same seeds.
type Worth struct {
	Mitigation string
	Scenario   string
	With       []*score.Snapshot
	Without    []*score.Snapshot
}

// worthFigures is how many of the figures that got worse are told.
const worthFigures = 2

// worthLoss is the least change of a figure worth telling: a fifth.
const worthLoss = 0.2

// worthRow is a Worth in figures.
type worthRow struct {
	Mitigation      string     `json:"mitigation"`
	Scenario        string     `json:"scenario"`
	With            MatrixCell `json:"with"`    // score
	Without         MatrixCell `json:"without"` // score
	WithVerdicts    string     `json:"with_verdicts"`
	WithoutVerdicts string     `json:"without_verdicts"`
	Vetoes          int        `json:"vetoes"` // runs that only without it end in a veto
	Lost            []string   `json:"lost"`   // what got worse without it, most first
}

func newWorthRow(w Worth) worthRow {
	m := NewMatrix(w.Scenario, []Variant{{Label: "with", Runs: w.With}, {Label: "without", Runs: w.Without}})
	return worthRow{
		Mitigation: w.Mitigation, Scenario: w.Scenario,
		With: m.Figures[0].Cells[0], Without: m.Figures[0].Cells[1],
		WithVerdicts: m.Verdicts[0], WithoutVerdicts: m.Verdicts[1],
		Vetoes: max(0, vetoes(w.Without)-vetoes(w.With)),
		Lost:   orEmpty(lost(m)),
	}
}

func vetoes(runs []*score.Snapshot) (n int) {
	for _, s := range runs {
		if s.ViolationCount > 0 {
			n++
		}
	}
	return n
}

// lost tells which figures of a matrix of two are worse in its second variant,
// the greatest loss first. Of shares the loss is that of what is missing to 1:
// 99 % instead of 99.9 % is ten times as many failures.
func lost(m Matrix) []string {
	type loss struct {
		size float64
		text string
	}
	var all []loss
	for _, f := range m.Figures {
		a, b := f.Cells[0], f.Cells[1]
		if f.Unit == "points" || !a.Known {
			continue
		}
		if !b.Known || a.complete() && !b.complete() {
			all = append(all, loss{math.Inf(1), fmt.Sprintf("%s %s → %s", f.Name, f.value(a.Mean), f.Text(1))})
			continue
		}
		from, to := a.Mean, b.Mean
		if f.Unit == "share" {
			from, to = 1-from, 1-to
		}
		least := smallest[f.Unit]
		size := math.Log(max(to, least)/max(from, least)) / math.Log(1+worthLoss)
		if size < 1 {
			continue
		}
		all = append(all, loss{size, fmt.Sprintf("%s %s → %s", f.Name, f.value(a.Mean), f.value(b.Mean))})
	}
	slices.SortStableFunc(all, func(a, b loss) int { return cmp.Compare(b.size, a.size) })
	var out []string
	for _, l := range all[:min(len(all), worthFigures)] {
		out = append(out, l.text)
	}
	return out
}

// smallest is the least of a unit that counts as a difference: below it both
// are as good as none.
var smallest = map[string]float64{"share": 0.001, "s": 0.02, "USD": 1e-5, "": 0.5}

func worthTable(ws []Worth) table {
	t := table{title: "What each mitigation is worth", head: []string{"mitigation", "scenario", "with", "without", "worth", "without it"}}
	for _, w := range ws {
		r := newWorthRow(w)
		t.rows = append(t.rows, []string{
			r.Mitigation, r.Scenario, scoreWords(r.With, w.With), scoreWords(r.Without, w.Without), r.worth(),
			strings.Join(r.Lost, "; "),
		})
	}
	return t
}

// worth is the difference in points, and after it the vetoes that it spares:
// what breaks a rule may well score higher.
func (r worthRow) worth() string {
	switch {
	case !r.With.Known || !r.Without.Known:
		return "not known"
	case r.Vetoes > 0:
		return fmt.Sprintf("%+.1f, spares a veto", r.With.Mean-r.Without.Mean)
	}
	return fmt.Sprintf("%+.1f", r.With.Mean-r.Without.Mean)
}

// scoreWords is a score with the verdict, or the verdicts where they differ.
func scoreWords(c MatrixCell, runs []*score.Snapshot) string {
	if !c.Known {
		return "not measured"
	}
	verdict := ""
	for _, s := range runs {
		switch v := string(s.Verdict); {
		case verdict == "":
			verdict = v
		case verdict != v:
			verdict = "mixed"
		}
	}
	return fmt.Sprintf("%.1f %s", c.Mean, verdict)
}

// Worths prints what mitigations are worth.
func Worths(w io.Writer, ws []Worth, st Style) {
	t := worthTable(ws)
	if st.ASCII {
		for _, r := range t.rows {
			for i := range r {
				r[i] = strings.ReplaceAll(r[i], "→", "->")
			}
		}
	}
	fmt.Fprintf(w, "\n%s\n", t.title)
	Listing(w, t.head, t.rows, st)
}

// WriteWorths writes what mitigations are worth in one of MatrixFormats.
func WriteWorths(w io.Writer, format string, ws []Worth) error {
	switch format {
	case "json":
		rows := []worthRow{}
		for _, x := range ws {
			rows = append(rows, newWorthRow(x))
		}
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"schema": "brownout.worth/1", "worth": rows})
	case "md":
		_, err := io.WriteString(w, markdownTable(worthTable(ws)))
		return err
	case "html":
		t := worthTable(ws)
		return writePage(w, htmlPage{Title: t.title, Compared: []table{t}})
	}
	return unknownMatrixFormat(format)
}

func unknownMatrixFormat(format string) error {
	return fmt.Errorf("unknown format %q for a comparison; known are %s", format, strings.Join(MatrixFormats(), ", "))
}
