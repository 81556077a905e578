package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"brownout/reports"
	"brownout/scenarios"
)

func (a *app) listCommand() *cobra.Command {
	var tag string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the built-in scenarios",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var rows [][]string
			for _, name := range scenarios.Builtin() {
				sc, err := scenarios.Open(name)
				if err != nil {
					return err
				}
				info := sc.Info()
				if tag != "" && !slices.Contains(info.Tags, tag) && !slices.Contains(info.Challenges, tag) {
					continue
				}
				rows = append(rows, []string{
					info.Name, info.Title, info.Duration.String(),
					strings.Join(info.Faults, "\n"), strings.Join(info.Tags, ", "),
				})
			}
			reports.Listing(a.out, []string{"scenario", "title", "length", "faults", "tags"}, rows, a.style(false))
			return nil
		},
	}
	c.Flags().StringVar(&tag, "tag", "", "only scenarios with this tag or challenge")
	return c
}
