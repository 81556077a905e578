package main

import (
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// rootCommand builds the command tree. Adding a sub-command is adding its file
// and its line here.
func (a *app) rootCommand() *cobra.Command {
	var ascii bool
	root := &cobra.Command{
		Use:   "brownout",
		Short: "Chaos and resilience tests for LLM applications",
		Long: `Brownout tells, with evidence, what happens to your users, your bill and your
data when a model provider misbehaves, and how fast your failover fixes it.

Without a sub-command it opens the launcher on a terminal.`,
		Example: `  brownout run provider-outage              watch the flagship scenario
  brownout run provider-outage --headless   the same, for CI
  brownout run my.toml --target direct      your scenario, without failover
  brownout explain outage                   what a fault does, in plain words`,
		Args:              noArgs,
		Version:           version,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: false},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !a.interactive() {
				return cmd.Help()
			}
			return a.launch(cmd.Context(), ascii)
		},
	}
	root.Flags().BoolVar(&ascii, "ascii", false, "draw with ASCII characters only")
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddCommand(
		a.runCommand(),
		a.compareCommand(),
		a.worthCommand(),
		a.replayCommand(),
		a.reportCommand(),
		a.diffCommand(),
		a.runsCommand(),
		a.listCommand(),
		a.planCommand(),
		a.initCommand(),
		a.validateCommand(),
		a.schemaCommand(),
		a.explainCommand(),
		a.execCommand(),
		a.scorecardCommand(),
		a.targetsCommand(),
		a.mocksCommand(),
		a.routerCommand(),
		a.doctorCommand(),
		a.versionCommand(),
	)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand())
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil && c != root {
		c.Args = noArgs
		c.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	return root
}

// interactive tells whether a person sits at both ends and the terminal can
// draw.
func (a *app) interactive() bool {
	return isTerminal(a.in) && isTerminal(a.out) && a.env("TERM") != "dumb"
}

// isTerminal tells whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is how many columns tables may take: those of the terminal, or of the
// variable COLUMNS, or, with neither, any number: 0.
func (a *app) width() int {
	if f, ok := a.out.(*os.File); ok && isTerminal(a.out) {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	if w, err := strconv.Atoi(a.env("COLUMNS")); err == nil && w > 0 {
		return w
	}
	return 0
}

// colour tells whether output may carry colours: on a terminal that can, unless
// NO_COLOR is set to anything (no-color.org).
func (a *app) colour() bool {
	return isTerminal(a.out) && a.env("NO_COLOR") == "" && a.env("TERM") != "dumb"
}
