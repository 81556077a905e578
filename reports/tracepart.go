package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"brownout/harness/score"
)

// TracePart prints what one part of the score was computed from, window by
// window.
func TracePart(w io.Writer, s *score.Snapshot, part string, st Style) error {
	i := slices.Index(score.PartNames, part)
	if i < 0 {
		return fmt.Errorf("no part of the score is named %q; the parts are %s", part, strings.Join(score.PartNames, ", "))
	}
	var rows [][]string
	for _, v := range s.Windows {
		p := v.Parts[i]
		row := []string{v.Fault, "unknown", "", "", percent(p.Weight), p.Note}
		if p.Known {
			row[1], row[2], row[3] = fmt.Sprintf("%.4f", p.Value), figure(p.Attained, p.Unit), figure(p.Promised, p.Unit)
		}
		rows = append(rows, row)
	}
	fmt.Fprintf(w, "%s, by fault window; the run's value is their geometric mean\n", part)
	Listing(w, []string{"fault", "value", "attained", "promised", "weight", "how"}, rows, st)
	rows = nil
	for _, v := range s.Windows {
		for _, t := range []struct {
			what string
			t    score.Tally
		}{{"while it lasted", v.During}, {"under way when it struck", v.Caught}, {"in the recovery horizon", v.After}} {
			rows = append(rows, []string{
				v.Fault, t.what, fmt.Sprint(t.t.Total), fmt.Sprint(t.t.OK), fmt.Sprint(t.t.Degraded), fmt.Sprint(t.t.Failed),
				fmt.Sprint(t.t.Hung), fmt.Sprint(t.t.Corrupt), fmt.Sprintf("%.4f", t.t.Value),
			})
		}
	}
	fmt.Fprintln(w, "\nthe requests that count")
	Listing(w, []string{"fault", "when", "requests", "ok", "degraded", "failed", "hung", "corrupt", "worth"}, rows, st)
	y := s.Steady
	fmt.Fprintf(w, "\nsteady state: %d requests, availability %s, p95 %s, %.3f calls per request, %s per good answer\n",
		y.Requests, percent(y.Availability), milliseconds(y.LatencyP95), y.CallsPerRequest, dollars(y.CostPerGood))
	return nil
}
