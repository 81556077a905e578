package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"brownout/harness/journal"
)

// maxLag is the dispatch lag (99th percentile) up to which a rate is steady.
const maxLag = 5 * time.Millisecond

// settling is how long a try may take to find its pace, before it counts.
const settling = time.Second

// ladder is a way to search for the highest steady rate.
type ladder struct {
	name, file string
	rates      []float64 // requests per second, ascending
	first      float64   // that is tried first
	events     float64   // of one request; 0: it is unary
	want       float64   // requests, or events, per second
}

var ladders = []ladder{
	{"unary", "rate.toml", []float64{500, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 10_000}, 5000, 0, 5000},
	{"streaming", "stream.toml", []float64{25, 50, 100, 150, 200, 250, 300, 350, 400, 500, 600, 800}, 300, 102, 30_000},
}

// try is a run at one rate.
type try struct {
	lag             time.Duration // 99th percentile, after settling
	requests, wrong uint64
	cpu             time.Duration // of one request
}

// steady tells whether the load left in time, and all of it was answered well.
func (t try) steady() bool { return t.requests > 0 && t.lag <= maxLag && t.wrong == 0 }

// steady searches for the highest rate at which the full chain (load, router,
// toxiproxy, mock, each answer verified, with journal and score) still sends
// requests in time.
func steady(ctx context.Context, o *options) (string, error) {
	var rows [][]string
	text, err := scratch(func(dir string) (string, error) {
		for _, l := range ladders {
			path, err := asset(l.file)
			if err != nil {
				return "", err
			}
			tries := map[float64][]try{}
			rate, err := climb(l.rates, l.first, o.tries, func(rate float64) (bool, error) {
				t, err := once(ctx, dir, path, rate, o.tryTime)
				if err != nil {
					return false, err
				}
				tries[rate] = append(tries[rate], t)
				return t.steady(), nil
			})
			if err != nil {
				return "", err
			}
			rows = append(rows, l.row(rate, tries))
			reached := rate
			if l.events == 0 {
				o.carried = rate
			} else {
				reached *= l.events
			}
			o.figures.atLeast(map[bool]string{true: "requests/s of the full chain, steady", false: "streamed events/s of the full chain, steady"}[l.events == 0], l.want, reached, "%.0f")
		}
		return "", nil
	})
	if err != nil {
		return text, err
	}
	return markdown(fmt.Sprintf("Highest steady rate of the full chain (all answers right, dispatch lag p99 at most %s, in most of %d tries of %s)", maxLag, o.tries, o.tryTime),
		[]string{"", "requests/s", "events/s", "lag p99", "processor time per request", "not steady"}, rows), nil
}

// row tells of a search: what was steady, and the least of what was not.
func (l ladder) row(rate float64, tries map[float64][]try) []string {
	row := []string{l.name, fmt.Sprintf("%.0f", rate), "-", "-", "-", "-"}
	if rate == 0 {
		row[1] = "not steady at any rate tried"
	} else {
		row[3], row[4] = lagOf(tries[rate]).String(), cpuOf(tries[rate]).String()
		if l.events > 0 {
			row[2] = fmt.Sprintf("%.0f", rate*l.events)
		}
	}
	for _, r := range l.rates {
		if t := tries[r]; r > rate && len(t) > 0 {
			var wrong uint64
			for _, v := range t {
				wrong = max(wrong, v.wrong)
			}
			row[5] = fmt.Sprintf("%.0f/s: lag p99 %s, %d answers lacking at worst", r, lagOf(t), wrong)
			break
		}
	}
	return row
}

func lagOf(tries []try) time.Duration {
	return medianTime(tries, func(t try) time.Duration { return t.lag }).Round(10 * time.Microsecond)
}

func cpuOf(tries []try) time.Duration {
	return medianTime(tries, func(t try) time.Duration { return t.cpu }).Round(time.Microsecond)
}

func medianTime[T any](of []T, what func(T) time.Duration) time.Duration {
	all := make([]float64, len(of))
	for i, v := range of {
		all[i] = float64(what(v))
	}
	return time.Duration(median(all))
}

// climb finds the highest of ascending rates that is steady in most of so many
// tries, given that those below a steady one are, and those above one that is
// not are not; 0 where none is. It begins at first.
func climb(rates []float64, first float64, tries int, steady func(rate float64) (bool, error)) (float64, error) {
	low, high := -1, len(rates) // the highest known to be steady, the lowest known not to be
	at := max(0, slices.Index(rates, first))
	for low+1 < high {
		yes, no := 0, 0
		for 2*yes <= tries && 2*no < tries {
			ok, err := steady(rates[at])
			if err != nil {
				return 0, err
			}
			if ok {
				yes++
			} else {
				no++
			}
		}
		if 2*yes > tries {
			low = at
		} else {
			high = at
		}
		at = (low + high) / 2
	}
	if low < 0 {
		return 0, nil
	}
	return rates[low], nil
}

// once runs the full chain at a rate.
func once(ctx context.Context, dir, path string, rate float64, length time.Duration) (t try, err error) {
	got, err := inChild(ctx, taskRun, dir, path, "load.duration="+length.String(), flat(rate))
	if err != nil {
		return t, err
	}
	t.requests, t.wrong = got.Requests, got.Requests-got.OK
	t.cpu = time.Duration(got.CPU / float64(max(1, got.Requests)) * float64(time.Second))
	t.lag, err = lag(filepath.Join(got.Dir, journalName))
	return t, err
}

// flat is the override for a rate that stays the same.
func flat(rate float64) string {
	return fmt.Sprintf("load.profile=[{at=%q,rate=%g}]", "0s", rate)
}

// journalName is the journal's file in a run's directory.
const journalName = "journal.jsonl.zst"

// lag is the 99th percentile of how late requests left, of a run's journal,
// without those that were due while it settled. One that could not be sent at
// all was late for as long as it was waited for.
func lag(path string) (time.Duration, error) {
	var all []time.Duration
	_, err := journal.ReadFile(path, func(r journal.Record) error {
		s, ok := r.Event.(*journal.Sample)
		switch {
		case !ok || s.Scheduled < settling || s.Step > 1: // later steps have no schedule
		case s.Sent == 0:
			all = append(all, s.Total)
		default:
			all = append(all, max(0, s.Sent-s.Scheduled))
		}
		return nil
	})
	if err != nil || len(all) == 0 {
		return 0, err
	}
	slices.Sort(all)
	return all[len(all)*99/100], nil
}
