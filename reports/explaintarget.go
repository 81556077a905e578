package reports

import (
	"fmt"
	"io"
	"strings"

	"brownout/harness/score"
	"brownout/harness/scorecard"
	"brownout/plan"
)

// ExplainTarget prints what a target is, how it is brought up, and whether that
// can be done here.
func ExplainTarget(w io.Writer, t plan.Target, here string) {
	fmt.Fprintf(w, "%s: %s\n", t.Name, t.Title)
	if t.About != "" {
		fmt.Fprintf(w, "\n%s\n", paragraph(t.About))
	}
	rows := [][2]string{{"what", targetKind(t)}}
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, [2]string{name, text})
		}
	}
	add("version", t.Version)
	if t.Router == "" {
		add("clients", "speak "+t.Dialect+" at "+t.URL)
		add("providers", "it can be pointed at those that speak "+orAny(t.Speaks))
	}
	if p := t.Process; p != nil {
		add("command", strings.Join(p.Command, " "))
		if p.Alone {
			add("", "one at a time: it has fixed ports beside its own")
		}
	}
	if i := t.Install; i != nil {
		add("needs", strings.Join(i.Needs, ", "))
		add("install", installWords(i))
	}
	add("here", here)
	fmt.Fprintln(w)
	for _, r := range rows {
		fmt.Fprintf(w, "%-11s %s\n", r[0], printable(r[1]))
	}
	fmt.Fprintf(w, "try         brownout run provider-outage --target %s\n            brownout scorecard --targets %s\n", t.Name, t.Name)
	if t.Router == "" {
		fmt.Fprintf(w, "            brownout targets show %s\n", t.Name)
	}
}

// pageWidth is that of pages that explain something.
const pageWidth = 80

// paragraph is a text in lines of a page's width.
func paragraph(s string) string {
	lines := strings.Split(wrapped(s, pageWidth), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// targetKind says where a target runs.
func targetKind(t plan.Target) string {
	switch {
	case t.Router == "bundled":
		return "served in this process: the bundled router, as the scenario's [router] has it"
	case t.Router != "":
		return "served in this process: a control that shows what failover is worth"
	case t.Process == nil:
		return "a gateway that runs already, at its url"
	case t.Process.Shared:
		return "a program that Brownout starts, once for any number of runs: it takes the providers' addresses from each request"
	}
	return "a program that Brownout starts for each run, pointed at the links by files, environment or headers"
}

func orAny(words []string) string {
	if len(words) == 0 {
		return "any dialect"
	}
	return strings.Join(words, ", ")
}

// installWords says how what a target needs comes there.
func installWords(i *plan.TargetInstall) string {
	if len(i.Command) > 0 {
		return strings.Join(i.Command, " ") + ", by the first run"
	}
	return i.Hint
}

// ExplainGrade prints what a grade of the scorecard means.
func ExplainGrade(w io.Writer, g scorecard.Grade) {
	var all []string
	for _, v := range scorecard.Grades {
		all = append(all, string(v))
	}
	fmt.Fprintf(w, "%s: %s\n\n%s\n\ngrades: %s, from the best to the worst\n", g, g.Means(), paragraph(g.Page()), strings.Join(all, ", "))
	switch score.Verdict(g) {
	case score.Pass:
		fmt.Fprintln(w, "It is a verdict of runs, too: every expectation held, and the instrument trusts itself.")
	case score.Fail:
		fmt.Fprintln(w, "It is a verdict of runs, too: an expectation did not hold, or a request reached whom it must not.")
	}
}
