package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"brownout/reports"
	"brownout/scenarios"
)

// listFlags are the filters of list; an empty one lets everything pass.
type listFlags struct {
	tag, challenge, fault, provider string
	json                            bool
}

func (a *app) listCommand() *cobra.Command {
	var f listFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List the built-in scenarios",
		Long: `List shows what the library has. Filters narrow it down; of several, all must
hold. They take whole words, in capitals or not.`,
		Example: `  brownout list --tag failover
  brownout list --challenge "API Downtime" --fault outage
  brownout list --provider vllm --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.list(f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.tag, "tag", "", "only scenarios with this tag")
	fl.StringVar(&f.challenge, "challenge", "", "only scenarios that exercise this challenge")
	fl.StringVar(&f.fault, "fault", "", "only scenarios with a fault of this kind")
	fl.StringVar(&f.provider, "provider", "", "only scenarios with this provider, by name or preset")
	fl.BoolVar(&f.json, "json", false, "print JSON, for programs")
	must(c.RegisterFlagCompletionFunc("tag", fixed(libraryTags)))
	must(c.RegisterFlagCompletionFunc("challenge", fixed(libraryChallenges)))
	must(c.RegisterFlagCompletionFunc("fault", fixed(libraryFaults)))
	must(c.RegisterFlagCompletionFunc("provider", fixed(libraryProviders)))
	return c
}

func (a *app) list(f listFlags) error {
	for _, filter := range []struct {
		flag, word string
		known      []string
	}{
		{"tag", f.tag, libraryTags()},
		{"challenge", f.challenge, libraryChallenges()},
		{"fault", f.fault, libraryFaults()},
		{"provider", f.provider, libraryProviders()},
	} {
		if filter.word != "" && !has(filter.known, filter.word) {
			return fmt.Errorf("--%s: no built-in scenario has %q; known are %s", filter.flag, filter.word, strings.Join(filter.known, ", "))
		}
	}
	var found []scenarios.Info
	for _, name := range scenarios.Builtin() {
		sc, err := scenarios.Open(name)
		if err != nil {
			return err
		}
		i := sc.Info()
		if (f.tag == "" || has(i.Tags, f.tag)) && (f.challenge == "" || has(i.Challenges, f.challenge)) &&
			(f.fault == "" || has(i.Kinds, f.fault)) && (f.provider == "" || has(slices.Concat(i.Providers, i.Presets), f.provider)) {
			found = append(found, i)
		}
	}
	if f.json {
		return a.listJSON(found)
	}
	if len(found) == 0 {
		fmt.Fprintln(a.out, "no built-in scenario has all of that")
		return nil
	}
	a.listTable(found)
	return nil
}

// The widths from which on list has room for tags, and for faults as well. On
// less it names, and explain tells the rest.
const (
	listTags   = 100
	listFaults = 140
)

func (a *app) listTable(found []scenarios.Info) {
	w := a.width()
	roomy := func(least int) bool { return w == 0 || w >= least }
	head := []string{"scenario", "title", "length"}
	if roomy(listFaults) {
		head = append(head, "faults")
	}
	if roomy(listTags) {
		head = append(head, "tags")
	}
	rows := make([][]string, len(found))
	for n, i := range found {
		row := []string{i.Name, i.Title, i.Duration.String()}
		if roomy(listFaults) {
			row = append(row, strings.Join(i.Faults, "\n"))
		}
		if roomy(listTags) {
			row = append(row, strings.Join(i.Tags, ", "))
		}
		rows[n] = row
	}
	reports.Listing(a.out, head, rows, a.style(false))
	if !roomy(listFaults) {
		fmt.Fprintln(a.out, "brownout explain NAME tells more")
	}
}

// has tells whether a word is in the list, in capitals or not.
func has(list []string, word string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, word) })
}

// listed is a scenario as list prints it for programs.
type listed struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	About      string   `json:"about"`
	Tags       []string `json:"tags"`
	Challenges []string `json:"challenges"`
	DurationS  float64  `json:"duration_s"`
	Faults     []string `json:"fault_kinds"`
	Providers  []string `json:"providers"`
}

func (a *app) listJSON(found []scenarios.Info) error {
	all := make([]listed, len(found))
	for n, i := range found {
		all[n] = listed{
			Name: i.Name, Title: i.Title, About: i.About, Tags: orNone(i.Tags), Challenges: orNone(i.Challenges),
			DurationS: i.Duration.Seconds(), Faults: orNone(i.Kinds), Providers: orNone(i.Providers),
		}
	}
	return a.printJSON(all)
}

// printJSON prints a value for programs.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// orNone is an empty list in place of none, which JSON would write as null.
func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
