package tui

import (
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"brownout/harness/score"
)

// The widths from which on the launcher has two panes, boxes, and all panes.
const (
	launchTwo   = 64
	launchBoxes = 100
	launchAll   = 160
)

// previewStep is how many rows a key scrolls the preview.
const previewStep = 5

// View is the screen as it is now.
func (l launcher) View() tea.View { return tea.NewView(l.draw()) }

// draw draws a frame: the lists, and beside them, where there is room, what is
// under the cursor.
func (l launcher) draw() string {
	p := newPaper(l.w, l.h)
	a := p.all(l.theme)
	switch {
	case a.w < 24 || a.h < 6:
		if e, ok := l.current(); ok {
			a.text(0, 0, a.w, inkPick, a.th.glyph.pick+" "+e.Name)
		}
		a.text(0, 1, a.w, inkDim, tooSmall(a.w, a.h))
	default:
		l.paint(a)
	}
	switch {
	case l.mode == leavingOut, l.mode == contesting:
		l.box.draw(a)
	case l.help:
		drawHelp(a, l.keys, nil)
	}
	return p.render(l.theme)
}

// frames are the panes with their frames; a pane that is not shown has no
// width.
func (l launcher) frames() (out [panes]place, set edge) {
	body := place{0, 1, l.w, max(l.h-2, 0)}
	set = ruled
	if l.w >= launchBoxes && l.h >= 28 {
		set = boxed
	}
	part := func(x, w int) place { return place{x, body.y, w, body.h} }
	switch {
	case l.w >= launchAll:
		list := min(l.w/4, 56)
		runs := min(max(l.w*2/5, 70), 90)
		out[paneList] = part(0, list)
		out[panePreview] = part(list+1, l.w-list-runs-2)
		out[paneRuns] = part(l.w-runs, runs)
	case l.w < launchTwo:
		out[l.focus] = body
	case l.focus == paneRuns && l.w < launchBoxes:
		out[paneRuns] = body
	case l.focus == paneRuns:
		runs := max(l.w*6/10, 64)
		out[paneRuns] = part(0, runs)
		out[panePreview] = part(runs+1, l.w-runs-1)
	default:
		list := min(max(l.w*3/10, 27), 44)
		out[paneList] = part(0, list)
		out[panePreview] = part(list+1, l.w-list-1)
	}
	return out, set
}

// place is the inside of a pane.
func (l launcher) place(in pane) place {
	frames, set := l.frames()
	return frames[in].inside(set)
}

// neighbour is the pane some steps after the focused one.
func (l launcher) neighbour(step int) pane { return (l.focus + pane(step)) % panes }

func (l launcher) paint(a area) {
	x := a.put(1, 0, inkAccent, "brownout")
	if a.w >= 60 {
		x = a.text(x+2, 0, a.w-x-2, inkDim, count(uint64(len(l.shown)))+" of "+count(uint64(len(l.desk.Entries)))+" scenarios, "+count(uint64(len(l.kept)))+" runs")
	}
	l.settings(a, x+3)
	frames, set := l.frames()
	for in, title := range [panes]string{"Scenarios", l.previewTitle(), "Recent runs"} {
		f := frames[in]
		if f.w == 0 {
			continue
		}
		frame, name := inkFrame, inkTitle
		if pane(in) == l.focus {
			frame, name = inkFocus, inkFocus
			title = a.th.glyph.pick + " " + title
		}
		inner := box(f.of(a), title, set, frame, name)
		switch pane(in) {
		case paneList:
			l.list(inner)
		case panePreview:
			drawPage(inner, l.previewed(inner.w), l.first)
		case paneRuns:
			l.drawRuns(inner)
		}
	}
	l.foot(a.line(a.h - 1))
}

