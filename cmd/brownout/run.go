package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/chaos"
	"brownout/harness/score"
	"brownout/plan"
	"brownout/reports"
	"brownout/scenarios"
	"brownout/tui"
)

// defaultOut is where runs are kept unless --out says otherwise.
const defaultOut = ".brownout/runs"

// runFlags are the flags of run.
type runFlags struct {
	headless, noJournal, ascii bool
	github                     bool
	seed                       uint64
	seeded                     bool // the seed was given
	repeat, parallel, confirm  int
	target, out, vegeta        string
	profile, suite, toxiproxy  string
	portFrom                   int
	set, report                []string
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run SCENARIO... | run --suite SUITE",
		Short: "Run scenarios: inject the faults, drive the load, score what users saw",
		Long: `Run brings up the mock providers, their links and the target, sends the
scenario's load, injects its faults and scores what the clients saw.

On a terminal one scenario opens the live screen; otherwise, and with
--headless, a line a second is printed and then the result.

A suite is a TOML file that lists scenarios; "all" is the whole library. Its
runs go side by side where together they need no more than half of the
machine, and end in one table. --parallel N has N at once whatever they need.
--confirm N runs again, up to N times, what did not pass: side by side on a busy
machine a run may fail by what its neighbours did. A veto is believed at once.

The path of a report may hold {scenario}, {seed} and {n}, the number of the
run: then each run has a file of its own. Otherwise all are in one file.

Exit codes: 0 passed, 1 expectations failed or veto, 2 bad input,
3 inconclusive, 4 environment, 130 interrupted. Of several runs the worst
counts: 130, then 4, 1, 3 and 0.`,
		Example: `  brownout run provider-outage
  brownout run provider-outage --headless --report json=report.json,junit=junit.xml,md=summary.md
  brownout run latency-spike --target direct --seed 7 --repeat 3
  brownout run my-scenario.toml --set load.duration=60s --set vars.rate=20
  brownout run --suite all --report 'json=reports/{scenario}.json'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && f.suite == "" {
				return errors.New(`name a scenario, or a suite with --suite; "brownout list" shows what there is`)
			}
			return nil
		},
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.seeded = cmd.Flags().Changed("seed")
			return profiled(f.profile, func() error { return a.runAll(cmd.Context(), args, f) })
		},
	}
	fl := c.Flags()
	fl.BoolVar(&f.headless, "headless", false, "print progress and the result, also on a terminal")
	fl.Uint64Var(&f.seed, "seed", 0, "key of every random decision (default: the scenario's, else 1)")
	fl.IntVar(&f.repeat, "repeat", 1, "run each scenario N times, with the seeds that follow")
	fl.StringVar(&f.suite, "suite", "", "run the scenarios that a TOML file lists; "+scenarios.WholeLibrary+": the whole library")
	fl.IntVar(&f.confirm, "confirm", 0, "of a suite, run again up to N times what did not pass; it fails only if it does each time")
	fl.IntVar(&f.parallel, "parallel", 0, "run N side by side (default: 1; of a suite as many as half of the machine can carry)")
	fl.StringVar(&f.target, "target", "", "system under test (default: the scenario's, else "+scenarios.DefaultTarget+"): a name, a target's file or a URL")
	fl.StringArrayVar(&f.set, "set", nil, "override a value of the scenario: key=value, by dotted path (repeatable)")
	fl.StringSliceVar(&f.report, "report", nil, "write a report: FORMAT=PATH, repeatable or comma-separated; formats: "+reports.FormatList())
	fl.BoolVar(&f.github, "github", false, "in a GitHub workflow: write the job summary, and annotate what failed")
	fl.StringVar(&f.out, "out", defaultOut, "directory in which runs are kept")
	fl.BoolVar(&f.noJournal, "no-journal", false, "keep nothing of the run on disk")
	fl.StringVar(&f.vegeta, "vegeta-results", "", "write the samples in vegeta's own encoding, for vegeta report and vegeta plot")
	fl.IntVar(&f.portFrom, "port-from", 0, "first port of the links, exactly (default: free ones are found)")
	fl.StringVar(&f.toxiproxy, "toxiproxy", "", "URL of a toxiproxy server that you run on this machine (default: one is started)")
	fl.StringVar(&f.profile, "cpu-profile", "", "write a CPU profile of the whole, for go tool pprof")
	fl.BoolVar(&f.ascii, "ascii", false, "draw with ASCII characters only")
	must(c.RegisterFlagCompletionFunc("set", completeSettings))
	must(c.RegisterFlagCompletionFunc("report", outputs(formatNames())))
	must(c.RegisterFlagCompletionFunc("target", cobra.FixedCompletions(scenarios.Targets(), cobra.ShellCompDirectiveDefault)))
	must(c.RegisterFlagCompletionFunc("suite", cobra.FixedCompletions([]string{scenarios.WholeLibrary}, cobra.ShellCompDirectiveDefault)))
	return c
}

// runAll runs every scenario as often as asked and returns what the whole came
// to.
func (a *app) runAll(ctx context.Context, names []string, f runFlags) error {
	switch {
	case f.repeat < 1:
		return fmt.Errorf("--repeat is %d; give 1 or more", f.repeat)
	case f.parallel < 0:
		return fmt.Errorf("--parallel is %d; give 1 or more", f.parallel)
	case f.confirm < 0:
		return fmt.Errorf("--confirm is %d; give 0 or more", f.confirm)
	}
	if err := chaos.CheckToxiproxy(f.toxiproxy); err != nil {
		return fmt.Errorf("--toxiproxy: %w", err)
	}
	outputs, err := reports.ParseOutputs(f.report)
	if err != nil {
		return err
	}
	// Everything is read and checked before anything runs.
	runs, err := resolveAll(names, f)
	if err != nil {
		return err
	}
	if len(runs) > 1 && f.vegeta != "" {
		return errors.New("--vegeta-results takes the samples of one run; name one scenario and leave --repeat at 1")
	}
	plans := make([]*plan.Plan, len(runs))
	for i, r := range runs {
		plans[i] = r.Plan
	}
	if err := reports.CheckPaths(outputs, plans); err != nil {
		return err
	}
	b := &batchRun{app: a, flags: f, outputs: outputs, runs: runs}
	if len(runs) > 1 && (f.suite != "" || f.parallel > 1) {
		return b.sideBySide(ctx, f.limits(runtime.NumCPU()))
	}
	return b.oneByOne(ctx)
}

// tellGitHub appends to the job summary, which other steps write to as well,
// and prints annotations.
func (a *app) tellGitHub(snaps []*score.Snapshot) error {
	path := a.env("GITHUB_STEP_SUMMARY")
	if path == "" {
		return errors.New("--github: GITHUB_STEP_SUMMARY is not set; it is for GitHub workflows, --report md=FILE for others")
	}
	summary, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("--github: %w", err)
	}
	f, err := reports.LookupFormat("md")
	if err == nil {
		err = f.Write(summary, snaps)
	}
	return errors.Join(err, summary.Close(), reports.Annotations(a.out, snaps))
}

// entriesOf are the scenarios that are named, and those of the suite.
func entriesOf(names []string, f runFlags) ([]scenarios.Entry, error) {
	var entries []scenarios.Entry
	for _, name := range names {
		sc, err := scenarios.Open(name)
		if err != nil {
			return nil, err
		}
		entries = append(entries, scenarios.Entry{Scenario: sc})
	}
	if f.suite != "" {
		s, err := scenarios.OpenSuite(f.suite)
		if err != nil {
			return nil, err
		}
		entries = append(entries, s.Entries...)
	}
	return entries, nil
}

// resolveAll turns names, the suite and seeds into plans.
func resolveAll(names []string, f runFlags) ([]reports.SuiteRun, error) {
	entries, err := entriesOf(names, f)
	if err != nil {
		return nil, err
	}
	var runs []reports.SuiteRun
	for _, e := range entries {
		for n := range f.repeat {
			r, err := resolveEntry(e, f, uint64(n))
			if err != nil {
				return nil, err
			}
			runs = append(runs, r)
		}
	}
	return runs, nil
}

// resolveEntry makes the plan of one entry's n-th run. The command line has the
// last word.
func resolveEntry(e scenarios.Entry, f runFlags, n uint64) (reports.SuiteRun, error) {
	o := scenarios.ResolveOptions{Target: e.Target, Seed: e.Seed, Set: f.set}
	if f.target != "" {
		o.Target = f.target
	}
	if f.seeded {
		o.Seed = &f.seed
	}
	p, err := e.Scenario.Resolve(o)
	if err != nil {
		return reports.SuiteRun{}, err
	}
	p.Seed += n
	r := reports.SuiteRun{Name: p.Scenario, Plan: p}
	for _, set := range e.Set {
		r.Name += " " + set
	}
	_, err = openTarget(p.Target)
	return r, err
}

// start begins a run and returns it with the options that the flags ask for.
func (a *app) start(ctx context.Context, p *plan.Plan, f runFlags) (*harness.Session, error) {
	under, err := openTarget(p.Target)
	if err != nil {
		return nil, err
	}
	o := harness.Options{
		VegetaResults: f.vegeta, PortFrom: f.portFrom, Toxiproxy: f.toxiproxy, Versions: versionsWith(under),
		System: &under, Say: a.say,
	}
	if !f.noJournal {
		o.OutDir = f.out
	}
	return harness.Start(ctx, p, o)
}

// runOne runs one plan, on the live screen or headless, and prints its result.
// It tells where the run is kept; "" where it is not.
func (a *app) runOne(ctx context.Context, p *plan.Plan, f runFlags, live bool) (snap *score.Snapshot, dir string, err error) {
	session, err := a.start(ctx, p, f)
	if err != nil {
		return nil, "", err
	}
	if live {
		err := tui.Live(ctx, session, a.newDesk(ctx, f).screens(), a.screen(f.ascii))
		if errors.Is(err, tui.ErrForced) {
			return nil, "", harness.ErrInterrupted // told twice: leave now, the journal is whole up to its last second
		}
		if err != nil && !errors.Is(err, tui.ErrInterrupted) {
			// The screen is gone, the run is not: it goes on without one.
			fmt.Fprintf(a.err, "brownout: the live screen failed: %v\n", err)
			live = false
		}
	}
	if !live {
		a.progress(session, p)
	}
	snap, err = session.Wait()
	reports.Summary(a.out, snap, a.style(f.ascii))
	if session.Dir != "" {
		fmt.Fprintf(a.out, "journal  %s\n", session.Dir)
	}
	return snap, session.Dir, errors.Join(err, keep(session.Dir, snap))
}

// keep leaves the report of a run beside its journal, where it is kept.
func keep(dir string, snap *score.Snapshot) error {
	if dir == "" {
		return nil
	}
	if err := reports.Keep(dir, snap); err != nil {
		return &harness.EnvironmentError{Err: fmt.Errorf("the run could not be kept whole: %w", err)}
	}
	return nil
}

// progress prints a line a second until the run has ended.
func (a *app) progress(s *harness.Session, p *plan.Plan) {
	fmt.Fprintf(a.out, "%s: %s (target %s, seed %d)\n", p.Scenario, p.Title, p.Target, p.Seed)
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-s.Done():
			return
		case <-t.C:
			fmt.Fprintln(a.out, reports.Progress(s.Snapshot()))
		}
	}
}

// screen is how screens are drawn on this program's terminal.
func (a *app) screen(ascii bool) tui.Options {
	return tui.Options{In: a.in, Out: a.out, NoColor: !a.colour(), ASCII: ascii, Acts: acts()}
}

// style is how tables are drawn on this program's output.
func (a *app) style(ascii bool) reports.Style {
	return reports.Style{Colour: a.colour(), ASCII: ascii, Width: a.width()}
}

// must panics on errors that only a mistake in this program can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
