package reports

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// secondsHead are the columns of the per-second series. Those of the providers'
// shares follow, one for each provider.
var secondsHead = []string{
	"run", "scenario", "target", "seed", "second", "offered_rps", "requests", "ok", "degraded", "failed", "hung", "corrupt",
	"availability", "ttft_p95_s", "total_p95_s", "calls", "cost_usd", "score", "faults",
}

// writeCSV writes one row for each second of each run, in one table: where a run
// lacks a provider that another has, the cell of its share is empty.
func writeCSV(w io.Writer, runs []*score.Snapshot) error {
	var providers []string
	for _, s := range runs {
		for _, l := range s.Providers {
			providers = once(providers, l.Name)
		}
	}
	head := slices.Clone(secondsHead)
	for _, n := range providers {
		head = append(head, "share_"+n)
	}
	c := csv.NewWriter(w)
	if err := c.Write(head); err != nil {
		return err
	}
	for _, s := range runs {
		for _, v := range s.Seconds {
			if err := c.Write(secondRow(s, v, providers)); err != nil {
				return err
			}
		}
	}
	c.Flush()
	return c.Error()
}

func secondRow(s *score.Snapshot, v score.Second, providers []string) []string {
	t := v.Tally
	row := []string{
		s.RunID, cell(s.Plan.Scenario), cell(s.Plan.Target), strconv.FormatUint(s.Plan.Seed, 10), number(v.At.Seconds()), number(v.Offered),
		count(t.Total), count(t.OK), count(t.Degraded), count(t.Failed), count(t.Hung), count(t.Corrupt),
		number(t.Availability()), number(v.TTFTP95.Seconds()), number(v.TotalP95.Seconds()),
		count(uint64(v.Calls)), number(v.CostUSD), number(v.Score), cell(strings.Join(v.Faults, " ")),
	}
	for _, name := range providers {
		i := slices.IndexFunc(s.Providers, func(l score.Lane) bool { return l.Name == name })
		switch {
		case i < 0:
			row = append(row, "")
		case i < len(v.Share):
			row = append(row, number(v.Share[i]))
		default:
			row = append(row, number(0))
		}
	}
	return row
}

// samplesHead are the columns of the per-request table.
var samplesHead = []string{
	"run", "marker", "request", "scheduled_s", "sent_s", "ttft_s", "total_s", "max_gap_s", "outcome", "value", "reason", "status",
	"provider", "model", "attempts", "prompt_tokens", "completion_tokens", "detail",
}

// writeSamples writes one row for each request in a journal. It holds one at a
// time, however many there are.
func writeSamples(w io.Writer, journals []string) error {
	c := csv.NewWriter(w)
	if err := c.Write(samplesHead); err != nil {
		return err
	}
	for _, path := range journals {
		run := ""
		_, err := journal.ReadFile(path, func(r journal.Record) error {
			if start, ok := r.Event.(*journal.RunStarted); ok {
				run = start.RunID
			}
			s, ok := r.Event.(*journal.Sample)
			if !ok {
				return nil
			}
			return c.Write([]string{
				run, s.Marker, s.Request, number(s.Scheduled.Seconds()), number(s.Sent.Seconds()), positive(s.TTFT), number(s.Total.Seconds()),
				positive(s.MaxGap), string(s.Outcome), number(s.Value), s.Reason, strconv.Itoa(s.Status), cell(s.Provider), cell(s.Model),
				strconv.Itoa(s.Attempts), strconv.Itoa(s.Prompt), strconv.Itoa(s.Completion), cell(s.Detail),
			})
		})
		if err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

func number(v float64) string { return strconv.FormatFloat(finite(v), 'g', 9, 64) }
func count(n uint64) string   { return strconv.FormatUint(n, 10) }

// positive is a time, or nothing where there was none.
func positive(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return number(d.Seconds())
}

// cell keeps a text that others chose from being read as a formula by a
// spreadsheet, which is what it does with a cell that begins so.
func cell(s string) string {
	if s != "" {
		switch s[0] {
		case '=', '+', '-', '@', '\t', '\r':
			return "'" + s
		}
	}
	return s
}
