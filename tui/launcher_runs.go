package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"brownout/harness/score"
)

// withRun does something with the run under the cursor.
func (l launcher) withRun(do func(Desk, string, Options) tea.Cmd) (tea.Model, tea.Cmd) {
	r, ok := l.currentRun()
	if !ok {
		return l, nil
	}
	return l, do(l.desk, r.ID, l.options)
}

// tick marks the run under the cursor, or takes its mark away.
func (l launcher) tick() launcher {
	r, ok := l.currentRun()
	if !ok {
		return l
	}
	marked := slices.Clone(l.marked)
	if i := slices.Index(marked, r.ID); i >= 0 {
		l.marked = slices.Delete(marked, i, i+1)
	} else {
		l.marked = append(marked, r.ID)
	}
	l.runAt = within(l.runAt+1, len(l.kept))
	return l
}

// again starts the run under the cursor once more.
func (l launcher) again() (tea.Model, tea.Cmd) {
	r, ok := l.currentRun()
	if !ok {
		return l, nil
	}
	i := slices.IndexFunc(l.desk.Entries, func(e Entry) bool { return e.Plan.Scenario == r.Scenario })
	if i < 0 {
		return l, failed(fmt.Errorf("scenario %s is neither in the library nor in this directory; run it again by its file", r.Scenario))
	}
	next, cmd := l.begin(Order{Scenario: l.desk.Entries[i].Name, Target: r.Target, Seed: r.Seed})
	if cmd != nil && r.altered() {
		cmd = tea.Batch(cmd, told("run as its scenario's file has it: what was set or done by hand is not done again"))
	}
	return next, cmd
}

// compareMarked sets the marked runs side by side.
func (l launcher) compareMarked() (tea.Model, tea.Cmd) {
	if len(l.marked) < 2 {
		return l, failed(errors.New("mark two runs or more with space, to compare them"))
	}
	d, o, ids, runs := l.desk, l.options, slices.Clone(l.marked), l.runs
	return l, func() tea.Msg {
		var lanes []Lane
		for _, id := range ids {
			s, err := d.Read(id)
			if err != nil {
				return notice{text: fmt.Sprintf("run %s cannot be read: %v", id, err), bad: true}
			}
			lanes = append(lanes, Lane{Label: runLabel(runs, id, s), Snap: s})
		}
		return open{newCompare(pastRuns{lanes}, d, o)}
	}
}

// runLabel calls a run by what tells it from others.
func runLabel(runs []Kept, id string, s *score.Snapshot) string {
	for _, r := range runs {
		if r.ID == id {
			return fmt.Sprintf("%s %s %s", r.Started.Format("01-02 15:04:05"), r.Scenario, r.Target)
		}
	}
	return s.Plan.Scenario + " " + s.Plan.Target
}

// lastRun is the latest run of an entry against the target that is chosen:
// one that was as the scenario's file says, where there is one.
func (l launcher) lastRun(e Entry) (last Kept, found bool) {
	for _, r := range l.runs {
		if r.Scenario != e.Plan.Scenario || r.Target != l.desk.Targets[l.target] || r.Verdict == score.Pending {
			continue
		}
		if !r.altered() {
			return r, true
		}
		if !found {
			last, found = r, true
		}
	}
	return last, found
}

// alteredMark stands behind what a run came to that was not as its scenario's
// file says.
const alteredMark = "*"

func markAltered(*theme) (string, ink) { return alteredMark, inkStrong }

// keptScore is the shape, ink and words of what a run came to.
func (th *theme) keptScore(r Kept) (string, ink, string) {
	mark, in, word := th.verdict(r.Verdict)
	switch {
	case r.Scored:
		word = points(r.Score)
	case r.Verdict == score.Pending:
		word = "no end"
	case r.Verdict == score.Inconclusive:
		word = "doubt"
	default:
		word = strings.ToLower(word)
	}
	if r.altered() {
		word += alteredMark
	}
	return mark, in, word
}

// runsFirst is the first run shown of a pane so high, below its titles.
func (l launcher) runsFirst(h int) int {
	rows := max(h-1, 1)
	return min(max(l.runAt-rows/2, 0), lastFirst(len(l.kept), rows))
}

