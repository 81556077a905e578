package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"brownout/harness"
	"brownout/scenarios"
	"brownout/tui"
)

// paper is a terminal that tells when some text was written to it.
type paper struct {
	mu    sync.Mutex
	want  []byte
	seen  chan time.Time
	bytes int
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes += len(b)
	if p.want != nil && bytes.Contains(b, p.want) {
		p.want = nil
		p.seen <- time.Now()
	}
	return len(b), nil
}

// expect begins to wait for a text.
func (p *paper) expect(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want = []byte(text)
}

// BenchmarkKeyToPaint presses a key on the live screen while the whole chain
// (clients, router, links and mocks, in this process) carries 5,000 requests a
// second, and takes the time until what it shows has been written to the
// terminal. One iteration is one key; it tells median and 99th percentile, what
// the terminal gets per second, and the rate that was reached.
func BenchmarkKeyToPaint(b *testing.B) {
	sc, err := scenarios.Open("../../bench/rate.toml")
	if err != nil {
		b.Fatal(err)
	}
	p, err := sc.Resolve(scenarios.ResolveOptions{Set: []string{"load.rate=5000", "load.duration=10m", "load.workers=4000"}})
	if err != nil {
		b.Fatal(err)
	}
	session, err := harness.Start(b.Context(), p, harness.Options{})
	if err != nil {
		b.Fatal(err)
	}
	in, keyboard := io.Pipe()
	out := &paper{seen: make(chan time.Time, 1)}
	ended := make(chan error, 1)
	ctx, leave := context.WithCancel(b.Context())
	out.expect("5000/s offered")
	go func() {
		ended <- tui.Live(ctx, session, tui.Desk{}, tui.Options{
			In: in, Out: out, Width: 120, Height: 40, Acts: acts(),
			Environ: []string{"TERM=xterm-256color", "LANG=C.UTF-8", "COLORTERM=truecolor"},
		})
	}()
	<-out.seen
	const pause = 250 * time.Millisecond
	<-time.After(8 * pause) // the load settles
	var took []time.Duration
	out.mu.Lock()
	before := out.bytes
	out.mu.Unlock()
	hits, from := session.Snapshot().Requests.Total, time.Now()
	b.ResetTimer()
	press := func(shows string) time.Duration {
		out.expect(shows)
		pressed := time.Now()
		if _, err := io.WriteString(keyboard, "?"); err != nil {
			b.Fatal(err)
		}
		select {
		case painted := <-out.seen:
			return painted.Sub(pressed)
		case <-time.After(20 * time.Second):
			b.Fatalf("the key was never painted; %d were", len(took))
			return 0
		}
	}
	for range b.N {
		took = append(took, press("Shapes"))
		<-time.After(pause)
		press("breaker") // which the help covered
		<-time.After(pause)
	}
	b.StopTimer()
	seconds := time.Since(from).Seconds()
	slices.Sort(took)
	at := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))].Microseconds()) / 1000 }
	b.ReportMetric(at(.5), "ms-p50")
	b.ReportMetric(at(.99), "ms-p99")
	out.mu.Lock()
	b.ReportMetric(float64(out.bytes-before)/seconds, "B/s")
	out.mu.Unlock()
	b.ReportMetric(float64(session.Snapshot().Requests.Total-hits)/seconds, "requests/s")
	leave()
	if err := <-ended; !errors.Is(err, tui.ErrInterrupted) {
		b.Error(err)
	}
	session.Stop()
	if _, err := session.Wait(); !errors.Is(err, harness.ErrInterrupted) {
		b.Error(err)
	}
	keyboard.Close()
}
