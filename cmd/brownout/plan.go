package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"brownout/scenarios"
	"brownout/tui"
)

// planFlags are the flags of plan.
type planFlags struct {
	seed        uint64
	seeded      bool
	target      string
	set         []string
	json, ascii bool
}

// Widths of the picture: what it has where nobody says, and at the most.
const (
	planWidth    = 100
	planWidthMax = 160
)

func (a *app) planCommand() *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use:   "plan SCENARIO",
		Short: "Draw what a scenario would do, without running it",
		Long: `Plan resolves a scenario as run would and draws it: the rate over time with the
faults shaded, the faults on a timeline, who serves, and what is expected.
Nothing is started. With --json it prints the resolved plan itself.`,
		Example: `  brownout plan provider-outage
  brownout plan mine.toml --set vars.rate=200
  brownout plan provider-outage --json`,
		Args:              takes(1, 1),
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.seeded = cmd.Flags().Changed("seed")
			return a.plan(args[0], f)
		},
	}
	fl := c.Flags()
	fl.Uint64Var(&f.seed, "seed", 0, "key of every random decision (default: the scenario's, else 1)")
	fl.StringVar(&f.target, "target", "", "system under test (default: the scenario's, else "+scenarios.DefaultTarget+"): a name, a target's file or a URL")
	fl.StringArrayVar(&f.set, "set", nil, "override a value of the scenario: key=value, by dotted path (repeatable)")
	fl.BoolVar(&f.json, "json", false, "print the resolved plan as JSON")
	fl.BoolVar(&f.ascii, "ascii", false, "draw with ASCII characters only")
	must(c.RegisterFlagCompletionFunc("set", completeSettings))
	must(c.RegisterFlagCompletionFunc("target", cobra.FixedCompletions(scenarios.Targets(), cobra.ShellCompDirectiveDefault)))
	return c
}

func (a *app) plan(name string, f planFlags) error {
	sc, err := scenarios.Open(name)
	if err != nil {
		return err
	}
	if sc, err = sc.With(f.set...); err != nil {
		return err
	}
	o := scenarios.ResolveOptions{Target: f.target}
	if f.seeded {
		o.Seed = &f.seed
	}
	p, err := sc.Resolve(o)
	if err != nil {
		return err
	}
	if _, err := openTarget(p.Target); err != nil {
		return err
	}
	if f.json {
		return a.printJSON(p)
	}
	for _, w := range sc.Warnings {
		fmt.Fprintf(a.err, "warning: %v\n", w)
	}
	width := a.width()
	if width == 0 {
		width = planWidth
	}
	look := tui.Options{Width: min(width, planWidthMax), NoColor: !a.colour(), ASCII: f.ascii}
	fmt.Fprintln(a.out, tui.Preview(p, look.FromEnviron(os.Environ())))
	fmt.Fprintf(a.out, "\ntarget %s, seed %d\n", p.Target, p.Seed)
	return nil
}