// settings writes what a run would use, at the right edge.
func (l launcher) settings(a area, from int) {
	e, ok := l.current()
	if !ok {
		return
	}
	text := "target " + l.desk.Targets[l.target] + "   seed " + seedText(l.seedOf(e))
	if n := len(l.without[e.Name]); n > 0 {
		all := len(e.Plan.Providers)
		text += "   providers " + strconv.Itoa(all-n) + " of " + strconv.Itoa(all)
	}
	if l.busy {
		text = "starting " + a.th.glyph.ellipsis
	}
	a.right(from, 0, max(a.w-from-1, 0), inkStrong, text)
}

// listFirst is the first entry shown of a list so high, and how many rows each
// has.
func (l launcher) listFirst(h int) (first, each int) {
	each = 1
	if len(l.shown)*2 <= h || h >= 20 {
		each = 2
	}
	rows := max(h/each, 1)
	return min(max(l.at-rows/2, 0), max(len(l.shown)-rows, 0)), each
}

// list writes the entries around the cursor, on two rows each where there is
// room, with what came of their last run.
func (l launcher) list(a area) {
	if len(l.shown) == 0 {
		a.text(0, 0, a.w, inkDim, "no scenario matches")
		return
	}
	first, each := l.listFirst(a.h)
	for i := first; i < len(l.shown) && (i-first)*each < a.h; i++ {
		e, y := l.desk.Entries[l.shown[i]], (i-first)*each
		in := inkText
		if i == l.at {
			in = inkPick
			a.put(0, y, inkPick, a.th.glyph.pick)
		}
		length := short(e.Plan.Load.Duration)
		end := a.w
		if r, ok := l.lastRun(e.Name); ok {
			mark, hue, word := a.th.keptScore(r)
			end = a.w - len(word) - 2
			a.put(end, y, hue, mark+" "+word)
		} else if each == 1 {
			end = a.w - len(length)
			a.right(end, y, len(length), inkDim, length)
		}
		a.text(2, y, end-3, in, e.Name)
		if each == 2 {
			a.text(2, y+1, a.w-4-len(length), inkDim, e.Plan.Title)
			a.right(a.w-len(length), y+1, len(length), inkDim, length)
		}
	}
}

// foot is the last row: the keys, or the text being written.
func (l launcher) foot(a area) {
	switch l.mode {
	case searching:
		prompt(a, "/", l.search, "enter keeps, esc clears")
	case seeding:
		prompt(a, "seed ", l.number, "enter keeps, empty means the scenario's own")
	default:
		keys := l.keys.hints(l.focus)
		if l.search.Value() != "" || len(l.marked) > 0 {
			keys = append([]key.Binding{renamed(l.keys.back, "clear")}, keys...)
		}
		drawHints(a, keys)
	}
}

// previewTitle is the name of what is previewed.
func (l launcher) previewTitle() string {
	if r, ok := l.currentRun(); ok && l.focus == paneRuns {
		return r.Scenario
	}
	if e, ok := l.current(); ok {
		return e.Name
	}
	return "Preview"
}

// previewed are the rows of the preview: of the run under the cursor where the
// runs have the focus, of the scenario otherwise.
func (l launcher) previewed(w int) []row {
	if l.focus == paneRuns {
		return l.runRows(w)
	}
	e, ok := l.current()
	if !ok {
		return nil
	}
	var rows []row
	if out := l.without[e.Name]; len(out) > 0 {
		rows = append(rows, markedRows(markWarn, inkText, "without "+strings.Join(out, ", "), w)...)
	}
	n := 0
	for _, r := range l.runs {
		if r.Scenario != e.Name || r.Verdict == score.Pending || n == 3 {
			continue
		}
		n++
		rows = append(rows, func(a area) {
			mark, in, word := a.th.keptScore(r)
			a.put(0, 0, in, mark+" "+word)
			a.text(10, 0, a.w-10, inkDim, r.Started.Local().Format("2006-01-02 15:04")+"  "+r.Target+"  seed "+seedText(r.Seed))
		})
	}
	if len(rows) > 0 {
		rows = append(rows, blankRow)
	}
	return append(rows, previewRows(e.Plan, w)...)
}

func markWarn(th *theme) (string, ink) { return th.glyph.warn, inkWarn }

// rateText writes a rate of requests.
func rateText(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) + "/s" }
