package tui

import (
	"fmt"
	"slices"
	"strings"
)

// parseOrder reads SCENARIO [TARGET].
func (d Desk) parseOrder(text string) (Order, error) {
	name, target, _ := strings.Cut(text, " ")
	target = strings.TrimSpace(target)
	i := slices.Index(d.entryNames(), name)
	if i < 0 {
		return Order{}, fmt.Errorf("there is no scenario %q in the library; tab lists those that there are", name)
	}
	p := d.Entries[i].Plan
	switch {
	case target == "" && slices.Contains(d.Targets, p.Target):
		target = p.Target
	case target == "" && len(d.Targets) > 0:
		target = d.Targets[0]
	case !slices.Contains(d.Targets, target):
		return Order{}, unknown("target", target, d.Targets)
	}
	return Order{Scenario: name, Target: target, Seed: p.Seed}, nil
}

// unknown says that a word is none of those that there are.
func unknown(what, word string, known []string) error {
	return fmt.Errorf("there is no %s %q; there are %s", what, word, strings.Join(known, ", "))
}
