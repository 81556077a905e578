package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"brownout/harness/score"
)

// table is a titled grid of text, the same for the terminal and Markdown.
type table struct {
	title string
	head  []string
	rows  [][]string
}

// tables arranges a run for people.
func tables(s *score.Snapshot) []table {
	return []table{scoreTable(s), windowTable(s), actTable(s), outcomeTable(s), tracingTable(s), providerTable(s), expectationTable(s), targetTable(s), instrumentTable(s)}
}

func scoreTable(s *score.Snapshot) table {
	t := table{title: "Score", head: []string{"part", "score", "weight", "attained", "promised", "how"}}
	for i, p := range s.Score.Parts {
		row := []string{score.PartNames[i], "unknown", percent(p.Weight), "", "", p.Note}
		one := score.Part{}
		if len(s.Windows) == 1 { // of several windows a part is a mean, and has no single pair of figures
			one = s.Windows[0].Parts[i]
			row[5] = one.Note
		}
		if p.Known {
			row[1] = percent(p.Value)
			if len(s.Windows) == 1 {
				row[3], row[4] = figure(one.Attained, one.Unit), figure(one.Promised, one.Unit)
			}
		}
		t.rows = append(t.rows, row)
	}
	total := "no window could be scored"
	if s.Score.Scored {
		total = fmt.Sprintf("%.1f of 100", s.Score.Total)
		if s.Score.High > s.Score.Low {
			total += fmt.Sprintf(" (95 %% interval %.1f to %.1f)", s.Score.Low, s.Score.High)
		}
		if len(s.Windows) > 1 {
			total += fmt.Sprintf(", worst window %.1f", s.Score.Worst)
		}
	}
	t.title += ": " + total
	return t
}

