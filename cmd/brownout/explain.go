package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"brownout/harness/chaos"
	"brownout/harness/scorecard"
	"brownout/harness/target"
	"brownout/mocks/presets"
	"brownout/plan"
	"brownout/reports"
	"brownout/scenarios"
)

// scoreTopic is the word that explains the score itself.
const scoreTopic = "score"

func (a *app) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain NAME",
		Short: "Explain a scenario, a fault, a figure, a provider, a target, a grade, a challenge or the score",
		Long: `Explain says in plain words what a name means: a scenario or a path to one, a
kind of fault, a figure that an expectation may name, a provider's preset, a
target, a grade of the scorecard, a challenge that scenarios exercise, or the word
score.`,
		Example: `  brownout explain provider-outage
  brownout explain outage
  brownout explain time_to_failover
  brownout explain openai
  brownout explain portkey
  brownout explain partial
  brownout explain API Downtime
  brownout explain score`,
		Args: takes(1, -1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return explainable(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.explain(strings.Join(args, " ")) },
	}
}

// explain tries what a name may mean, one after the other.
func (a *app) explain(name string) error {
	st := a.style(false)
	if name == scoreTopic {
		reports.ExplainScore(a.out, st)
		return nil
	}
	if k, ok := chaos.Lookup(name); ok {
		a.explainFault(k)
		return nil
	}
	if m, ok := plan.MetricOf(name); ok {
		reports.ExplainMetric(a.out, m)
		return nil
	}
	if p, ok := presets.Get(name); ok {
		reports.ExplainProvider(a.out, p, st)
		return nil
	}
	if slices.Contains(scorecard.Grades, scorecard.Grade(name)) {
		reports.ExplainGrade(a.out, scorecard.Grade(name))
		return nil
	}
	if slices.Contains(scenarios.Targets(), name) {
		return a.explainTarget(name)
	}
	if a.explainChallenge(name, st) {
		return nil
	}
	sc, err := scenarios.Open(name)
	if err != nil {
		if strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".toml") {
			return err
		}
		hint := chaos.Suggest(name, explainable())
		if strings.HasPrefix(hint, "known are") {
			hint = "name a scenario (brownout list), a kind of fault (" + strings.Join(chaos.KindNames(), ", ") + "), a figure, a provider's preset, a target, a grade of the scorecard, a challenge, or " + scoreTopic
		}
		return fmt.Errorf("nothing is called %q; %s", name, hint)
	}
	p, err := sc.Resolve(scenarios.ResolveOptions{})
	if err != nil {
		return err
	}
	reports.Explain(a.out, p, st)
	return nil
}

// explainFault prints a kind's page and its parameters.
func (a *app) explainFault(k chaos.Kind) {
	fmt.Fprintf(a.out, "%s: %s\nacts on: %s\n\n%s\n\n", k.Name, k.Summary, k.Layer, k.Page)
	var rows [][]string
	for _, p := range chaos.Params(k.Name) {
		rows = append(rows, []string{p.Name, p.Type, p.Default, p.Range(), p.Doc})
	}
	reports.Listing(a.out, []string{"parameter", "type", "default", "range", "meaning"}, rows, a.style(false))
	if in := a.scenariosWith(func(i scenarios.Info) []string { return i.Kinds }, k.Name); len(in) > 0 {
		fmt.Fprintf(a.out, "in scenarios: %s\n", strings.Join(in, ", "))
	}
}

// explainTarget prints what a target is, and whether it can be used here.
func (a *app) explainTarget(name string) error {
	t, err := openTarget(name)
	if err != nil {
		return err
	}
	here := "ready"
	if err := target.Installed(t, ""); err != nil {
		here = err.Error()
	}
	reports.ExplainTarget(a.out, t, here)
	return nil
}

// explainChallenge prints which scenarios exercise a challenge; false where no
// challenge is called so.
func (a *app) explainChallenge(name string, st reports.Style) bool {
	all := libraryChallenges()
	at := slices.IndexFunc(all, func(s string) bool { return strings.EqualFold(s, name) })
	if at < 0 {
		return false
	}
	fmt.Fprintf(a.out, "%s: a challenge that these scenarios exercise\n\n", all[at])
	var rows [][]string
	for _, scenario := range a.scenariosWith(func(i scenarios.Info) []string { return i.Challenges }, all[at]) {
		sc, err := scenarios.Open(scenario)
		if err != nil {
			continue
		}
		i := sc.Info()
		rows = append(rows, []string{i.Name, i.Title, strings.Join(i.Faults, "\n")})
	}
	reports.Listing(a.out, []string{"scenario", "what happens", "faults"}, rows, st)
	return true
}

// scenariosWith are the built-in scenarios that have a word among those of one
// sort.
func (a *app) scenariosWith(of func(scenarios.Info) []string, word string) []string {
	var out []string
	for _, name := range scenarios.Builtin() {
		if sc, err := scenarios.Open(name); err == nil && has(of(sc.Info()), word) {
			out = append(out, name)
		}
	}
	return out
}
