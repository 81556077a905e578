package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"brownout/harness/chaos"
	"brownout/reports"
	"brownout/scenarios"
)

func (a *app) schemaCommand() *cobra.Command {
	kinds := []string{"scenario", "report"}
	return &cobra.Command{
		Use:   "schema [scenario|report]",
		Short: "Print the JSON Schema of the scenario file, or of report.json",
		Long: `Schema prints a JSON Schema (2020-12): of the scenario file, or, with "report",
of report.json. Editors that know TOML schemas complete and check the keys of a
scenario where the file's first line names the schema:

  #:schema ./brownout.schema.json`,
		Example: `  brownout schema > brownout.schema.json
  brownout schema report > report.schema.json`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: kinds,
		RunE: func(_ *cobra.Command, args []string) error {
			text := scenarios.Schema()
			switch {
			case len(args) == 0 || args[0] == kinds[0]:
			case args[0] == kinds[1]:
				text = reports.JSONSchema
			default:
				return fmt.Errorf("there is no schema of %q; %s", args[0], chaos.Suggest(args[0], kinds))
			}
			_, err := a.out.Write(text)
			return err
		},
	}
}
