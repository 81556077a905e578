package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// reportChart is the height of the picture of a run in its report.
const reportChart = 7

// verdictPage says what came of the run, why, and what to do about it.
func verdictPage(s *score.Snapshot, w int) []row {
	told := s.Story()
	mark := func(th *theme) (string, ink) { m, in, _ := th.verdict(s.Verdict); return m, in }
	rows := markedRows(mark, inkStrong, told.Verdict, w)
	for _, why := range told.Why {
		rows = append(rows, markedRows(markDot, inkText, why, w)...)
	}
	rows = append(rows, blankRow)
	for _, e := range s.Expectations {
		shape := markBad
		if e.Pass {
			shape = markGood
		}
		rows = append(rows, func(a area) {
			m, in := shape(a.th)
			a.put(0, 0, in, m)
			a.right(a.w-16, 0, 16, in, e.Text)
			a.text(2, 0, a.w-20, inkText, e.Expr)
		})
	}
	if len(s.Expectations) > 0 {
		rows = append(rows, blankRow)
	}
	if s.Score.Scored {
		rows = append(rows, scoreRow(s))
		for _, p := range namedParts(s) {
			rows = append(rows, func(a area) { drawPart(a, p, nil) })
		}
		rows = append(rows, blankRow)
	}
	for i, c := range told.Windows {
		if len(c.Losses) > 0 {
			rows = append(rows, markedRows(markFault, inkText, lostText(s.Windows[i], c), w)...)
		}
	}
	if o := s.Plan.Overrides; len(o) > 0 {
		rows = append(rows, heading("Other than the scenario's file")...)
		for _, change := range o {
			rows = append(rows, markedRows(markDot, inkText, change, w)...)
		}
	}
	if len(s.Acts) > 0 {
		rows = append(rows, heading("Changed while it was on")...)
		for _, act := range s.Acts {
			rows = append(rows, func(a area) { drawAct(a, act) })
		}
	}
	rows = append(rows, heading("What to do")...)
	for _, n := range told.Next {
		rows = append(rows, markedRows(markPick, inkText, n, w)...)
	}
	if len(told.Next) == 0 {
		rows = append(rows, textRow(inkText, "Nothing: no points were lost."))
	}
	if len(s.Seconds) > 0 {
		rows = append(append(rows, heading("Requests per second")...), func(a area) { drawLegend(a, s.Requests, true) })
		rows = append(rows, runPicture(s)...)
	}
	return rows
}

func markFault(th *theme) (string, ink) { return th.glyph.faulty, inkFault }
func markPick(th *theme) (string, ink)  { return th.glyph.pick, inkPick }

// heading is a title within a page.
func heading(text string) []row { return []row{blankRow, textRow(inkTitle, text)} }

// scoreRow is the score with its interval and the worst window.
func scoreRow(s *score.Snapshot) row {
	return func(a area) {
		x := a.put(0, 0, inkOfScore(s), points(s.Score.Total))
		x = a.put(x, 0, inkDim, " of 100")
		if s.Score.High > s.Score.Low {
			x = a.put(x+2, 0, inkDim, "95% "+points(s.Score.Low)+"–"+points(s.Score.High))
		}
		if len(s.Windows) > 1 {
			a.text(x+2, 0, a.w-x-2, inkText, "worst window "+points(s.Score.Worst))
		}
	}
}

// lostText says what a window lost and by what.
func lostText(w score.Window, c score.Chapter) string {
	parts := make([]string, len(c.Losses))
	for i, l := range c.Losses {
		parts[i] = score.PartNames[l.Part] + " " + lost(l.Points)
	}
	return fmt.Sprintf("%s has %s of 100; lost by %s", w.Fault, points(w.Score), strings.Join(parts, ", "))
}

