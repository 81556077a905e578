package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// runRate is the load of the runs whose memory is measured, in requests per
// second: one that the chain carries with some to spare, since a run that falls
// behind keeps its requests in memory.
func (o *options) runRate() float64 {
	const most, least, spare = 5000, 2000, .6
	return max(least, min(most, spare*o.carried))
}

// Sizes of the runs whose memory is measured, in requests.
const (
	bookkept = 100_000   // also of the one whose bookkeeping is measured
	million  = 1_000_000 // only where the whole is asked for
)

// maxMemory is what a run of any length should get by with, in bytes.
const maxMemory = 200 << 20

// runs makes runs of more and more requests, each in a process of its own.
func runs(ctx context.Context, o *options) (string, error) {
	sizes := []int{10_000, bookkept}
	if o.full {
		sizes = append(sizes, million)
	}
	var rows [][]string
	var cost string
	rate := o.runRate()
	text, err := scratch(func(dir string) (string, error) {
		path, err := asset("rate.toml")
		if err != nil {
			return "", err
		}
		for _, n := range sizes {
			length := time.Duration(float64(n) / rate * float64(time.Second))
			got, err := inChild(ctx, taskRun, dir, path, "load.duration="+length.String(), flat(rate))
			if err != nil {
				return "", err
			}
			rows = append(rows, []string{
				fmt.Sprint(got.Requests), fmt.Sprint(got.OK), fmt.Sprintf("%d MB", got.Memory>>20),
				fmt.Sprintf("%.0f µs", 1e6*got.CPU/float64(max(1, got.Requests))), fmt.Sprintf("%.1f ms", 1e3*got.Lag),
			})
			if n == sizes[len(sizes)-1] {
				o.figures.atMost(fmt.Sprintf("memory of a run of %d requests, in MB", n), maxMemory>>20, float64(got.Memory>>20), "%.0f")
			}
			if n == bookkept {
				if cost, err = bookkeeping(filepath.Join(got.Dir, journalName), got, o); err != nil {
					return "", err
				}
			}
			if err := os.RemoveAll(got.Dir); err != nil {
				return "", err
			}
		}
		return "", nil
	})
	if err != nil {
		return text, err
	}
	note := ""
	if !o.full {
		note = "\nmake bench FULL=1 also runs a million requests, and writes their report.\n"
	}
	return markdown(fmt.Sprintf("Runs of many requests (%.0f/s through the full chain, kept on disk)", rate),
		[]string{"requests", "good answers", "memory at most", "processor time per request", "worst second's dispatch lag p99"}, rows) + note + cost, nil
}

// bookkeeping is what journal and score cost of a run: its records are encoded,
// compressed and folded again, alone.
func bookkeeping(path string, of outcome, o *options) (string, error) {
	var records []journal.Record
	if _, err := journal.ReadFile(path, func(r journal.Record) error { records = append(records, r); return nil }); err != nil {
		return "", err
	}
	write, err := timed(func() error {
		w := journal.NewWriter(io.Discard)
		for _, r := range records {
			if err := w.Append(r); err != nil {
				return err
			}
		}
		return w.Close()
	})
	if err != nil {
		return "", err
	}
	fold, err := timed(func() error {
		b := score.NewBoard()
		next := journal.DefaultEvery
		for _, r := range records {
			b.Fold(r)
			for ; r.T >= next; next += journal.DefaultEvery {
				b.Snapshot()
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	n := float64(max(1, of.Requests))
	o.figures.atMost("journal and score, in % of the processor time of a run", 5, 100*(write+fold).Seconds()/of.CPU, "%.1f")
	row := func(what string, d time.Duration) []string {
		return []string{what, fmt.Sprintf("%.2f µs", float64(d.Microseconds())/n), fmt.Sprintf("%.1f %%", 100*d.Seconds()/of.CPU)}
	}
	return markdown(fmt.Sprintf("What journal and score cost (%d records of %d requests)", len(records), of.Requests),
		[]string{"", "processor time per request", "of the run's processor time"},
		[][]string{row("journal: encode, compress", write), row("score: fold, and ten snapshots a second", fold), row("both", write+fold)}), nil
}

// timed is the processor time of this process while do runs.
func timed(do func() error) (time.Duration, error) {
	before, _ := usage()
	err := do()
	after, _ := usage()
	return after - before, err
}
