package reports

import (
	"fmt"
	"io"
	"math"

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

// runNames are what runs are put together by: scenario and target.
func runNames(runs []*score.Snapshot) []string {
	names := make([]string, len(runs))
	for i, s := range runs {
		names[i] = s.Plan.Scenario + " on " + s.Plan.Target
	}
	return names
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
	figures := []struct {
		name string
		of   func(*score.Snapshot) (float64, bool)
		text func(float64) string
		most float64
	}{
		{"score", func(s *score.Snapshot) (float64, bool) { return s.Score.Total, s.Score.Scored }, func(v float64) string { return fmt.Sprintf("%.1f", v) }, 100},
		{"availability", func(s *score.Snapshot) (float64, bool) { return s.Requests.Availability(), s.Requests.Total > 0 }, percent, 1},
		{"failover", slowestFailover, func(v float64) string { return fmt.Sprintf("%.2f s", v) }, math.Inf(1)},
	}
	t := table{title: "Means over runs, with 95 % intervals (Student's t)", head: []string{"what", "runs"}}
	for _, f := range figures {
		t.head = append(t.head, f.name)
	}
	byName := map[string][]*score.Snapshot{}
	var order []string
	for i, s := range runs {
		if s == nil {
			continue
		}
		if len(byName[names[i]]) == 0 {
			order = append(order, names[i])
		}
		byName[names[i]] = append(byName[names[i]], s)
	}
	for _, name := range order {
		of := byName[name]
		if len(of) < 2 {
			continue
		}
		row := []string{name, fmt.Sprint(len(of))}
		for _, f := range figures {
			var v []float64
			for _, s := range of {
				if x, ok := f.of(s); ok {
					v = append(v, x)
				}
			}
			cell := "-"
			switch len(v) {
			case 0:
			case 1:
				cell = f.text(v[0])
			default:
				mean, half := meanInterval(v)
				cell = fmt.Sprintf("%s (%s to %s)", f.text(mean), f.text(max(0, mean-half)), f.text(min(f.most, mean+half)))
			}
			if n := len(v); n > 0 && n < len(of) {
				cell += fmt.Sprintf(" of %d", n)
			}
			row = append(row, cell)
		}
		t.rows = append(t.rows, row)
	}
	return t
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
