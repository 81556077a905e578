package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"brownout/plan"
	"brownout/scenarios"
)

// validateFlags are the flags of validate.
type validateFlags struct {
	strict bool
	suites []string
	set    []string
}

func (a *app) validateCommand() *cobra.Command {
	var f validateFlags
	c := &cobra.Command{
		Use:   "validate SCENARIO...",
		Short: "Check scenario files without running them",
		Long: `Validate reads each file as run would and reports every problem with its place
and how to mend it.

What is allowed but unlikely to be meant is a warning: no steady phase before
the first fault, a window too short or too sparse to score, a rate above what
the providers can serve, an expectation that can never be measured, a variable
that nothing uses. Warnings fail only with --strict.`,
		Example: `  brownout validate mine.toml
  brownout validate mine.toml --set vars.rate=200 --strict
  brownout validate --suite nightly.toml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && len(f.suites) == 0 {
				return errors.New("name a scenario file, or a suite with --suite")
			}
			return nil
		},
		ValidArgsFunction: completeScenarios,
		RunE:              func(_ *cobra.Command, args []string) error { return a.validate(args, f) },
	}
	fl := c.Flags()
	fl.BoolVar(&f.strict, "strict", false, "warnings fail too")
	fl.StringArrayVar(&f.suites, "suite", nil, "check a suite and all that it lists (repeatable)")
	fl.StringArrayVar(&f.set, "set", nil, "override a value of the scenarios: key=value, by dotted path (repeatable)")
	must(c.RegisterFlagCompletionFunc("set", completeSettings))
	return c
}

func (a *app) validate(names []string, f validateFlags) error {
	var errs []error
	check := func(name string, sc *scenarios.Scenario, err error) {
		if err == nil {
			sc, err = sc.With(f.set...)
		}
		if err == nil {
			var p *plan.Plan
			if p, err = sc.Resolve(scenarios.ResolveOptions{}); err == nil {
				if _, e := openTarget(p.Target); e != nil {
					err = fmt.Errorf("%s: %w", name, e)
				}
			}
		}
		if err != nil {
			errs = append(errs, err)
			return
		}
		for _, w := range sc.Warnings {
			if f.strict {
				errs = append(errs, w)
			} else {
				fmt.Fprintf(a.err, "warning: %v\n", w)
			}
		}
		if !f.strict || len(sc.Warnings) == 0 {
			fmt.Fprintf(a.out, "%s: ok\n", name)
		}
	}
	for _, name := range names {
		sc, err := scenarios.Open(name)
		check(name, sc, err)
	}
	for _, name := range f.suites {
		s, err := scenarios.OpenSuite(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		for _, e := range s.Entries {
			check(name+": "+e.Scenario.Info().Name, e.Scenario, nil)
		}
	}
	return errors.Join(errs...)
}
