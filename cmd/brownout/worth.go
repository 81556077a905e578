package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"brownout/harness/chaos"
	"brownout/harness/score"
	"brownout/plan"
	"brownout/reports"
	"brownout/scenarios"
)

// worthFlags are the flags of worth beside those of run.
type worthFlags struct {
	runFlags
	mitigations []string
}

func (a *app) worthCommand() *cobra.Command {
	var f worthFlags
	c := &cobra.Command{
		Use:   "worth [SCENARIO...]",
		Short: "Show what each mitigation of the bundled router is worth",
		Long: `Worth runs scenarios with the router as they have it, and with each of the
mitigations that they show switched off: the key "shows" of a scenario names them.
All runs of a scenario have the same seed and go side by side, so that nothing but
the mitigation differs. Without SCENARIO it takes every built-in one that shows
something.`,
		Example: `  brownout worth
  brownout worth --mitigations continuation,breaker --report md=worth.md
  brownout worth stream-stall --repeat 3`,
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.seeded = cmd.Flags().Changed("seed")
			return a.worth(cmd.Context(), args, f)
		},
	}
	fl := c.Flags()
	fl.StringSliceVar(&f.mitigations, "mitigations", nil, "only these")
	f.besideFlags(c)
	must(c.RegisterFlagCompletionFunc("mitigations", several(mitigationNames)))
	return c
}

// shown is a scenario with the mitigations whose worth is measured with it.
type shown struct {
	scenario    *scenarios.Scenario
	mitigations []string
}

func (a *app) worth(ctx context.Context, names []string, f worthFlags) error {
	outputs, err := f.besideOutputs()
	if err != nil {
		return err
	}
	shows, err := f.shown(names)
	if err != nil {
		return err
	}
	b := &batchRun{app: a, flags: f.runFlags}
	at := map[string]int{} // where the runs of a scenario without a mitigation begin
	for _, s := range shows {
		for _, without := range append([]string{""}, s.mitigations...) {
			at[s.scenario.Info().Name+" "+without] = len(b.runs)
			for n := range f.repeat {
				r, err := resolveEntry(scenarios.Entry{Scenario: s.scenario}, f.runFlags, uint64(n))
				if err != nil {
					return err
				}
				if without != "" {
					switchOff(r.Plan, without)
					r.Name += " without " + without
				}
				b.runs = append(b.runs, r)
			}
		}
	}
	// Those without are expected to fail.
	err = b.sideBySide(ctx, f.limits(runtime.NumCPU()))
	if code := exitCode(err); code == exitInterrupted || code == exitEnvironment {
		return err
	}
	measured := func(s shown, without string) []*score.Snapshot {
		first := at[s.scenario.Info().Name+" "+without]
		return judged(b.runs[first : first+f.repeat]...)
	}
	var table []reports.Worth
	for _, s := range shows {
		for _, m := range s.mitigations {
			table = append(table, reports.Worth{
				Mitigation: m, Scenario: s.scenario.Info().Name, With: measured(s, ""), Without: measured(s, m),
			})
		}
	}
	order := mitigationNames()
	slices.SortStableFunc(table, func(a, b reports.Worth) int {
		return slices.Index(order, a.Mitigation) - slices.Index(order, b.Mitigation)
	})
	reports.Worths(a.out, table, a.style(f.ascii))
	return writeOutputs(outputs, func(w io.Writer, format string) error { return reports.WriteWorths(w, format, table) })
}

// shown finds what there is to measure.
func (f worthFlags) shown(names []string) ([]shown, error) {
	for _, m := range f.mitigations {
		if known := mitigationNames(); !slices.Contains(known, m) {
			return nil, fmt.Errorf("--mitigations: unknown name %q; %s", m, chaos.Suggest(m, known))
		}
	}
	asked := names
	if len(asked) == 0 {
		asked = scenarios.Builtin()
	}
	var out []shown
	for _, name := range asked {
		sc, err := scenarios.Open(name)
		if err != nil {
			return nil, err
		}
		s := shown{scenario: sc}
		for _, m := range sc.Info().Shows {
			if len(f.mitigations) == 0 || slices.Contains(f.mitigations, m) {
				s.mitigations = append(s.mitigations, m)
			}
		}
		if len(s.mitigations) > 0 {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("none of the scenarios shows such a mitigation; the key \"shows\" of a scenario names those that it shows")
	}
	return out, nil
}

// switchOff takes a mitigation from the router of a plan.
func switchOff(p *plan.Plan, mitigation string) {
	p.Override(mitigation + " off")
	p.Router.Off = append(slices.Clone(p.Router.Off), mitigation)
	p.Router.On = slices.DeleteFunc(slices.Clone(p.Router.On), func(on string) bool { return on == mitigation })
}
