package tui

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"brownout/harness/journal"
	"brownout/harness/score"
)

// busyRun is a run at a rate, as its snapshots tell it tenth of a second by
// tenth of a second.
func busyRun(rate int, length time.Duration) []*score.Snapshot {
	p := fixturePlan()
	p.Load.Profile[0].Rate, p.Load.Profile[1].Rate, p.Load.Duration = float64(rate), float64(rate), length
	f := &p.Faults[0]
	f.At, f.For, f.Horizon = length/4, length/4, length/4
	b := score.NewBoard()
	seq := uint64(0)
	fold := func(t time.Duration, e journal.Event) {
		seq++
		b.Fold(journal.Record{Seq: seq, T: t, Event: e})
	}
	fold(0, &journal.RunStarted{Schema: journal.Schema, RunID: "busy", Plan: *p})
	fold(0, &journal.Phase{Name: journal.PhaseSteady})
	var snaps []*score.Snapshot
	step := time.Second / time.Duration(rate)
	on, off := false, false
	for at := time.Duration(0); at < length; at += step {
		if !on && at >= f.At {
			on = true
			fold(at, &journal.FaultOn{Name: f.Name, Fault: f.Kind, On: f.On, Confirmed: true})
			fold(at, &journal.Phase{Name: journal.PhaseFault})
		}
		if !off && at >= f.Clear() {
			off = true
			fold(at, &journal.FaultOff{Name: f.Name, Fault: f.Kind, On: f.On, Confirmed: true})
		}
		n := int(at / step)
		marker, who, took := "chat-1f2e-"+strconv.Itoa(n), "openai", time.Duration(180+n%90)*time.Millisecond
		o := journal.OK
		if on && !off {
			who = []string{"anthropic", "gpu-a"}[n%2]
			if n%50 == 0 {
				o = journal.Failed
			}
		}
		fold(at, &journal.Call{Provider: who, Marker: marker, Attempt: 1, Model: "m", Arrived: max(at-took, 0), Total: took, Status: 200, Prompt: 50, Completion: 40, CostUSD: .0009})
		fold(at, &journal.Sample{Marker: marker, Request: "chat", Scheduled: max(at-took, 0), Sent: max(at-took, 0), Total: took, Outcome: o, Value: 1, Status: 200, Provider: who})
		if n%(rate/10) == 0 {
			if n%rate == 0 {
				fold(at, &journal.Decision{What: "retry", Provider: who, Detail: "second " + strconv.Itoa(n/rate)})
				for i, l := range p.Providers {
					fold(at, &journal.Gauge{Provider: l.Name, Busy: n/7%40 + i, Waiting: n / 3 % 5, KVCache: float64(n%97) / 97, Limited: true, Headroom: float64(n%89) / 89})
				}
			}
			snaps = append(snaps, b.Snapshot())
		}
	}
	return snaps
}

// busySource plays snapshots, ten a second, over and over.
type busySource struct {
	snaps []*score.Snapshot
	began time.Time
	done  chan struct{}
	once  sync.Once
}

func (s *busySource) Snapshot() *score.Snapshot {
	return s.snaps[int(time.Since(s.began)/(100*time.Millisecond))%len(s.snaps)]
}
func (s *busySource) Done() <-chan struct{} { return s.done }
func (s *busySource) Stop()                 { s.once.Do(func() { close(s.done) }) }

// counted counts what is written to a terminal, and when it was written last.
type counted struct {
	bytes, writes atomic.Int64
	wrote         chan struct{}
}

func (c *counted) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	c.writes.Add(1)
	select {
	case c.wrote <- struct{}{}:
	default:
	}
	return len(p), nil
}

// used is the processor time of this process so far.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkLiveScreen is the whole live screen, at three sizes, over a run of
// 5,000 requests a second: one iteration is a second of watching. It tells
// the share of one core that the screen takes, and the bytes and writes that
// the terminal gets, per second.
func BenchmarkLiveScreen(b *testing.B) {
	snaps := busyRun(5000, 40*time.Second)
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			src := &busySource{snaps: snaps, began: time.Now(), done: make(chan struct{})}
			out := &counted{wrote: make(chan struct{}, 1)}
			in, keyboard := io.Pipe()
			ended := make(chan error, 1)
			ctx, leave := context.WithCancel(b.Context())
			go func() {
				ended <- Live(ctx, src, Desk{}, Options{
					In: in, Out: out, Width: size[0], Height: size[1],
					Environ: []string{"TERM=xterm-256color", "LANG=C.UTF-8", "COLORTERM=truecolor"},
				})
			}()
			<-out.wrote
			b.ResetTimer()
			before, cpu, from := out.bytes.Load(), used(), time.Now()
			writes := out.writes.Load()
			second := time.NewTicker(time.Second)
			for range b.N {
				<-second.C
			}
			second.Stop()
			took := time.Since(from).Seconds()
			b.StopTimer()
			b.ReportMetric((used()-cpu).Seconds()/took*100, "%core")
			b.ReportMetric(float64(out.bytes.Load()-before)/took, "B/s")
			b.ReportMetric(float64(out.writes.Load()-writes)/took, "writes/s")
			leave()
			<-ended
			keyboard.Close()
		})
	}
}
