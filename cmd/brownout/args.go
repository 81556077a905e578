package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"brownout/harness/chaos"
	"brownout/scenarios"
)

// noArgs refuses what follows a command that takes nothing. Of a command with
// sub-commands it is the misspelt name of one; of the program itself perhaps a
// scenario that somebody wants to run.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word, path := args[0], cmd.CommandPath()
	if !cmd.HasAvailableSubCommands() {
		return fmt.Errorf("%q takes no arguments, and %q was given", path, word)
	}
	if !cmd.HasParent() {
		if _, builtin := scenarios.Raw(word); builtin || strings.HasSuffix(word, ".toml") {
			return fmt.Errorf("%q is a scenario, not a command; write %q to run it", word, path+" run "+word)
		}
	}
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	return fmt.Errorf("unknown command %q for %q; %s", word, path, chaos.Suggest(word, known))
}

// takes wants a number of arguments between least and most; most may be any: -1.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if n := len(args); n < least || most >= 0 && n > most {
			_, operands, _ := strings.Cut(cmd.Use, " ")
			given := fmt.Sprintf("%d were given", n)
			switch n {
			case 0:
				given = "none was given"
			case 1:
				given = "1 was given"
			}
			return fmt.Errorf("wrong number of arguments: write \"%s %s\"; %s; \"%[1]s --help\" has examples", cmd.CommandPath(), operands, given)
		}
		return nil
	}
}

// flagError says what is wrong with a flag, and how it is meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
		return fmt.Errorf("%w; %s", err, chaos.Suggest("--"+unknown.GetSpecifiedName(), known))
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		return fmt.Errorf("--%s: %q is not %s", f.Name, invalid.GetValue(), kindOfValue(f.Value.Type()))
	}
	return err
}

// kindOfValue names in words what pflag calls a type.
func kindOfValue(kind string) string {
	switch kind {
	case "uint64", "uint":
		return "a whole number of 0 or more"
	case "int":
		return "a whole number"
	case "float64":
		return "a number"
	case "duration":
		return `a duration; write for example "10s", "500ms" or "1m30s"`
	case "bool":
		return "true or false"
	}
	return "a value that it takes"
}

// helpCommand is cobra's, but for an unknown name, which is bad usage here and
// no reason to explain the program.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range cmd.Root().Commands() {
				if c.IsAvailableCommand() {
					names = append(names, c.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 && about.HasAvailableSubCommands() {
				return noArgs(about, rest)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
