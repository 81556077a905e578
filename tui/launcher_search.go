package tui

import (
	"slices"
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// edited handles a key while text is being written.
func (l launcher) edited(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	k := l.keys
	switch {
	case key.Matches(msg, k.accept):
		if l.mode == seeding {
			l.seed = l.number.Value()
		}
		l.mode = browsing
	case key.Matches(msg, k.back):
		if l.mode == searching {
			l.search.Reset()
			l = l.filtered()
		}
		l.mode = browsing
	case l.mode == searching && (msg.Code == tea.KeyUp || msg.Code == tea.KeyDown):
		l = l.moved(msg, l.focus)
	default:
		return l.typed(msg), nil
	}
	return l, nil
}

// typed passes text to what is being written. A seed takes only what a number
// of 64 bits can be.
func (l launcher) typed(msg tea.Msg) launcher {
	if l.mode == searching {
		l.search, _ = l.search.Update(msg)
		return l.filtered()
	}
	next, _ := l.number.Update(msg)
	if _, err := strconv.ParseUint(next.Value(), 10, 64); err == nil || next.Value() == "" {
		l.number = next
	}
	return l
}

// filtered keeps the entries and runs that hold every word of the search: an
// entry in its name, title, tags, challenges, faults or providers.
func (l launcher) filtered() launcher {
	words := strings.Fields(strings.ToLower(l.search.Value()))
	matches := func(texts ...string) bool {
		text := strings.ToLower(strings.Join(texts, " "))
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	}
	shown := make([]int, 0, len(l.desk.Entries))
	for i, e := range l.desk.Entries {
		texts := slices.Concat([]string{e.Name, e.Plan.Title}, e.Plan.Tags, e.Plan.Challenges)
		for _, f := range e.Plan.Faults {
			texts = append(texts, f.Kind)
		}
		for _, p := range e.Plan.Providers {
			texts = append(texts, p.Name)
		}
		if matches(texts...) {
			shown = append(shown, i)
		}
	}
	kept := make([]int, 0, len(l.runs))
	for i, r := range l.runs {
		if matches(r.ID, r.Title, r.Target, string(r.Verdict)) {
			kept = append(kept, i)
		}
	}
	l.shown, l.kept = shown, kept
	l.at, l.runAt, l.first = within(l.at, len(shown)), within(l.runAt, len(kept)), 0
	return l
}
