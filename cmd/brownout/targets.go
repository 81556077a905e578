package main

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/target"
	"brownout/plan"
	"brownout/reports"
	"brownout/scenarios"
)

// openTarget reads a target and checks all of it that can be checked without
// providers.
func openTarget(word string) (plan.Target, error) {
	t, err := scenarios.OpenTarget(word)
	if err != nil {
		return t, err
	}
	return t, target.Check(t)
}

// versionsWith are the versions of the parts, and that of the gateway under
// test where its file names one.
func versionsWith(t plan.Target) map[string]string {
	v := versions()
	if t.Version != "" {
		v["target "+t.Name] = t.Version
	}
	return v
}

// say tells whoever waits what takes a while.
func (a *app) say(text string) { fmt.Fprintln(a.err, text) }

func (a *app) targetsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "targets",
		Short: "List what can be put under test, show how it is set up, install it",
		Long: `A target is the system under test: the bundled router, a control without
failover, a gateway that Brownout starts and points at its links, or one that
runs already. Targets are TOML files; a path to one, or the URL of a gateway,
will do wherever a target's name does.`,
		Example: `  brownout targets
  brownout targets show portkey
  brownout targets install portkey
  brownout run provider-outage --target portkey`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.listTargets() },
	}
	var scenario string
	var portFrom int
	show := &cobra.Command{
		Use:   "show TARGET",
		Short: "Show a target's command line, files and headers, as they are made for a scenario",
		Args:  takes(1, 1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return scenarios.Targets(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.showTarget(args[0], scenario, portFrom) },
	}
	show.Flags().StringVar(&scenario, "scenario", "provider-outage", "whose providers it is pointed at")
	show.Flags().IntVar(&portFrom, "port-from", 18000, "first port of the links, as a run's --port-from")
	install := &cobra.Command{
		Use:   "install TARGET...",
		Short: "Install what a target needs into " + target.DefaultCache,
		Args:  takes(1, -1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return scenarios.Targets(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.installTargets(cmd.Context(), args) },
	}
	c.AddCommand(show, install)
	return c
}

// listTargets prints the built-in targets and whether each can be used here.
func (a *app) listTargets() error {
	var rows [][]string
	for _, name := range scenarios.Targets() {
		t, err := openTarget(name)
		if err != nil {
			return err
		}
		ready := "ready"
		if err := target.Installed(t, ""); err != nil {
			ready = err.Error()
		}
		rows = append(rows, []string{name, t.Title, ready})
	}
	reports.Listing(a.out, []string{"target", "what it is", "here"}, rows, a.style(false))
	return nil
}

// usable are the built-in targets that can be started here and now, the default
// first.
func usable() []string {
	var out []string
	for _, name := range scenarios.Targets() {
		t, err := openTarget(name)
		if err == nil && (t.Router != "" || t.Process != nil) && target.Installed(t, "") == nil {
			out = append(out, name)
		}
	}
	return out
}

func (a *app) installTargets(ctx context.Context, names []string) error {
	for _, name := range names {
		t, err := openTarget(name)
		if err != nil {
			return err
		}
		home, err := target.Install(ctx, t, "", a.say)
		switch {
		case err != nil:
			return &harness.EnvironmentError{Err: fmt.Errorf("target %s: %w", name, err)}
		case home == "":
			fmt.Fprintf(a.out, "%s: nothing to install\n", name)
		default:
			fmt.Fprintf(a.out, "%s: installed in %s\n", name, home)
		}
	}
	return nil
}

// showPort is the port that a target is shown with.
const showPort = 8080

// showTarget prints what a target is started with, without starting it.
func (a *app) showTarget(name, scenario string, portFrom int) error {
	t, err := openTarget(name)
	if err != nil {
		return err
	}
	sc, err := scenarios.Open(scenario)
	if err != nil {
		return err
	}
	p, err := sc.Resolve(scenarios.ResolveOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s\n", t.Title)
	if t.About != "" {
		fmt.Fprintf(a.out, "\n%s\n", t.About)
	}
	if t.Router != "" {
		fmt.Fprintf(a.out, "\nserved in this process: router = %q\n", t.Router)
		return nil
	}
	o := target.Options{Settings: p.Router, Seed: p.Seed, Asked: p.FirstModel()}
	for i, v := range p.Providers {
		// The links follow toxiproxy's own port.
		o.Backends = append(o.Backends, harness.Backend(v, fmt.Sprintf("http://127.0.0.1:%d", portFrom+1+i)))
		fmt.Fprintf(a.out, "\nprovider %s speaks %s at %s", v.Name, v.Dialect, o.Backends[i].BaseURL)
	}
	fmt.Fprintln(a.out)
	for _, m := range p.Load.Mix {
		o.Longest = max(o.Longest, m.Deadline)
	}
	home, err := target.Home(t, "")
	if err != nil {
		return err
	}
	made, err := target.Show(t, o, showPort, home, "DIRECTORY", p.Load.Mix[0])
	if err != nil {
		return fmt.Errorf("target %s: %w", name, err)
	}
	a.printTarget(t, made, p.Load.Mix[0])
	return nil
}

func (a *app) printTarget(t plan.Target, made *target.Preview, m plan.Mix) {
	for _, left := range made.Left {
		fmt.Fprintf(a.out, "it is not pointed at %s\n", left)
	}
	if r := made.Rendered; r != nil {
		for _, f := range r.Files {
			fmt.Fprintf(a.out, "\n%s\n%s\n", path.Join("DIRECTORY", f.Path), strings.Trim(f.Text, "\n"))
		}
		words := make([]string, len(r.Command))
		for i, w := range r.Command {
			words[i] = shellQuoted(w)
		}
		fmt.Fprintf(a.out, "\n%s\n", strings.Join(append(slices.Clone(r.Env), strings.Join(words, " ")), " "))
	}
	fmt.Fprintf(a.out, "\nclients speak %s at %s\n", t.Dialect, made.URL)
	if made.Model != "" {
		fmt.Fprintf(a.out, "they ask for %s\n", made.Model)
	}
	for _, name := range slices.Sorted(maps.Keys(made.Extra.Headers)) {
		fmt.Fprintf(a.out, "each %s request has the header %s: %s\n", m.Kind, name, made.Extra.Headers[name])
	}
	for _, name := range slices.Sorted(maps.Keys(made.Extra.Body)) {
		fmt.Fprintf(a.out, "each %s request has in its body %q: %s\n", m.Kind, name, made.Extra.Body[name])
	}
}
