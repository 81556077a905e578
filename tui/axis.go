package tui

import (
	"time"

	"brownout/harness/score"
	"brownout/plan"
)

// axis lays the whole run over some columns, so that every chart over time
// lines up: column x is the same moment everywhere.
type axis struct {
	whole time.Duration // of the run
	cols  int
}

// newAxis covers the planned load, or more where the run already lasts longer
// by whole seconds (the drain is not worth squeezing the picture for).
func newAxis(p *plan.Plan, cols int) axis {
	return axis{whole: max(p.Load.Duration, time.Second), cols: max(cols, 1)}
}

// at is the moment at the left edge of a column.
func (x axis) at(col int) time.Duration {
	return time.Duration(float64(x.whole) * float64(col) / float64(x.cols))
}

// col is the column of a moment, kept on the axis.
func (x axis) col(t time.Duration) int {
	return min(max(int(float64(t)/float64(x.whole)*float64(x.cols)), 0), x.cols-1)
}

// seconds are the seconds of a run that a column covers, at least one: from,
// and up to but without to. The range is empty where they have not come yet.
func (x axis) seconds(col, have int) (from, to int) {
	from = int(x.at(col) / time.Second)
	to = max(int((x.at(col+1)-1)/time.Second)+1, from+1)
	return min(from, have), min(to, have)
}

// stretch is one fault as the axis shows it.
type stretch struct {
	name             string
	on               []string
	from, until, end time.Duration // injection, clearance, end of the horizon
	active           bool
}

// stretches are the faults of a run: as recorded where they have come, as
// planned where they have not.
func stretches(s *score.Snapshot) []stretch {
	list := make([]stretch, 0, len(s.Plan.Faults))
	for _, f := range s.Plan.Faults {
		one := stretch{name: f.Name, on: f.On, from: f.At, until: f.Clear(), end: f.End()}
		for _, w := range s.Windows {
			if w.Fault != f.Name {
				continue
			}
			if w.Injected > 0 {
				one.from = w.Injected
			}
			if w.Cleared > 0 {
				one.until = w.Cleared
			}
			if w.End > 0 {
				one.end = w.End
			}
			one.active = w.Active
		}
		list = append(list, one)
	}
	return list
}

// under tells whether a fault is in effect in a column.
func (x axis) under(list []stretch, col int) bool {
	for _, f := range list {
		if col >= x.col(f.from) && col <= x.col(f.until-1) {
			return true
		}
	}
	return false
}

// ticks writes the times along the axis, as close as they stay readable.
func (x axis) ticks(a area, y int) {
	step := time.Second
	for _, s := range []time.Duration{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 6 * 3600, 24 * 3600} {
		step = s * time.Second
		if float64(x.cols)*float64(step)/float64(x.whole) >= 8 {
			break
		}
	}
	for t := time.Duration(0); t <= x.whole; t += step {
		label := short(t)
		if c := x.col(t); c+len(label) <= a.w && (t < x.whole || t == 0) {
			a.put(c, y, inkDim, label)
		}
	}
}

// change is the shape and ink of something that was changed.
func (th *theme) change(act score.Act) (string, ink) {
	if act.ByHand {
		return th.glyph.hand, inkStrong
	}
	return th.glyph.planned, inkAccent
}

// bands writes the faults as a row: shaded where they are in effect, light over
// their recovery horizon, with their names inside or beside, and above them the
// moments at which something was changed.
func (x axis) bands(a area, y int, list []stretch, acts []score.Act) {
	g := a.th.glyph
	for _, f := range list {
		from, until, end := x.col(f.from), x.col(f.until-1), x.col(f.end-1)
		for c := from; c <= until; c++ {
			a.stamp(c, y, inkFault, g.fault)
		}
		for c := until + 1; c <= end; c++ {
			a.stamp(c, y, inkRecovery, g.horizon)
		}
	}
	for i, f := range list {
		from, to := x.col(f.from)+1, x.col(f.until-1)
		if len(list) == 1 || i == len(list)-1 {
			to = max(to, min(x.cols, x.col(f.end-1)))
		}
		if at, room := x.gap(from, to, len(f.name)+2, acts); room >= 4 {
			a.put(at, y, inkFault, " "+a.th.cut(f.name, room-2)+" ")
		}
	}
	for _, act := range acts {
		mark, in := a.th.change(act)
		a.stamp(x.col(act.T), y, in, mark)
	}
}

// gap is where a name may stand between two columns without meeting the mark of
// a change: the first place with room for all of it, or that with the most.
func (x axis) gap(from, to, want int, acts []score.Act) (at, room int) {
	consider := func(start, end int) {
		if n := end - start; room < want && n > room {
			at, room = start, n
		}
	}
	start := from
	for _, act := range acts { // in the order of time
		if c := x.col(act.T); c >= start && c < to {
			consider(start, c)
			start = c + 1
		}
	}
	consider(start, to)
	return at, room
}
