package tui

import (
	"maps"
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"
)

// current is the entry under the cursor.
func (l launcher) current() (Entry, bool) {
	if l.at >= len(l.shown) {
		return Entry{}, false
	}
	return l.desk.Entries[l.shown[l.at]], true
}

// currentRun is the run under the cursor.
func (l launcher) currentRun() (Kept, bool) {
	if l.runAt >= len(l.kept) {
		return Kept{}, false
	}
	return l.runs[l.kept[l.runAt]], true
}

// order is the run that would be started now.
func (l launcher) order(e Entry) Order {
	return Order{Scenario: e.Name, Target: l.desk.Targets[l.target], Seed: l.seedOf(e), Without: l.without[e.Name]}
}

// chosen starts what is under the cursor.
func (l launcher) chosen() (tea.Model, tea.Cmd) {
	e, ok := l.current()
	if !ok {
		return l, nil
	}
	return l.begin(l.order(e))
}

// begin starts a run and shows it.
func (l launcher) begin(order Order) (tea.Model, tea.Cmd) {
	d, o := l.desk, l.options
	if l.busy || d.Begin == nil {
		return l, nil
	}
	l.busy = true
	return l, func() tea.Msg {
		src, err := d.Begin(order)
		if err != nil {
			return beganMsg{failed(err)}
		}
		return beganMsg{toOpen(newRunning(src, d, o))}
	}
}

// seedOf is the seed that an entry would run with.
func (l launcher) seedOf(e Entry) uint64 {
	if n, err := strconv.ParseUint(l.seed, 10, 64); err == nil {
		return n
	}
	return e.Plan.Seed
}

// leaveOut asks which providers take part.
func (l launcher) leaveOut() launcher {
	e, ok := l.current()
	if !ok {
		return l
	}
	list := pickList{}
	for _, p := range e.Plan.Providers {
		list.items = append(list.items, pickItem{text: p.Name, note: p.Class + " " + p.Region, on: !slices.Contains(l.without[e.Name], p.Name)})
	}
	l.mode, l.box = leavingOut, picker{title: "Providers that take part", lists: []pickList{list}}
	return l
}

// ticked handles a key while things are ticked in a box.
func (l launcher) ticked(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	box, a := l.box.update(msg)
	l.box = box
	mode := l.mode
	if a != unanswered {
		l.mode = browsing
	}
	if a != accepted {
		return l, nil
	}
	if mode == contesting {
		return l.beginContest()
	}
	e, ok := l.current()
	if !ok {
		return l, nil
	}
	taking := box.picked()
	if len(taking) == 0 {
		return l, told("one provider has to take part; nothing was changed")
	}
	var out []string
	for _, p := range e.Plan.Providers {
		if !slices.Contains(taking, p.Name) {
			out = append(out, p.Name)
		}
	}
	l.without = maps.Clone(l.without)
	if l.without == nil {
		l.without = map[string][]string{}
	}
	l.without[e.Name] = out
	return l, nil
}
