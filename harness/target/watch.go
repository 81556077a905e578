package target

import (
	"context"
	"fmt"
	"strings"
	"time"

	"brownout/harness/child"
)

// pace is how often a process is looked at while it serves.
type pace struct {
	look time.Duration // at what it uses
	ask  time.Duration // at its readiness path
	each time.Duration // that it has for one answer there
}

// usual is the pace of whoever asks for no other.
var usual = pace{look: time.Second, ask: 3 * time.Second, each: askTime}

// misses in a row are after which it hangs.
const misses = 3

// watch tells how the process is doing, once a second, until ctx ends or the
// process does, and what is wrong with it.
func (p *process) watch(ctx context.Context) {
	t := time.NewTicker(p.options.pace.look)
	defer t.Stop()
	// Asking waits for an answer, which a process that hangs does not give.
	p.watching.Go(func() { p.ask(ctx) })
	meter := child.NewMeter(p.cmd.Process.Pid)
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.ended:
			p.crashed()
			return
		case now := <-t.C:
			if s, ok := meter.Read(now); ok && p.options.Observe != nil {
				p.options.Observe(s)
			}
		}
	}
}

// crashed tells, once, that the process has ended by itself.
func (p *process) crashed() {
	p.crash.Do(func() {
		p.heard()
		tail := strings.ReplaceAll(p.said.tail(), "\n  ", " | ")
		p.options.find(Crashed, fmt.Sprintf("it ended while requests were sent: %s%s", how(p.err), tail))
	})
}

// ask asks the readiness path now and then, and tells once where it is not
// answered any more.
func (p *process) ask(ctx context.Context) {
	if p.spec.Process.Ready.Path == "" {
		return
	}
	t := time.NewTicker(p.options.pace.ask)
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
		if p.serves(ctx, p.options.pace.each) {
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
			p.options.find(Hung, fmt.Sprintf("it did not answer %s any more, %d times in a row with %s for each", p.spec.Process.Ready.Path, misses, p.options.pace.each))
			return
		}
	}
}
