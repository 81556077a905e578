package reports

import (
	"fmt"
	"io"
	"strings"
	"time"

	"brownout/harness/score"
	"brownout/plan"
)

// SuiteRun is what came of one run of several.
type SuiteRun struct {
	Name     string // of the scenario, with what was changed in it
	Plan     *plan.Plan
	Snapshot *score.Snapshot   // nil: it never began
	Before   []*score.Snapshot // of the same run, where it was asked for more than once
	Dir      string            // where it is kept; "": it is not
	Err      error             // of the machine, or of an interrupt
	Took     time.Duration     // on the wall; 0: it never began
}

// Words for runs without a verdict of their own.
const (
	neverBegan  = "NOT RUN"
	interrupted = "INTERRUPTED"
	environment = "ENVIRONMENT"
)

// word is the run's verdict in a table.
func (r SuiteRun) word(st Style) string {
	switch {
	case r.Took == 0:
		return neverBegan
	case r.Snapshot != nil && r.Snapshot.Interrupted:
		return interrupted
	case r.Err != nil || r.Snapshot == nil:
		return environment
	}
	return st.verdict(r.Snapshot.Verdict)
}

func (r SuiteRun) score() string {
	s := r.Snapshot
	switch {
	case s == nil || !s.Score.Scored:
		return "-"
	case len(s.Windows) > 1:
		return fmt.Sprintf("%.1f (worst %.1f)", s.Score.Total, s.Score.Worst)
	}
	return fmt.Sprintf("%.1f", s.Score.Total)
}

// reasons is at most three of the run's reasons, one a line.
func (r SuiteRun) reasons() string {
	var all []string
	if r.Err != nil {
		all = append(all, strings.ReplaceAll(r.Err.Error(), "\n", "; "))
	}
	for _, s := range r.Before {
		all = append(all, fmt.Sprintf("asked before: %s, score %.1f", s.Verdict, s.Score.Total))
	}
	if r.Snapshot != nil {
		all = append(all, r.Snapshot.Reasons...)
	}
	const most = 3
	if len(all) > most {
		all = append(all[:most:most], fmt.Sprintf("and %d more", len(all)-most))
	}
	return strings.Join(all, "\n")
}

func (r SuiteRun) took() string {
	if r.Took == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f s", r.Took.Seconds())
}

// SuiteLine is one finished run in one line.
func SuiteLine(r SuiteRun, st Style) string {
	return fmt.Sprintf("%s  %s  %s  %s", r.word(st), printable(r.Name), r.score(), r.took())
}

// Suite prints several runs as one table, with what they came to, and took,
// together.
func Suite(w io.Writer, runs []SuiteRun, took time.Duration, st Style) {
	var rows [][]string
	counts := map[string]int{}
	var order []string
	for _, r := range runs {
		rows = append(rows, []string{
			r.Name, r.Plan.Target, fmt.Sprint(r.Plan.Seed), r.score(), r.word(Style{}), r.took(), r.reasons(),
		})
		word := strings.ToLower(r.word(Style{}))
		if counts[word]++; counts[word] == 1 {
			order = append(order, word)
		}
	}
	fmt.Fprintln(w, "\nAll runs")
	Listing(w, []string{"scenario", "target", "seed", "score", "verdict", "time", "reasons"}, rows, st)
	names, snaps := make([]string, len(runs)), make([]*score.Snapshot, len(runs))
	for i, r := range runs {
		names[i], snaps[i] = r.Name+" on "+r.Plan.Target, r.Snapshot
	}
	means(w, names, snaps, st)
	bites(w, snaps, st)
	parts := make([]string, len(order))
	for i, word := range order {
		parts[i] = fmt.Sprintf("%d %s", counts[word], word)
	}
	fmt.Fprintf(w, "%d runs in %s: %s\n", len(runs), took.Round(100*time.Millisecond), strings.Join(parts, ", "))
}
