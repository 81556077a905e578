package reports

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"brownout/harness/score"
)

// mark is something that was changed at one moment of a chart, or more of it
// than can be told apart there.
type mark struct {
	X           float64
	first, last int // their numbers in the table of changes, from 1
	texts       []string
}

// Label is its number, or its numbers.
func (m mark) Label() string {
	if m.first == m.last {
		return fmt.Sprint(m.first)
	}
	return fmt.Sprintf("%d–%d", m.first, m.last)
}

// Text tells what was changed.
func (m mark) Text() string { return strings.Join(m.texts, "; ") }

// Width is that of the label with what is around it, in px.
func (m mark) Width() float64 { return 9 + 7*float64(utf8.RuneCountInString(m.Label())) }

// Half is where it begins, before X.
func (m mark) Half() float64 { return m.Width() / 2 }

// band is one fault on the timeline.
type band struct {
	X, W, HorizonW float64
	Y              float64 // of its bar; its name stands above
	Name           float64 // x of its name
	Anchor         string  // start, or end where the name would leave the page
	Text           string
}

// timeline is the whole run at a glance: a bar for each fault with its recovery
// horizon behind it, and what was changed while it was on.
type timeline struct {
	chart
	Bands []band
}

// Geometry of the timeline, in px.
const (
	bandRow    = 30.0
	bandHeight = 12.0
	bandName   = 14.0 // from the top of a row to the bar
	actRow     = 22.0
	markApart  = 18.0 // nearer ones share a mark
)

// BandHeight is for the template.
func (timeline) BandHeight() float64 { return bandHeight }

func timelineOf(s *score.Snapshot) timeline {
	about := fmt.Sprintf("%d faults and %d changes over %s.", len(s.Windows), len(s.Acts), seconds(s.T))
	height := chartTop + bandRow*float64(max(1, len(s.Windows))) + chartFoot
	if len(s.Acts) > 0 {
		height += actRow
	}
	c, x, _ := newChart(s, "Timeline", about, height, 0, plain)
	c.Caption, c.YTicks, c.Shades = true, nil, nil
	c.Legend = []legend{{"fault", "fault"}, {"after", "its recovery horizon"}}
	if len(s.Acts) > 0 {
		c.Legend = append(c.Legend, legend{"act", "change, by its number below"})
	}
	t := timeline{chart: c}
	if len(s.Windows) == 0 && len(s.Acts) == 0 {
		t.Empty = "nothing was broken and nothing was changed"
		return t
	}
	for i, w := range s.Windows {
		b := band{Y: c.Top + bandRow*float64(i) + bandName, Text: w.Fault + " on " + strings.Join(w.On, ", ")}
		switch {
		case w.Injected == 0:
			b.Text += ": never injected"
			b.X = x(0)
		default:
			cleared := w.Cleared
			if cleared == 0 {
				cleared = s.T
			}
			b.X, b.W = x(w.Injected), max(2, x(cleared)-x(w.Injected))
			b.HorizonW = max(b.W, x(max(w.End, cleared))-x(w.Injected))
			b.Text += fmt.Sprintf(", %s to %s", seconds(w.Injected), seconds(cleared))
		}
		if w.ByHand {
			b.Text += ", by hand"
		}
		b.Name, b.Anchor = b.X, "start"
		if b.X+labelChar*float64(len(b.Text)) > c.Right && b.X > (c.Left+c.Right)/2 {
			b.Name, b.Anchor = c.Right, "end"
		}
		t.Bands = append(t.Bands, b)
	}
	return t
}

// marksOf are the changes of a run on its axis of time.
func marksOf(s *score.Snapshot, x func(time.Duration) float64) []mark {
	var out []mark
	for i, a := range s.Acts {
		at, text := x(a.T), seconds(a.T)+" "+byWhom(a)+": "+a.Text
		if n := len(out) - 1; n >= 0 && at-out[n].X < markApart {
			out[n].last = i + 1
			out[n].texts = append(out[n].texts, text)
			continue
		}
		out = append(out, mark{X: at, first: i + 1, last: i + 1, texts: []string{text}})
	}
	return out
}

func byWhom(a score.Act) string {
	if a.ByHand {
		return "by hand"
	}
	return "as planned"
}

// actTable lists what was changed while a run was on; without rows where
// nothing was.
func actTable(s *score.Snapshot) table {
	t := table{title: "Changed while it was on", head: []string{"no.", "at", "by", "what"}}
	for i, a := range s.Acts {
		by := "the plan"
		if a.ByHand {
			by = "hand"
		}
		t.rows = append(t.rows, []string{fmt.Sprint(i + 1), seconds(a.T), by, a.Text})
	}
	return t
}
