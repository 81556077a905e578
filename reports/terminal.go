package reports

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"brownout/harness/score"
	"brownout/plan"
)

// Style is how a terminal is drawn on.
type Style struct {
	Colour bool
	ASCII  bool
	Width  int // columns that there are; 0: any number
}

// Summary prints the verdict and the tables of one run.
func Summary(w io.Writer, s *score.Snapshot, st Style) {
	fmt.Fprintln(w)
	for _, t := range tables(s) {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintln(w, t.title)
		Listing(w, t.head, t.rows, st)
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%s  %s\n", st.verdict(s.Verdict), oneLine(s.Plan.Title))
	if o := s.Plan.Overrides; len(o) > 0 {
		fmt.Fprintf(w, "  - other than the scenario's file: %s\n", oneLine(strings.Join(o, "; ")))
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(w, "  - %s\n", oneLine(r))
	}
}

// verdict is the verdict as a word, coloured where colours are wanted.
func (st Style) verdict(v score.Verdict) string {
	word := strings.ToUpper(string(v))
	if !st.Colour {
		return word
	}
	switch v {
	case score.Pass:
		return text.Colors{text.Bold, text.FgGreen}.Sprint(word)
	case score.Fail:
		return text.Colors{text.Bold, text.FgRed}.Sprint(word)
	default:
		return text.Colors{text.Bold, text.FgYellow}.Sprint(word)
	}
}

// Listing prints a table.
func Listing(w io.Writer, head []string, rows [][]string, st Style) {
	painted(w, head, rows, nil, st)
}

// painted prints a table with the cells that are one of some words in the word's
// colours, where colours are wanted.
func painted(w io.Writer, head []string, rows [][]string, words map[string]text.Colors, st Style) {
	t := pretty.NewWriter()
	t.SetOutputMirror(w)
	style := pretty.StyleLight
	if st.ASCII {
		style = pretty.StyleDefault
	}
	style.Format.Header = text.FormatDefault
	style.Options.SeparateRows = false
	if st.Colour {
		style.Color.Header = text.Colors{text.Bold}
	}
	widths, ok := fit(head, rows, st.Width)
	if !ok {
		cards(w, head, rows, st)
		return
	}
	t.SetStyle(style)
	t.AppendHeader(row(head, widths))
	for _, r := range rows {
		t.AppendRow(row(r, widths))
	}
	configs := make([]pretty.ColumnConfig, len(head))
	for i := range head {
		configs[i] = pretty.ColumnConfig{Number: i + 1, WidthMax: widths[i], WidthMaxEnforcer: asWrapped}
		if st.Colour {
			configs[i].Transformer = func(v any) string {
				cell := fmt.Sprint(v)
				if c := words[cell]; c != nil {
					return c.Sprint(cell)
				}
				return cell
			}
		}
	}
	t.SetColumnConfigs(configs)
	t.Render()
}

// asWrapped leaves cells alone: their lines fit already, and go-pretty's own
// wrapping would join those of one cell.
func asWrapped(s string, _ int) string { return s }

func row(cells []string, widths []int) pretty.Row {
	r := make(pretty.Row, len(cells))
	for i, c := range cells {
		r[i] = wrapped(printable(c), widths[i])
	}
	return r
}

// printable keeps foreign text from steering the terminal: by control codes, or
// by turning the direction of what stands behind it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		case unicode.IsControl(r) && r != '\n':
			return ' '
		}
		return r
	}, s)
}

// oneLine is printable text without line ends.
func oneLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

// Progress is one line about a run under way.
func Progress(s *score.Snapshot) string {
	if s.Plan == nil {
		return "starting"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%5.1fs %-8s", s.T.Seconds(), s.Phase)
	if s.Score.Scored {
		fmt.Fprintf(&b, " score %5.1f", s.Score.Total)
	} else {
		b.WriteString(" score     -")
	}
	y := s.Requests
	fmt.Fprintf(&b, "  requests %d ok %d degraded %d failed %d hung %d corrupt %d", y.Total, y.OK, y.Degraded, y.Failed, y.Hung, y.Corrupt)
	for _, l := range s.Providers {
		fmt.Fprintf(&b, "  %s %.0f%%", l.Name, 100*l.RecentShare)
		if l.Breaker != "" && l.Breaker != "closed" {
			b.WriteString(" (" + l.Breaker + ")")
		}
	}
	for _, w := range s.Windows {
		if w.Active {
			b.WriteString("  [" + w.Fault + "]")
		}
	}
	return b.String()
}

// Explain prints a resolved scenario in plain words.
func Explain(w io.Writer, p *plan.Plan, st Style) {
	fmt.Fprintf(w, "%s: %s\n\n%s\n\n", p.Scenario, oneLine(p.Title), strings.TrimSpace(printable(p.About)))
	if len(p.Tags) > 0 {
		fmt.Fprintf(w, "tags        %s\n", strings.Join(p.Tags, ", "))
	}
	if len(p.Shows) > 0 {
		fmt.Fprintf(w, "shows       %s\n", strings.Join(p.Shows, ", "))
	}
	if len(p.Challenges) > 0 {
		fmt.Fprintf(w, "challenges  %s\n", strings.Join(p.Challenges, ", "))
	}
	fmt.Fprintf(w, "length      %s\nload        %s\n\n", p.Load.Duration, profile(p.Load))
	var rows [][]string
	for _, f := range p.Faults {
		rows = append(rows, faultRow(f))
	}
	Listing(w, []string{"fault", "kind", "on", "injected", "cleared", "window ends", "calls"}, rows, st)
	rows = nil
	for _, v := range p.Providers {
		rows = append(rows, []string{v.Name, v.Class, v.Region, v.Dialect, models(v)})
	}
	Listing(w, []string{"provider", "class", "region", "dialect", "models"}, rows, st)
	rows = nil
	for _, e := range p.Expect {
		rows = append(rows, []string{e.Expr})
	}
	if len(rows) > 0 {
		Listing(w, []string{"expectations"}, rows, st)
	}
}

func profile(l plan.Load) string {
	var parts []string
	for _, p := range l.Profile {
		parts = append(parts, fmt.Sprintf("%g/s at %s", p.Rate, p.At.Round(time.Millisecond)))
	}
	return strings.Join(parts, ", ")
}

func models(p plan.Provider) string {
	var ids []string
	for _, m := range p.Models {
		ids = append(ids, m.ID)
	}
	return strings.Join(ids, ", ")
}
