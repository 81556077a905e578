package tui

import (
	"time"

	"brownout/harness/score"
)

// latencyPanel shows how long people waited: the 95th percentile of each
// second, to the first token of a stream and to the end of a plain answer.
var latencyPanel = panel{title: "Latency p95", draw: drawLatency}

func drawLatency(a area, v view) {
	lines := []struct {
		name  string
		in    ink
		value func(score.Second) time.Duration
	}{
		{"first token", inkAccent, func(s score.Second) time.Duration { return s.TTFTP95 }},
		{"answer", inkRecovery, func(s score.Second) time.Duration { return s.TotalP95 }},
	}
	// One above the other on a common axis, side by side where rows are few.
	across, down := 0, a.h/len(lines)
	size := a.sub(0, 0, a.w, down)
	if down < 4 {
		across, down = a.w/len(lines), 0
		size = a.sub(0, 0, across, a.h)
	}
	for i, l := range lines {
		part := a.sub(i*across, i*down, size.w, size.h)
		var now, top time.Duration
		for _, sec := range answered(v.s) {
			if d := l.value(sec); d > 0 {
				now, top = d, max(top, d)
			}
		}
		part.right(0, 0, gutter-1, inkDim, span(top))
		x := part.put(gutter, 0, l.in, l.name)
		part.put(x+1, 0, inkStrong, span(now))
		trace(part.sub(gutter, 1, part.w-gutter, part.h-1), l.in, v.s, l.value, top)
	}
}
