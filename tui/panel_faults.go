package tui

import (
	"time"

	"brownout/harness/score"
)

// faultsPanel is a block of lines for each fault: when, on whom, and what came
// of it.
var faultsPanel = panel{
	title: "Faults", draw: drawFaults,
	lines: func(v view, _ int) int { return faultLines * len(v.s.Plan.Faults) },
}

const faultLines = 4

func drawFaults(a area, v view) {
	for y := range a.h {
		i, row := (v.first+y)/faultLines, (v.first+y)%faultLines
		if i >= len(v.s.Plan.Faults) {
			return
		}
		f := v.s.Plan.Faults[i]
		var w score.Window
		for _, one := range v.s.Windows {
			if one.Fault == f.Name {
				w = one
			}
		}
		switch row {
		case 0:
			mark, in, word := a.th.stage(v.s, f.At, w)
			x := a.put(0, y, in, mark+" ")
			x = a.text(x, y, a.w-x, inkStrong, f.Name)
			x = a.text(x, y, a.w-x, inkText, " on "+onWhom(f.On))
			x = a.text(x, y, a.w-x, in, "  "+word)
			if w.ByHand {
				a.text(x, y, a.w-x, inkDim, ", made by hand")
			}
		case 1:
			x := a.put(2, y, inkDim, clock(f.At)+" for "+short(f.For))
			if w.Scored {
				x = a.put(x, y, inkDim, "   score ")
				x = a.put(x, y, inkOf(w.Score/100), points(w.Score))
			}
			if w.Touched > 0 {
				a.text(x, y, a.w-x, inkDim, "   met by "+count(w.Touched)+" calls")
			}
		case 2:
			if w.During.Total == 0 {
				continue
			}
			x := a.put(2, y, inkDim, "available ")
			x = a.put(x, y, inkOf(w.Availability), percent(w.Availability))
			x = a.put(x, y, inkDim, "   failover ")
			x = a.text(x, y, a.w-x, inkText, reached(w.TimeToFailover, w.FailedOver, w.Cleared > 0))
			if w.Cleared > 0 {
				x = a.text(x, y, a.w-x, inkDim, "   recovery ")
				a.text(x, y, a.w-x, inkText, reached(w.TimeToRecover, w.Recovered, v.s.Finished))
			}
		}
	}
}

// reached writes how long something took, or has taken so far, or that it did
// not come about.
func reached(after time.Duration, done, over bool) string {
	switch {
	case done:
		return span(after)
	case over:
		return "none in " + span(after)
	}
	return span(after) + " so far"
}
