package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"brownout/scenarios"
)

func (a *app) validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check scenario files without running them",
		Long: `Validate reads each file as run would and reports every problem with its place
and how to mend it. Warnings do not fail.`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeScenarios,
		RunE: func(_ *cobra.Command, args []string) error {
			var errs []error
			for _, name := range args {
				sc, err := scenarios.Open(name)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				if _, err := sc.Resolve(scenarios.ResolveOptions{}); err != nil {
					errs = append(errs, err)
					continue
				}
				for _, w := range sc.Warnings {
					fmt.Fprintf(a.err, "warning: %v\n", w)
				}
				fmt.Fprintf(a.out, "%s: ok\n", name)
			}
			return errors.Join(errs...)
		},
	}
}