// drawRuns lists the runs around the cursor, the latest first.
func (l launcher) drawRuns(a area) {
	if len(l.kept) == 0 {
		text := "no run is kept yet: enter on a scenario starts one"
		if len(l.runs) > 0 {
			text = "no run matches"
		}
		a.text(0, 0, a.w, inkDim, text)
		return
	}
	// Columns from the right: change, score, verdict; then seed, target and time
	// where there is room; the name has the rest.
	const scoreW, changeW, seedW, targetW, timeW = 9, 6, 5, 9, 11
	name := 4
	showTime, showTarget, showSeed := a.w >= 46, a.w >= 34, a.w >= 72
	if showTime {
		name += timeW + 2
	}
	right := scoreW
	if a.w >= 56 {
		right += changeW + 1
	}
	if showSeed {
		right += seedW + 2
	}
	if showTarget {
		right += targetW + 2
	}
	nameW := max(a.w-name-right-2, 4)
	line := func(y int, in, dim ink, mark string, cells [6]string, hue ink) {
		if showTime {
			a.text(4, y, timeW, dim, cells[0])
		}
		a.text(name, y, nameW, in, cells[1])
		x := name + nameW + 2
		if showTarget {
			a.text(x, y, targetW, dim, cells[2])
			x += targetW + 2
		}
		if showSeed {
			a.right(x, y, seedW, dim, cells[3])
			x += seedW + 2
		}
		a.put(x, y, hue, mark)
		a.text(x+2, y, scoreW-2, hue, cells[4])
		if x += scoreW + 1; a.w >= 56 {
			a.right(x, y, changeW, dim, cells[5])
		}
	}
	line(0, inkDim, inkDim, "", [6]string{"started", "scenario", "target", "seed", "score", "change"}, inkDim)
	first := l.runsFirst(a.h)
	for i := first; i < len(l.kept) && i-first+1 < a.h; i++ {
		r, y := l.runs[l.kept[i]], i-first+1
		in := inkText
		if i == l.runAt {
			in = inkPick
			a.put(0, y, inkPick, a.th.glyph.pick)
		}
		if slices.Contains(l.marked, r.ID) {
			a.put(2, y, inkStrong, "x")
		}
		change := ""
		if r.Changed {
			change = fmt.Sprintf("%+.1f", r.Change)
		}
		mark, hue, word := a.th.keptScore(r)
		line(y, in, inkDim, mark, [6]string{r.Started.Local().Format("01-02 15:04"), r.Scenario, r.Target, seedText(r.Seed), word, change}, hue)
	}
}

// runRows tell what is known of a run without reading its journal.
func (l launcher) runRows(w int) []row {
	r, ok := l.currentRun()
	if !ok {
		return nil
	}
	rows := textRows(inkStrong, r.Title, w)
	rows = append(rows, func(a area) {
		mark, in, word := a.th.keptScore(r)
		_, _, verdict := a.th.verdict(r.Verdict)
		x := a.put(0, 0, in, mark+" "+verdict)
		if r.Scored {
			x = a.put(x+2, 0, inkStrong, word)
		}
		if r.Changed {
			a.text(x+2, 0, a.w-x-2, inkDim, fmt.Sprintf("%+.1f since the run before", r.Change))
		}
	}, textRow(inkDim, fmt.Sprintf("target %s  seed %d", r.Target, r.Seed)), textRow(inkDim, r.ID), blankRow)
	if len(r.Overrides) > 0 {
		rows = append(rows, markedRows(markAltered, inkText, "other than the file: "+strings.Join(r.Overrides, "; "), w)...)
	}
	if r.ByHand > 0 {
		rows = append(rows, markedRows(markAltered, inkText, fmt.Sprintf("changed by hand %d×", r.ByHand), w)...)
	}
	for _, why := range r.Reasons {
		rows = append(rows, markedRows(markDot, inkText, why, w)...)
	}
	return append(append(rows, blankRow), textRows(inkDim, "enter shows its report, p plays it, space marks it to be compared, a runs it again", w)...)
}
