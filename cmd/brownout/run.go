package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/score"
	"brownout/harness/target"
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
	repeat                     int
	target, out, vegeta        string
	profile                    string
	portFrom                   int
	set, report                []string
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run SCENARIO...",
		Short: "Run scenarios: inject the faults, drive the load, score what users saw",
		Long: `Run brings up the mock providers, their links and the target, sends the
scenario's load, injects its faults and scores what the clients saw.

On a terminal one scenario opens the live screen; otherwise, and with
--headless, a line a second is printed and then the result.

Exit codes: 0 passed, 1 expectations failed or veto, 2 bad input,
3 inconclusive, 4 environment, 130 interrupted.`,
		Example: `  brownout run provider-outage
  brownout run provider-outage --headless --report json=report.json,junit=junit.xml,md=summary.md
  brownout run latency-spike --target direct --seed 7 --repeat 3
  brownout run my-scenario.toml --set load.duration=60s`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeScenarios,
		RunE: func(cmd *cobra.Command, args []string) error {
			return profiled(f.profile, func() error {
				return a.runAll(cmd.Context(), args, f, cmd.Flags().Changed("seed"))
			})
		},
	}
	fl := c.Flags()
	fl.BoolVar(&f.headless, "headless", false, "print progress and the result, also on a terminal")
	fl.Uint64Var(&f.seed, "seed", 0, "key of every random decision (default: the scenario's, else 1)")
	fl.IntVar(&f.repeat, "repeat", 1, "run each scenario N times, with the seeds that follow")
	fl.StringVar(&f.target, "target", "", "system under test (default: the scenario's, else "+target.Default+")")
	fl.StringArrayVar(&f.set, "set", nil, "override a value of the scenario: key=value, by dotted path (repeatable)")
	fl.StringSliceVar(&f.report, "report", nil, "write a report: FORMAT=PATH, repeatable or comma-separated; formats: "+reports.FormatList())
	fl.BoolVar(&f.github, "github", false, "in a GitHub workflow: write the job summary, and annotate what failed")
	fl.StringVar(&f.out, "out", defaultOut, "directory in which runs are kept")
	fl.BoolVar(&f.noJournal, "no-journal", false, "keep nothing of the run on disk")
	fl.StringVar(&f.vegeta, "vegeta-results", "", "write the samples in vegeta's own encoding, for vegeta report and vegeta plot")
	fl.IntVar(&f.portFrom, "port-from", 0, "first port of the links, exactly (default: free ones are found)")
	fl.StringVar(&f.profile, "cpu-profile", "", "write a CPU profile of the whole, for go tool pprof")
	fl.BoolVar(&f.ascii, "ascii", false, "draw with ASCII characters only")
	must(c.RegisterFlagCompletionFunc("target", cobra.FixedCompletions(target.Names(), cobra.ShellCompDirectiveNoFileComp)))
	return c
}

// runAll runs every scenario as often as asked, one after the other, and
// returns what the whole came to.
func (a *app) runAll(ctx context.Context, names []string, f runFlags, seeded bool) error {
	if f.repeat < 1 {
		return fmt.Errorf("--repeat is %d; give 1 or more", f.repeat)
	}
	outputs, err := reports.ParseOutputs(f.report)
	if err != nil {
		return err
	}
	// Everything is read and checked before anything runs.
	plans, err := a.resolveAll(names, f, seeded)
	if err != nil {
		return err
	}
	if len(plans) > 1 && f.vegeta != "" {
		return errors.New("--vegeta-results takes the samples of one run; name one scenario and leave --repeat at 1")
	}
	live := !f.headless && len(plans) == 1 && a.interactive()
	var snaps []*score.Snapshot
	var journals []string
	for i, p := range plans {
		if len(plans) > 1 {
			fmt.Fprintf(a.out, "\nrun %d of %d\n", i+1, len(plans))
		}
		snap, dir, err := a.runOne(ctx, p, f, live)
		if snap != nil {
			snaps = append(snaps, snap)
			if dir != "" {
				journals = append(journals, filepath.Join(dir, reports.JournalFile))
			}
			if e := reports.WriteAll(outputs, snaps, journals); e != nil {
				err = errors.Join(err, &harness.EnvironmentError{Err: e})
			}
		}
		if err != nil {
			return err
		}
	}
	if f.github {
		if err := a.tellGitHub(snaps); err != nil {
			return &harness.EnvironmentError{Err: err}
		}
	}
	if len(snaps) > 1 {
		reports.Repeats(a.out, snaps, a.style(f.ascii))
	}
	return verdictError(snaps)
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

// resolveAll turns names and seeds into plans.
func (a *app) resolveAll(names []string, f runFlags, seeded bool) ([]*plan.Plan, error) {
	var plans []*plan.Plan
	for _, name := range names {
		sc, err := scenarios.Open(name)
		if err != nil {
			return nil, err
		}
		for n := range f.repeat {
			o := scenarios.ResolveOptions{Target: f.target, Set: f.set}
			if seeded {
				seed := f.seed + uint64(n)
				o.Seed = &seed
			}
			p, err := sc.Resolve(o)
			if err != nil {
				return nil, err
			}
			if !seeded {
				p.Seed += uint64(n)
			}
			if err := target.Check(p.Target); err != nil {
				return nil, err
			}
			plans = append(plans, p)
		}
	}
	return plans, nil
}

// runOne runs one plan, on the live screen or headless, and prints its result.
// It tells where the run is kept; "" where it is not.
func (a *app) runOne(ctx context.Context, p *plan.Plan, f runFlags, live bool) (snap *score.Snapshot, dir string, err error) {
	o := harness.Options{VegetaResults: f.vegeta, PortFrom: f.portFrom, Versions: versions()}
	if !f.noJournal {
		o.OutDir = f.out
	}
	session, err := harness.Start(ctx, p, o)
	if err != nil {
		return nil, "", err
	}
	if live {
		err := tui.Live(ctx, session, tui.Options{In: a.in, Out: a.out, NoColor: !a.colour(), ASCII: f.ascii})
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
		if e := reports.Keep(session.Dir, snap); e != nil {
			err = errors.Join(err, &harness.EnvironmentError{Err: fmt.Errorf("the run could not be kept whole: %w", e)})
		}
	}
	return snap, session.Dir, err
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

// style is how tables are drawn on this program's output.
func (a *app) style(ascii bool) reports.Style {
	return reports.Style{Colour: a.colour(), ASCII: ascii}
}

// verdictError is the exit code of a set of runs: one failure fails the whole,
// one doubt makes the rest inconclusive.
func verdictError(snaps []*score.Snapshot) error {
	code := exitPassed
	for _, s := range snaps {
		switch s.Verdict {
		case score.Fail:
			return &exitError{code: exitFailed}
		case score.Inconclusive, score.Pending:
			code = exitInconclusive
		}
	}
	if code == exitPassed {
		return nil
	}
	return &exitError{code: code}
}

// completeScenarios completes built-in names and TOML files.
func completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return scenarios.Builtin(), cobra.ShellCompDirectiveDefault
}

// must panics on errors that only a mistake in this program can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
