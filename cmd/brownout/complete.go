package main

import (
	"slices"

	"github.com/spf13/cobra"

	"brownout/harness/chaos"
	"brownout/harness/scorecard"
	"brownout/mocks/presets"
	"brownout/plan"
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
