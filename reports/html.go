package reports

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// page holds the parts of the HTML report. They are put into one file: it loads
// nothing, runs no script, and can be mailed.
//
//go:embed page
var page embed.FS

var htmlTemplate = template.Must(template.New("report.html").Funcs(template.FuncMap{
	"css":     func() (template.CSS, error) { b, err := page.ReadFile("page/report.css"); return template.CSS(b), err },
	"percent": percent,
	"dollars": dollars,
	"upper":   func(v score.Verdict) string { return strings.ToUpper(string(v)) },
	"add":     func(a, b float64) float64 { return a + b },
	"sub":     func(a, b float64) float64 { return a - b },
	"deref":   func(v *float64) float64 { return *v },
	"hatched": func(class string) bool { return class == "failed" || class == "corrupt" }, // told by more than colour
	"grade":   grade,
	"level":   func(points float64) string { return level(points / 100) },
	"px":      func(v float64) string { return fmt.Sprintf("%.1f", v) },
}).ParseFS(page, "page/*.html"))

// htmlPage is what the template is given.
type htmlPage struct {
	Title string
	Runs  []htmlRun
	All   []table // of several runs: one line for each, and the means of what ran more than once
	// Compared and Matrices are what a comparison has; there are no Runs then.
	Compared  []table
	Matrices  []matrixPage
	Evidence  []htmlEvidence // what went wrong at each, scenario by scenario
	HowToRead string
}

// htmlRun is one run, arranged.
type htmlRun struct {
	ID, Anchor string
	Run        *Report
	Words      []string // the verdict, explained
	Timeline   timeline
	Outcomes   chart
	Latency    chart
	Trend      chart
	Lanes      []lane
	Parts      []partBar
	Failures   []waterfall
	Acts       table // numbered as on the timeline
	Tables     []table
}

// partBar is one part of the score as a bar.
type partBar struct {
	Name, Value, Weight, Detail string
	Width                       float64 // percent of the bar
	Level                       string  // good, warn, bad, none
}

// lane is one provider.
type lane struct {
	Name, Class, Region string
	Figures             string
	Share               chart
}

// writeHTML writes the page.
func writeHTML(w io.Writer, runs []*score.Snapshot) error {
	p := htmlPage{Title: runs[0].Plan.Title}
	for i, s := range runs {
		p.Runs = append(p.Runs, arranged(i, s))
	}
	if len(runs) > 1 {
		p.Title = fmt.Sprintf("%d runs", len(runs))
		p.All = []table{runsTable(runs)}
		if t := meansTable(runNames(runs), runs); len(t.rows) > 0 {
			p.All = append(p.All, t)
		}
	}
	return writePage(w, p)
}