// lost writes points that were lost; none is rounded to nothing.
func lost(v float64) string {
	if v < 0.05 {
		return "<0.1"
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// runPicture is the chart of requests with the faults below it.
func runPicture(s *score.Snapshot) []row {
	return pictureRows(reportChart+2, func(a area) {
		plot := a.sub(gutter, 0, a.w-gutter, reportChart)
		top := topRate(s, max(plot.w, 1))
		a.right(0, 0, gutter-1, inkDim, tenth(top))
		a.right(0, reportChart-1, gutter-1, inkDim, "0")
		requestChart(plot, s, top)
		x := newAxis(s.Plan, plot.w)
		below := a.sub(gutter, reportChart, plot.w, 2)
		x.bands(below, 0, stretches(s), s.Acts)
		x.ticks(below, 1)
	})
}

// windowPage says what users met with in one fault window, and what each part
// took from its score.
func windowPage(s *score.Snapshot, i, w int) []row {
	win, c := s.Windows[i], s.Story().Windows[i]
	rows := markedRows(markFault, inkStrong, c.Heading, w)
	rows = append(rows, blankRow)
	for _, t := range c.Told {
		rows = append(rows, markedRows(markDot, inkText, t, w)...)
	}
	if !win.Scored {
		return append(rows, markedRows(markPending, inkText, "The window has no score: too little is known of it.", w)...)
	}
	rows = append(rows, blankRow, func(a area) {
		x := a.put(0, 0, inkOf(win.Score/100), points(win.Score))
		x = a.put(x, 0, inkDim, " of 100 points; ")
		what := "nothing lost"
		if len(c.Losses) > 0 {
			what = lost(100-win.Score) + " lost"
		}
		a.text(x, 0, a.w-x, inkText, what)
	})
	taken := map[int]bool{}
	for _, l := range c.Losses {
		taken[l.Part] = true
		rows = append(rows, blankRow, func(a area) {
			x := a.put(0, 0, inkBad, a.th.glyph.bad+" ")
			a.text(x, 0, 14, inkStrong, score.PartNames[l.Part])
			a.right(15, 0, 6, inkStrong, "-"+lost(l.Points))
			bar(a, 23, 0, min(max(a.w-23, 0), 24), inkBad, l.Points/(100-win.Score))
		})
		for _, line := range wrap(l.Text, max(w-4, 1)) {
			rows = append(rows, func(a area) { a.text(4, 0, a.w-4, inkText, line) })
		}
		for _, line := range wrap(l.Look, max(w-4, 1)) {
			if line != "" {
				rows = append(rows, func(a area) { a.text(4, 0, a.w-4, inkDim, line) })
			}
		}
	}
	var kept, unknown []string
	for j, p := range win.Parts {
		switch {
		case !p.Known:
			unknown = append(unknown, score.PartNames[j])
		case !taken[j]:
			kept = append(kept, score.PartNames[j])
		}
	}
	rows = append(rows, blankRow)
	if len(kept) > 0 {
		rows = append(rows, markedRows(markGood, inkText, "kept in full: "+strings.Join(kept, ", "), w)...)
	}
	if len(unknown) > 0 {
		rows = append(rows, markedRows(markPending, inkText, "not known, and not counted: "+strings.Join(unknown, ", "), w)...)
	}
	return rows
}

// requestsPage tells of the requests by kind, and of the worst of them.
func requestsPage(s *score.Snapshot, w int) []row {
	columns := []gridColumn{
		{"kind", false, inkStrong, false},
		{"total", true, inkText, false},
		{"available", true, inkText, false},
		{"ok", true, inkOK, false},
		{"degr", true, inkDegraded, false},
		{"fail", true, inkFailed, false},
		{"hung", true, inkHung, false},
		{"corr", true, inkCorrupt, false},
		{"ttft p95", true, inkText, false},
		{"p50", true, inkText, false},
		{"p95", true, inkText, false},
		{"p99", true, inkText, false},
		{"deadline", true, inkDim, false},
		{"missed", true, inkText, false},
	}
	cellsOf := func(name string, t score.Tally) []string {
		return []string{name, count(t.Total), percent(t.Availability()), count(t.OK), count(t.Degraded), count(t.Failed), count(t.Hung), count(t.Corrupt)}
	}
	var cells [][]string
	for _, k := range s.ByRequest {
		cells = append(cells, append(cellsOf(k.Request, k.Tally), span(k.TTFT.P95), span(k.Total.P50), span(k.Total.P95), span(k.Total.P99), short(k.Deadline), count(k.Missed)))
	}
	cells = append(cells, append(cellsOf("all", s.Requests), "", "", "", "", "", ""))
	rows := gridRows(columns, cells, w)
	t := s.Tracing
	if t.Requests > 0 {
		rows = append(rows, heading("Attempts")...)
		rows = append(rows, textRows(inkText, attemptsText(t), w)...)
	}
	rows = append(rows, heading("The worst requests")...)
	worst := score.Worst(s.Failures)
	if len(worst) == 0 {
		return append(rows, textRow(inkGood, "None: every request was answered well."))
	}
	for _, tr := range worst {
		rows = append(rows, traceRow(tr))
	}
	return rows
}

// attemptsText says how many calls the requests took, and what was remarkable
// about them.
func attemptsText(t score.Tracing) string {
	var parts []string
	for i, how := range [...]string{"without a call", "with one call", "with two", "with three", "with more"} {
		if n := t.Attempts[i]; n > 0 {
			parts = append(parts, count(n)+" "+how)
		}
	}
	text := count(t.Requests) + " requests: " + strings.Join(parts, ", ") + "."
	for _, p := range []struct {
		n    uint64
		what string
	}{
		{t.Hedged, "had two calls under way at a time"},
		{t.Duplicated, "were answered whole by more than one call"},
		{t.CacheHits, "were answered from a cache"},
		{t.Foreign, "got somebody else's answer"},
		{t.Early, "calls came before a retry-after that their provider had stated"},
	} {
		if p.n > 0 {
			text += " " + count(p.n) + " " + p.what + "."
		}
	}
	if t.WastedUSD > 0 {
		text += " " + dollars(t.WastedUSD) + " were billed for calls that completed no good answer."
	}
	return text
}

// traceRow is a request on a row: when, what became of it, why, and its calls,
// with room before it for the mark of the chosen one.
func traceRow(tr score.Trace) row {
	i := slices.Index(journal.Outcomes, tr.Outcome)
	return func(a area) {
		a = a.sub(2, 0, a.w-2, 1)
		in := inkText
		if i >= 0 {
			in = outcomeInks[i]
			a.put(0, 0, in, a.th.glyph.outcome[i])
		}
		a.put(2, 0, inkDim, clock(tr.Sample.Scheduled))
		a.text(8, 0, 8, inkText, tr.Sample.Request)
		a.text(17, 0, 8, in, string(tr.Outcome))
		x := a.text(26, 0, 16, inkText, tr.Sample.Reason)
		x = max(x+2, 40)
		for n, c := range tr.Calls {
			if n > 0 {
				x = a.put(x, 0, inkDim, ", ")
			}
			what := c.Failure
			if what == "" {
				what = "ok"
			}
			x = a.put(x, 0, inkDim, c.Provider+" "+what)
		}
		a.text(max(x+2, 44), 0, a.w-max(x+2, 44), inkDim, tr.Sample.Marker)
	}
}

// providersPage tells of the calls of each provider.
func providersPage(s *score.Snapshot, w int) []row {
	columns := []gridColumn{
		{"provider", false, inkStrong, false},
		{"calls", true, inkText, false},
		{"good", true, inkText, false},
		{"share", true, inkText, false},
		{"cost", true, inkText, false},
		{"errors", false, inkText, true},
		{"early", true, inkText, false},
		{"aborted", true, inkText, false},
		{"tokens", true, inkText, false},
		{"class", false, inkText, false},
		{"region", false, inkDim, false},
	}
	var cells [][]string
	for _, l := range s.Providers {
		cells = append(cells, []string{
			l.Name, count(l.Calls), count(l.Good), percent(l.Share), dollars(l.CostUSD), errorsText(l.Errors),
			count(l.Early), count(l.Aborted), count(l.Prompt + l.Completion), l.Class, l.Region,
		})
	}
	return gridRows(columns, cells, w)
}

// errorsText counts errors by kind, the most frequent first.
func errorsText(m map[string]uint64) string {
	kinds := make([]string, 0, len(m))
	for k := range m {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b string) int {
		if m[a] != m[b] {
			return int(m[b]) - int(m[a])
		}
		return strings.Compare(a, b)
	})
	for i, k := range kinds {
		kinds[i] = k + " " + count(m[k])
	}
	if len(kinds) == 0 {
		return "none"
	}
	return strings.Join(kinds, ", ")
}

// harnessPage tells how far the instrument itself is to be trusted.
func harnessPage(s *score.Snapshot, w int) []row {
	i := s.Instrument
	var rows []row
	for _, p := range [][2]string{
		{"dispatched", count(i.Hits) + " requests"},
		{"lag", "p50 " + span(i.LagP50) + ", p99 " + span(i.LagP99) + ", at most " + span(i.LagMax)},
		{"CPU", fmt.Sprintf("%.2f cores on average, %.2f at most, of %d", i.CPUMean, i.CPUMax, s.Host.CPUs)},
		{"memory", fmt.Sprintf("%d MB at most", i.RSSMax>>20)},
		{"in flight", count(uint64(max(i.InFlightMax, 0))) + " requests at most"},
		{"files", fmt.Sprintf("%d open of %d", i.OpenFDs, i.FDLimit)},
		{"dropped", count(i.Dropped) + " events"},
		{"saturated", fmt.Sprintf("%d seconds", i.Saturated)},
		{"steady", fmt.Sprintf("%s requests, %s available, p95 %s, %.2f calls a request, %s an answer", count(s.Steady.Requests), percent(s.Steady.Availability), span(s.Steady.LatencyP95), s.Steady.CallsPerRequest, dollars(s.Steady.CostPerGood))},
		{"run", s.RunID},
	} {
		for n, line := range wrap(p[1], max(w-12, 1)) {
			rows = append(rows, func(a area) {
				if n == 0 {
					a.put(0, 0, inkDim, p[0])
				}
				a.text(12, 0, a.w-12, inkText, line)
			})
		}
	}
	return rows
}
