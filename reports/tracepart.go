package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"brownout/harness/score"
)

// traceScore is the word that traces the score itself.
const traceScore = "score"

// Traceable lists what Trace knows: the score, and each of its parts.
func Traceable() []string { return append([]string{traceScore}, score.PartNames...) }

// Trace prints what the score of a run, or one part of it, was computed from,
// window by window, so that the sums can be done again by hand.
func Trace(w io.Writer, s *score.Snapshot, in []score.Inputs, what string, st Style) error {
	i := slices.Index(score.PartNames, what)
	switch {
	case what == traceScore:
		traceTotal(w, s, st)
		return nil
	case i < 0:
		return fmt.Errorf("no part of the score is named %q; known are %s", what, strings.Join(Traceable(), ", "))
	}
	var rows [][]string
	for _, v := range s.Windows {
		p := v.Parts[i]
		row := []string{v.Fault, "unknown", "", "", percent(p.Weight), sum(p), p.Note}
		if p.Known {
			row[1], row[2], row[3] = fmt.Sprintf("%.4f", p.Value), figure(p.Attained, p.Unit), figure(p.Promised, p.Unit)
		}
		rows = append(rows, row)
	}
	fmt.Fprintf(w, "%s, by fault window; the run's value is their geometric mean\n", what)
	Listing(w, []string{"fault", "value", "attained", "promised", "weight", "sum", "how"}, rows, st)
	for _, n := range in {
		at := slices.IndexFunc(s.Windows, func(v score.Window) bool { return v.Fault == n.Fault })
		if at < 0 {
			continue
		}
		title, head, rows := traceOf[what](s.Windows[at], n)
		if len(rows) > 0 {
			fmt.Fprintf(w, "\n%s: %s\n", n.Fault, title)
			Listing(w, head, rows, st)
		}
	}
	y := s.Steady
	fmt.Fprintf(w, "\nsteady state: %d requests, availability %s, p95 %s, %.3f calls per request, %s per good answer\n",
		y.Requests, percent(y.Availability), milliseconds(y.LatencyP95), y.CallsPerRequest, dollars(y.CostPerGood))
	return nil
}

// sum is how a part's value comes from attained and promised.
func sum(p score.Part) string {
	switch {
	case !p.Known:
		return ""
	case p.Value == 0:
		return "lost"
	case p.Unit == score.UnitShare:
		return fmt.Sprintf("min(1, %s nines / %.2f nines)", ninesText(p.Attained), score.Nines(p.Promised))
	case p.Attained == 0:
		return "0 attains any promise"
	}
	return fmt.Sprintf("min(1, %.4g / %.4g)", p.Promised, p.Attained)
}

func ninesText(share float64) string {
	if n := score.Nines(share); !math.IsInf(n, 1) {
		return fmt.Sprintf("%.2f", n)
	}
	return "all"
}

// traceTotal prints how the parts of each window make its score, and the
// windows that of the run.
func traceTotal(w io.Writer, s *score.Snapshot, st Style) {
	head := []string{"fault"}
	for i, name := range score.PartNames {
		head = append(head, fmt.Sprintf("%s (%s)", name, percent(s.Score.Parts[i].Weight)))
	}
	var rows [][]string
	for _, v := range s.Windows {
		row := []string{v.Fault}
		for _, p := range v.Parts {
			cell := "unknown"
			if p.Known {
				cell = fmt.Sprintf("%.4f", max(score.PartFloor, p.Value))
			}
			row = append(row, cell)
		}
		total := "none"
		if v.Scored {
			total = fmt.Sprintf("%.2f", v.Score)
		}
		rows = append(rows, append(row, total))
	}
	fmt.Fprintf(w, `A window's score is 100 x the product of its parts, each to the power of its
weight over the weights of the known parts; a part counts as at least %g.

`, score.PartFloor)
	Listing(w, append(head, "score"), rows, st)
	if !s.Score.Scored {
		fmt.Fprintln(w, "\nno window has a score")
		return
	}
	fmt.Fprintf(w, "\nscore of the run, the geometric mean over its windows: %.2f (formula %d)\n", s.Score.Total, score.Version)
	fmt.Fprintf(w, "95 %% interval, by a bootstrap over blocks of a second:  %.2f to %.2f, %.2f wide\n", s.Score.Low, s.Score.High, s.Score.High-s.Score.Low)
	if len(s.Windows) > 1 {
		fmt.Fprintf(w, "worst window:                                          %.2f\n", s.Score.Worst)
	}
}

// traceOf gives the table of what a part was computed from in one window.
// Adding a part is adding its line.
var traceOf = map[string]func(score.Window, score.Inputs) (title string, head []string, rows [][]string){
	"availability": traceOutcomes, "integrity": traceOutcomes,
	"failover": traceFailover, "latency": traceLatency, "recovery": traceRecovery,
	"efficiency": traceCalls, "cost": traceCost,
}

