package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"brownout/harness/chaos"
	"brownout/reports"
	"brownout/scenarios"
)

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain NAME",
		Short: "Explain a scenario or a kind of fault in plain words",
		Args:  cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return append(scenarios.Builtin(), chaos.KindNames()...), cobra.ShellCompDirectiveDefault
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if k, ok := chaos.Lookup(args[0]); ok {
				a.explainFault(k)
				return nil
			}
			sc, err := scenarios.Open(args[0])
			if err != nil {
				return fmt.Errorf("%w (kinds of fault: %s)", err, strings.Join(chaos.KindNames(), ", "))
			}
			p, err := sc.Resolve(scenarios.ResolveOptions{})
			if err != nil {
				return err
			}
			reports.Explain(a.out, p, a.style(false))
			return nil
		},
	}
}

// explainFault prints a kind's page and its parameters.
func (a *app) explainFault(k chaos.Kind) {
	fmt.Fprintf(a.out, "%s: %s\nacts on: %s\n\n%s\n\n", k.Name, k.Summary, k.Layer, k.Page)
	var rows [][]string
	for _, p := range chaos.Params(k.Name) {
		rows = append(rows, []string{p.Name, p.Type, p.Default, p.Range(), p.Doc})
	}
	reports.Listing(a.out, []string{"parameter", "type", "default", "range", "meaning"}, rows, a.style(false))
}
