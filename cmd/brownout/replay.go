package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"brownout/harness/replay"
	"brownout/harness/score"
	"brownout/reports"
	"brownout/tui"
)

func (a *app) replayCommand() *cobra.Command {
	var dir string
	var headless, ascii bool
	var speed float64
	c := &cobra.Command{
		Use:   "replay RUN",
		Short: "Play a run that was kept through the live screen, or compute it again",
		Long: `Replay shows a run that was kept as it was seen live: space pauses, < and >
change the speed, left and right seek, n and p jump between faults.

With --headless, or without a terminal, the report is computed again from the
journal and compared with the one that was written when the run ended. They must
be the same to the last bit; exit code 1 says that they are not. Of a run that
an older version kept, every figure that both reports have must be the same.`,
		Example: `  brownout replay latest --speed 4
  brownout replay latest --headless`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := reports.Find(dir, args[0])
			if err != nil {
				return err
			}
			if headless || !a.interactive() {
				return a.recompute(k)
			}
			return a.play(cmd.Context(), k, speed, ascii)
		},
	}
	outFlag(c, &dir)
	c.Flags().BoolVar(&headless, "headless", false, "compute the report again and compare it, also on a terminal")
	c.Flags().Float64Var(&speed, "speed", 1, fmt.Sprintf("seconds of the run to a second, %g to %d", replay.Slowest, replay.Fastest))
	c.Flags().BoolVar(&ascii, "ascii", false, "draw with ASCII characters only")
	return c
}

func (a *app) play(ctx context.Context, k reports.Kept, speed float64, ascii bool) error {
	p, err := replay.Open(ctx, k.Journal(), speed)
	if err != nil {
		return err
	}
	d := a.newDesk(ctx, runFlags{out: filepath.Dir(k.Dir), ascii: ascii})
	d.shownID, d.shown = func() string { return p.Snapshot().RunID }, k // it has none before its first record
	err = tui.Replay(ctx, p, d.screens(), a.screen(ascii))
	p.Stop()
	<-p.Done()
	if errors.Is(err, tui.ErrInterrupted) && ctx.Err() == nil {
		return nil // leaving a replay interrupts nothing
	}
	return err
}

// recompute folds the journal anew and holds the result against the report
// that was written when the run ended.
func (a *app) recompute(k reports.Kept) error {
	snap, stats, err := score.Read(k.Journal())
	if err != nil {
		return err
	}
	reports.Summary(a.out, snap, a.style(false))
	if stats.Skipped+stats.SkippedFields > 0 {
		fmt.Fprintf(a.out, "%d events and %d fields of a newer version were passed over\n", stats.Skipped, stats.SkippedFields)
	}
	old, err := os.ReadFile(filepath.Join(k.Dir, reports.ReportFile))
	if errors.Is(err, os.ErrNotExist) {
		fmt.Fprintln(a.out, "the run left no report to compare with")
		return nil
	}
	if err != nil {
		return err
	}
	var now bytes.Buffer
	if err := reports.WriteJSON(&now, snap); err != nil {
		return err
	}
	again, err := reports.CompareAgain(old, now.Bytes())
	if err != nil {
		return err
	}
	reports.WriteAgain(a.out, again, filepath.Join(k.Dir, reports.ReportFile), stats.Records)
	if len(again.Different) > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}
