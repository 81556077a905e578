package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"brownout/harness/score"
)

// place is a rectangle of the screen.
type place struct{ x, y, w, h int }

func (p place) of(a area) area { return a.sub(p.x, p.y, p.w, p.h) }

func (p place) holds(x, y int) bool { return x >= p.x && x < p.x+p.w && y >= p.y && y < p.y+p.h }

// reportWide is the width from which on the verdict stays beside the pages.
const reportWide = 150

// places are where the verdict is beside the other pages, if it is, and where
// the page is that tab chooses.
func (r report) places() (beside, body place) {
	top := 2
	if r.h >= 20 {
		top = 4
	}
	h := max(r.h-top-1, 0)
	if r.w < reportWide || len(r.tabs) < 2 {
		return place{}, place{1, top, max(r.w-2, 0), h}
	}
	half := r.w * 9 / 20
	verdict, other := place{1, top, half - 2, h}, place{half + 2, top, r.w - half - 3, h}
	if r.tab == 0 {
		return other, verdict
	}
	return verdict, other
}

// View is the screen as it is now.
func (r report) View() tea.View { return tea.NewView(r.draw()) }

func (r report) draw() string {
	p := newPaper(r.w, r.h)
	a := p.all(r.theme)
	if a.w < 24 || a.h < 6 {
		mark, in, word := a.th.verdict(r.snap.Verdict)
		a.text(0, 0, a.w, in, mark+" "+word+" "+scoreText(r.snap))
		a.text(0, 1, a.w, inkDim, tooSmall(a.w, a.h))
		return p.render(r.theme)
	}
	r.paint(a)
	if r.help {
		drawHelp(a, r.keys, nil)
	}
	if r.opened != nil {
		r.opened.draw(a, r.snap)
	}
	r.export.draw(a)
	return p.render(r.theme)
}

func (r report) paint(a area) {
	r.head(a)
	r.drawTabs(a)
	beside, body := r.places()
	rows := r.tabs[r.tab].rows(r.snap, body.w)
	drawPage(body.of(a), rows, r.first[r.tab])
	if list, n := r.list(len(rows)); n > 0 {
		body.of(a).put(0, list+r.at-min(r.first[r.tab], lastFirst(len(rows), body.h)), inkPick, a.th.glyph.pick)
	}
	if beside.w > 0 {
		for y := range beside.h {
			a.stamp(max(beside.x, body.x)-2, beside.y+y, inkFrame, a.th.glyph.vertical)
		}
		other := 0
		if r.tab == 0 {
			other = 1
		}
		drawPage(beside.of(a), r.tabs[other].rows(r.snap, beside.w), r.first[other])
	}
	drawHints(a.line(a.h-1), r.keys.ShortHelp())
}

// head writes which run it was and what came of it.
func (r report) head(a area) {
	mark, in, word := a.th.verdict(r.snap.Verdict)
	text := mark + " " + word
	if t := scoreText(r.snap); t != "" {
		text += "  " + t
	}
	a.right(a.w/2, 0, a.w-a.w/2-1, in, text)
	x := a.put(1, 0, inkAccent, "report")
	a.text(x+2, 0, a.w-x-4-ansi.StringWidth(text), inkStrong, titleOf(r.snap))
	if a.h < 20 {
		return
	}
	s := r.snap
	facts := []string{s.Plan.Scenario, "target " + s.Plan.Target, "seed " + seedText(s.Plan.Seed), count(s.Requests.Total) + " requests", percent(s.Requests.Availability()) + " available"}
	if s.RunID != "" {
		facts = append(facts, s.RunID)
	}
	a.text(1, 1, a.w-2, inkDim, strings.Join(facts, "  ·  "))
}

// tabRow is the row of the names of the pages.
func (r report) tabRow() int {
	if r.h >= 20 {
		return 2
	}
	return 1
}

// tabPlaces are where the names of the pages are.
func (r report) tabPlaces() []place {
	out := make([]place, len(r.tabs))
	x, y := 1, r.tabRow()
	for i, t := range r.tabs {
		w := ansi.StringWidth(t.name) + 2
		out[i] = place{x, y, w, 1}
		x += w + 1
	}
	// Where they do not all fit, the chosen one stays in sight.
	if over := x - r.w; over > 0 && len(out) > 0 {
		shift := min(max(out[r.tab].x+out[r.tab].w+2-r.w, 0), over)
		for i := range out {
			out[i].x -= shift
		}
	}
	return out
}

func (r report) drawTabs(a area) {
	for i, p := range r.tabPlaces() {
		in, text := inkDim, " "+r.tabs[i].name+" "
		if i == r.tab {
			in, text = inkPick, "["+r.tabs[i].name+"]"
		}
		a.put(p.x, p.y, in, text)
	}
}

// reportTabs are the pages of a run's report. Adding one is adding its line.
func reportTabs(s *score.Snapshot) []tab {
	tabs := []tab{{name: "Verdict", rows: verdictPage}}
	for i, w := range s.Windows {
		tabs = append(tabs, tab{name: w.Fault, rows: func(s *score.Snapshot, width int) []row { return windowPage(s, i, width) }})
	}
	return append(tabs, tab{name: "Requests", rows: requestsPage, list: true}, tab{name: "Providers", rows: providersPage}, tab{name: "Harness", rows: harnessPage})
}
