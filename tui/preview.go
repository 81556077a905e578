package tui

import (
	"math"
	"strings"
	"time"

	"brownout/harness/score"
	"brownout/plan"
)

// loadRows is the height of the picture of the load.
const loadRows = 7

func previewRows(p *plan.Plan, w int) []row {
	var rows []row
	add := func(in ink, text string) {
		rows = append(rows, func(a area) { a.text(0, 0, a.w, in, text) })
	}
	pair := func(name, value string) {
		if value == "" {
			return
		}
		for i, line := range wrap(value, w-12) {
			rows = append(rows, func(a area) {
				if i == 0 {
					a.put(0, 0, inkDim, name)
				}
				a.text(12, 0, a.w-12, inkText, line)
			})
		}
	}
	add(inkStrong, p.Title)
	for _, line := range wrap(p.About, w) {
		add(inkText, line)
	}
	add(inkText, "")
	pair("tags", strings.Join(p.Tags, ", "))
	pair("challenges", strings.Join(p.Challenges, ", "))
	pair("length", short(p.Load.Duration))
	pair("requests", mixText(p.Load))
	add(inkText, "")
	rows = append(rows, loadPicture(p)...)
	add(inkText, "")
	for _, f := range p.Faults {
		rows = append(rows, faultRows(f, w)...)
	}
	for _, v := range p.Providers {
		rows = append(rows, func(a area) {
			a.put(0, 0, inkGood, a.th.glyph.closed)
			a.text(2, 0, 14, inkStrong, v.Name)
			a.text(17, 0, 8, inkText, v.Class)
			a.text(26, 0, 14, inkDim, v.Region)
			if len(v.Models) > 0 {
				a.text(41, 0, a.w-41, inkDim, v.Models[0].ID)
			}
		})
	}
	if len(p.Expect) > 0 {
		add(inkText, "")
		for _, e := range p.Expect {
			pair("expects", e.Expr)
		}
	}
	return rows
}

// faultRows say what a fault is, whom it meets and when: on one line where there
// is room.
func faultRows(f plan.Fault, w int) []row {
	const indent = 2
	var rows []row
	for i, line := range wrap(f.Name+" "+faultText(f), max(w-indent, 1)) {
		rows = append(rows, func(a area) {
			if i > 0 {
				a.text(indent, 0, a.w-indent, inkText, line)
				return
			}
			a.put(0, 0, inkFault, a.th.glyph.faulty)
			name := min(len(f.Name), len(line)) // names are ASCII
			x := a.text(indent, 0, a.w-indent, inkStrong, line[:name])
			a.text(x, 0, a.w-x, inkText, line[name:])
		})
	}
	return rows
}

// faultText says all that a plan says of a fault beside its name and its
// parameters.
func faultText(f plan.Fault) string {
	var b strings.Builder
	if !strings.HasPrefix(f.Name, f.Kind) {
		b.WriteString("(" + f.Kind + ") ")
	}
	b.WriteString("on " + onWhom(f.On))
	if f.Model != "" {
		b.WriteString(", calls for " + f.Model)
	}
	if f.When != nil {
		b.WriteString(" when " + f.When.String() + ", from " + short(f.At) + " on")
	} else {
		b.WriteString(" at " + short(f.At))
	}
	b.WriteString(" for " + short(f.For))
	if f.Share > 0 && f.Share < 1 {
		b.WriteString(", " + percentRound(f.Share) + " of calls")
	}
	if f.Ramp > 0 {
		b.WriteString(", growing over " + short(f.Ramp))
	}
	return b.String()
}

// Preview draws what a plan would do as text with escape sequences, or without
// any where o.NoColor says so: the launcher's preview, whole. No line is wider
// than o.Width columns.
func Preview(p *plan.Plan, o Options) string {
	rows := previewRows(p, o.Width)
	sheet := newPaper(o.Width, len(rows))
	a := sheet.all(newTheme(o))
	for y, draw := range rows {
		draw(a.line(y))
	}
	return sheet.render(a.th)
}

// mixText writes what is sent and how often.
func mixText(l plan.Load) string {
	sum := 0.0
	for _, m := range l.Mix {
		sum += m.Weight
	}
	parts := make([]string, 0, len(l.Mix))
	for _, m := range l.Mix {
		if sum > 0 {
			parts = append(parts, percentRound(m.Weight/sum)+" "+m.Kind)
		}
	}
	return strings.Join(parts, ", ")
}

// loadPicture draws the rate over time with the fault windows shaded: the
// chart of the live screen before anything has happened.
func loadPicture(p *plan.Plan) []row {
	s := &score.Snapshot{Plan: p}
	rows := make([]row, 0, loadRows+2)
	for y := range loadRows {
		rows = append(rows, func(a area) {
			plot := a.sub(gutter, 0, a.w-gutter, 1)
			x, faults := newAxis(p, plot.w), stretches(s)
			top := topRate(s, plot.w)
			switch y {
			case 0:
				a.right(0, 0, gutter-1, inkDim, rateText(math.Ceil(top)))
			case loadRows - 1:
				a.right(0, 0, gutter-1, inkDim, "0")
			}
			for c := range plot.w {
				drawLoadCell(plot, c, y, p.Load.Rate(x.at(c)+time.Duration(float64(x.whole)/float64(2*x.cols)))/top, x.under(faults, c))
			}
		})
	}
	rows = append(rows, func(a area) {
		plot := a.sub(gutter, 0, a.w-gutter, 1)
		newAxis(p, plot.w).bands(plot, 0, stretches(s), nil)
	}, func(a area) {
		plot := a.sub(gutter, 0, a.w-gutter, 1)
		newAxis(p, plot.w).ticks(plot, 0)
	})
	return rows
}

// drawLoadCell draws one cell of the picture of the load: y rows below its top,
// for a share of the highest rate.
func drawLoadCell(a area, c, y int, share float64, faulty bool) {
	steps := a.th.glyph.columns
	eighths := int(math.Round(share*float64(loadRows*len(steps)))) - (loadRows-1-y)*len(steps)
	shade := ink(0)
	if faulty {
		shade = shaded
	}
	switch {
	case eighths > 0:
		a.stamp(c, 0, inkAccent|shade, steps[min(eighths, len(steps))-1])
	case faulty && a.th.plain:
		a.stamp(c, 0, inkDim, a.th.glyph.shade)
	case faulty:
		a.stamp(c, 0, inkText|shade, " ")
	}
}
