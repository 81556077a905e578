package tui

import (
	"errors"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"
)

// contest asks what is compared: targets, victims or mitigations.
func (l launcher) contest() launcher {
	e, ok := l.current()
	if !ok || l.desk.Contest == nil {
		return l
	}
	lists := []pickList{{name: string(VaryTargets)}, {name: string(VaryVictims)}, {name: string(VaryMitigations)}}
	for _, t := range l.desk.Targets {
		lists[0].items = append(lists[0].items, pickItem{text: t, on: len(l.desk.Targets) <= 4 || slices.Contains([]string{"bundled", "retries", "direct"}, t)})
	}
	for _, p := range e.Plan.Providers {
		if !slices.Contains(l.without[e.Name], p.Name) {
			lists[1].items = append(lists[1].items, pickItem{text: p.Name, note: "meets the faults", on: true})
		}
	}
	for _, m := range l.desk.Mitigations {
		lists[2].items = append(lists[2].items, pickItem{text: m, note: "is left out"})
	}
	l.mode, l.box = contesting, picker{title: "Compare " + e.Name, lists: lists}
	return l
}

// beginContest starts what was ticked, side by side.
func (l launcher) beginContest() (tea.Model, tea.Cmd) {
	e, ok := l.current()
	if !ok || l.busy {
		return l, nil
	}
	vary, names := Vary(l.box.lists[l.box.list].name), l.box.picked()
	least := 2
	if vary == VaryMitigations { // against the router as it is
		least = 1
	}
	if len(names) < least {
		return l, failed(fmt.Errorf("tick %d or more of the %s to compare", least, vary))
	}
	l.busy = true
	d, o, order := l.desk, l.options, l.order(e)
	return l, func() tea.Msg {
		race, err := d.Contest(Contest{Order: order, Vary: vary, Names: names})
		if err != nil {
			return beganMsg{failed(err)}
		}
		return beganMsg{toOpen(newCompare(race, d, o))}
	}
}

// commands that every screen has, as far as the desk offers what they need.
func (d Desk) commands(o Options) []command {
	var list []command
	if d.Begin != nil && len(d.Entries) > 0 {
		list = append(list, command{
			name: "run", args: "SCENARIO [TARGET]", about: "start a run",
			complete: func(arg string) []string { return beginning(d.entryNames(), arg) },
			do: func(arg string) (tea.Cmd, error) {
				order, err := d.parseOrder(arg)
				if err != nil {
					return nil, err
				}
				return func() tea.Msg {
					src, err := d.Begin(order)
					if err != nil {
						return notice{text: err.Error(), bad: true}
					}
					return open{newRunning(src, d, o)}
				}, nil
			},
		})
	}
	for _, c := range []struct {
		name, about string
		offered     bool
		do          func(Desk, string, Options) tea.Cmd
	}{
		{"report", "explain a run that was kept", d.Read != nil, toReport},
		{"replay", "play a run that was kept", d.Play != nil, toReplay},
	} {
		if c.offered {
			list = append(list, command{
				name: c.name, args: "RUN", about: c.about,
				complete: func(arg string) []string { return beginning([]string{"latest"}, arg) },
				do: func(arg string) (tea.Cmd, error) {
					if arg == "" {
						return nil, errors.New("name a run: latest, or its id as the list of runs shows it")
					}
					return c.do(d, arg, o), nil
				},
			})
		}
	}
	return list
}

func (d Desk) entryNames() []string {
	names := make([]string, len(d.Entries))
	for i, e := range d.Entries {
		names[i] = e.Name
	}
	return names
}
