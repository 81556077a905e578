package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"brownout/harness/chaos"
	"brownout/reports"
	"brownout/scenarios"
)

// Kinds of files that people write, and that have a schema.
const (
	schemaScenario = "scenario"
	schemaTarget   = "target"
)

func (a *app) schemaCommand() *cobra.Command {
	kinds := append([]string{schemaScenario, schemaTarget}, reports.Schemas()...)
	return &cobra.Command{
		Use:   "schema [KIND]",
		Short: "Print the JSON Schema of scenario files, of target files, or of a report",
		Long: `Schema prints a JSON Schema (2020-12): of the scenario file, or of another kind:

  target     the file of a system under test
  report     report.json of run
  scorecard  the JSON of scorecard
  conduct    the JSON of exec
  compare    the JSON of compare
  worth      the JSON of worth

Editors that know TOML schemas complete and check the keys of a scenario or a
target where the file's first line names the schema:

  #:schema ./brownout.schema.json`,
		Example: `  brownout schema > brownout.schema.json
  brownout schema target > target.schema.json
  brownout schema report > report.schema.json`,
		Args:      takes(0, 1),
		ValidArgs: kinds,
		RunE: func(_ *cobra.Command, args []string) error {
			kind := schemaScenario
			if len(args) > 0 {
				kind = args[0]
			}
			text, err := schemaOf(kind)
			if err != nil || !slices.Contains(kinds, kind) {
				return fmt.Errorf("there is no schema of %q; %s", kind, chaos.Suggest(kind, kinds))
			}
			_, err = a.out.Write(text)
			return err
		},
	}
}

func schemaOf(kind string) ([]byte, error) {
	switch kind {
	case schemaScenario:
		return scenarios.Schema(), nil
	case schemaTarget:
		return scenarios.TargetSchema(), nil
	}
	return reports.JSONSchema(kind)
}
