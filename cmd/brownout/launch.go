package main

import (
	"context"

	"brownout/scenarios"
	"brownout/tui"
)

// launch lets a person pick a scenario and runs it.
func (a *app) launch(ctx context.Context) error {
	var entries []tui.Entry
	for _, name := range scenarios.Builtin() {
		sc, err := scenarios.Open(name)
		if err != nil {
			return err
		}
		p, err := sc.Resolve(scenarios.ResolveOptions{})
		if err != nil {
			return err
		}
		entries = append(entries, tui.Entry{Name: name, Plan: p})
	}
	choice, err := tui.Launch(ctx, entries, tui.Options{In: a.in, Out: a.out, NoColor: !a.colour()})
	if err != nil || choice.Quit {
		return err
	}
	f := runFlags{target: choice.Target, seed: choice.Seed, seeded: true, repeat: 1, out: defaultOut}
	return a.runAll(ctx, []string{choice.Scenario}, f)
}
