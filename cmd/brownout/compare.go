package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"brownout/harness/chaos"
	"brownout/harness/router"
	"brownout/plan"
	"brownout/reports"
	"brownout/scenarios"
)

// compareFlags are the flags of compare beside those of run.
type compareFlags struct {
	runFlags
	targets, victims, policies, mitigations []string
}

// variant is one of the things that are compared: what it changes in a plan.
type variant struct {
	label string
	apply func(*plan.Plan) error
}

func (a *app) compareCommand() *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "compare SCENARIO... | compare --suite SUITE",
		Short: "Set targets, victims, policies or mitigations side by side",
		Long: `Compare runs the same plan with the same seed for each variant, all of one
repeat side by side, so that a machine that drifts drifts for all of them, and
prints a matrix: the best and the worst are marked, and what cannot be told from
the best with 95 % confidence is said to be like it. On a terminal the runs are
shown side by side while they go on.

One of --targets, --victims, --policies and --mitigations says what is compared.
--policies sets ways of the bundled router to choose whom to ask first side by side;
--mitigations sets the router as it is against itself without each of them.`,
		Example: `  brownout compare provider-outage --targets bundled,retries,direct
  brownout compare provider-outage --victims openai,anthropic --repeat 3 --report html=compare.html
  brownout compare uneven-replicas --policies priority,weighted,latency
  brownout compare provider-outage --mitigations breaker,retries
  brownout compare --suite all --targets bundled,retries,direct --report md=calibration.md`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && f.suite == "" {
				return errors.New(`name a scenario, or a suite with --suite; "brownout list" shows what there is`)
			}
			return nil
		},
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.seeded = cmd.Flags().Changed("seed")
			return a.compare(cmd.Context(), args, f)
		},
	}
	fl := c.Flags()
	fl.StringSliceVar(&f.targets, "targets", nil, "systems under test: files, URLs or "+strings.Join(scenarios.Targets(), ", "))
	fl.StringSliceVar(&f.victims, "victims", nil, "providers, each of which meets the scenario's faults in turn")
	fl.StringSliceVar(&f.policies, "policies", nil, "policies of the bundled router: "+strings.Join(plan.RouterPolicies, ", "))
	fl.StringSliceVar(&f.mitigations, "mitigations", nil, "mitigations of the bundled router, each of which is switched off in turn")
	fl.StringVar(&f.suite, "suite", "", "compare over the scenarios that a TOML file lists; "+scenarios.WholeLibrary+": the whole library")
	fl.BoolVar(&f.headless, "headless", false, "print progress and the matrix, also on a terminal")
	f.besideFlags(c)
	must(c.RegisterFlagCompletionFunc("targets", several(scenarios.Targets)))
	must(c.RegisterFlagCompletionFunc("policies", several(func() []string { return plan.RouterPolicies })))
	must(c.RegisterFlagCompletionFunc("mitigations", several(mitigationNames)))
	must(c.RegisterFlagCompletionFunc("victims", several(libraryProviders)))
	return c
}

func (a *app) compare(ctx context.Context, names []string, f compareFlags) error {
	variants, err := f.variants()
	if err != nil {
		return err
	}
	outputs, err := f.besideOutputs()
	if err != nil {
		return err
	}
	entries, err := entriesOf(names, f.runFlags)
	if err != nil {
		return err
	}
	runs, labels, err := f.resolve(entries, variants)
	if err != nil {
		return err
	}
	b := &batchRun{app: a, flags: f.runFlags, runs: runs}
	// The verdicts of variants are the matrix's to tell: a control that fails is
	// what one wants to see.
	if f.headless || f.suite != "" || !a.interactive() {
		err = b.sideBySide(ctx, f.limits(runtime.NumCPU()))
	} else {
		b, err = a.watchRace(ctx, strings.Join(names, ", "), labels, runs, f)
	}
	switch exitCode(err) {
	case exitInterrupted:
		return err
	case exitEnvironment: // the other runs are still worth telling of
	default:
		err = nil
	}
	var matrices []reports.Matrix
	for i := range entries {
		list := make([]reports.Variant, len(variants))
		for j, v := range variants {
			list[j].Label = v.label
			for n := range f.repeat {
				list[j].Runs = append(list[j].Runs, judged(b.runs[(i*f.repeat+n)*len(variants)+j])...)
			}
		}
		name := strings.TrimSuffix(runs[i*f.repeat*len(variants)].Name, " "+variants[0].label)
		matrices = append(matrices, reports.NewMatrix(name, list))
	}
	reports.Matrices(a.out, matrices, a.style(f.ascii))
	return errors.Join(err, writeOutputs(outputs, func(w io.Writer, format string) error { return reports.WriteMatrices(w, format, matrices) }))
}