func traceOutcomes(v score.Window, _ score.Inputs) (title string, head []string, rows [][]string) {
	for _, t := range []struct {
		what string
		t    score.Tally
	}{{"while it lasted", v.During}, {"under way when it struck", v.Caught}, {"in the recovery horizon", v.After}} {
		rows = append(rows, []string{
			t.what, fmt.Sprint(t.t.Total), fmt.Sprint(t.t.OK), fmt.Sprint(t.t.Degraded), fmt.Sprint(t.t.Failed),
			fmt.Sprint(t.t.Hung), fmt.Sprint(t.t.Corrupt), fmt.Sprintf("%.4f", t.t.Value), percent(t.t.Availability()), percent(t.t.Integrity()),
		})
	}
	return "the requests that count", []string{"when", "requests", "ok", "degraded", "failed", "hung", "corrupt", "worth", "availability", "integrity"}, rows
}

// traceRows is how many moments are shown one by one.
const traceRows = 80

func traceFailover(_ score.Window, in score.Inputs) (title string, head []string, rows [][]string) {
	for _, f := range in.Failover {
		back := ""
		if f.Back {
			back = "back"
		}
		rows = append(rows, []string{
			seconds(f.At), fmt.Sprint(f.Slice.Total), fmt.Sprintf("%.2f", f.Slice.Value), worth(f.Ahead), worth(f.Rest), back,
		})
		if f.Back {
			break // what comes later is in the rest
		}
	}
	title = fmt.Sprintf("moments since the injection; the first counts at which the next %s and the rest of the fault are at the slo", score.FailoverSpan)
	return title, []string{"at", "requests", "worth", "next " + score.FailoverSpan.String(), "rest", ""}, latest(rows)
}

func traceRecovery(_ score.Window, in score.Inputs) (title string, head []string, rows [][]string) {
	for _, r := range in.Recovery {
		back := ""
		if r.Back {
			back = "back"
		}
		rows = append(rows, []string{
			seconds(r.At), fmt.Sprint(r.Tally.Total), worth(r.Tally), fmt.Sprintf("%.3f", r.Distance), fmt.Sprintf("%.2f x", r.Relative), fmt.Sprintf("%.2f x", r.CostFactor), back,
		})
	}
	title = fmt.Sprintf("spans of %s since the clearance; the first counts that is at the slo, with shares at most %g apart from steady state, p95 at most %g x and cost at most %g x",
		score.RecoverySpan, score.ShareTolerance, score.LatencyTolerance, score.CostTolerance)
	return title, []string{"from", "requests", "outcome", "shares apart", "p95", "cost", ""}, latest(rows)
}

// latest keeps the last rows of too many.
func latest(rows [][]string) [][]string {
	if len(rows) <= traceRows {
		return rows
	}
	left := make([]string, len(rows[0]))
	left[0] = fmt.Sprintf("after %d more", len(rows)-traceRows)
	return append([][]string{left}, rows[len(rows)-traceRows:]...)
}

func worth(t score.Tally) string {
	if t.Total == 0 {
		return "nobody asked"
	}
	return fmt.Sprintf("%.2f %%", 100*t.Availability())
}

func traceLatency(_ score.Window, in score.Inputs) (title string, head []string, rows [][]string) {
	for _, k := range in.Kinds {
		rows = append(rows, []string{k.Request, fmt.Sprint(k.Answers), milliseconds(k.Steady), k.Deadline.Round(time.Millisecond).String()})
	}
	title = fmt.Sprintf("%d requests while it lasted, each over the steady p95 of its kind and without an answer with its deadline: p95 %.3f x", in.Compared, in.Relative)
	return title, []string{"kind", "answers in steady state", "their p95", "deadline"}, rows
}

func traceCalls(v score.Window, in score.Inputs) (title string, head []string, rows [][]string) {
	return "calls that arrived while it lasted", []string{"calls", "of them before a stated retry-after", "requests", "(calls + early) / requests"},
		[][]string{{fmt.Sprint(in.Calls), fmt.Sprint(in.Early), fmt.Sprint(v.During.Total), fmt.Sprintf("%.4f", v.CallsPerRequest)}}
}

func traceCost(v score.Window, in score.Inputs) (title string, head []string, rows [][]string) {
	return "what calls were billed while it lasted", []string{"billed", "good answers", "for one", "in steady state"},
		[][]string{{dollars(in.BilledUSD), fmt.Sprint(in.Good), fmt.Sprintf("$%.6f", v.CostPerGood), fmt.Sprintf("$%.6f", in.SteadyUSD)}}
}
