package reports

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"brownout/harness/score"
)

// Variant is one of the things that are compared, with its runs.
type Variant struct {
	Label string
	Runs  []*score.Snapshot
}

// Matrix sets variants side by side. Every figure is a mean over the runs of a
// variant, with its 95 % interval: by Student's t over several runs, and of one
// run the score's own bootstrap interval.
type Matrix struct {
	Scenario string         `json:"scenario"`
	Figures  []MatrixFigure `json:"figures"`
	Variants []string       `json:"variants"`
	Verdicts []string       `json:"verdicts"`     // by variant, such as "pass 3, fail 0, inconclusive 0"
	Lost     []string       `json:"lost_most_by"` // by variant, such as "recovery (4.0 %), latency (63.0 %)": parts of the score, and how much of their promise was kept; empty: it lost nothing to speak of
	Evidence []Evidence     `json:"evidence"`     // by variant

	counts []verdictCounts
}

// MatrixFigure is one figure of every variant.
type MatrixFigure struct {
	Name  string       `json:"name"`
	Unit  string       `json:"unit"`
	More  bool         `json:"more_is_better"`
	Cells []MatrixCell `json:"cells"` // by variant
}

// MatrixCell is a figure of one variant.
type MatrixCell struct {
	Known bool    `json:"known"`
	Runs  int     `json:"runs"` // that know it
	Of    int     `json:"of"`   // runs of the variant
	Mean  float64 `json:"mean"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Best  bool    `json:"best"`
	Worst bool    `json:"worst"`
	// LikeBest tells that the interval of the difference from the best holds 0:
	// it is not distinguishable from chance.
	LikeBest bool        `json:"not_distinguishable_from_best"`
	FromBest *Difference `json:"difference_from_best"` // null: of the best itself, or unknown

	bySeed map[uint64]float64
}

// compareFigure is a figure of a run that is compared.
type compareFigure struct {
	name, unit string
	more       bool
	of         func(*score.Snapshot) (float64, bool)
	interval   func(*score.Snapshot) (low, high float64) // of one run; nil: one run has none
}

// timeToFailover is the figure that some runs do not have because it never came.
const timeToFailover = "time to failover"

var compared = []compareFigure{
	{"score", "points", true, func(s *score.Snapshot) (float64, bool) { return s.Score.Total, s.Score.Scored }, func(s *score.Snapshot) (low, high float64) {
		return s.Score.Low, s.Score.High
	}},
	{"worst window", "points", true, func(s *score.Snapshot) (float64, bool) { return s.Score.Worst, s.Score.Scored }, nil},
	{"availability", "share", true, func(s *score.Snapshot) (float64, bool) { return s.Requests.Availability(), s.Requests.Total > 0 }, func(s *score.Snapshot) (low, high float64) {
		return score.Wilson(s.Requests.Value, s.Requests.Total)
	}},
	{"integrity", "share", true, func(s *score.Snapshot) (float64, bool) { return s.Requests.Integrity(), s.Requests.Total > 0 }, func(s *score.Snapshot) (low, high float64) {
		return score.Wilson(float64(s.Requests.Total-s.Requests.Corrupt), s.Requests.Total)
	}},
	{timeToFailover, "s", false, slowestFailover, nil},
	{"p95 under fault", "s", false, slowestP95, nil},
	{"calls per request", "", false, func(s *score.Snapshot) (float64, bool) {
		var calls uint64
		for _, l := range s.Providers {
			calls += l.Calls
		}
		return float64(calls) / float64(max(1, s.Requests.Total)), s.Requests.Total > 0
	}, nil},
	{"cost of a good answer", "USD", false, func(s *score.Snapshot) (float64, bool) {
		usd := 0.0
		for _, l := range s.Providers {
			usd += l.CostUSD
		}
		good := s.Requests.OK + s.Requests.Degraded
		return usd / float64(max(1, good)), good > 0
	}, nil},
	{"wasted", "USD", false, func(s *score.Snapshot) (float64, bool) { return s.Tracing.WastedUSD, true }, nil},
	{"violations", "", false, func(s *score.Snapshot) (float64, bool) { return float64(s.ViolationCount), true }, nil},
}

// slowestP95 is the greatest p95 of what users waited while a fault lasted, in
// seconds. Requests without an answer count with their deadline, so that nobody
// looks fast by failing fast.
func slowestP95(s *score.Snapshot) (worst float64, ok bool) {
	for _, w := range s.Windows {
		worst = max(worst, w.WaitP95.Seconds())
	}
	return worst, worst > 0
}

// NewMatrix computes the matrix of one scenario.
func NewMatrix(scenario string, variants []Variant) Matrix {
	m := Matrix{Scenario: scenario}
	for _, v := range variants {
		m.Variants = append(m.Variants, v.Label)
		counts := countVerdicts(v.Runs)
		m.counts = append(m.counts, counts)
		m.Verdicts = append(m.Verdicts, counts.String())
		m.Lost = append(m.Lost, lostMostBy(v.Runs))
		m.Evidence = append(m.Evidence, evidence(v))
	}
	for _, c := range compared {
		f := MatrixFigure{Name: c.name, Unit: c.unit, More: c.more}
		for _, v := range variants {
			f.Cells = append(f.Cells, c.cell(v.Runs))
		}
		f.mark()
		m.Figures = append(m.Figures, f)
	}
	return m
}

// cell is the figure of a variant.
func (c compareFigure) cell(runs []*score.Snapshot) MatrixCell {
	var values []float64
	var of *score.Snapshot
	bySeed := map[uint64]float64{}
	for _, s := range runs {
		if x, ok := c.of(s); ok && !math.IsNaN(x) && !math.IsInf(x, 0) {
			values, of = append(values, x), s
			bySeed[s.Plan.Seed] = x
		}
	}
	out := cellOf(values)
	out.Runs, out.Of, out.bySeed = len(values), len(runs), bySeed
	if len(values) == 1 && c.interval != nil { // a run knows some intervals by itself
		out.Low, out.High = c.interval(of)
	}
	return out
}

func cellOf(values []float64) MatrixCell {
	switch len(values) {
	case 0:
		return MatrixCell{}
	case 1:
		return MatrixCell{Known: true, Mean: values[0], Low: values[0], High: values[0]}
	}
	mean, half := meanInterval(values)
	return MatrixCell{Known: true, Mean: mean, Low: mean - half, High: mean + half}
}

// complete tells whether every run of the variant knows the figure. The mean of
// those that do would flatter a variant that never failed over in the others.
func (c MatrixCell) complete() bool { return c.Known && c.Runs == c.Of }

// mark finds the best and the worst of the variants of which every run knows
// the figure, and those that cannot be told from the best. Where all read the same
// there is neither, and those that read like the worst are the worst, too.
func (f *MatrixFigure) mark() {
	best, worst := -1, -1
	better := func(a, b float64) bool {
		if f.More {
			return a > b
		}
		return a < b
	}
	for i, c := range f.Cells {
		if !c.complete() {
			continue
		}
		if best < 0 || better(c.Mean, f.Cells[best].Mean) {
			best = i
		}
		if worst < 0 || better(f.Cells[worst].Mean, c.Mean) {
			worst = i
		}
	}
	if best < 0 || f.value(f.Cells[best].Mean) == f.value(f.Cells[worst].Mean) {
		return
	}
	b, lowest := f.Cells[best], f.value(f.Cells[worst].Mean)
	f.Cells[best].Best = true
	for i := range f.Cells {
		c := &f.Cells[i]
		c.Worst = c.complete() && f.value(c.Mean) == lowest
		if i != best && c.complete() {
			c.FromBest = difference(*c, b)
			c.LikeBest = c.FromBest.holdsZero()
		}
	}
}

// matrixTable arranges a matrix: a row for each variant.
func matrixTable(m Matrix) table {
	t := table{title: m.Scenario, head: []string{"variant", "verdicts"}}
	for _, f := range m.Figures {
		t.head = append(t.head, f.Name)
	}
	t.head = append(t.head, lostHead)
	for i, v := range m.Variants {
		row := []string{v, m.Verdicts[i]}
		for _, f := range m.Figures {
			row = append(row, f.text(i))
		}
		row = append(row, cmp.Or(m.Lost[i], "-"))
		t.rows = append(t.rows, row)
	}
	return t
}

// Text is a cell for people, without its mark.
func (f MatrixFigure) Text(i int) string {
	c := f.Cells[i]
	if !c.Known {
		return f.missing()
	}
	s := f.value(c.Mean)
	if c.High > c.Low {
		s += fmt.Sprintf(" (%s to %s)", f.value(c.Low), f.value(c.High))
	}
	if !c.complete() {
		s += fmt.Sprintf(" in %d of %d", c.Runs, c.Of)
	}
	return s
}

// missing says of a figure that no run of a variant has it.
func (f MatrixFigure) missing() string {
	if f.Name == timeToFailover {
		return "never"
	}
	return "unknown"
}

// text is a cell for people, with its mark in words.
func (f MatrixFigure) text(i int) string {
	s, c := f.Text(i), f.Cells[i]
	switch {
	case c.Best:
		s += " best"
	case c.LikeBest:
		s += " ≈ best"
	case c.Worst:
		s += " worst"
	}
	return s
}

func (f MatrixFigure) value(v float64) string {
	switch f.Unit {
	case "points":
		return fmt.Sprintf("%.1f", v)
	case "share":
		return percent(v)
	case "s":
		return fmt.Sprintf("%.2f s", v)
	case "USD":
		return dollars(v)
	}
	return fmt.Sprintf("%.3g", v)
}

// Matrices prints matrices, and an overview where there are several.
func Matrices(w io.Writer, ms []Matrix, st Style) {
	told := len(ms) <= evidentInText
	for _, m := range ms {
		if t := evidenceTable(m, false); told && len(t.rows) > 0 {
			fmt.Fprintf(w, "\n%s\n", t.title)
			Listing(w, t.head, t.rows, st)
		}
		for _, t := range []table{matrixTable(m), differenceTable(m)} {
			if len(t.rows) == 0 {
				continue
			}
			fmt.Fprintf(w, "\n%s\n", t.title)
			// Many columns and few rows: a terminal is higher than it is wide.
			head, rows := turned(t)
			if st.ASCII {
				for _, r := range rows {
					for i := range r {
						r[i] = asciiOnly(r[i])
					}
				}
			}
			Listing(w, head, rows, st)
		}
	}
	if len(ms) > 1 {
		t := overviewTable(ms)
		fmt.Fprintf(w, "\n%s\n", t.title)
		Listing(w, t.head, t.rows, st)
	}
	if !told {
		fmt.Fprintln(w, "What went wrong at each is in the comparison's HTML and JSON (--report html=PATH).")
	}
	fmt.Fprintln(w, howToRead)
}

// howToRead explains the tables.
const howToRead = "Best and worst are marked; what is not distinguishable from the best with 95 % confidence is like best. " +
	"One run gives intervals of its score, availability and integrity; --repeat N gives them to every figure, and takes differences seed by seed."

// turned makes columns of rows.
func turned(t table) (head []string, rows [][]string) {
	head = []string{"figure"}
	for _, r := range t.rows {
		head = append(head, r[0])
	}
	for i := 1; i < len(t.head); i++ {
		row := []string{t.head[i]}
		for _, r := range t.rows {
			row = append(row, r[i])
		}
		rows = append(rows, row)
	}
	return head, rows
}

func asciiOnly(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if r == '≈' {
			out = append(out, []rune("like")...)
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

// MatrixFormats lists the formats of comparisons.
func MatrixFormats() []string { return []string{"json", "md", "html"} }

// WriteMatrices writes comparisons in one of MatrixFormats.
func WriteMatrices(w io.Writer, format string, ms []Matrix) error {
	switch format {
	case "json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"schema": "brownout.compare/1", "matrices": ms})
	case "md":
		return matricesMarkdown(w, ms)
	case "html":
		return matricesHTML(w, ms)
	}
	return unknownMatrixFormat(format)
}