// resolve makes the runs of a comparison and what each is called: of every
// scenario, as often as asked, each variant.
func (f compareFlags) resolve(entries []scenarios.Entry, variants []variant) (runs []reports.SuiteRun, labels []string, err error) {
	for _, e := range entries {
		for n := range f.repeat {
			for _, v := range variants {
				r, err := resolveEntry(e, f.runFlags, uint64(n))
				if err != nil {
					return nil, nil, err
				}
				if err := v.apply(r.Plan); err != nil {
					return nil, nil, err
				}
				label := v.label
				if len(entries) > 1 {
					label = r.Name + " " + v.label
				}
				r.Name += " " + v.label
				runs, labels = append(runs, r), append(labels, label)
			}
		}
	}
	return runs, labels, nil
}

// variants makes them from whichever flag is given.
func (f compareFlags) variants() ([]variant, error) {
	var out []variant
	given := 0
	for _, of := range []struct {
		flag  string
		names []string
		known []string
		apply func(*plan.Plan, string) error
	}{
		{"targets", f.targets, nil, func(p *plan.Plan, name string) error {
			p.Target = name
			_, err := openTarget(name)
			return err
		}},
		{"victims", f.victims, nil, strike},
		{"mitigations", f.mitigations, mitigationNames(), func(p *plan.Plan, name string) error { switchOff(p, name); return nil }},
		{"policies", f.policies, plan.RouterPolicies, chooseBy},
	} {
		if len(of.names) == 0 {
			continue
		}
		given++
		if of.flag == "mitigations" {
			out = append(out, variant{"as it is", func(*plan.Plan) error { return nil }})
		}
		for _, name := range of.names {
			if of.known != nil && !slices.Contains(of.known, name) {
				return nil, fmt.Errorf("--%s: unknown name %q; %s", of.flag, name, chaos.Suggest(name, of.known))
			}
			label := name
			if of.flag == "mitigations" {
				label = "without " + name
			}
			out = append(out, variant{label, func(p *plan.Plan) error { return of.apply(p, name) }})
		}
	}
	switch {
	case given != 1:
		return nil, errors.New("give one of --targets, --victims, --policies and --mitigations, to say what is compared")
	case len(out) < 2:
		return nil, errors.New("there is only one variant; name two or more to compare")
	}
	return out, nil
}

// strike has every fault of a plan meet one provider.
func strike(p *plan.Plan, victim string) error {
	spec, ok := p.Provider(victim)
	if !ok {
		var names []string
		for _, v := range p.Providers {
			names = append(names, v.Name)
		}
		return fmt.Errorf("--victims: scenario %s has no provider %q; %s", p.Scenario, victim, chaos.Suggest(victim, names))
	}
	for i := range p.Faults {
		f := &p.Faults[i]
		bound, _, err := chaos.Bind(f.Kind, f.Params)
		if err == nil {
			err = chaos.Fits(bound, spec)
		}
		if err != nil {
			return fmt.Errorf("--victims: fault %s on %s: %w", f.Name, victim, err)
		}
		f.On = []string{victim}
	}
	p.Override("faults on " + victim)
	return nil
}

// chooseBy has the router choose by a policy, which must have what it goes by.
func chooseBy(p *plan.Plan, policy string) error {
	switch {
	case policy == plan.PolicyHybrid && len(p.Router.Rule) == 0:
		return fmt.Errorf("--policies: hybrid goes by rules, and scenario %s has none; add [[router.rule]] to it, or leave hybrid out", p.Scenario)
	case policy == plan.PolicyRegion && p.Router.Home == "":
		return fmt.Errorf("--policies: region goes by router.home, which scenario %s does not set; give it with --set router.home=REGION, or leave region out", p.Scenario)
	}
	p.Router.Policy = policy
	p.Override("policy " + policy)
	return nil
}

func mitigationNames() []string {
	var names []string
	for _, m := range router.Mitigations() {
		names = append(names, m.Name)
	}
	return names
}
