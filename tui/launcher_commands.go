package tui

import (
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"
)

// commands of the launcher.
func (l launcher) commands() []command {
	return []command{
		{
			name: "target", args: "NAME", about: "what is tested",
			complete: func(arg string) []string { return beginning(l.desk.Targets, arg) },
			do: func(arg string) (tea.Cmd, error) {
				if !slices.Contains(l.desk.Targets, arg) {
					return nil, unknown("target", arg, l.desk.Targets)
				}
				return func() tea.Msg { return targetMsg{arg} }, nil
			},
		},
		{name: "seed", args: "[N]", about: "key of every random decision; none: the scenario's own", do: func(arg string) (tea.Cmd, error) {
			if _, err := strconv.ParseUint(arg, 10, 64); err != nil && arg != "" {
				return nil, unknown("seed", arg, []string{"the numbers from 0 to 18446744073709551615"})
			}
			return func() tea.Msg { return seedMsg{arg} }, nil
		}},
		{
			name: "search", args: "WORDS", about: "what names, titles, tags, challenges, faults or providers hold",
			complete: func(arg string) []string { return beginning(l.words(), arg) },
			do:       func(arg string) (tea.Cmd, error) { return func() tea.Msg { return searchMsg{arg} }, nil },
		},
	}
}

// words are the tags and challenges that there are.
func (l launcher) words() []string {
	var out []string
	for _, e := range l.desk.Entries {
		out = append(append(out, e.Plan.Tags...), e.Plan.Challenges...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
