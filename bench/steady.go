package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"brownout/harness/journal"
	"brownout/plan"
)

// maxLag is the dispatch lag (p99 of a second) up to which a rate is steady.
const maxLag = 5 * time.Millisecond

// steady raises the rate of the full chain (load, router, toxiproxy, mock, each
// answer verified, with journal and score) until requests no longer leave in
// time.
func steady(ctx context.Context, o *options) (string, error) {
	var rows [][]string
	text, err := scratch(func(dir string) (string, error) {
		for _, c := range []struct {
			name, file string
			from, to   float64 // requests per second
			events     float64 // of one request
		}{
			{"unary", "rate.toml", 1000, 7000, 0},
			{"streaming", "stream.toml", 100, 1000, 102},
		} {
			path, err := asset(c.file)
			if err != nil {
				return "", err
			}
			profile := fmt.Sprintf("load.profile=[{at=%q,rate=%g},{at=%q,rate=%g}]", "0s", c.from, o.ramp.String(), c.to)
			got, err := inChild(ctx, taskRun, dir, path, "load.duration="+o.ramp.String(), profile)
			if err != nil {
				return "", err
			}
			rate, lag, err := highest(filepath.Join(got.Dir, journalName))
			if err != nil {
				return "", err
			}
			row := []string{c.name, fmt.Sprintf("%.0f", rate), "-", lag.String(), fmt.Sprintf("%d of %d", got.OK, got.Requests), fmt.Sprintf("%.1f cores", got.CPU/got.Duration)}
			if c.events == 0 {
				o.carried = rate
			} else {
				row[2] = fmt.Sprintf("%.0f", rate*c.events)
			}
			rows = append(rows, row)
		}
		return "", nil
	})
	if err != nil {
		return text, err
	}
	note := ""
	if o.carried == 0 {
		note = "\n0: requests left late from the start, because the machine was busy with something else.\n"
	}
	return markdown(fmt.Sprintf("Highest steady rate of the full chain (dispatch lag p99 below %s)", maxLag),
		[]string{"", "requests/s", "events/s", "lag p99 at that rate", "good answers over the ramp", "processor over the ramp"}, rows) + note, nil
}

// journalName is the journal's file in a run's directory.
const journalName = "journal.jsonl.zst"

// highest is the planned rate of the last second before the lag stayed above
// maxLag for two seconds in a row, the first second left out.
func highest(path string) (rate float64, lag time.Duration, err error) {
	var load plan.Load
	late, over := 0, false
	_, err = journal.ReadFile(path, func(r journal.Record) error {
		switch e := r.Event.(type) {
		case *journal.RunStarted:
			load = e.Plan.Load
		case *journal.Instrument:
			switch {
			case over || r.T < 1500*time.Millisecond || e.Hits == 0:
			case e.LagP99 <= maxLag:
				late, lag = 0, e.LagP99
				rate = load.Rate(r.T - time.Second/2)
			default:
				late++
				over = late > 1
			}
		}
		return nil
	})
	return rate, lag.Round(10 * time.Microsecond), err
}