// writePage writes a page. The template escapes what is markup; control codes
// have no escape in HTML and are left out.
func writePage(w io.Writer, p htmlPage) error {
	var b strings.Builder
	if err := htmlTemplate.ExecuteTemplate(&b, "report.html", p); err != nil {
		return err
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

func arranged(i int, s *score.Snapshot) htmlRun {
	r := htmlRun{
		ID: s.RunID, Anchor: fmt.Sprintf("run-%d", i+1), Run: New(s), Words: inWords(s),
		Timeline: timelineOf(s), Outcomes: outcomeChart(s), Latency: latencyChart(s), Trend: trendChart(s), Acts: actTable(s), Tables: figureTables(s),
	}
	for i, l := range s.Providers {
		r.Lanes = append(r.Lanes, lane{
			Name: l.Name, Class: l.Class, Region: l.Region, Share: shareChart(s, i),
			Figures: fmt.Sprintf("%s of good calls · %d calls · %s · %s", percent(l.Share), l.Calls, errorWords(l), dollars(l.CostUSD)),
		})
	}
	for i, q := range s.Score.Parts {
		r.Parts = append(r.Parts, barOf(s, i, q))
	}
	for _, t := range score.Worst(s.Failures) {
		r.Failures = append(r.Failures, waterfallOf(t))
	}
	return r
}

// figureTables are the tables but for those that the page shows elsewhere.
func figureTables(s *score.Snapshot) []table {
	elsewhere := []string{scoreTable(s).title, actTable(s).title}
	return slices.DeleteFunc(tables(s), func(t table) bool { return slices.Contains(elsewhere, t.title) })
}

func errorWords(l score.Lane) string {
	if l.ErrorTotal == 0 && len(l.Errors) == 0 {
		return "no errors"
	}
	return "errors: " + errorList(l.Errors)
}

// barOf is a part as a bar; of several windows the one in which it is lowest
// tells how it came about.
func barOf(s *score.Snapshot, i int, p score.Part) partBar {
	b := partBar{Name: score.PartNames[i], Weight: percent(p.Weight), Value: "unknown", Level: "none", Detail: p.Note}
	if len(s.Windows) == 1 {
		p.Note = s.Windows[0].Parts[i].Note
		b.Detail = p.Note
	}
	if !p.Known {
		return b
	}
	b.Value, b.Width = percent(p.Value), 100*p.Value
	b.Detail = fmt.Sprintf("attained %s, promised %s", figure(p.Attained, p.Unit), figure(p.Promised, p.Unit))
	if p.Note != "" {
		b.Detail += " (" + p.Note + ")"
	}
	b.Level = level(p.Value)
	return b
}

// grade is the class of a cell that is nothing but a verdict or a grade.
func grade(cell string) string {
	if class := strings.ToLower(cell); slices.Contains([]string{"pass", "partial", "safe", "fail", "inconclusive"}, class) {
		return class
	}
	return ""
}

// level is how good a value from 0 to 1 is, in a word of the page's styles.
func level(v float64) string {
	switch {
	case v >= .95:
		return "good"
	case v >= .6:
		return "warn"
	}
	return "bad"
}

// inWords says in sentences what a run came to.
func inWords(s *score.Snapshot) []string {
	var out []string
	switch s.Verdict {
	case score.Pass:
		out = append(out, "The run passed: every expectation held, and the instrument trusts itself.")
	case score.Fail:
		out = append(out, "The run failed.")
	case score.Inconclusive:
		out = append(out, "The run proves nothing: the instrument doubts itself.")
	default:
		out = append(out, "The run is not over.")
	}
	for _, r := range s.Reasons {
		out = append(out, printable(r))
	}
	for _, w := range s.Windows {
		out = append(out, windowWords(w))
	}
	if t := s.Tracing; t.Requests > 0 && t.WastedUSD > 0 {
		out = append(out, fmt.Sprintf("%s were billed for calls whose answer no client used (%d tokens).", dollars(t.WastedUSD), t.WastedTokens))
	}
	return out
}

func windowWords(w score.Window) string {
	if w.Injected == 0 {
		return fmt.Sprintf("The fault %s was never injected.", w.Fault)
	}
	b := fmt.Sprintf("While %s lasted on %s, %s of what %d requests were worth was delivered", w.Fault, strings.Join(w.On, ", "), percent(w.Availability), w.During.Total)
	switch {
	case w.FailedOver && w.TimeToFailover == 0:
		b += "; users stayed at the promised level"
	case w.FailedOver:
		b += fmt.Sprintf("; users were back at the promised level %s after the injection", seconds(w.TimeToFailover))
	default:
		b += "; users were not back at the promised level before it ended"
	}
	judged := slices.ContainsFunc(w.Parts[:], func(p score.Part) bool { return p.Name == "recovery" && p.Known })
	switch {
	case w.Recovered:
		b += fmt.Sprintf("; traffic was as before %s after it cleared", seconds(w.TimeToRecover))
	case judged:
		b += "; traffic was not as before by the end of its recovery horizon"
	}
	if n := w.During.Corrupt + w.After.Corrupt; n > 0 {
		b += fmt.Sprintf("; %d answers were corrupt", n)
	}
	return b + "."
}

// waterfall is one request and the calls behind it, on one scale of time.
type waterfall struct {
	Title, Detail string
	Width, Height float64
	Rows          []fall
	Ticks         []tick
}

// fall is one bar of a waterfall.
type fall struct {
	Label, Text string
	X, Y, W     float64
	First       float64 // x of the first token; 0: none
	Level       string
}

// Geometry of waterfalls, in px.
const (
	fallWidth  = 860.0
	fallLabel  = 150.0
	fallRow    = 26.0
	fallBottom = 20.0
)

func waterfallOf(t score.Trace) waterfall {
	r := t.Sample
	w := waterfall{
		Title:  fmt.Sprintf("%s %s at %s: %s", t.Outcome, r.Request, seconds(r.Scheduled), reasonWords(r)),
		Detail: r.Detail, Width: fallWidth, Height: fallRow*float64(len(t.Calls)+1) + fallBottom,
	}
	from, to := r.Scheduled, r.Scheduled+r.Total
	for _, c := range t.Calls {
		from, to = min(from, c.Arrived), max(to, c.Arrived+c.Total)
	}
	scale := (fallWidth - fallLabel - 10) / max(1e-9, (to-from).Seconds())
	x := func(v float64) float64 { return fallLabel + (v-from.Seconds())*scale }
	bar := func(i int, label, text, level string, at, total, first float64) {
		f := fall{Label: label, Text: text, Level: level, X: x(at), Y: fallRow * float64(i), W: max(1.5, total*scale)}
		if first > 0 {
			f.First = x(at + first)
		}
		w.Rows = append(w.Rows, f)
	}
	bar(0, "client", reasonWords(r), string(t.Outcome), r.Scheduled.Seconds(), r.Total.Seconds(), r.TTFT.Seconds())
	for i, c := range t.Calls {
		bar(i+1, c.Provider, callWords(c), callLevel(c), c.Arrived.Seconds(), c.Total.Seconds(), c.TTFT.Seconds())
	}
	for _, v := range ticks((to - from).Seconds(), 5) {
		w.Ticks = append(w.Ticks, tick{At: fallLabel + v*scale, Label: fmt.Sprintf("%.4g s", v)})
	}
	return w
}

func reasonWords(r *journal.Sample) string {
	switch {
	case r.Reason != "" && r.Status != 0:
		return fmt.Sprintf("%s (HTTP %d)", r.Reason, r.Status)
	case r.Reason != "":
		return r.Reason
	}
	return fmt.Sprintf("HTTP %d", r.Status)
}

func callWords(c *journal.Call) string {
	s := fmt.Sprintf("HTTP %d", c.Status)
	switch {
	case c.Failure != "":
		s += " " + c.Failure
	case c.Aborted:
		s += " left by its caller"
	}
	if len(c.Faults) > 0 {
		s += ", met " + strings.Join(c.Faults, ", ")
	}
	if c.Early {
		s += ", before its retry-after"
	}
	return s + fmt.Sprintf(", %d+%d tokens, %s", c.Prompt, c.Completion, dollars(c.CostUSD))
}

func callLevel(c *journal.Call) string {
	switch {
	case c.Aborted:
		return "left"
	case c.Failure != "" || c.Status/100 != 2:
		return "failed"
	}
	return "ok"
}

// runsTable sets runs side by side.
func runsTable(runs []*score.Snapshot) table {
	t := table{title: "All runs", head: []string{"scenario", "target", "seed", "verdict", "score", "95 % interval", "worst window", "availability", "corrupt", "cost of a good answer"}}
	for _, s := range runs {
		row := []string{s.Plan.Scenario, s.Plan.Target, fmt.Sprint(s.Plan.Seed), string(s.Verdict), "-", "-", "-", percent(s.Requests.Availability()), fmt.Sprint(s.Requests.Corrupt), "-"}
		if s.Score.Scored {
			row[4] = fmt.Sprintf("%.1f", s.Score.Total)
			row[5] = fmt.Sprintf("%.1f to %.1f", s.Score.Low, s.Score.High)
			row[6] = fmt.Sprintf("%.1f", s.Score.Worst)
		}
		if good := s.Requests.OK + s.Requests.Degraded; good > 0 {
			var usd float64
			for _, l := range s.Providers {
				usd += l.CostUSD
			}
			row[9] = dollars(usd / float64(good))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// Title, Head and Rows are for the template.
func (t table) Title() string    { return t.title }
func (t table) Head() []string   { return t.head }
func (t table) Rows() [][]string { return t.rows }
