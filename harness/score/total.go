package score

import "math"

// score folds the windows into the score of the run.
func (b *Board) score() Total {
	known := make([]Window, 0, len(b.windows))
	for _, w := range b.windows {
		if w.on {
			known = append(known, b.window(w))
		}
	}
	return b.totalOf(known)
}

// totalOf is the geometric mean over the windows that have a score.
func (b *Board) totalOf(windows []Window) Total {
	var t Total
	var logs, n float64
	for i := range windows {
		w := &windows[i]
		if !w.Scored {
			continue
		}
		if n == 0 || w.Score < t.Worst {
			t.Worst = w.Score
		}
		logs += math.Log(w.Score)
		n++
	}
	for i, name := range PartNames {
		t.Parts[i] = overWindows(name, b.weights[i], i, windows)
	}
	if n == 0 {
		return t
	}
	t.Scored = true
	t.Total = min(100, math.Exp(logs/n)) // rounding may end above
	t.Low, t.High = t.Total, t.Total
	if b.bootstrap {
		t.Low, t.High = min(b.interval[0], t.Total), max(b.interval[1], t.Total)
	}
	return t
}

// notStruck is why a part is not known before there is a window to know it.
const notStruck = "no fault has struck"

// overWindows is the geometric mean of one part over the windows that know it,
// with the inputs of the window where it is lowest; where none knows it, the last
// that was injected says why.
func overWindows(name string, weight float64, index int, windows []Window) Part {
	out := Part{Name: name, Weight: weight, Unit: partUnits[index], Note: notStruck}
	var logs, n float64
	var lowest float64
	for i := range windows {
		p := windows[i].Parts[index]
		if i == 0 {
			out.Promised = p.Promised
		}
		if !p.Known {
			if n == 0 && p.Note != notStruck {
				out.Note = p.Note
			}
			continue
		}
		if n == 0 || p.Value < lowest {
			lowest = p.Value
			out.Attained, out.Promised = p.Attained, p.Promised
			out.Note = "lowest in " + windows[i].Fault + ": " + p.Note
		}
		logs += math.Log(max(PartFloor, p.Value))
		n++
	}
	if n > 0 {
		out.Known, out.Value = true, min(1, math.Exp(logs/n))
	}
	return out
}
