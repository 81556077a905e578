package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/score"
	"brownout/reports"
)

// outFlag is the flag of every command that reads the history.
func outFlag(c *cobra.Command, dir *string) {
	c.Flags().StringVar(dir, "out", defaultOut, "directory in which runs are kept")
	c.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		runs, err := reports.History(*dir)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		ids := []string{"latest"}
		for _, k := range runs {
			ids = append(ids, k.ID)
		}
		return ids, cobra.ShellCompDirectiveDefault
	}
}

func (a *app) runsCommand() *cobra.Command {
	var dir, scenario, older string
	var yes bool
	c := &cobra.Command{
		Use:   "runs [RUN]",
		Short: "List the runs that were kept, show one, or delete old ones",
		Example: `  brownout runs                              every run, with the change of its score
  brownout runs --scenario provider-outage   the trend of one scenario
  brownout runs latest                       the result of the last run again
  brownout runs --delete-older-than 168h     delete what is older than a week`,
		Args: takes(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return a.showRun(dir, args[0])
			}
			runs, err := reports.History(dir)
			if err != nil {
				return err
			}
			switch {
			case older != "":
				return a.deleteRuns(runs, older, yes)
			case len(runs) == 0:
				fmt.Fprintf(a.out, "no run is kept in %s\n", dir)
			case scenario != "":
				var of []reports.Kept
				for _, k := range runs {
					if k.Report != nil && k.Report.Run.Scenario == scenario {
						of = append(of, k)
					}
				}
				reports.TrendTable(a.out, of, a.style(false))
			default:
				reports.HistoryTable(a.out, runs, a.style(false))
			}
			return nil
		},
	}
	outFlag(c, &dir)
	c.Flags().StringVar(&scenario, "scenario", "", "the trend of this scenario's score")
	c.Flags().StringVar(&older, "delete-older-than", "", "delete the runs that began longer ago than this, such as 168h")
	c.Flags().BoolVar(&yes, "yes", false, "delete without asking")
	return c
}

func (a *app) showRun(dir, name string) error {
	_, snap, err := openRun(dir, name)
	if err != nil {
		return err
	}
	reports.Summary(a.out, snap, a.style(false))
	return nil
}

// openRun finds a run and folds its journal.
func openRun(dir, name string) (reports.Kept, *score.Snapshot, error) {
	k, err := reports.Find(dir, name)
	if err != nil {
		return k, nil, err
	}
	snap, _, err := score.Read(k.Journal())
	return k, snap, err
}

// deleteRuns deletes what began too long ago, after a question on a terminal.
func (a *app) deleteRuns(runs []reports.Kept, older string, yes bool) error {
	age, err := time.ParseDuration(older)
	if err != nil || age < 0 {
		return fmt.Errorf("--delete-older-than %q: give a time such as 24h or 168h", older)
	}
	var old []reports.Kept
	for _, k := range runs {
		info, err := os.Stat(k.Journal())
		if err == nil && time.Since(info.ModTime()) > age {
			old = append(old, k)
		}
	}
	if len(old) == 0 {
		fmt.Fprintln(a.out, "no run is that old")
		return nil
	}
	if !yes {
		if !isTerminal(a.in) {
			return fmt.Errorf("%d runs would be deleted; say --yes where nobody can be asked", len(old))
		}
		fmt.Fprintf(a.out, "delete %d runs, from %s to %s? [y/N] ", len(old), old[0].ID, old[len(old)-1].ID)
		var answer string
		if _, err := fmt.Fscanln(a.in, &answer); err != nil || !strings.HasPrefix(strings.ToLower(answer), "y") {
			fmt.Fprintln(a.out, "nothing was deleted")
			return nil
		}
	}
	var errs []error
	for _, k := range old {
		errs = append(errs, os.RemoveAll(k.Dir))
	}
	fmt.Fprintf(a.out, "deleted %d runs\n", len(old))
	return errors.Join(errs...)
}

func (a *app) reportCommand() *cobra.Command {
	var dir, format, path, trace string
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Write a report of a run that was kept, from its journal",
		Example: `  brownout report latest --format html --to report.html
  brownout report latest --format samples > requests.csv
  brownout report latest --trace availability`,
		Args: takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := reports.LookupFormat(format)
			if err != nil {
				return err
			}
			if trace != "" {
				return a.trace(dir, args[0], trace)
			}
			k, snap, err := openRun(dir, args[0])
			if err != nil {
				return err
			}
			write := func(w io.Writer) error { return f.WriteRun(w, snap, k.Journal()) }
			if path == "" || path == "-" {
				return write(a.out)
			}
			if err := reports.Replace(path, write); err != nil {
				return &harness.EnvironmentError{Err: fmt.Errorf("--to %s: %w", path, err)}
			}
			return nil
		},
	}
	outFlag(c, &dir)
	c.Flags().StringVar(&format, "format", "md", "one of: "+reports.FormatList())
	c.Flags().StringVar(&path, "to", "", "file to write (default: standard output)")
	c.Flags().StringVar(&trace, "trace", "", "print what the score, or a part of it, was computed from, window by window: "+strings.Join(reports.Traceable(), ", "))
	must(c.RegisterFlagCompletionFunc("format", fixed(formatNames)))
	must(c.RegisterFlagCompletionFunc("trace", cobra.FixedCompletions(reports.Traceable(), cobra.ShellCompDirectiveNoFileComp)))
	return c
}

// trace prints what a figure of the score was computed from.
func (a *app) trace(dir, name, what string) error {
	k, err := reports.Find(dir, name)
	if err != nil {
		return err
	}
	snap, inputs, err := score.ReadInputs(k.Journal())
	if err != nil {
		return err
	}
	return reports.Trace(a.out, snap, inputs, what, a.style(false))
}

func (a *app) diffCommand() *cobra.Command {
	var dir string
	var drop float64
	c := &cobra.Command{
		Use:   "diff BASE NEW",
		Short: "Set a new run against a base: what got worse beyond noise",
		Long: `Diff tells what a new run did worse than a base, and fails (exit code 1) where
the score fell by more than --max-drop points and the 95 % intervals of the two
scores do not overlap, or where a sensitive request went where it must not and
did not before. Runs that cannot be compared are inconclusive (exit code 3).`,
		Example: `  brownout diff 20260301-101500-provider-outage-1a2b latest --max-drop 3`,
		Args:    takes(2, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			if drop < 0 {
				return fmt.Errorf("--max-drop is %g; give 0 or more points", drop)
			}
			_, base, err := openRun(dir, args[0])
			if err != nil {
				return err
			}
			_, now, err := openRun(dir, args[1])
			if err != nil {
				return err
			}
			d := reports.Compare(base, now)
			reports.DiffTable(a.out, d, a.style(false))
			switch {
			case now.ViolationCount > base.ViolationCount:
				fmt.Fprintln(a.out, "FAIL  a sensitive request went where it must not")
				return &exitError{code: exitFailed}
			case !d.Comparable:
				fmt.Fprintf(a.out, "INCONCLUSIVE  %s\n", d.Why)
				return &exitError{code: exitInconclusive}
			case d.Drop > drop && !d.Noise:
				fmt.Fprintf(a.out, "FAIL  the score fell by %.1f points; %.1f are allowed\n", d.Drop, drop)
				return &exitError{code: exitFailed}
			}
			fmt.Fprintf(a.out, "PASS  the score changed by %+.1f points\n", -d.Drop)
			return nil
		},
	}
	outFlag(c, &dir)
	c.Flags().Float64Var(&drop, "max-drop", 5, "points by which the score may fall")
	return c
}