func windowTable(s *score.Snapshot) table {
	t := table{title: "Fault windows", head: []string{"fault", "on", "from", "to", "score", "availability", "failover", "recovery", "p95 of answers", "calls/request", "calls touched"}}
	for _, w := range s.Windows {
		row := []string{
			w.Fault, strings.Join(w.On, ", "), moment(w.Injected), moment(w.Cleared), "-",
			percent(w.Availability), came(w, "failover", w.FailedOver, w.TimeToFailover), came(w, "recovery", w.Recovered, w.TimeToRecover), milliseconds(w.LatencyP95),
			fmt.Sprintf("%.2f", w.CallsPerRequest), fmt.Sprint(w.Touched),
		}
		if w.Scored {
			row[4] = fmt.Sprintf("%.1f", w.Score)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// moment is a time of the run; a fault that was not injected has none.
func moment(at time.Duration) string {
	if at == 0 {
		return "-"
	}
	return seconds(at)
}

// came tells when something was back. It is only never where the part that
// judges it knows.
func came(w score.Window, part string, ok bool, after time.Duration) string {
	switch {
	case ok:
		return seconds(after)
	case knows(w, part):
		return "never"
	}
	return "unknown"
}

func knows(w score.Window, part string) bool {
	return w.Parts[slices.Index(score.PartNames, part)].Known
}

func outcomeTable(s *score.Snapshot) table {
	t := table{title: "Requests", head: []string{"kind", "total", "ok", "degraded", "failed", "hung", "corrupt", "availability", "ttft p50", "p95", "total p50", "p95"}}
	row := func(name string, y score.Tally, ttft, total score.Quantiles) []string {
		return []string{
			name, fmt.Sprint(y.Total), fmt.Sprint(y.OK), fmt.Sprint(y.Degraded), fmt.Sprint(y.Failed),
			fmt.Sprint(y.Hung), fmt.Sprint(y.Corrupt), percent(y.Availability()),
			milliseconds(ttft.P50), milliseconds(ttft.P95), milliseconds(total.P50), milliseconds(total.P95),
		}
	}
	for _, k := range s.ByRequest {
		t.rows = append(t.rows, row(k.Request, k.Tally, k.TTFT, k.Total))
	}
	all := row("all", s.Requests, score.Quantiles{}, score.Quantiles{})
	if s.Requests.Total > 0 {
		low, high := score.Wilson(s.Requests.Value, s.Requests.Total)
		all[7] += fmt.Sprintf(" (%.1f to %.1f)", 100*low, 100*high)
	}
	t.rows = append(t.rows, all)
	return t
}

// tracingTable tells of the calls behind the requests.
func tracingTable(s *score.Snapshot) table {
	t := table{title: "Calls behind the requests", head: []string{"no call", "1 call", "2 calls", "3 calls", "4 or more", "hedged", "answered twice", "before retry-after", "foreign", "from a cache", "wasted tokens", "wasted"}}
	if y := s.Tracing; y.Requests > 0 {
		row := make([]string, 0, len(t.head))
		for _, n := range append(y.Attempts[:], y.Hedged, y.Duplicated, y.Early, y.Foreign, y.CacheHits, y.WastedTokens) {
			row = append(row, fmt.Sprint(n))
		}
		t.rows = append(t.rows, append(row, dollars(y.WastedUSD)))
	}
	return t
}

func providerTable(s *score.Snapshot) table {
	t := table{title: "Providers", head: []string{"provider", "class", "calls", "good", "share", "errors", "aborted", "early", "billed tokens", "cost"}}
	for _, l := range s.Providers {
		t.rows = append(t.rows, []string{
			l.Name, l.Class, fmt.Sprint(l.Calls), fmt.Sprint(l.Good), percent(l.Share), errorList(l.Errors),
			fmt.Sprint(l.Aborted), fmt.Sprint(l.Early), fmt.Sprint(l.Prompt + l.Completion), dollars(l.CostUSD),
		})
	}
	return t
}

func expectationTable(s *score.Snapshot) table {
	t := table{title: "Expectations", head: []string{"expectation", "actual", "result"}}
	for _, e := range s.Expectations {
		result := "FAIL"
		if e.Pass {
			result = "pass"
		}
		t.rows = append(t.rows, []string{e.Expr, e.Text, result})
	}
	for _, v := range s.Violations {
		t.rows = append(t.rows, []string{"veto: " + v.What, v.Marker + " reached " + v.Provider + ": " + v.Detail, "FAIL"})
	}
	return t
}

// targetTable has rows only where a process was watched, or something was found
// of it.
func targetTable(s *score.Snapshot) table {
	t := table{title: "Target", head: []string{"what", "detail"}}
	if u := s.Target; u.Processes > 0 {
		t.rows = append(t.rows, []string{"used", fmt.Sprintf("%.2f cores on average, %.2f at most; %d MB; %d at one time", u.CPUMean, u.CPUMax, u.RSSMax>>20, u.Processes)})
	}
	for _, f := range s.Target.Findings {
		t.rows = append(t.rows, []string{strings.ReplaceAll(f.What, "_", " "), f.Detail})
	}
	return t
}

func instrumentTable(s *score.Snapshot) table {
	i := s.Instrument
	return table{
		title: "Instrument",
		head:  []string{"dispatched", "lag p50", "lag p99", "lag max", "cpu mean", "cpu max", "memory", "in flight max", "dropped", "saturated"},
		rows: [][]string{{
			fmt.Sprint(i.Hits), milliseconds(i.LagP50), milliseconds(i.LagP99), milliseconds(i.LagMax),
			fmt.Sprintf("%.2f cores", i.CPUMean), fmt.Sprintf("%.2f cores", i.CPUMax),
			fmt.Sprintf("%d MB", i.RSSMax>>20), fmt.Sprint(i.InFlightMax), fmt.Sprint(i.Dropped),
			fmt.Sprintf("%d s", i.Saturated),
		}},
	}
}

// errorList counts errors by kind, the most frequent first.
func errorList(m map[string]uint64) string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.SortFunc(names, func(a, b string) int {
		if m[a] != m[b] {
			return int(m[b]) - int(m[a])
		}
		return strings.Compare(a, b)
	})
	for i, k := range names {
		names[i] = fmt.Sprintf("%s %d", k, m[k])
	}
	if len(names) == 0 {
		return "0"
	}
	return strings.Join(names, ", ")
}

func percent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

func dollars(v float64) string { return fmt.Sprintf("$%.4f", v) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// milliseconds shows a latency; nothing was measured where it is zero.
func milliseconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// figure shows a part's attained or promised value in its unit.
func figure(v float64, unit string) string {
	switch unit {
	case "share":
		return fmt.Sprintf("%.2f %%", 100*v)
	case "s":
		return fmt.Sprintf("%.2f s", v)
	case "":
		return fmt.Sprintf("%.3g", v)
	default:
		return fmt.Sprintf("%.3g %s", v, unit)
	}
}
