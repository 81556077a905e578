package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"brownout/harness/conduct"
	"brownout/harness/score"
	"brownout/harness/scorecard"
)

// ConductSchema names the shape of a report of conduct in JSON.
const ConductSchema = "brownout.conduct/1"

// Execution is what became of a program, with how it behaved.
type Execution struct {
	Command  []string `json:"command"`
	ExitCode int      `json:"exit_code"`
	Left     int      `json:"processes_left_running"`
	*conduct.Report
}

// ConductFormats lists the formats of reports of conduct.
func ConductFormats() []string { return []string{"table", "json", "md"} }

// WriteConduct writes a report of conduct in one of ConductFormats.
func WriteConduct(w io.Writer, format string, e *Execution) error {
	switch format {
	case "table":
		Conduct(w, e, Style{})
		return nil
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(struct {
			Schema string `json:"schema"`
			*Execution
		}{ConductSchema, e})
	case "md":
		var b strings.Builder
		fmt.Fprintf(&b, "## %s: %s\n\n", strings.ToUpper(string(e.Verdict)), escapeMarkdown(e.Title))
		for _, line := range conductLines(e) {
			fmt.Fprintf(&b, "- %s\n", escapeMarkdown(line))
		}
		b.WriteString("\n")
		for _, t := range conductTables(e) {
			b.WriteString(markdownTable(t))
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
	return fmt.Errorf("unknown format %q of a report of conduct; known are %s", format, strings.Join(ConductFormats(), ", "))
}

// Conduct prints how a program behaved.
func Conduct(w io.Writer, e *Execution, st Style) {
	for _, t := range conductTables(e) {
		if len(t.rows) > 0 {
			fmt.Fprintf(w, "\n%s\n", t.title)
			Listing(w, t.head, t.rows, st)
		}
	}
	verdict := map[conduct.Verdict]score.Verdict{conduct.Pass: score.Pass, conduct.Fail: score.Fail}[e.Verdict]
	if verdict == "" {
		verdict = score.Inconclusive
	}
	fmt.Fprintf(w, "\n%s  %s\n", st.verdict(verdict), oneLine(e.Title))
	for _, line := range conductLines(e) {
		fmt.Fprintf(w, "  - %s\n", printable(line))
	}
}

// conductLines are the sentences of a report.
func conductLines(e *Execution) []string {
	lines := append([]string{}, e.Reasons...)
	for _, a := range e.Advice {
		lines = append(lines, "advice: "+a)
	}
	if e.Left > 0 {
		left := "the program left 1 process running, which was killed"
		if e.Left > 1 {
			left = fmt.Sprintf("the program left %d processes running, which were killed", e.Left)
		}
		lines = append(lines, left)
	}
	return append(lines, fmt.Sprintf("%s ended with exit code %d after %.1f s", strings.Join(e.Command, " "), e.ExitCode, e.TookS))
}

func conductTables(e *Execution) []table {
	seen := table{title: "What the providers saw", head: []string{"requests", "answered", "gave up", "abandoned", "moved on", "calls", "per request", "most", "early", "useless", "streams left"}, rows: [][]string{{
		fmt.Sprint(e.Requests), fmt.Sprint(e.Answered), fmt.Sprint(e.GaveUp), fmt.Sprint(e.Abandoned), fmt.Sprint(e.Moved),
		fmt.Sprint(e.Calls), fmt.Sprintf("%.2f", e.CallsPerRequest), fmt.Sprint(e.MostCalls), fmt.Sprint(e.Early), fmt.Sprint(e.Useless), fmt.Sprint(e.AbandonedStreams),
	}}}
	faults := table{title: "Faults", head: []string{"fault", "on", "from", "to", "calls touched"}}
	moment := func(at *float64) string {
		if at == nil {
			return "never"
		}
		return fmt.Sprintf("%.1f s", *at)
	}
	for _, f := range e.Faults {
		faults.rows = append(faults.rows, []string{f.Name, strings.Join(f.On, ", "), moment(f.InjectedS), moment(f.ClearedS), fmt.Sprint(f.Touched)})
	}
	providers := table{title: "Providers", head: []string{"provider", "class", "calls", "good", "left", "early", "errors", "cost"}}
	for _, p := range e.Providers {
		errs := map[string]uint64{}
		for k, n := range p.Errors {
			errs[k] = uint64(n)
		}
		providers.rows = append(providers.rows, []string{p.Name, p.Class, fmt.Sprint(p.Calls), fmt.Sprint(p.Good), fmt.Sprint(p.Aborted), fmt.Sprint(p.Early), errorList(errs), dollars(p.CostUSD)})
	}
	breaches := table{title: "Violations", head: []string{"what", "prompt", "provider", "detail"}}
	for _, v := range e.Violations {
		breaches.rows = append(breaches.rows, []string{v.What, v.Marker, v.Provider, v.Detail})
	}
	stories := table{title: "Requests to look at", head: []string{"at", "prompt", "why", "calls"}}
	for _, s := range e.Stories {
		calls := scorecard.Waterfall(s.Calls)
		if more := s.CallsAll - len(s.Calls); more > 0 {
			calls += fmt.Sprintf("; and %d more", more)
		}
		stories.rows = append(stories.rows, []string{fmt.Sprintf("%.1f s", s.AtS), s.Marker, s.Why, calls})
	}
	return []table{seen, faults, providers, breaches, stories}
}
