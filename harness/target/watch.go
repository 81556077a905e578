package target

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Times of watching a process.
const (
	lookEvery = time.Second
	askEach   = 3 * time.Second // its readiness path
	misses    = 3               // in a row, after which it hangs
)

// watch tells how the process is doing, once a second, until ctx ends or the
// process does, and what is wrong with it.
func (p *process) watch(ctx context.Context) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	// Asking waits for an answer, which a process that hangs does not give.
	p.watching.Go(func() { p.ask(ctx) })
	meter := newMeter(p.cmd.Process.Pid)
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.ended:
			p.crashed()
			return
		case now := <-t.C:
			if s, ok := meter.read(now); ok && p.options.Observe != nil {
				p.options.Observe(s)
			}
		}
	}
}

// crashed tells that the process has ended by itself.
func (p *process) crashed() {
	// Its children may hold its output open; what has come is enough.
	select {
	case <-p.read:
	case <-time.After(lingering):
	}
	tail := strings.ReplaceAll(p.said.tail(), "\n  ", " | ")
	p.options.find(Crashed, fmt.Sprintf("it ended while requests were sent: %s%s", how(p.err), tail))
}

// ask asks the readiness path now and then, and tells once where it is not
// answered any more.
func (p *process) ask(ctx context.Context) {
	if p.spec.Process.Ready.Path == "" {
		return
	}
	t := time.NewTicker(askEach)
	defer t.Stop()
	missed := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.ended:
			return
		case <-t.C:
		}
		if p.serves(ctx) {
			missed = 0
			continue
		}
		select {
		case <-p.ended:
			return // which is told by another word
		case <-ctx.Done():
			return
		default:
		}
		if missed++; missed == misses {
			p.options.find(Hung, fmt.Sprintf("it did not answer %s any more, %d times in a row with %s for each", p.spec.Process.Ready.Path, misses, askTime))
			return
		}
	}
}
