package tui

import (
	"slices"
	"strconv"
	"strings"

	"brownout/harness/score"
)

// Rows and least columns of a lane's card.
const (
	cardRows = 5
	cardCols = 60
)

// drawCards draws a card for each lane, with all that is known of it and its
// calls over the last minute; false where there is no room for that.
func drawCards(a area, v view) bool {
	n := len(v.s.Providers)
	columns := max(min(a.w/cardCols, n), 1)
	rows := (n + columns - 1) / columns
	if n == 0 || a.w < cardCols || a.h < rows*cardRows || a.h < n+3 {
		return false
	}
	w := a.w / columns
	for i, l := range v.s.Providers {
		drawCard(a.sub(i%columns*w, i/columns*cardRows, w-2, cardRows), v.s, l)
	}
	return true
}

func drawCard(a area, s *score.Snapshot, l score.Lane) {
	th := a.th
	x := a.put(0, 0, inkStrong, l.Name)
	x = a.put(x+2, 0, inkText, l.Class)
	x = a.text(x+2, 0, a.w-x-2, inkDim, l.Region+"  "+l.Dialect)
	drawState(a.sub(x+3, 0, a.w-x-3, 1), s, l)

	figures := a.sub(2, 1, a.w-2, 3)
	drawBreaker(figures.sub(0, 0, 12, 1), s, l)
	put := func(x, y int, in ink, label, value string) int {
		x = figures.put(x, y, inkDim, label+" ")
		return figures.put(x, y, in, value) + 2
	}
	x = put(14, 0, inkText, "share", percentRound(l.RecentShare))
	x = put(x, 0, inkText, "calls/s", tenth1(l.RecentRate))
	x = put(x, 0, errorInk(l), "errors", percentRound(l.RecentErrors))
	put(x, 0, inkText, "cost", dollars(l.CostUSD))

	x = put(0, 1, inkText, "p95", span(l.P95))
	x = put(x, 1, inkText, "first token", span(l.TTFTP95))
	x = put(x, 1, inkText, "calls", count(l.Calls))
	if worst := worstErrors(l); worst != "" {
		figures.text(x, 1, figures.w-x, inkDim, "errors: "+worst)
	}

	x = 0
	if g := l.Gauge; g != nil {
		slots := strconv.Itoa(g.Busy)
		if g.Slots > 0 {
			slots += " of " + strconv.Itoa(g.Slots)
		}
		x = put(x, 2, inkText, "busy", slots)
		x = put(x, 2, inkText, "queue", strconv.Itoa(g.Waiting))
		if g.KVCache > 0 || l.Class == "gpu" {
			x = put(x, 2, inkText, "kv cache", percentRound(g.KVCache))
			bar(figures, x-1, 2, 6, inkAccent, g.KVCache)
			x += 7
		}
		if g.Limited {
			x = put(x, 2, inkText, "limit left", percentRound(g.Headroom))
			bar(figures, x-1, 2, 6, inkAccent, g.Headroom)
			x += 7
		}
		if g.Replicas > 0 {
			x = put(x, 2, inkText, "replicas", strconv.Itoa(g.Replicas))
		}
		if g.Slow > 1 {
			x = put(x, 2, inkWarn, "throttled", th.times(g.Slow))
		}
	}
	if room := figures.w - x - 2; room >= 12 {
		drawHistory(figures.sub(figures.w-min(room, 30), 2, min(room, 30), 1), s, l)
	}
}

func errorInk(l score.Lane) ink {
	switch {
	case l.RecentErrors >= 0.2:
		return inkBad
	case l.RecentErrors > 0:
		return inkWarn
	}
	return inkDim
}

// worstErrors are the commonest failures of a lane.
func worstErrors(l score.Lane) string {
	kinds := make([]string, 0, len(l.Errors))
	for k := range l.Errors {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b string) int {
		if l.Errors[a] != l.Errors[b] {
			return int(l.Errors[b]) - int(l.Errors[a])
		}
		return strings.Compare(a, b)
	})
	for i, k := range kinds {
		kinds[i] = k + " " + count(l.Errors[k])
	}
	return strings.Join(kinds[:min(len(kinds), 3)], ", ")
}

// times writes a factor.
func (th *theme) times(x float64) string {
	if th.ascii {
		return tenth(x) + "x"
	}
	return tenth(x) + "×"
}
