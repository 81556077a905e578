package reports

import (
	"fmt"
	"io"
	"strings"

	"brownout/harness/score"
)

// markdownLimit is how many bytes a summary has at most: what comments of GitHub
// and GitLab, the tightest of the places it is put in, can hold.
const markdownLimit = 65_000

// writeMarkdown writes a summary that fits a CI job summary. Of many runs the
// last are left out, and said to be.
func writeMarkdown(w io.Writer, runs []*score.Snapshot) error {
	var b strings.Builder
	b.WriteString(markdownTable(meansTable(runNames(runs), runs)))
	for i, s := range runs {
		var one strings.Builder
		if i > 0 {
			one.WriteString("\n---\n\n")
		}
		markdownRun(&one, s)
		if room := markdownLimit - b.Len(); i == 0 && one.Len() > room {
			b.WriteString(shortened(one.String(), room))
			continue
		}
		if b.Len()+one.Len() > markdownLimit {
			fmt.Fprintf(&b, "\n---\n\n%d more of %d runs do not fit here; the JSON and HTML reports have them all.\n", len(runs)-i, len(runs))
			break
		}
		b.WriteString(one.String())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// shortened leaves out the last lines of a summary that is too long by itself.
func shortened(text string, room int) string {
	const note = "\nThe rest does not fit here; the JSON and HTML reports have it all.\n"
	text = text[:max(0, room-len(note))]
	return text[:strings.LastIndexByte(text, '\n')+1] + note
}

func markdownRun(b *strings.Builder, s *score.Snapshot) {
	fmt.Fprintf(b, "## %s: %s\n\n", strings.ToUpper(string(s.Verdict)), escapeMarkdown(s.Plan.Title))
	fmt.Fprintf(b, "Scenario `%s`, target `%s`, seed %d, %s. Run `%s`.\n\n",
		s.Plan.Scenario, s.Plan.Target, s.Plan.Seed, seconds(s.T), s.RunID)
	if o := s.Plan.Overrides; len(o) > 0 {
		fmt.Fprintf(b, "Other than the scenario's file: %s.\n\n", escapeMarkdown(strings.Join(o, "; ")))
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(b, "- %s\n", escapeMarkdown(r))
	}
	if len(s.Reasons) > 0 {
		b.WriteString("\n")
	}
	for _, t := range tables(s) {
		b.WriteString(markdownTable(t))
	}
}

// markdownTable is a titled table, or nothing where it has no rows.
func markdownTable(t table) string {
	if len(t.rows) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", escapeMarkdown(t.title))
	markdownRow(&b, t.head)
	b.WriteString("|" + strings.Repeat(" --- |", len(t.head)) + "\n")
	for _, row := range t.rows {
		markdownRow(&b, row)
	}
	b.WriteString("\n")
	return b.String()
}

func markdownRow(b *strings.Builder, cells []string) {
	b.WriteString("|")
	for _, c := range cells {
		b.WriteString(" " + escapeMarkdown(c) + " |")
	}
	b.WriteString("\n")
}

// escapeMarkdown keeps foreign text (titles, provider messages) from becoming
// markup: tables, HTML, links, images and code.
var markdownEscaper = strings.NewReplacer(
	"\\", "\\\\", "|", "\\|", "<", "&lt;", ">", "&gt;", "&", "&amp;", "`", "\\`",
	"*", "\\*", "~", "\\~", "[", "\\[", "]", "\\]", "\n", " ", "\r", " ",
)

func escapeMarkdown(s string) string { return markdownEscaper.Replace(printable(s)) }
