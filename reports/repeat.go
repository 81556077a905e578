package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"brownout/harness/score"
)

// Repeats prints several runs side by side, with the mean of the scores and its
// 95 % interval by Student's t where one scenario ran more than once.
func Repeats(w io.Writer, runs []*score.Snapshot, st Style) {
	var rows [][]string
	for _, s := range runs {
		r := []string{s.Plan.Scenario, s.Plan.Target, fmt.Sprint(s.Plan.Seed), string(s.Verdict), "-", percent(s.Requests.Availability()), "-"}
		if s.Score.Scored {
			r[4] = fmt.Sprintf("%.1f", s.Score.Total)
		}
		if len(s.Windows) > 0 {
			r[6] = "never"
			if worst, ok := slowestFailover(s); ok {
				r[6] = fmt.Sprintf("%.2f s", worst)
			}
		}
		rows = append(rows, r)
	}
	fmt.Fprintln(w, "\nAll runs")
	Listing(w, []string{"scenario", "target", "seed", "verdict", "score", "availability", "failover"}, rows, st)
	means(w, runNames(runs), runs, st)
}

// runNames are what runs are put together by: scenario, target, and what was
// set beside the scenario.
func runNames(runs []*score.Snapshot) []string {
	names := make([]string, len(runs))
	for i, s := range runs {
		names[i] = s.Plan.Scenario + " on " + s.Plan.Target
		if o := s.Plan.Overrides; len(o) > 0 {
			names[i] += " (" + strings.Join(o, "; ") + ")"
		}
	}
	return names
}

// repeatFigure is a figure whose mean over several runs is told.
type repeatFigure struct {
	name string
	of   func(*score.Snapshot) (float64, bool)
	text func(float64) string
	most float64
}

func repeatFigures() []repeatFigure {
	return []repeatFigure{
		{"score", func(s *score.Snapshot) (float64, bool) { return s.Score.Total, s.Score.Scored }, func(v float64) string { return fmt.Sprintf("%.1f", v) }, 100},
		{"availability", func(s *score.Snapshot) (float64, bool) { return s.Requests.Availability(), s.Requests.Total > 0 }, percent, 1},
		{"failover", slowestFailover, func(v float64) string { return fmt.Sprintf("%.2f s", v) }, math.Inf(1)},
	}
}

// mean is one figure over several runs; its interval, of 95 % by Student's t,
// is kept within what the figure can be.
type mean struct {
	runs            int // that know it; of one there is no interval
	mean, low, high float64
}

func (f repeatFigure) mean(runs []*score.Snapshot) mean {
	var v []float64
	for _, s := range runs {
		if x, ok := f.of(s); ok {
			v = append(v, x)
		}
	}
	switch len(v) {
	case 0:
		return mean{}
	case 1:
		return mean{runs: 1, mean: v[0], low: v[0], high: v[0]}
	}
	m, half := meanInterval(v)
	return mean{runs: len(v), mean: m, low: max(0, m-half), high: min(f.most, m+half)}
}

// repeated are the runs of one name.
type repeated struct {
	name string
	runs []*score.Snapshot
}

// repeatsOf puts together what ran more than once under one name. Runs that
// never began are nil and left out.
func repeatsOf(names []string, runs []*score.Snapshot) []repeated {
	var all []repeated
	for i, s := range runs {
		if s == nil {
			continue
		}
		at := slices.IndexFunc(all, func(r repeated) bool { return r.name == names[i] })
		if at < 0 {
			at = len(all)
			all = append(all, repeated{name: names[i]})
		}
		all[at].runs = append(all[at].runs, s)
	}
	return slices.DeleteFunc(all, func(r repeated) bool { return len(r.runs) < 2 })
}

// means prints the means of what ran more than once under one name.
func means(w io.Writer, names []string, runs []*score.Snapshot, st Style) {
	if t := meansTable(names, runs); len(t.rows) > 0 {
		fmt.Fprintf(w, "\n%s\n", t.title)
		Listing(w, t.head, t.rows, st)
	}
}

// meansTable gives the means, with their 95 % intervals by Student's t, of what
// ran more than once under one name.
func meansTable(names []string, runs []*score.Snapshot) table {
	t := table{title: "Means over runs, with 95 % intervals (Student's t)", head: []string{"what", "runs"}}
	for _, f := range repeatFigures() {
		t.head = append(t.head, f.name)
	}
	for _, r := range repeatsOf(names, runs) {
		row := []string{r.name, fmt.Sprint(len(r.runs))}
		for _, f := range repeatFigures() {
			m, cell := f.mean(r.runs), "-"
			switch {
			case m.runs > 1:
				cell = fmt.Sprintf("%s (%s to %s)", f.text(m.mean), f.text(m.low), f.text(m.high))
			case m.runs == 1:
				cell = f.text(m.mean)
			}
			if m.runs > 0 && m.runs < len(r.runs) {
				cell += fmt.Sprintf(" of %d", m.runs)
			}
			row = append(row, cell)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// Repeat is what the runs of a scenario that one command made came to together:
// the same target and the same settings, with other seeds.
type Repeat struct {
	Runs         int  `json:"runs"`
	Score        Mean `json:"score"`
	Availability Mean `json:"availability"`
	FailoverS    Mean `json:"time_to_failover_s"` // of each run the longest
}

// Mean is a figure over several runs with its 95 % interval by Student's t.
// What is null is not known: a mean of no run, an interval of one.
type Mean struct {
	Runs int      `json:"runs"` // that know it
	Mean *float64 `json:"mean"`
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
}

// repeat is the means in JSON.
func (r repeated) repeat() *Repeat {
	out := &Repeat{Runs: len(r.runs)}
	figures := repeatFigures()
	for i, to := range []*Mean{&out.Score, &out.Availability, &out.FailoverS} {
		m := figures[i].mean(r.runs)
		*to = Mean{Runs: m.runs, Mean: known(m.runs > 0, m.mean), Low: known(m.runs > 1, m.low), High: known(m.runs > 1, m.high)}
	}
	return out
}

// slowestFailover is the longest time to failover of a run, in seconds; false
// where some window never saw it.
func slowestFailover(s *score.Snapshot) (float64, bool) {
	worst := 0.0
	for _, w := range s.Windows {
		if !w.FailedOver {
			return 0, false
		}
		worst = math.Max(worst, w.TimeToFailover.Seconds())
	}
	return worst, true
}

// meanInterval is the mean of at least two numbers and the half width of its
// 95 % interval by Student's t.
func meanInterval(v []float64) (mean, half float64) {
	for _, x := range v {
		mean += x
	}
	mean /= float64(len(v))
	var ss float64
	for _, x := range v {
		ss += (x - mean) * (x - mean)
	}
	n := float64(len(v))
	return mean, tQuantile(len(v)-1) * math.Sqrt(ss/(n-1)/n)
}

// tQuantile is the 97.5 % quantile of Student's t distribution; beyond the
// table, within 0.5 % by its expansion around the normal quantile (Abramowitz
// and Stegun, 26.7.5).
func tQuantile(df int) float64 {
	table := [...]float64{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228}
	if df <= len(table) {
		return table[df-1]
	}
	const z = 1.959964
	n := float64(df)
	return z + (z*z*z+z)/(4*n) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*n*n)
}
