package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"brownout/harness/replay"
	"brownout/tui"
)

// watched is for how long the screen is looked at.
const watched = 6 * time.Second

// screen measures what drawing costs: a journal is replayed at its own speed,
// once with the live screen on it and once without.
func screen(ctx context.Context, _ *options) (string, error) {
	return scratch(func(dir string) (string, error) {
		path := filepath.Join(dir, journalName)
		if err := makeJournal(path, int(2*journalRate*watched.Seconds())); err != nil {
			return "", err
		}
		var used [2]time.Duration
		var drawn counter
		for i, with := range []bool{false, true} {
			p, err := replay.Open(ctx, path, 1)
			if err != nil {
				return "", err
			}
			used[i], err = timed(func() error { return watch(ctx, p, with, &drawn) })
			if err != nil {
				return "", err
			}
		}
		share := func(d time.Duration) string { return fmt.Sprintf("%.1f %%", 100*d.Seconds()/watched.Seconds()) }
		return markdown(fmt.Sprintf("What the live screen costs (120×40, %d requests/s replayed for %s)", journalRate, watched),
			[]string{"", "of one core"},
			[][]string{
				{"replay alone", share(used[0])},
				{"replay and screen", share(used[1])},
				{"the screen", share(used[1] - used[0])},
				{"written to the terminal", fmt.Sprintf("%.1f KB/s", float64(drawn)/1024/watched.Seconds())},
			}), nil
	})
}

// watch lets a replay play for a while, on the screen or not.
func watch(ctx context.Context, p *replay.Player, with bool, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, watched)
	defer cancel()
	defer func() { p.Stop(); <-p.Done() }()
	if !with {
		<-ctx.Done()
		return nil
	}
	nobody, keys := io.Pipe()           // a keyboard on which nobody types
	defer func() { _ = keys.Close() }() // it never fails
	err := tui.Live(ctx, p, tui.Desk{}, tui.Options{In: nobody, Out: out, Environ: []string{"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8"}, Width: 120, Height: 40})
	if ctx.Err() != nil {
		return nil // its time was over
	}
	return err
}
