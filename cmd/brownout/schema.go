package main

import (
	"github.com/spf13/cobra"

	"brownout/scenarios"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the scenario file",
		Long: `Schema prints a JSON Schema (2020-12) of the scenario file. Editors that know
TOML schemas complete and check the keys where the file's first line names it:

  #:schema ./brownout.schema.json`,
		Example: `  brownout schema > brownout.schema.json`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.out.Write(scenarios.Schema())
			return err
		},
	}
}
