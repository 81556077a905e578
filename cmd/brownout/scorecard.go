package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/examiner"
	"brownout/harness/scorecard"
	"brownout/plan"
	"brownout/reports"
	"brownout/scenarios"
)

// scorecardFlags are the flags of scorecard.
type scorecardFlags struct {
	targets, faults, report []string
	format                  string
	seed                    uint64
	portFrom                int
	ascii                   bool
}

func (a *app) scorecardCommand() *cobra.Command {
	var f scorecardFlags
	c := &cobra.Command{
		Use:   "scorecard",
		Short: "Put every fault once on every target, without load: pass, partial, safe or fail",
		Long: `Scorecard puts each kind of fault on the provider that is asked first, sends one
request through each target (twenty where a provider goes up and down), and
grades what came of it from what the client got and what the providers saw:

  pass     a whole answer, or the right refusal, and right conduct
  partial  rescued, though it neglected what is advised
  safe     a clean, bounded error that names the real cause
  fail     it hung, gave a wrong answer as a good one, hammered a provider, or
           masked the cause

All cells go side by side, since most of them wait. Targets that run already
were pointed at one set of links, so theirs go one after the other, on the
links that --port-from names.

The exit code is that of the first target: 0 where nothing failed, 1 where
something did, 3 where a cell proved nothing. 4 where a target did not start.`,
		Example: `  brownout scorecard
  brownout scorecard --targets bundled,portkey,direct --report html=scorecard.html
  brownout scorecard --fault stream_truncate,outage --format json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.scorecard(cmd.Context(), f) },
	}
	fl := c.Flags()
	fl.StringSliceVar(&f.targets, "targets", []string{scenarios.DefaultTarget}, "systems under test: files, URLs or "+strings.Join(scenarios.Targets(), ", "))
	fl.StringSliceVar(&f.faults, "fault", nil, "only these rows, or kinds of fault (default: all)")
	fl.StringVar(&f.format, "format", "table", "what is printed: "+strings.Join(reports.ScorecardFormats(), ", "))
	fl.StringSliceVar(&f.report, "report", nil, "also write it: FORMAT=PATH (repeatable)")
	fl.Uint64Var(&f.seed, "seed", plan.DefaultSeed, "key of every random decision")
	fl.IntVar(&f.portFrom, "port-from", 0, "first port of the links, for targets that run already (default: free ones are found)")
	fl.BoolVar(&f.ascii, "ascii", false, "draw with ASCII characters only")
	must(c.RegisterFlagCompletionFunc("format", fixed(reports.ScorecardFormats)))
	must(c.RegisterFlagCompletionFunc("report", outputs(reports.ScorecardFormats())))
	must(c.RegisterFlagCompletionFunc("targets", several(scenarios.Targets)))
	must(c.RegisterFlagCompletionFunc("fault", several(func() []string {
		var out []string
		for _, r := range examiner.Rows() {
			out = append(out, r.Name)
		}
		return out
	})))
	return c
}

func (a *app) scorecard(ctx context.Context, f scorecardFlags) error {
	formats := reports.ScorecardFormats()
	if !slices.Contains(formats, f.format) {
		return fmt.Errorf("--format %q: known are %s", f.format, strings.Join(formats, ", "))
	}
	outputs, err := outputsIn(f.report, formats)
	if err != nil {
		return err
	}
	o := examiner.Options{Faults: f.faults, Seed: f.seed, PortFrom: f.portFrom, Say: a.say}
	for _, name := range f.targets {
		t, err := openTarget(name)
		if err != nil {
			return err
		}
		o.Targets = append(o.Targets, t)
	}
	if isTerminal(a.err) {
		o.Done = func(done, all int) { fmt.Fprintf(a.err, "\r%d of %d cells", done, all) }
	}
	sheet, err := examiner.Examine(ctx, o)
	if o.Done != nil {
		fmt.Fprintln(a.err)
	}
	if err != nil {
		return err
	}
	if f.format == "table" {
		reports.Scorecard(a.out, sheet, a.style(f.ascii))
	} else if err := reports.WriteScorecard(a.out, f.format, sheet); err != nil {
		return err
	}
	for _, out := range outputs {
		write := func(w io.Writer) error { return reports.WriteScorecard(w, out.format, sheet) }
		if err := reports.Replace(out.path, write); err != nil {
			return &harness.EnvironmentError{Err: fmt.Errorf("--report %s=%s: %w", out.format, out.path, err)}
		}
	}
	return sheetError(sheet)
}

// sheetError is the exit code of a sheet.
func sheetError(s *scorecard.Sheet) error {
	for _, c := range s.Cards {
		if c.Error != "" {
			return &harness.EnvironmentError{Err: fmt.Errorf("target %s %s", c.Target, c.Error)}
		}
	}
	switch first := s.Cards[0]; {
	case first.Count(scorecard.Fail) > 0:
		return &exitError{code: exitFailed}
	case first.Count(scorecard.Unknown) > 0:
		return &exitError{code: exitInconclusive}
	}
	return nil
}
