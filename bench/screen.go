package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"brownout/harness"
	"brownout/harness/replay"
	"brownout/scenarios"
	"brownout/tui"
)

// watched is for how long the screen is looked at in one round.
const watched = 3 * time.Second

// screenRate is the load that the screen shows, in requests per second.
const screenRate = 5000

// screen measures what drawing costs: a journal is replayed at its own speed,
// with the live screen on it and without, in turn. Then it measures how soon a
// key shows while the full chain works.
func screen(ctx context.Context, o *options) (string, error) {
	return scratch(func(dir string) (string, error) {
		path := filepath.Join(dir, "made-up.zst")
		if err := makeJournal(path, int(2*screenRate*watched.Seconds()), screenRate); err != nil {
			return "", err
		}
		var alone, both, drawing []float64
		drawn := &paper{}
		for range o.rounds {
			var used [2]time.Duration
			for i, out := range []*paper{nil, drawn} {
				p, err := replay.Open(ctx, path, 1)
				if err != nil {
					return "", err
				}
				if used[i], err = timed(func() error { return watch(ctx, p, out) }); err != nil {
					return "", err
				}
			}
			alone, both = append(alone, used[0].Seconds()), append(both, used[1].Seconds())
			drawing = append(drawing, (used[1] - used[0]).Seconds())
		}
		file, err := asset("rate.toml")
		if err != nil {
			return "", err
		}
		rate := o.runRate()
		keys, err := inChild(ctx, taskKeys, file, "load.duration="+(time.Duration(pressed+4)*2*pause).String(), flat(rate))
		if err != nil {
			return "", err
		}
		share := func(of []float64) string { return fmt.Sprintf("%.1f %%", 100*median(of)/watched.Seconds()) }
		o.figures.atMost("the live screen, in % of one core", 5, 100*median(drawing)/watched.Seconds(), "%.1f")
		o.figures.atMost("from a key to what it paints under load, in ms (median)", 50, 1e3*keys.Key, "%.1f")
		return markdown(fmt.Sprintf("What the live screen costs (120×40, %d requests/s replayed, medians of %d interleaved rounds of %s)", screenRate, o.rounds, watched),
			[]string{"", ""},
			[][]string{
				{"replay alone", share(alone) + " of one core"},
				{"replay and screen", share(both) + " of one core"},
				{"the screen", share(drawing) + " of one core"},
				{"written to the terminal", fmt.Sprintf("%.1f KB/s", float64(drawn.written())/1024/watched.Seconds()/float64(o.rounds))},
				{fmt.Sprintf("from a key to what it paints, while the full chain carries %.0f requests/s", rate), fmt.Sprintf("%.1f ms (median of %d), %.1f ms at worst", 1e3*keys.Key, pressed, 1e3*keys.SlowestKey)},
			}), nil
	})
}

// watch lets a replay play for a while, on a screen or, where there is no paper,
// on none.
func watch(ctx context.Context, p *replay.Player, out *paper) error {
	ctx, cancel := context.WithTimeout(ctx, watched)
	defer cancel()
	defer func() { p.Stop(); <-p.Done() }()
	if out == nil {
		<-ctx.Done()
		return nil
	}
	nobody, keys := io.Pipe()           // a keyboard on which nobody types
	defer func() { _ = keys.Close() }() // it never fails
	err := tui.Live(ctx, p, tui.Desk{}, terminal(nobody, out))
	if ctx.Err() != nil {
		return nil // its time was over
	}
	return err
}

// terminal is one of 120 columns with all colours.
func terminal(in io.Reader, out io.Writer) tui.Options {
	return tui.Options{In: in, Out: out, Width: 120, Height: 40, Environ: []string{"TERM=xterm-256color", "COLORTERM=truecolor", "LANG=C.UTF-8"}}
}

const (
	pressed = 15                     // keys
	pause   = 150 * time.Millisecond // between what one painted and the next
)

// keyPatience bounds the wait for what a key paints.
const keyPatience = 10 * time.Second

// childKeys runs a scenario under the live screen, and presses the key for help,
// twice each time: to see it and to be rid of it.
func childKeys(ctx context.Context, scenario string, set []string) (o outcome, err error) {
	sc, err := scenarios.Open(scenario)
	if err != nil {
		return o, err
	}
	p, err := sc.Resolve(scenarios.ResolveOptions{Set: set})
	if err != nil {
		return o, err
	}
	session, err := harness.Start(ctx, p, harness.Options{})
	if err != nil {
		return o, err
	}
	in, keyboard := io.Pipe()
	out := &paper{}
	shown := out.expect("offered")
	looking, leave := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = tui.Live(looking, session, tui.Desk{}, terminal(in, out)) // told to leave, it says so
	}()
	took, err := typing(ctx, keyboard, out, shown)
	leave()
	<-ended
	_ = keyboard.Close() // it never fails
	session.Stop()
	snap, _ := session.Wait() // it was stopped
	if err != nil {
		return o, err
	}
	o = outcome{Requests: snap.Requests.Total, OK: snap.Requests.OK, Key: median(took)}
	for _, t := range took {
		o.SlowestKey = max(o.SlowestKey, t)
	}
	return o, nil
}

// typing presses the key for help and tells how long each took to show, in
// seconds.
func typing(ctx context.Context, keyboard io.Writer, out *paper, shown <-chan time.Time) (took []float64, err error) {
	await := func(shown <-chan time.Time) (time.Time, error) {
		select {
		case at := <-shown:
			return at, nil
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		case <-time.After(keyPatience):
			return time.Time{}, fmt.Errorf("the screen never showed what it was waited for; %d keys were seen", len(took))
		}
	}
	if _, err := await(shown); err != nil {
		return nil, err
	}
	press := func(shows string) (time.Duration, error) {
		<-time.After(pause)
		shown := out.expect(shows)
		begun := time.Now()
		if _, err := io.WriteString(keyboard, "?"); err != nil {
			return 0, err
		}
		at, err := await(shown)
		return at.Sub(begun), err
	}
	for range pressed {
		d, err := press("Shapes") // of the help
		if err != nil {
			return took, err
		}
		took = append(took, d.Seconds())
		if _, err := press("breaker"); err != nil { // of the screen that it covered
			return took, err
		}
	}
	return took, nil
}

// paper is a terminal that tells when a text was written to it.
type paper struct {
	mu    sync.Mutex
	want  []byte
	shown chan time.Time
	bytes int
}

// Write implements io.Writer.
func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes += len(b)
	if p.want != nil && bytes.Contains(b, p.want) {
		p.want = nil
		p.shown <- time.Now()
	}
	return len(b), nil
}

// expect begins to wait for a text, whose time the channel then tells.
func (p *paper) expect(text string) <-chan time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want, p.shown = []byte(text), make(chan time.Time, 1)
	return p.shown
}

func (p *paper) written() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}
