package tui

import (
	"strconv"

	"brownout/harness/score"
)

// Frame draws one frame of the live screen as text with escape sequences, or
// without any where o.NoColor says so. It is what Live shows, for captures and
// documents. No line is wider than width columns, and there are at most height
// lines.
func Frame(snap *score.Snapshot, width, height int, o Options) string {
	m := newLive(o)
	m.snap, m.w, m.h = snap, width, height
	return m.draw()
}

// drawWaiting is the screen before the run says anything.
func drawWaiting(a area) {
	a.text(0, 0, a.w, inkDim, "waiting for the run to begin")
}

// sizeText writes a terminal's size.
func sizeText(w, h int) string { return strconv.Itoa(w) + "x" + strconv.Itoa(h) }

// seedText writes a seed.
func seedText(seed uint64) string { return strconv.FormatUint(seed, 10) }
