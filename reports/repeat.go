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
	names := make([]string, len(runs))
	for i, s := range runs {
		names[i] = s.Plan.Scenario
	}
	spreads(w, names, runs)
}

// spreads prints the mean score of what ran more than once under one name.
func spreads(w io.Writer, names []string, runs []*score.Snapshot) {
	byScenario := make(map[string][]float64)
	var order []string
	for i, s := range runs {
		if s == nil || !s.Score.Scored {
			continue
		}
		if _, ok := byScenario[names[i]]; !ok {
			order = append(order, names[i])
		}
		byScenario[names[i]] = append(byScenario[names[i]], s.Score.Total)
	}
	for _, name := range order {
		if v := byScenario[name]; len(v) > 1 {
			mean, half := meanInterval(v)
			fmt.Fprintf(w, "%s: mean score %.1f, 95 %% interval %.1f to %.1f over %d runs\n",
				name, mean, math.Max(0, mean-half), math.Min(100, mean+half), len(v))
		}
	}
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
