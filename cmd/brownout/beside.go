package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"brownout/harness"
	"brownout/harness/score"
	"brownout/reports"
)

// What the commands have in common that set runs of the same seeds side by
// side.

// besideFlags are their flags.
func (f *runFlags) besideFlags(c *cobra.Command) {
	fl := c.Flags()
	fl.Uint64Var(&f.seed, "seed", 0, "key of every random decision, the same for all that is set side by side")
	fl.IntVar(&f.repeat, "repeat", 1, "do it N times, with the seeds that follow")
	fl.IntVar(&f.parallel, "parallel", 0, "runs at once (default: as many as the machine bears)")
	fl.StringArrayVar(&f.set, "set", nil, "override a value of the scenarios: key=value (repeatable)")
	fl.StringSliceVar(&f.report, "report", nil, "write the table: FORMAT=PATH; formats: "+strings.Join(reports.MatrixFormats(), ", "))
	fl.StringVar(&f.out, "out", defaultOut, "directory in which runs are kept")
	fl.BoolVar(&f.noJournal, "no-journal", false, "keep nothing of the runs on disk")
	fl.BoolVar(&f.ascii, "ascii", false, "draw with ASCII characters only")
	must(c.RegisterFlagCompletionFunc("set", completeSettings))
	must(c.RegisterFlagCompletionFunc("report", outputs(reports.MatrixFormats())))
}

// besideOutputs are the reports that they are to write.
func (f *runFlags) besideOutputs() ([]matrixOutput, error) {
	if f.repeat < 1 {
		return nil, fmt.Errorf("--repeat is %d; give 1 or more", f.repeat)
	}
	return outputsIn(f.report, reports.MatrixFormats())
}

// judged are those of some runs that came to a verdict.
func judged(runs ...reports.SuiteRun) (out []*score.Snapshot) {
	for _, r := range runs {
		if r.Snapshot != nil && r.Snapshot.Verdict != score.Pending {
			out = append(out, r.Snapshot)
		}
	}
	return out
}

type matrixOutput struct{ format, path string }

// outputsIn reads FORMAT=PATH, with formats of a list.
func outputsIn(specs, formats []string) ([]matrixOutput, error) {
	var out []matrixOutput
	for _, spec := range specs {
		format, path, ok := strings.Cut(spec, "=")
		if !ok || path == "" || !slices.Contains(formats, format) {
			return nil, fmt.Errorf("--report %q: want FORMAT=PATH, with one of %s", spec, strings.Join(formats, ", "))
		}
		out = append(out, matrixOutput{format, path})
	}
	return out, nil
}

// writeOutputs writes each report of a comparison.
func writeOutputs(outputs []matrixOutput, write func(w io.Writer, format string) error) error {
	for _, o := range outputs {
		if err := reports.Replace(o.path, func(w io.Writer) error { return write(w, o.format) }); err != nil {
			return &harness.EnvironmentError{Err: fmt.Errorf("--report %s=%s: %w", o.format, o.path, err)}
		}
	}
	return nil
}
