package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"brownout/harness/chaos"
	"brownout/harness/scorecard"
	"brownout/mocks/presets"
	"brownout/plan"
	"brownout/reports"
	"brownout/scenarios"
)

// completer is what cobra asks for the words that may follow.
type completer = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// completeScenarios completes built-in names and TOML files.
func completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return scenarios.Builtin(), cobra.ShellCompDirectiveDefault
}

// fixed completes words of a list that is made when it is asked for.
func fixed(words func() []string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words(), cobra.ShellCompDirectiveNoFileComp
	}
}

// several completes the last of several words between commas. Where none fits, the
// shell may offer files.
func several(words func() []string) completer {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndex(typed, ",")+1]
		named := strings.Split(before, ",")
		var out []string
		for _, w := range words() {
			if !slices.Contains(named, w) {
				out = append(out, before+w)
			}
		}
		return out, cobra.ShellCompDirectiveNoSpace
	}
}

// outputs completes FORMAT=PATH, of which the shell knows the paths.
func outputs(formats []string) completer {
	return several(func() []string {
		var out []string
		for _, f := range formats {
			out = append(out, f+"=")
		}
		return out
	})
}

// completeSettings completes the key of --set, part by part, with what the
// scenario on the command line has and may have.
func completeSettings(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if len(args) == 0 {
		return cobra.AppendActiveHelp(nil, "name the scenario first, then its keys are known"), directive
	}
	sc, err := scenarios.Open(args[0])
	if err != nil || strings.Contains(typed, "=") {
		return nil, directive
	}
	var out []string
	for _, s := range sc.Settings() {
		rest, fits := strings.CutPrefix(s.Path, typed)
		part, _, more := strings.Cut(rest, ".")
		switch {
		case !fits:
		case more:
			out = append(out, typed+part+".")
		default:
			out = append(out, s.Path+"=\t"+s.Doc)
		}
	}
	return slices.Compact(out), directive // they are in order
}

// formatNames are the formats of a run's reports.
func formatNames() []string {
	var out []string
	for _, f := range reports.Formats() {
		out = append(out, f.Name)
	}
	return out
}

// metricNames are the figures that an expectation may name.
func metricNames() []string {
	var out []string
	for _, m := range plan.Metrics() {
		out = append(out, m.Name)
	}
	return out
}

// inLibrary collects words of every built-in scenario, each once, in order.
func inLibrary(of func(scenarios.Info) []string) []string {
	var out []string
	for _, name := range scenarios.Builtin() {
		if sc, err := scenarios.Open(name); err == nil { // one that cannot be read is told by list
			out = append(out, of(sc.Info())...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func libraryTags() []string {
	return inLibrary(func(i scenarios.Info) []string { return i.Tags })
}

func libraryChallenges() []string {
	return inLibrary(func(i scenarios.Info) []string { return i.Challenges })
}

func libraryFaults() []string {
	return inLibrary(func(i scenarios.Info) []string { return i.Kinds })
}

func libraryProviders() []string {
	return inLibrary(func(i scenarios.Info) []string { return slices.Concat(i.Providers, i.Presets) })
}

// gradeNames are the grades of the scorecard.
func gradeNames() []string {
	var out []string
	for _, g := range scorecard.Grades {
		out = append(out, string(g))
	}
	return out
}

// explainable is everything that explain has a page for.
func explainable() []string {
	return slices.Concat([]string{scoreTopic}, scenarios.Builtin(), chaos.KindNames(), metricNames(), presets.Names(), scenarios.Targets(), gradeNames(), libraryChallenges())
}
